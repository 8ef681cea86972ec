// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

// tail is the end of the compound whose variable part ends at e. Numbers, ids and names of months that are joined to a
// variable part vary with it: addresses, times, versions, UUIDs. A word that is joined to it stays.
func (m *Masker) tail(e int) int {
	b := m.body
	limit := len(b)
	if m.pathRest >= e && m.pathRest > 0 {
		limit = m.pathRest
	}
	for e < limit {
		j := e
		for j < limit && is(b[j], joiner|colon) {
			j++
		}
		if j == e || j == limit {
			return e
		}
		end := j
		for end < len(b) && is(b[end], digit) {
			end++
		}
		if end == j || end < len(b) && is(b[end], letter) {
			if end = part(b, e, j, end); end == 0 {
				return e
			}
		}
		e = end
	}
	return e
}

// part is the end of the part at j of a compound whose variable part ends at e, or 0 where the part does not vary as a
// whole. The part has letters, and begins with digits up to d.
func part(b []byte, e, j, d int) int {
	p := j
	if d == j {
		for p < len(b) && is(b[p], letter) {
			p++
		}
		for d = p; d < len(b) && is(b[d], digit); d++ {
		}
		if d == p { // no digit
			if letters(b, e, j, p) {
				return p
			}
			return 0
		}
	}
	var w shape
	w.measure(b, j, p, d)
	if w.kind(b) == id || podEnd(b, e, j, w.end) {
		return w.end
	}
	return 0
}

// letters says whether the letters from s to end belong to the variable part that ends at e: a month in a date, a long
// hexadecimal id, the random end of the name of a pod.
func letters(b []byte, e, s, end int) bool {
	n := end - s
	switch {
	case n == 3:
		return dateName(b[s:end]) && end+1 < len(b) && b[end] == b[s-1] && is(b[end+1], digit)
	case n == 5:
		return podEnd(b, e, s, end)
	case n >= 8:
		for ; s < end; s++ {
			if !is(b[s], hexLetter) {
				return false
			}
		}
		return true
	}
	return false
}

// podEnd says whether the text from s to end is the random end of the name of a pod.
func podEnd(b []byte, e, s, end int) bool {
	return end-s == 5 && b[s-1] == '-' && s-1 == e && random(b[s:end]) && randomBefore(b, e)
}

// random says whether a word has only characters of which Kubernetes makes random names: no vowel, none of 0, 1 and 3.
func random(w []byte) bool {
	for _, c := range w {
		switch c {
		case 'a', 'e', 'i', 'o', 'u', 'y', '0', '1', '3':
			return false
		}
		if c < '2' || c > 'z' || c > '9' && c < 'a' {
			return false
		}
	}
	return true
}

// randomBefore says whether the hash of a ReplicaSet or the time of a CronJob ends at e, behind a hyphen.
func randomBefore(b []byte, e int) bool {
	s := e
	for s > 0 && e-s <= 10 && is(b[s-1], word) {
		s--
	}
	return e-s >= 6 && e-s <= 10 && s > 0 && b[s-1] == '-' && (random(b[s:e]) || e-s >= 8 && digitsOnly(b[s:e]))
}

// pass is where the run of the bytes c and d at p ends.
func pass(b []byte, p int, c, d byte) int {
	for p < len(b) && (b[p] == c || b[p] == d) {
		p++
	}
	return p
}

// before extends a mask that begins at from over what belongs to it on its left: a sign, the names of a month and of a
// day.
func (m *Masker) before(from int) int {
	for from > m.lit && is(m.body[from-1], leads) {
		to := m.dayBefore(m.sign(from))
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
	if p-1 > m.lit && is(b[p-2], word|wide) {
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

// unit takes in a unit behind a number: programs choose the unit of a size or a time by its magnitude, so it varies.
func unit(b []byte, e int) int {
	if e+1 >= len(b) {
		return e
	}
	if b[e] != ' ' {
		if s := e + 3; s <= len(b) && (string(b[e:s]) == "µs" || string(b[e:s]) == "μs") {
			return s
		}
		return e
	}
	if !is(b[e+1], letter) {
		return e
	}
	end := e + 2
	for end < len(b) && end-e <= 5 && is(b[end], word) {
		end++
	}
	if isUnit(b[e+1 : end]) {
		return end
	}
	return e
}

func isUnit(w []byte) bool {
	switch string(w) {
	case "B", "kB", "KB", "MB", "GB", "TB", "PB", "KiB", "MiB", "GiB", "TiB", "PiB",
		"ns", "us", "ms", "s", "sec", "secs", "min", "mins":
		return true
	}
	return false
}
