// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

// number judges the word around the digit at p. Letters outside ASCII are never part of it: in a word of such letters the
// digits alone vary.
func (m *Masker) number(p int) int {
	b := m.body
	s, e := p, p+1
	for s > m.seen && is(b[s-1], letter) {
		s--
	}
	for e < len(b) && is(b[e], digit) {
		e++
	}
	if s-1 > m.lit && (b[s-1] == ':' || b[s-1] == '-' || b[s-1] == '_') && is(b[s-2], hexLetter) {
		if from, to := m.address(s); to > 0 {
			return m.mask(from, m.tail(to))
		}
	}
	from, to := s, e
	plain := s == p
	if s < p || e < len(b) && is(b[e], letter) {
		var w shape
		w.measure(b, s, p, e)
		if u := w.end - 8; u >= s && u <= s+3 && w.end < len(b) && uuid(b, u) {
			return m.mask(u, m.tail(u+uuidSize))
		}
		if w.code(b) && m.answer(s, w.end) {
			m.seen = w.end
			return w.end
		}
		switch w.kind(b) {
		case name:
			m.seen = w.end
			return w.end
		case numbered:
			from, to = p, e
			if w.after > 0 {
				if s == p {
					from = m.before(from)
				}
				return m.mask(from, e)
			}
		default:
			to, plain = w.end, w.zeroX(b)
		}
	}
	end := to
	if to < len(b) && is(b[to], joiner|colon) {
		end = m.tail(to)
	}
	if plain && end == to && end-p <= 10 && m.answer(p, end) {
		m.seen = end
		return end
	}
	if end == from+3 && m.accessStatus(from) {
		return m.mask(from+1, end)
	}
	if from == s && from > m.lit && is(b[from-1], leads) {
		from = m.before(from)
	}
	if end+1 < len(b) && is(b[end], joiner|colon) {
		return m.compound(from, end)
	}
	return m.mask(from, unit(b, end))
}

// compound masks the number from from to end. More text is joined to it, and both may be parts of one address.
func (m *Masker) compound(from, end int) int {
	b := m.body
	if j := pass(b, end, ':', '-'); j > end && j < len(b) && is(b[j], hexLetter) {
		if start, stop := m.address(j); stop > 0 {
			return m.mask(min(from, start), m.tail(stop))
		}
	}
	if is(b[end+1], letter) && is(b[end], host) && from >= m.hostSeen {
		if start, stop := m.hostAt(from); stop > 0 {
			return m.maskHost(start, stop)
		}
	}
	if b[end] == '/' && dottedQuad(b, from, end) {
		m.addressEnd = end
	}
	return m.mask(from, end)
}

// shape is what a word with digits looks like.
type shape struct {
	start, digits, letters, end int // digits and letters: the first run of digits begins and ends
	after                       int // letters behind the first run of digits
	runs                        int // runs of digits
	hex                         bool
}

// measure fills in the shape of the word at s, whose first digits are those from p to e.
func (w *shape) measure(b []byte, s, p, e int) {
	hex := true
	for i := s; i < p && hex; i++ {
		hex = is(b[i], hexLetter)
	}
	w.start, w.digits, w.letters = s, p, e
	runs, after, last := 1, 0, uint16(digit)
	for ; e < len(b); e++ {
		k := class[b[e]] & (word | hexLetter)
		if k == digit {
			if last != digit {
				runs++
			}
		} else if k == 0 {
			break
		} else {
			after++
			hex = hex && k&hexLetter != 0
		}
		last = k
	}
	w.end, w.runs, w.after, w.hex = e, runs, after, hex
}

type kind int

const (
	id       kind = iota // the whole word varies
	name                 // none of it varies
	numbered             // the digits vary, the letters are words
)

// code says whether the word may be the code of an error: E1001, P2002, the 42P01 of SQLSTATE.
func (w *shape) code(b []byte) bool {
	if w.end-w.start > 6 {
		return false
	}
	if w.start < w.digits {
		return true
	}
	for _, c := range b[w.letters:w.end] {
		if c >= 'a' {
			return false
		}
	}
	return w.runs == 2 && w.end-w.start == 5
}

// kind says what a word with ASCII letters and digits is.
func (w *shape) kind(b []byte) kind {
	before, first := w.digits-w.start, w.letters-w.digits
	switch {
	case w.zeroX(b):
		return id
	case w.hex:
		if w.hexName(b, before, first) {
			return numbered
		}
		return id
	case w.runs > 1:
		return id
	case before == 0:
		return w.unitKind(b)
	case w.after == 0:
		version := before >= 2 && b[w.digits-1]|0x20 == 'v'
		more := before >= 2 && w.end+1 < len(b) && (b[w.end] == '_' || b[w.end] == '.') && is(b[w.end+1], letter)
		if first == 1 && (version || more) {
			return name
		}
		return numbered
	case first == 1 && before >= 2 && w.after >= 2:
		return name
	case pronounceable(b[w.start:w.digits]) || pronounceable(b[w.letters:w.end]):
		return numbered
	}
	return id
}

// hexName says whether a word of hexadecimal digits is still a name with a number: E0102 of klog, bad1, 12added.
func (w *shape) hexName(b []byte, before, first int) bool {
	switch {
	case w.runs > 1 || before > 7 || w.after > 7:
		return false
	case w.after == 0:
		return before == 1 && b[w.start] < 'a' || first <= 3 && pronounceable(b[w.start:w.digits])
	}
	return before == 0 && first <= 3 && w.after >= 4 && pronounceable(b[w.letters:w.end])
}

// unitKind is the kind of a word that begins with its digits: a number with a unit (15ms, 3rd), a class of statuses
// (5xx), or a number that is glued to a word (12failed).
func (w *shape) unitKind(b []byte) kind {
	tail := b[w.letters:w.end]
	switch {
	case string(tail) == "xx" && w.letters-w.digits == 1:
		return name
	case !pronounceable(tail) || isUnit(tail):
		return id
	}
	return numbered
}

// zeroX says whether the word is a number such as 0x1f.
func (w *shape) zeroX(b []byte) bool {
	if w.digits != w.start || w.end < w.start+3 || b[w.start] != '0' || b[w.start+1]|0x20 != 'x' {
		return false
	}
	for _, c := range b[w.start+2 : w.end] {
		if !is(c, digit|hexLetter) {
			return false
		}
	}
	return true
}

// pronounceable says whether letters may be a word of a language and not only a part of an id: three or more, with a
// vowel. Kubernetes leaves vowels out of its random names for the same reason.
func pronounceable(letters []byte) bool {
	if len(letters) < 3 {
		return false
	}
	for _, c := range letters {
		switch c | 0x20 {
		case 'a', 'e', 'i', 'o', 'u', 'y':
			return true
		}
	}
	return false
}
