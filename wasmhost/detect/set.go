// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Kind is what a detector looks for.
type Kind string

// The kinds.
const (
	Card   Kind = "card"   // the number of a payment card: issuer prefix, length and Luhn check digit
	CNID   Kind = "cn_id"  // a Chinese resident id of 18 characters: region, date and check digit (GB 11643)
	Phone  Kind = "phone"  // a phone number: Chinese, North American, or international with a plus sign
	Email  Kind = "email"  // an e-mail address
	IP     Kind = "ip"     // an address of IPv4 or IPv6
	Bearer Kind = "bearer" // the token behind Bearer or Basic, and a JSON Web Token anywhere
	Secret Kind = "secret" // the value behind a key such as password=, "token": or 密码：
	Regexp Kind = "regexp" // a match of Detector.Pattern, or of its first group
)

var kinds = []Kind{Card, CNID, Phone, Email, IP, Bearer, Secret, Regexp}

// Limits of a set.
const (
	MaxDetectors   = 64
	MaxPatternSize = 1 << 10 // bytes
)

// Detector is one thing to look for.
type Detector struct {
	Kind    Kind
	Pattern string // of Regexp, in the syntax of Go's package regexp
}

// Match is a place in a text, from Start to before End, in bytes. Matches of one text do not overlap.
type Match struct {
	Detector   int // its index in the set
	Start, End int
}

// Set looks for several things at once. It is never changed, so any number of goroutines may use one.
type Set struct {
	card       int // -1 where it is not looked for, as the others
	cnID       int
	phone      int
	email      int
	ip         int
	bearer     int
	secret     int
	class      [256]class
	dotted     bool // an address of IPv4 is looked for, or is in the way of a phone number
	leastGroup int  // digits that the first group of a number has at least
	regexps    []pattern
}

type pattern struct {
	*regexp.Regexp
	detector, group int
	prefix          string // a match begins with it
}

// New makes a set. Each kind except Regexp may be there once.
func New(list []Detector) (*Set, error) {
	if len(list) > MaxDetectors {
		return nil, fmt.Errorf("there are %d detectors: at most %d are allowed", len(list), MaxDetectors)
	}
	s := &Set{card: -1, cnID: -1, phone: -1, email: -1, ip: -1, bearer: -1, secret: -1}
	for i, d := range list {
		if err := s.add(i, d); err != nil {
			return nil, fmt.Errorf("detector %d: %w", i, err)
		}
	}
	s.classify()
	return s, nil
}

func (s *Set) add(i int, d Detector) error {
	if d.Kind == Regexp {
		return s.addPattern(i, d.Pattern)
	}
	at := map[Kind]*int{
		Card: &s.card, CNID: &s.cnID, Phone: &s.phone, Email: &s.email, IP: &s.ip, Bearer: &s.bearer, Secret: &s.secret,
	}[d.Kind]
	switch {
	case at == nil:
		return fmt.Errorf("its kind is %.64q: this host knows %q", d.Kind, kinds)
	case *at >= 0:
		return fmt.Errorf("its kind is %q, which is there already", d.Kind)
	}
	*at = i
	return nil
}

func (s *Set) addPattern(i int, text string) error {
	if len(text) == 0 || len(text) > MaxPatternSize {
		return fmt.Errorf("its pattern has %d bytes: 1 to %d are allowed", len(text), MaxPatternSize)
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return err
	}
	if re.MatchString("") {
		return errors.New("its pattern matches the empty text: it must match one byte at least")
	}
	p := pattern{Regexp: re, detector: i, group: min(1, re.NumSubexp())}
	p.prefix, _ = re.LiteralPrefix()
	s.regexps = append(s.regexps, p)
	return nil
}

// Find appends the matches in a text to list, in order. name is the key of the text, empty where it has none: the
// detector Secret takes the whole text for the value of that key.
func (s *Set) Find(list []Match, name, text string) []Match {
	if s.secret >= 0 && text != "" && name != "" && IsSecretKey(name) {
		return append(list, Match{s.secret, 0, len(text)})
	}
	first := len(list)
	list = s.scan(list, text)
	for i := range s.regexps {
		if found := s.regexps[i].find(text); len(found) > 0 {
			list = append(list[:first], merge(list[first:], found)...)
		}
	}
	return list
}

// find returns the matches of a pattern.
func (p *pattern) find(text string) (list []Match) {
	if p.prefix != "" && !strings.Contains(text, p.prefix) {
		return nil
	}
	for at := 0; at < len(text); {
		m := p.FindStringSubmatchIndex(text[at:])
		if m == nil {
			break
		}
		if start, end := m[2*p.group], m[2*p.group+1]; start < end {
			list = append(list, Match{p.detector, at + start, at + end})
		}
		at += max(m[1], m[0]+1)
	}
	return list
}

// merge adds matches, which are in their order as the old ones are. A match takes out those that it contains. One that
// overlaps another in part begins where that ends, or ends where that begins.
func merge(old, more []Match) []Match {
	all := make([]Match, 0, len(old)+len(more))
	for _, m := range more {
		for len(old) > 0 && old[0].Start < m.Start {
			m.Start = max(m.Start, old[0].End)
			all, old = append(all, old[0]), old[1:]
		}
		for len(old) > 0 && old[0].End <= m.End {
			old = old[1:]
		}
		if len(old) > 0 {
			m.End = min(m.End, old[0].Start)
		}
		if m.Start < m.End {
			all = append(all, m)
		}
	}
	return append(all, old...)
}
