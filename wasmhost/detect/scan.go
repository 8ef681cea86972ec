// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package detect

// class says what a byte may be a part of.
type class uint8

const (
	classNone   class = iota
	classDigit        // a number
	classAt           // an e-mail address
	classColon        // a key, or an address of IPv6
	classEquals       // a key
	classWide         // the first byte of a full-width colon
	classScheme       // b or B, of Bearer and Basic
	classJWT          // J, of eyJ
	classPlus         // a phone number
	classParen        // a phone number
)

// classify fills the table for what is looked for.
func (s *Set) classify() {
	set := func(on bool, c class, bytes string) {
		for i := 0; on && i < len(bytes); i++ {
			s.class[bytes[i]] = c
		}
	}
	set(s.card >= 0 || s.cnID >= 0 || s.phone >= 0 || s.ip >= 0, classDigit, "0123456789")
	s.dotted, s.leastGroup = s.ip >= 0 || s.phone >= 0, 4
	if s.phone >= 0 {
		s.leastGroup = 1 // +1 415 555 0132
	}
	set(s.email >= 0, classAt, "@")
	set(s.secret >= 0 || s.ip >= 0, classColon, ":")
	set(s.secret >= 0, classEquals, "=")
	set(s.secret >= 0, classWide, "\xef")
	set(s.bearer >= 0, classScheme, "bB")
	set(s.bearer >= 0, classJWT, "J")
	set(s.phone >= 0, classPlus, "+")
	set(s.phone >= 0, classParen, "(")
}

// scan looks at each byte once. What a detector takes is not looked at by those that follow, except that an e-mail
// address takes over what was found in its first part.
func (s *Set) scan(list []Match, text string) []Match {
	first, done := len(list), 0 // nothing before done is looked at
	noJWT := 0                  // no token begins before
	for i := s.skip(text, 0); i < len(text); {
		m, next := s.look(s.class[text[i]], text, i, done, &noJWT)
		if m.End > 0 {
			for len(list) > first && list[len(list)-1].Start >= m.Start {
				list = list[:len(list)-1]
			}
			list = append(list, m)
			done = m.End
		}
		i = s.skip(text, next)
	}
	return list
}

// skip is where the first byte at i or behind it is that has a class. Eight bytes at a time are a third faster.
func (s *Set) skip(text string, i int) int {
	c := &s.class
	for ; i+8 <= len(text); i += 8 {
		if w := text[i : i+8]; c[w[0]]|c[w[1]]|c[w[2]]|c[w[3]]|c[w[4]]|c[w[5]]|c[w[6]]|c[w[7]] != 0 {
			break
		}
	}
	for i < len(text) && c[text[i]] == classNone {
		i++
	}
	return i
}

// look looks closely at byte i. It returns a match, if there is one, and where to go on.
func (s *Set) look(c class, text string, i, done int, noJWT *int) (m Match, next int) {
	switch c {
	case classDigit, classPlus, classParen:
		return s.number(text, i, done)
	case classAt:
		if start, end := email(text, i, done); end > 0 {
			return Match{s.email, start, end}, end
		}
	case classScheme:
		if start, end := credentials(text, i); end > 0 {
			return Match{s.bearer, start, end}, end
		}
	case classJWT:
		if i < *noJWT {
			break
		}
		start, end, ok := jwt(text, i, done)
		if ok {
			return Match{s.bearer, start, end}, end
		}
		*noJWT = end // or a text of many beginnings would be read again and again
	default:
		return s.colon(c, text, i, done)
	}
	return Match{}, i + 1
}

func (s *Set) colon(c class, text string, i, done int) (Match, int) {
	width := 1
	if c == classWide {
		if !isWideColon(text, i) {
			return Match{}, i + 1
		}
		width = 3
	}
	if s.secret >= 0 {
		if start, end := secret(text, i, width); end > 0 {
			return Match{s.secret, start, end}, end
		}
	}
	if c == classColon && s.ip >= 0 {
		if start, end := ipv6(text, i, done); end > 0 {
			return Match{s.ip, start, end}, end
		}
	}
	return Match{}, i + width
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func isLetter(c byte) bool { return c|0x20-'a' < 26 }

func isWord(c byte) bool { return isDigit(c) || isLetter(c) || c == '_' }

func isHex(c byte) bool { return isDigit(c) || c|0x20-'a' < 6 }

// wordBefore reports whether a word goes on before byte i, which then begins no match.
func wordBefore(text string, i int) bool { return i > 0 && isWord(text[i-1]) }

func wordAt(text string, i int) bool { return i < len(text) && isWord(text[i]) }
