// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

// tail is the end of the compound whose variable part ends at e. A compound reads from the general to the particular,
// so what hangs on a variable part varies with it: addresses, times, versions, attempt_201706092018_0025_m_000001,
// nginx-7d9c5b8f6-xkcdq.
func tail(b []byte, e int) int {
	for {
		end := e
		for end < len(b) && is(b[end], word|joiner) {
			end++
		}
		for end > e && is(b[end-1], joiner) { // a full stop ends a sentence
			end--
		}
		if end == len(b) || b[end] != ':' {
			return end
		}
		if e = colon(b, end); e == 0 {
			return end
		}
	}
}

func wordEnd(b []byte, p int) int {
	e := p
	for e < len(b) && is(b[e], word) {
		e++
	}
	if e == p {
		return 0
	}
	return e
}

// colon is the end of the number or of the hexadecimal group behind the colons at e, or 0. A word behind a colon is
// more often the beginning of the message.
func colon(b []byte, e int) int {
	for e < len(b) && b[e] == ':' {
		e++
	}
	end := wordEnd(b, e)
	if end == 0 || is(b[e], digit) || hexGroup(b, e, end) {
		return end
	}
	return 0
}

// hexGroup says whether the word is a group of an address or of a UUID that happens to have no digit, or begins with a
// letter.
func hexGroup(b []byte, s, e int) bool {
	if e-s > 4 {
		return false
	}
	for ; s < e; s++ {
		if !is(b[s], hexLetter|digit) {
			return false
		}
	}
	return true
}

// before extends a mask that begins at from over what belongs to it on its left: a sign, groups of an address without
// a digit, the names of a month or a day.
func (m *Masker) before(from int) int {
	for from > m.lit && is(m.body[from-1], leads) {
		to := m.sign(from)
		to = m.groupBefore(to)
		to = m.dayBefore(to)
		if to == from {
			return from
		}
		from = to
	}
	return from
}

func (m *Masker) sign(p int) int {
	b := m.body
	if p <= m.lit || b[p-1] != '-' && b[p-1] != '+' && b[p-1] != '~' && (b[p-1] != '<' || !comparison(b, p)) {
		return p
	}
	if p-1 > m.lit && is(b[p-2], word) {
		return p
	}
	return p - 1
}

// comparison says whether the < before p compares, as in "took <1 sec", and does not open a bracket.
func comparison(b []byte, p int) bool {
	e := p
	for e < len(b) && is(b[e], word) {
		e++
	}
	return p > 1 && b[p-2] == ' ' && e < len(b) && b[e] == ' '
}

// groupBefore takes in a group such as the FF of FF:F2:9F: two or four letters.
func (m *Masker) groupBefore(p int) int {
	b := m.body
	if p <= m.lit || b[p-1] != ':' && b[p-1] != '-' {
		return p
	}
	s := p - 1
	for s > m.lit && p-s <= 6 && is(b[s-1], word) {
		s--
	}
	if n := p - 1 - s; n != 2 && n != 4 || !hexGroup(b, s, p-1) {
		return p
	}
	return s
}

// unit takes in a unit behind a number: who prints sizes and times chooses it by the magnitude, so it varies.
func unit(b []byte, e int) int {
	if e+1 >= len(b) || b[e] != ' ' || !is(b[e+1], letter) {
		return e
	}
	end := e + 2
	for end < len(b) && end-e <= 5 && is(b[end], word) {
		end++
	}
	switch string(b[e+1 : end]) {
	case "B", "kB", "KB", "MB", "GB", "TB", "PB", "KiB", "MiB", "GiB", "TiB", "PiB",
		"ns", "us", "ms", "s", "sec", "secs", "min", "mins":
		return end
	}
	return e
}
