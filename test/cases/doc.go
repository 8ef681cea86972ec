// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package cases runs small inputs through the log filter, each with its right outcome. Every input goes two ways: through
// the trial, as `sealctl filter test` does it, and through the processor `wasmfilter` in this process. Both must give the
// right outcome, and the same one.
//
// A case is a folder of testdata/cases:
//
//	*.log       lines of one file, as a container runtime or a program writes them
//	*.json      one document of OTLP
//	expect.txt  the right outcome in prose
//	kept.txt    the right outcome for the test
//
// Each line of kept.txt is one of these. Lines that begin with # are comments.
//
//	10                     ten lines are kept in all; a joined record has as many lines as it was joined from
//	5-6                    five or six lines are kept in all
//	2 charge finished      two lines with this text are kept
//	1+ charge finished     at least one
//	all "level":50         every line with this text is kept
//	all                    every line is kept
//	records 6              six records are read
//	read after the line    a record with exactly this body is read; \n stands for a line feed
//	counted 3 pod=cart-1   three records that were dropped are counted under this attribute of the resource or the record
//	as edge                the file is read as this configuration reads files: agent (the default) or edge
//	module builtin:rules   this filter, without a configuration, instead of that of the agent
//	config {"rules": []}   the configuration of that filter
//
// In every case the records that were kept and those that were counted as dropped are all records.
package cases
