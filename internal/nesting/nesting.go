// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package nesting refuses OTLP whose values are nested too deeply, before it is decoded. The
// decoders of OTLP recurse once per level, and Go ends a process whose stack exceeds 1 GB: a
// request of 12 MB is enough. A scan takes one pass, allocates nothing, and skips every message
// that is too short to hold a forbidden depth.
package nesting

import (
	"errors"
	"fmt"
)

// MaxLevels is how many lists and maps may enclose a value in protobuf. 128 levels are 256 to 384
// messages. The decoders of C++ and Java stop at 100 messages, so everything that they accept is
// accepted here. A smaller limit would cost time: a message has to have about 700 bytes to hold
// more levels, and most spans, log records and data points are shorter.
const MaxLevels = 128

// MaxBrackets is how many brackets may be open at once in JSON. They hold at least 92 levels of
// maps, wherever the value is, and never more than MaxLevels of anything: a request that is
// accepted in JSON is accepted in protobuf by the next gateway.
const MaxBrackets = 390

// Why OTLP is refused.
var (
	// ErrTooDeep says that values are nested too deeply.
	ErrTooDeep = errors.New("values are nested too deeply")
	// ErrMalformed says that a request is not protobuf, or has a group. OTLP has no groups.
	ErrMalformed = errors.New("the request is not OTLP in protobuf")
)

var (
	errGroup    = fmt.Errorf("%w: it has a group", ErrMalformed)
	errLevels   = fmt.Errorf("%w: at most %d lists and maps may enclose a value; flatten the value, or send it as text", ErrTooDeep, MaxLevels)
	errBrackets = fmt.Errorf("%w: at most %d brackets may be open at once; flatten the value, or send it as text", ErrTooDeep, MaxBrackets)
)

// Scanner looks at a request as it passes, part by part.
type Scanner interface {
	// Scan looks at the next part. After an error the scan is over.
	Scan(part []byte) error
}

// Check returns ErrTooDeep or ErrMalformed if a message in protobuf must not be decoded. A
// truncated message is left to the decoder.
func Check(m Message, encoded []byte) error {
	s := Proto{stack: [maxFrames]frame{{end: endless, message: m}}}
	return s.Scan(encoded)
}

// CheckJSON returns ErrTooDeep if a message in JSON must not be decoded.
func CheckJSON(encoded []byte) error { return new(JSON).Scan(encoded) }
