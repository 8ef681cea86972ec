// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import "hash/maphash"

// Format is the version of the rules by which a Masker masks. A change of any rule is a new format.
const Format = 2

// Mark stands in a masked text for what varies.
const Mark = "<*>"

// spill bounds the scratch that a Masker keeps, whatever the length of a body.
const spill = 4096

// Masker finds the template of a log line. It keeps a scratch buffer, so each goroutine needs its own; the zero value
// is ready for use.
//
// Why rules and not a learned tree (Drain and the like): a template that depends on earlier lines changes with them, and
// a learned template merges lines that differ in one word that matters.
type Masker struct {
	body []byte
	lit  int // start of the text that is not written yet
	seen int // text before this is judged: no rule looks back past it for a word

	hostSeen   int  // text before this is known to hold no host name
	pathRest   int  // the second slash of the path that the scan is in
	addressEnd int  // where the last host or IPv4 address ends
	answers    bool // the body is the value of a key that names an answer

	repeat repeat

	out    []byte
	keep   bool // out is the caller's and holds everything
	long   bool // part of the text went to digest
	digest maphash.Hash
	buf    []byte
}

// ID returns the template id of body: the keyed hash of its masked text. An id means the same within one process only. ID
// allocates nothing once the Masker is warm.
func (m *Masker) ID(body string) uint64 {
	m.answers = false
	return m.id(body)
}

func (m *Masker) id(body string) uint64 {
	if m.buf == nil {
		m.buf = make([]byte, 0, spill)
	}
	m.out, m.keep, m.long = m.buf[:0], false, false
	m.run(body)
	if !m.long {
		return maphash.Bytes(seed, m.out)
	}
	m.spill()
	return m.digest.Sum64()
}

// Append appends the masked text of body to dst, and returns it with the template id.
func (m *Masker) Append(dst []byte, body string) ([]byte, uint64) {
	from := len(dst)
	m.answers = false
	m.out, m.keep = dst, true
	m.run(body)
	dst = m.out
	m.out = nil
	return dst, maphash.Bytes(seed, dst[from:])
}

func (m *Masker) run(body string) {
	m.body = view(body)
	m.lit, m.seen, m.hostSeen, m.pathRest, m.addressEnd = 0, 0, 0, 0, 0
	m.repeat = repeat{}
	m.scan()
	m.write(m.body[m.lit:])
	m.body = nil
}

func (m *Masker) scan() {
	b := m.body
	next, drive := trigger(b, 0), nextDrive(b, 0)
	for next < len(b) || drive < len(b) {
		var p int
		if drive < next {
			p = m.drive(drive)
		} else {
			p = m.at(next)
		}
		// Each is looked for again only once it is passed: both look as far as they have to.
		if next < p {
			next = trigger(b, p)
		}
		if drive < p {
			drive = nextDrive(b, p)
		}
	}
}

// at applies the rules of the byte that stopped the scan, and says where to go on.
func (m *Masker) at(p int) int {
	switch c := m.body[p]; {
	case c-'0' <= 9:
		return m.number(p)
	case c == '/':
		return m.slash(p)
	case c == '.':
		return m.dot(p)
	case c >= 0x80:
		return m.wideNumber(p)
	default:
		return m.account(p)
	}
}

// mask replaces the text from from to to, and says where to go on.
func (m *Masker) mask(from, to int) int {
	b := m.body
	end := from
	// Padding follows from the width of the value, so it varies with it.
	for end-1 > m.lit && b[end-1] == ' ' && b[end-2] == ' ' {
		end--
	}
	for to+1 < len(b) && b[to] == ' ' && b[to+1] == ' ' {
		to++
	}
	if !m.repeat.folds(b, m.lit, end, from) {
		m.repeat.start(m.lit, end)
		if !m.keep && len(m.out)+end-m.lit > spill {
			m.write(b[m.lit:end])
			end = m.lit
		}
		m.out = append(append(m.out, b[m.lit:end]...), '<', '*', '>') // Mark; to append its bytes costs less
	}
	m.lit, m.seen = to, to
	return to
}

func (m *Masker) write(p []byte) {
	if m.keep || len(m.out)+len(p) <= spill {
		m.out = append(m.out, p...)
		return
	}
	m.spill()
	_, _ = m.digest.Write(p)
}

func (m *Masker) spill() {
	if !m.long {
		m.digest.SetSeed(seed)
		m.digest.Reset()
		m.long = true
	}
	_, _ = m.digest.Write(m.out)
	m.out = m.out[:0]
}
