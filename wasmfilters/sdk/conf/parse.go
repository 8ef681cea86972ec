// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package conf

import (
	"errors"
	"strconv"
	"unicode/utf8"
)

// maxDepth bounds the recursion of Parse and of those who walk its result.
const maxDepth = 64

// Parse reads one JSON value.
func Parse(b []byte) (Value, error) {
	if !utf8.Valid(b) {
		return Value{}, errors.New("configuration: it is not UTF-8")
	}
	p := parser{b: b}
	v, err := p.value(0)
	if err == nil && p.next() != 0 {
		err = p.wrong("the end")
	}
	return v, err
}

// parser reads b from at.
type parser struct {
	b  []byte
	at int
}

func (p *parser) wrong(want string) error {
	return errors.New("configuration: not JSON at byte " + strconv.Itoa(p.at) + ", where " + want + " should be")
}

// next skips white space and returns the byte that follows, 0 at the end. A zero
// byte is nowhere part of JSON; it is told from the end by its position.
func (p *parser) next() byte {
	for ; p.at < len(p.b); p.at++ {
		switch c := p.b[p.at]; c {
		case ' ', '\t', '\n', '\r':
		case 0:
			return 1
		default:
			return c
		}
	}
	return 0
}

func (p *parser) value(depth int) (Value, error) {
	if depth > maxDepth {
		return Value{}, errors.New("configuration: nested deeper than " + strconv.Itoa(maxDepth) + " levels")
	}
	switch c := p.next(); {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.list(depth)
	case c == '"':
		s, err := p.text()
		return Value{Kind: String, Text: s}, err
	case c == '-' || digit(c):
		return p.number()
	}
	for _, w := range words {
		if len(p.b)-p.at >= len(w.text) && string(p.b[p.at:p.at+len(w.text)]) == w.text {
			p.at += len(w.text)
			return w.value, nil
		}
	}
	return Value{}, p.wrong("a value")
}

var words = []struct {
	text  string
	value Value
}{
	{"true", Value{Kind: Bool, Bool: true}},
	{"false", Value{Kind: Bool}},
	{"null", Value{Kind: Null}},
}

func (p *parser) object(depth int) (Value, error) {
	v := Value{Kind: Object}
	seen := map[string]bool{}
	p.at++
	if p.next() == '}' {
		p.at++
		return v, nil
	}
	for {
		if p.next() != '"' {
			return v, p.wrong("a key")
		}
		key, err := p.text()
		if err != nil {
			return v, err
		}
		if seen[key] {
			return v, errors.New("configuration: key " + strconv.Quote(key) + " is there twice in one object")
		}
		seen[key] = true
		if p.next() != ':' {
			return v, p.wrong("a colon")
		}
		p.at++
		member, err := p.value(depth + 1)
		if err != nil {
			return v, err
		}
		v.Members = append(v.Members, Member{key, member})
		if done, err := p.more('}'); done || err != nil {
			return v, err
		}
	}
}

func (p *parser) list(depth int) (Value, error) {
	v := Value{Kind: List}
	p.at++
	if p.next() == ']' {
		p.at++
		return v, nil
	}
	for {
		entry, err := p.value(depth + 1)
		if err != nil {
			return v, err
		}
		v.List = append(v.List, entry)
		if done, err := p.more(']'); done || err != nil {
			return v, err
		}
	}
}

// more reads a comma, or else what ends the list or object.
func (p *parser) more(end byte) (done bool, err error) {
	switch p.next() {
	case ',':
		p.at++
		return false, nil
	case end:
		p.at++
		return true, nil
	}
	return false, p.wrong("a comma or `" + string(end) + "`")
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func (p *parser) digits() (n int) {
	for p.at < len(p.b) && digit(p.b[p.at]) {
		p.at++
		n++
	}
	return n
}

// accept reads one of the given bytes, if it is there.
func (p *parser) accept(any string) bool {
	for i := range len(any) {
		if p.at < len(p.b) && p.b[p.at] == any[i] {
			p.at++
			return true
		}
	}
	return false
}

func (p *parser) number() (Value, error) {
	start := p.at
	p.accept("-")
	if !p.accept("0") && p.digits() == 0 {
		return Value{}, p.wrong("a digit")
	}
	if p.accept(".") && p.digits() == 0 {
		return Value{}, p.wrong("a digit")
	}
	if p.accept("eE") {
		p.accept("+-")
		if p.digits() == 0 {
			return Value{}, p.wrong("a digit")
		}
	}
	return Value{Kind: Number, Text: string(p.b[start:p.at])}, nil
}
