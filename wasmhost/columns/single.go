// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import "strings"

// single looks for one text by its rarest byte, with the vector instructions of the runtime. The runtime's own search
// goes by the first byte, which in a log line is often everywhere ("/healthz").
type single struct {
	text string
	at   int // of the rarest byte
}

func newSingle(text string) single { return single{text, rarest(text, 1)} }

// rare says whether a log line has the byte seldom.
func (s single) rare() bool {
	return rarity[lowered[s.text[s.at]]] >= 20 || s.text[s.at] != lowered[s.text[s.at]]
}

func (s single) in(body string) bool {
	c := s.text[s.at]
	for p, misses := s.at, 0; p < len(body); misses++ {
		if misses > 4+p>>6 { // not rare in this body
			return strings.Contains(body[p-s.at:], s.text)
		}
		i := strings.IndexByte(body[p:], c)
		if i < 0 {
			return false
		}
		p += i
		if strings.HasPrefix(body[p-s.at:], s.text) {
			return true
		}
		p++
	}
	return false
}
