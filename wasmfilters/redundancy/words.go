// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package redundancy

import "github.com/sealgate/sealgate/wasmfilters/sdk"

// levelWords are how a line says that it is a warning or worse where its record does
// not: the levels as programs print them, klog's first letter before the month, and
// how crashes begin. Prose ("0 errors", "failed") is not here: it is told apart by its
// template.
var levelWords = []sdk.Needle{
	{Text: "WARN"}, {Text: "ERROR"}, {Text: "SEVERE"}, {Text: "CRITICAL"}, {Text: "FATAL"}, {Text: "PANIC"}, {Text: "EMERG"},
	{Text: "level=warn"}, {Text: "level=err"}, {Text: "level=crit"}, {Text: "level=fatal"}, {Text: "level=panic"},
	{Text: `level":"warn`}, {Text: `level":"err`}, {Text: `level":"crit`}, {Text: `level":"fatal`}, {Text: `level":"panic`},
	{Text: `level": "warn`}, {Text: `level": "err`}, {Text: `level": "crit`}, {Text: `level": "fatal`}, {Text: `level": "panic`},
	{Text: "[warn"}, {Text: "[err"}, {Text: "[crit"}, {Text: "[alert"}, {Text: "[emerg"}, {Text: "[fatal"},
	{Text: "W0", Start: true}, {Text: "W1", Start: true},
	{Text: "E0", Start: true}, {Text: "E1", Start: true},
	{Text: "F0", Start: true}, {Text: "F1", Start: true},
	{Text: "panic: "}, {Text: "Exception in thread "}, {Text: "Traceback (most recent call last)"}, {Text: "Segmentation fault"},
	{Text: "Out of memory"},
}
