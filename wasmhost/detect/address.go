// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"net/netip"
	"strings"
)

// ipv4 is the end of an address of IPv4 that begins at i, or 0.
func ipv4(text string, i int) int {
	at := i
	for part := range 4 {
		if part > 0 {
			if at == len(text) || text[at] != '.' {
				return 0
			}
			at++
		}
		value, begin := 0, at
		for at < len(text) && isDigit(text[at]) && at-begin < 3 {
			value = value*10 + int(text[at]-'0')
			at++
		}
		if at == begin || value > 255 {
			return 0
		}
	}
	if wordAt(text, at) || at+1 < len(text) && text[at] == '.' && isDigit(text[at+1]) {
		return 0
	}
	return at
}

const maxIPv6 = 45 // bytes, RFC 4291 section 2.2

// ipv6 is an address of IPv6 around the colon at i. One without any digit is taken for a name, such as a::b.
func ipv6(text string, i, done int) (start, end int) {
	two := i+1 < len(text) && text[i+1] == ':'
	if !two && (i == 0 || !isHex(text[i-1]) || i+1 == len(text) || !isHex(text[i+1])) {
		return 0, 0
	}
	if !two { // an address has another colon behind a group, or two
		next := i + 1
		for next < len(text) && next-i < 6 && isHex(text[next]) {
			next++
		}
		if next == len(text) || text[next] != ':' {
			return 0, 0
		}
	}
	start = i
	for start > done && i-start < 5 && isHex(text[start-1]) {
		start--
	}
	if wordBefore(text, start) || start > 0 && (text[start-1] == ':' || text[start-1] == '.') {
		return 0, 0
	}
	for end = i; end < len(text) && end-start < maxIPv6 && (isHex(text[end]) || text[end] == ':' || text[end] == '.'); end++ {
	}
	for end > start && (text[end-1] == '.' || text[end-1] == ':' && text[end-2] != ':') {
		end-- // of the sentence
	}
	address := text[start:end]
	if wordAt(text, end) || !strings.ContainsAny(address, "0123456789") {
		return 0, 0
	}
	if !strings.Contains(address, "::") && strings.Count(address, ":") < 6 {
		return 0, 0
	}
	if a, err := netip.ParseAddr(address); err != nil || !a.Is6() {
		return 0, 0
	}
	return start, end
}

func isLocal(c byte) bool { return isWord(c) || c == '.' || c == '%' || c == '+' || c == '-' }

func isDomain(c byte) bool { return isDigit(c) || isLetter(c) || c == '.' || c == '-' }

// Longest parts of an address, RFC 5321 section 4.5.3.1.
const (
	maxLocal  = 64
	maxDomain = 255
)

// email is the address around the @ at i, or 0. What is before done belongs to another match, unless that is a number.
func email(text string, i, done int) (start, end int) {
	start = i
	for start > 0 && i-start < maxLocal && isLocal(text[start-1]) {
		start--
	}
	if done > start && done < i { // something is in the way: take the rest
		start = done
	}
	for start < i && text[start] == '.' {
		start++
	}
	for end = i + 1; end < len(text) && end-i <= maxDomain && isDomain(text[end]); end++ {
	}
	for end > i+1 && !isLetter(text[end-1]) && !isDigit(text[end-1]) {
		end--
	}
	dot := strings.LastIndexByte(text[i+1:end], '.')
	if start == i || dot < 1 || end-(i+1+dot) < 3 || !isLetter(text[end-1]) {
		return 0, 0
	}
	return start, end
}
