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

// hostAt finds the host name around p. stop is 0 where there is no such name.
func (m *Masker) hostAt(p int) (start, stop int) {
	b := m.body
	stop = p
	for stop < len(b) && is(b[stop], host) {
		stop++
	}
	m.hostSeen = stop
	for stop > p && !is(b[stop-1], word) {
		stop--
	}
	start = p
	for start > m.lit && is(b[start-1], host) {
		start--
	}
	if stop == p || !hostName(b, start, stop) && !remoteHost(b, m.lit, start, stop) {
		return 0, 0
	}
	return start, stop
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
// reverse (com.apple.Safari): the name of a program, which says what happened.
func hostName(b []byte, start, end int) bool {
	w := b[start:end]
	first := bytes.IndexByte(w, '.')
	if first <= 0 || topLevel(w[:first]) != noHost {
		return false
	}
	last := bytes.LastIndexByte(w, '.')
	label := w[last+1:]
	if len(label) > len("localdomain") {
		return false
	}
	switch topLevel(label) {
	case anyHost:
		return true
	case longHost:
		return first < last
	case markedHost:
		port := end+1 < len(b) && b[end] == ':' && is(b[end+1], digit)
		return first < last && (port || has(w, '@') || hasDigit(w) || bytes.HasSuffix(w, []byte(".cluster.local")))
	}
	return len(label) <= len("info") && first < last && country(label) && hasDigit(w)
}

func has(w []byte, c byte) bool { return bytes.IndexByte(w, c) >= 0 }

func hasDigit(w []byte) bool {
	for _, c := range w {
		if is(c, digit) {
			return true
		}
	}
	return false
}

type hostKind byte

const (
	noHost     hostKind = iota
	anyHost             // the domain says enough alone
	longHost            // three labels make a host: java.net is no host
	markedHost          // the domain is a word: three labels and marks make a host, db.connection.internal is no host
)

// topLevel judges a top-level domain. Countries whose code is a word or a common part of setting names (id, in, is, ms,
// to) are not here: mapreduce.task.id is no host.
func topLevel(label []byte) hostKind {
	switch string(label) {
	case "com", "org", "edu", "gov":
		return anyHost
	case "net", "mil", "arpa", "localdomain",
		"ar", "au", "br", "ca", "ch", "cl", "cn", "co", "cz", "de", "dk", "es", "eu", "fi", "fr", "gr", "hk", "hu", "ie",
		"il", "jp", "kr", "mx", "nl", "nz", "pt", "ro", "ru", "se", "sg", "th", "tr", "tw", "ua", "uk", "vn", "za":
		return longHost
	case "int", "io", "dev", "app", "cloud", "local", "internal", "lan":
		return markedHost
	}
	return noHost
}

// country has more top-level domains, for names with digits: fewer of those are names of settings.
func country(label []byte) bool {
	switch string(label) {
	case "at", "be", "bg", "ee", "hr", "ir", "it", "lt", "lu", "lv", "ma", "my", "ph", "pk", "pl", "rs", "si", "sk", "su", "us", "uy",
		"info", "biz":
		return true
	}
	return false
}
