// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import "bytes"

// dot judges the dot at p: within a host name, or not.
func (m *Masker) dot(p int) int {
	b := m.body
	if p < m.hostSeen || p == m.lit || p+1 == len(b) || !is(b[p-1], word) || !is(b[p+1], letter) {
		return p + 1
	}
	end := p + 1
	for end < len(b) && is(b[end], host) {
		end++
	}
	m.hostSeen = end
	for !is(b[end-1], word) {
		end--
	}
	start := m.hostStart(p)
	if !hostName(b[start:end], false) && !m.dottedValue(start, end) {
		return p + 1
	}
	return m.mask(start, tail(b, end))
}

// dottedValue says whether the dotted name is the value of a key and one of three labels at least, in lower case: a
// package, a host. The name of a class, with capitals, may say what happened.
func (m *Masker) dottedValue(start, end int) bool {
	b := m.body
	if start == m.lit || b[start-1] != '=' {
		return false
	}
	dots := 0
	for _, c := range b[start:end] {
		if c == '.' {
			dots++
		}
		if c-'A' < 26 {
			return false
		}
	}
	return dots >= 2
}

// hostBefore moves the begin of a mask to the begin of the host name, when it ends one: host190-81.pool.example.it.
func (m *Masker) hostBefore(from, to int) int {
	start := m.hostStart(from)
	end := from
	for end < to && is(m.body[end], host) {
		end++
	}
	if hostName(m.body[start:end], true) {
		return start
	}
	return from
}

func (m *Masker) hostStart(p int) int {
	for p > m.lit && is(m.body[p-1], host) {
		p--
	}
	return p
}

// hostName says whether a dotted name ends as the names of hosts do. loose is for a name that holds a number already: any
// two lower-case letters are taken for a country. A name that begins with a top-level domain is the reverse
// (com.apple.Safari): the name of a program, which says what happened.
func hostName(w []byte, loose bool) bool {
	first := bytes.IndexByte(w, '.')
	last := bytes.LastIndexByte(w, '.')
	if first <= 0 || topLevel(w[:first]) > 0 {
		return false
	}
	label := w[last+1:]
	if loose && first < last && (len(label) == 2 && lower(label[0]) && lower(label[1]) || string(label) == "info" || string(label) == "biz") {
		return true
	}
	need := topLevel(label)
	return need == 1 || need == 2 && first < last
}

func lower(c byte) bool { return 'a' <= c && c <= 'z' }

// topLevel is 0 for what is no top-level domain, 1 for one that says enough alone, and 2 for one that ends other dotted
// names too (java.net), so that only three labels make a host. Countries whose code is a word or a common part of
// setting names (id, in, is, ms, to) are not here: mapreduce.task.id is no host.
func topLevel(label []byte) int {
	switch string(label) {
	case "com", "org", "edu", "gov":
		return 1
	case "net", "mil", "int", "io", "dev", "app", "cloud", "arpa", "local", "localdomain", "internal", "lan",
		"ar", "au", "br", "ca", "ch", "cl", "cn", "co", "cz", "de", "dk", "es", "eu", "fi", "fr", "gr", "hk", "hu", "ie",
		"il", "jp", "kr", "mx", "nl", "nz", "pt", "ro", "ru", "se", "sg", "th", "tr", "tw", "ua", "uk", "vn", "za":
		return 2
	}
	return 0
}
