// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package logfile reads log records from files: plain lines, JSON lines, what
// container runtimes write, and OTLP as JSON, one document or many. A file of
// gigabytes is read in bounded memory.
//
// # Lines
//
// A line is a record. One that is a JSON object gives its fields a meaning; of
// the keys in a row of this table the first that is there and makes sense is
// taken. Case does not matter, nor an @ in front.
//
//	body      message, msg, log, body, event; without any, the whole line
//	severity  severity_number, severity_text, severity, level, lvl and the other keys of a level
//	time      time, timestamp, ts, datetime, asctime
//	trace id  trace_id, traceid, trace.id: 32 hexadecimal digits
//
// All other keys are attributes, as text; what is no text as its JSON. The package
// severity says which keys mean a level and reads their values. Times
// are RFC 3339 and its neighbours, in UTC where they do not say, or numbers since
// 1970 in seconds, milliseconds, microseconds or nanoseconds, which their size
// tells.
//
// Any other line is the body, whole. Its severity is the one that the package
// severity infers from it. Its time is the one at its begin, or that of an access log.
//
// The lines of containerd, CRI-O and Docker are unwrapped first: time and stream
// are theirs, the rest is a line as above. Parts of a line that they have
// split are records of their own.
//
// # OTLP
//
// Documents with resourceLogs (LogsData, ExportLogsServiceRequest), each on one
// line or on many, of at most 64 MiB.
package logfile
