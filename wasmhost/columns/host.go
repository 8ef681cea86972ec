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
	start, end := m.hostAt(p)
	if end == 0 {
		return p + 1
	}
	return m.maskHost(start, end)
}

// hostAt finds the host name around p.
func (m *Masker) hostAt(p int) (start, stop int) {
	b := m.body
	end, digits := p, false
	for end < len(b) && is(b[end], host) {
		end++
	}
	m.hostSeen = end
	for end > p && !is(b[end-1], word) {
		end--
	}
	start = p
	for start > m.lit && is(b[start-1], host) {
		start--
	}
	for _, c := range b[start:end] {
		if is(c, digit) {
			digits = true
			break
		}
	}
	if end == p || !hostName(b[start:end], digits) && !remoteHost(b, m.lit, start, end) {
		return 0, 0
	}
	return start, end
}

// maskHost masks a host name with its port. What follows it may be a path.
func (m *Masker) maskHost(start, end int) int {
	end = m.tail(end)
	m.addressEnd = end
	return m.mask(start, end)
}

// remoteHost says whether PAM's key rhost assigns the dotted name: it is a host then, whatever it ends in.
func remoteHost(b []byte, lit, start, end int) bool {
	return start-6 >= lit && string(b[start-6:start]) == "rhost=" && bytes.IndexByte(b[start:end], '.') > 0
}

// hostName says whether a dotted name ends as the names of hosts do. A name that begins with a top-level domain is the
// reverse (com.apple.Safari): the name of a program, which says what happened. More countries are known for a name with
// digits: fewer of those names are names of settings.
func hostName(w []byte, digits bool) bool {
	first := bytes.IndexByte(w, '.')
	last := bytes.LastIndexByte(w, '.')
	if first <= 0 || topLevel(w[:first]) > 0 {
		return false
	}
	label := w[last+1:]
	need := topLevel(label)
	return need == 1 || first < last && (need == 2 || digits && country(label))
}

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

// country has more top-level domains, which are no common words either.
func country(label []byte) bool {
	switch string(label) {
	case "at", "be", "bg", "ee", "hr", "ir", "it", "lt", "lu", "lv", "ma", "my", "ph", "pk", "pl", "rs", "si", "sk", "su", "us", "uy",
		"info", "biz":
		return true
	}
	return false
}
