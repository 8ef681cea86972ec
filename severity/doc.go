// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package severity finds the severity of a log record that has no severity number.
//
// Containers write text. The level of a record is then a word, a letter or a number in that text
// or in an attribute, or the record states no level and still tells of a failure. [Infer] judges
// a body alone. A [Finder] judges a record: give it the fields first, then the body.
//
//	var f severity.Finder
//	f.String("severity_text", "warn")
//	f.Text(body)
//	r := f.Result()
//
// # What it reads
//
// A level is found in these places. A place in the list beats the places below it.
//
//	field      an attribute, an entry of a body that is a map, a field of a body that is JSON (at
//	           the top, or one level below in "log", "event", "record", "meta" and the like), or
//	           a key=value pair. The key is level, lvl, severity, log.level, @l, levelname, 级别 or
//	           a similar one. Its case does not matter, nor do dots, dashes and underscores in it.
//	           The key s counts beside c or ctx, as MongoDB writes them. A level of an inner
//	           object counts only where the record states none.
//	token      a level word near the start of a line, at the place of a level: in brackets,
//	           between pipes, tabs or dashes, in colour, in capitals, before a colon, after a time.
//	head       klog and glog (E0102), logcat, Ruby, Redis, the reports of Erlang, ESP-IDF, the
//	           messages of Cisco, the events of Windows as XML.
//	priority   the <PRI> of syslog.
//	crash      a panic, a traceback, an exception, a fault, a kill, or a line that continues one.
//	access     the status 5xx of a request, a code of gRPC by which a server fails.
//	exit       an exit code or status that is not 0.
//
// In a line of text a token beats a pair that comes after it: the pair is then part of a message.
//
// Crash, access and exit set [Result.Severe], whatever level the record states. Records of ERROR
// and above are not searched for an exit code or a status.
//
// # Numbers
//
// Words become OTLP's numbers after appendix B of the data model of OpenTelemetry's logs: trace
// 1, debug 5, info 9, notice 10, warning 13, error and severe 17, critical 18, alert 19, fatal,
// panic and emergency 21. Levels that are numbers are read by the scale of the logger. The key
// tells it (levelno, priority, level_value, severity_number), or the other keys of the record
// do: pid and hostname mean pino and bunyan (10 to 60), short_message means GELF (0 to 7), lineno
// means Python, EventId means .NET (0 to 5), reqId means Nextcloud (0 to 4). If nothing tells the
// scale, the reading under which the record is more severe wins, with the confidence [Weak].
//
// # What is no level
//
// A word in a sentence, in a path, in a query or in a quoted value is no level. Neither is a
// field whose value is nothing (error=null), nor a field of an inner object that means another
// thing ("battery":{"level":5}), nor a number below 100 under level in JSON without a message, a
// time or another field of a logger. A count is no status (returned 500 rows), and a setting of a
// logger no level (set log level: ERROR).
//
// # Limits
//
// At most [MaxText] bytes of a body are read, in time that is linear in them. Nothing is
// allocated. Input of any kind is safe: deep nesting, broken UTF-8, JSON that is cut off.
package severity
