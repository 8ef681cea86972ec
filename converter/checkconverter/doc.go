// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package checkconverter refuses configurations that the Collector accepts although they cannot
// work. It is a configuration converter, so that `validate`, a start and a reload all run it. It
// sees the merged configuration as a whole and checks what no single component can check: names
// that have to be among the extensions, addresses, files, and unknown keys that the Collector
// itself overlooks.
package checkconverter
