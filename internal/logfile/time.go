// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfile

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// layouts of times. A fraction of a second may follow the seconds of each.
var layouts = []string{
	time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05",
	"2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700", "2006/01/02 15:04:05",
	accessLog, time.RFC1123, time.RFC1123Z,
}

// accessLog is the time of Apache and nginx.
const accessLog = "02/Jan/2006:15:04:05 -0700"

// ParseTime reads a time in one of many forms, and returns nanoseconds since 1970;
// false if it is none, or not of the years 1970 to 2261.
func ParseTime(s string) (uint64, bool) {
	if len(s) == 0 || len(s) > 40 {
		return 0, false
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return parseNumber(s, n)
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, s); err == nil {
			return uint64(at.UnixNano()), at.Year() >= 1970 && at.Year() <= 2261
		}
	}
	return 0, false
}

// parseNumber tells by its size what a number counts since 1970. In seconds it is
// of the years 1973 to 5138.
func parseNumber(s string, n float64) (uint64, bool) {
	unit := 0.
	switch {
	case n < 1e8 || n >= 1e19 || math.IsNaN(n):
		return 0, false
	case n < 1e11:
		unit = 1e9
	case n < 1e14:
		unit = 1e6
	case n < 1e17:
		unit = 1e3
	default:
		whole, err := strconv.ParseUint(s, 10, 63)
		return whole, err == nil
	}
	ns := n * unit
	return uint64(ns), ns < math.MaxInt64
}

// TimeIn finds the time of a plain line: at its begin, or in the brackets of an
// access log; 0 if there is none.
func TimeIn(line string) uint64 {
	head := strings.TrimPrefix(line[:min(len(line), 256)], "[")
	if head != "" && head[0] >= '0' && head[0] <= '9' {
		if at, ok := timeAt(head); ok {
			return at
		}
	}
	_, rest, _ := strings.Cut(head, "[")
	if len(rest) > len(accessLog) && rest[len(accessLog)] == ']' {
		at, _ := ParseTime(rest[:len(accessLog)])
		return at
	}
	return 0
}

// timeAt reads the time that a text begins with, of one word or two.
func timeAt(head string) (uint64, bool) {
	end := strings.IndexAny(head, " ]")
	if end < len("2006-01-02") {
		return 0, false // no time is so short
	}
	if at, ok := ParseTime(head[:end]); ok {
		return at, true
	}
	more := strings.IndexAny(head[end+1:], " ]|")
	if more < 0 {
		return 0, false
	}
	return ParseTime(head[:end+1+more])
}
