// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import "strings"

// single looks for the key of one pattern by its rarest byte, with the vector instructions of the runtime. The runtime's
// own search goes by the first byte, which in a log line is often everywhere ("/healthz").
type single struct {
	text    string
	at      int  // of the rarest byte
	rare    byte // the byte
	whole   bool // the pattern has no more than the text
	pattern int
}

func newSingle(p *pattern, i int) single {
	key := p.key()
	at := rarest(key, 1)
	return single{text: key, at: at, rare: key[at], whole: p.whole(), pattern: i}
}

// isRare says whether a log line has the byte seldom.
func isRare(c byte) bool { return rarity[lowered[c]] >= 20 || c != lowered[c] }

// in says whether the text is in the body, whose first rare byte is at p.
func (s *single) in(body string, p int) bool {
	for misses := 0; ; misses++ {
		if misses > 4+p>>6 { // not rare in this body
			return strings.Contains(body[max(0, p-s.at):], s.text)
		}
		if p >= s.at && strings.HasPrefix(body[p-s.at:], s.text) {
			return true
		}
		p++
		i := strings.IndexByte(body[p:], s.rare)
		if i < 0 {
			return false
		}
		p += i
	}
}
