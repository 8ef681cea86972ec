// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package probes

import (
	"bytes"
	"strings"
)

// troubles begin words that a line about a successful probe does not have, by
// their first letter.
var troubles = byLetter(
	"fail", "error", "degrad", "unhealth", "timeout", "timed out", "refused", "reject", "unavailable", "unreachable", "exception", "panic",
	"critical", "fatal", "overload", "denied", "not ready", "notready", "down", "slow", "warn", "out_of_service", "out of service",
)

// chineseTroubles are such words in Chinese.
var chineseTroubles = []string{"失败", "错误", "异常", "超时", "不可用"}

// byLetter sorts words by their first letter, in either case.
func byLetter(words ...string) (table [256][]string) {
	for _, word := range words {
		table[word[0]] = append(table[word[0]], word)
		table[word[0]&^0x20] = table[word[0]]
	}
	return table
}

// mentionsTrouble says whether a word of the text begins as one of them does.
func mentionsTrouble(text []byte) bool {
	var last, seen byte
	for i, c := range text {
		if words := troubles[c]; words != nil && !isLetter(last) {
			for _, word := range words {
				if beginsWith(text[i:], word) && (word != "down" || i+4 == len(text) || !isLetter(text[i+4])) {
					return true
				}
			}
		}
		last, seen = c, seen|c
	}
	ascii := seen < 0x80
	for i := 0; !ascii && i < len(chineseTroubles); i++ {
		if bytes.Contains(text, []byte(chineseTroubles[i])) {
			return true
		}
	}
	return false
}

// beginsWith compares ASCII without regard to case. The word is in lower case.
func beginsWith(text []byte, word string) bool {
	if len(text) < len(word) {
		return false
	}
	for i := range len(word) {
		if c := text[i]; c != word[i] && (!isLetter(c) || c|0x20 != word[i]) {
			return false
		}
	}
	return true
}

// hasFailure says whether a number in the text is a status of 400 to 599. Unless
// any number may be one, it must be in a list, as that of an upstream that was
// tried more than once is: 502, 200.
func hasFailure(text []byte, anywhere bool) bool {
	for i := 0; i < len(text); i++ {
		if !isDigit(text[i]) {
			continue
		}
		end := i
		for end < len(text) && isDigit(text[end]) {
			end++
		}
		number := text[i:end]
		fails := len(number) == 3 && (number[0] == '4' || number[0] == '5') && standsAlone(text, i, end)
		if fails && (anywhere || end < len(text) && text[end] == ',' || bytes.HasSuffix(text[:i], []byte(", "))) {
			return true
		}
		i = end
	}
	return false
}

// standsAlone says whether text[i:end] is no part of a longer word, address or number.
func standsAlone(text []byte, i, end int) bool {
	const joins = ".:-/_"
	return (i == 0 || !isLetter(text[i-1]) && strings.IndexByte(joins, text[i-1]) < 0) &&
		(end == len(text) || !isLetter(text[end]) && strings.IndexByte(joins, text[end]) < 0)
}

// isList says whether a text is a status, or some with commas between them.
func isList(text []byte) bool { return len(bytes.Trim(text, "0123456789,:- ")) == 0 }

// hasFlags says whether a word such as UF or DC, a response flag of Envoy, follows
// the status.
func hasFlags(rest []byte) bool {
	word, _, _ := bytes.Cut(bytes.TrimLeft(rest, " "), []byte(" "))
	if len(word) < 2 || string(word) == "OK" {
		return false
	}
	for _, c := range word {
		if (c < 'A' || c > 'Z') && c != ',' {
			return false
		}
	}
	return true
}

// isSlow says whether a value is a time longer than that of a probe. A number
// without a unit needs a key that says it.
func isSlow(name, value []byte) bool {
	number, unit := quantity(value)
	switch string(unit) {
	case "":
		return number > 1 && isSeconds(name) || number > 1000 && isMillis(name)
	case "s", " s":
		return number > 1
	case "ms", " ms":
		return number > 1000
	case "us", "µs", "μs":
		return number > 1e6
	case "ns":
		return number > 1e9
	}
	return len(unit) > 1 && unit[0] == 'm' && isDigit(unit[1]) && unit[len(unit)-1] == 's' // 1m2.5s
}

func isSeconds(name []byte) bool {
	switch string(name) {
	case "requesttime", "upstreamresponsetime", "upstreamconnecttime", "requestduration", "httpserverrequestduration": // nginx, semantic conventions
		return true
	}
	return bytes.HasSuffix(name, []byte("seconds")) || bytes.HasSuffix(name, []byte("secs"))
}

func isMillis(name []byte) bool {
	return string(name) == "responsetime" || // pino
		bytes.HasSuffix(name, []byte("ms")) || bytes.HasSuffix(name, []byte("millis"))
}

// quantity is the decimal number at the begin of a text, and the rest.
func quantity(text []byte) (number float64, unit []byte) {
	i := 0
	for ; i < len(text) && isDigit(text[i]); i++ {
		number = number*10 + float64(text[i]-'0')
	}
	if i == 0 || i == len(text) || text[i] != '.' {
		return number, text[i:]
	}
	scale := 0.1
	for i++; i < len(text) && isDigit(text[i]); i++ {
		number += float64(text[i]-'0') * scale
		scale /= 10
	}
	return number, text[i:]
}

func isNumber(text []byte) bool { return len(bytes.Trim(text, "0123456789")) == 0 }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
