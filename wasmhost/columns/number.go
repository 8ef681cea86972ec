// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

// number judges the word around the digit at p.
func (m *Masker) number(p int) int {
	b := m.body
	s := p
	for s > m.seen && is(b[s-1], letter) {
		s--
	}
	from, to := s, p
	if s < p {
		w := measure(b, s, p)
		if w.named(b) {
			m.seen = w.end
			return w.end
		}
		from, to = w.from(), w.end
	}
	to = tail(b, to)
	if to == from+3 && m.status(from) {
		return m.mask(from+1, to)
	}
	if from == s {
		from = m.before(from)
	}
	if from > m.lit && is(b[from-1], host) {
		from = m.hostBefore(from, to)
	}
	return m.mask(from, unit(b, to))
}

// shape is what a word with digits looks like.
type shape struct {
	start, digits, end int // digits is where the first run of digits begins
	first              int // length of the first run of digits
	after              int // letters after the first run of digits
	runs               int // runs of digits
	hex                bool
}

func measure(b []byte, s, p int) shape {
	w := shape{start: s, digits: p, hex: true}
	for i := s; i < p && w.hex; i++ {
		w.hex = is(b[i], hexLetter)
	}
	e, last := p, uint16(0)
	for ; e < len(b); e++ {
		k := class[b[e]]
		if k&word == 0 {
			break
		}
		if k&digit != 0 {
			if last != digit {
				w.runs++
			}
			if w.runs == 1 {
				w.first++
			}
			last = digit
			continue
		}
		last = letter
		w.after++
		w.hex = w.hex && k&hexLetter != 0
	}
	w.end = e
	return w
}

// named says whether the digits belong to a name: ipv6, base64Decoder, jk2_init. Any other digit at the end counts (eth0,
// node3), and an id mixes more letters and digits.
func (w *shape) named(b []byte) bool {
	before := w.digits - w.start
	if w.hex || w.runs != 1 || before < 2 {
		return false
	}
	if w.after == 0 {
		version, more := b[w.digits-1]|0x20 == 'v', w.end+1 < len(b) && (b[w.end] == '_' || b[w.end] == '.') && is(b[w.end+1], letter)
		return w.first == 1 && (version || more)
	}
	return w.first <= 2 && w.after >= 2
}

// from is where the variable part of the word begins: after the stem of a numbered name (part00347, worker12), else
// with the word.
func (w *shape) from() int {
	if w.after == 0 && w.runs == 1 && !w.hex {
		return w.digits
	}
	return w.start
}
