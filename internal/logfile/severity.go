// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfile

import "strings"

const maxSeverity = 24

// severities are OTLP's numbers of the names in use, after the mappings in
// appendix B of the OpenTelemetry log data model.
var severities = map[string]uint8{
	"trace": 1, "finest": 1, "verbose": 1, "finer": 2,
	"debug": 5, "fine": 5, "dbg": 5, "config": 7,
	"info": 9, "information": 9, "informational": 9, "notice": 10,
	"warn": 13, "warning": 13,
	"error": 17, "err": 17, "severe": 17, "critical": 18, "crit": 18, "alert": 19,
	"fatal": 21, "panic": 21, "emerg": 21, "emergency": 21,
}

// syslog are those of RFC 5424, from emergency to debug.
var syslog = [...]uint8{21, 19, 18, 17, 13, 10, 9, 5}

// Severity returns OTLP's number of a severity's name, in whatever case; INFO2
// and the like too.
func Severity(name string) (uint8, bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	step := uint8(0)
	if n := len(name); n > 0 && name[n-1] >= '2' && name[n-1] <= '4' {
		name, step = name[:n-1], name[n-1]-'1'
	}
	s, ok := severities[name]
	if !ok || step > 0 && s%4 != 1 {
		return 0, false
	}
	return s + step, true
}

// SeverityName returns the name of OTLP's number; "-" for 0 and what is none.
func SeverityName(n uint8) string {
	if n == 0 || n > maxSeverity {
		return "-"
	}
	name := [...]string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}[(n-1)/4]
	if step := (n - 1) % 4; step > 0 {
		name += string('1' + rune(step))
	}
	return name
}

// headSize is where a level word is looked for, in bytes.
const headSize = 96

// severityIn finds a level word at the head of a line; 0 if there is none.
func severityIn(line string) uint8 {
	head := line[:min(len(line), headSize)]
	if s := klog(head); s != 0 {
		return s
	}
	for start := 0; start < len(head); start++ {
		end := start
		for end < len(head) && isLetter(head[end]) {
			end++
		}
		if end == start || end == len(head) && len(line) > len(head) {
			continue // no word, or one that is cut
		}
		if s, ok := Severity(head[start:end]); ok && isLevel(line, start, end) {
			return s
		}
		start = end
	}
	return 0
}

// isLevel tells whether a word is there as a level: "[error]", "level=error", or
// "ERROR" by itself.
func isLevel(line string, start, end int) bool {
	before, after := byte(' '), byte(' ')
	if start > 0 {
		before = line[start-1]
	}
	if end < len(line) {
		after = line[end]
	}
	if before == '[' && after == ']' || before == '<' && after == '>' {
		return true
	}
	switch key := strings.ToLower(strings.TrimRight(line[:start], `"`)); {
	case strings.HasSuffix(key, "level="), strings.HasSuffix(key, "lvl="), strings.HasSuffix(key, "severity="):
		return true
	}
	return strings.ToUpper(line[start:end]) == line[start:end] &&
		strings.IndexByte(" \t[(|", before) >= 0 && strings.IndexByte(" \t:])|,-", after) >= 0
}

// klog reads the head of Kubernetes' own logs: a letter and a date, I1124.
func klog(head string) uint8 {
	if len(head) < 6 || head[5] != ' ' || strings.Trim(head[1:5], "0123456789") != "" {
		return 0
	}
	switch head[0] {
	case 'I':
		return severities["info"]
	case 'W':
		return severities["warn"]
	case 'E':
		return severities["error"]
	case 'F':
		return severities["fatal"]
	}
	return 0
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
