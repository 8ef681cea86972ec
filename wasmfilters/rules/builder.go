// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"errors"
	"slices"
	"strconv"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

// builder collects what conditions need of the host.
type builder struct {
	columns  []string
	needles  []sdk.Needle
	matchers []matcher
	numbers  map[sdk.Needle]int
}

// column is the position of a column, which is asked for.
func (b *builder) column(name string) int {
	if i := slices.Index(b.columns, name); i >= 0 {
		return i
	}
	b.columns = append(b.columns, name)
	return len(b.columns) - 1
}

// needle is the test for a text in the body.
func (b *builder) needle(n sdk.Needle) (expr, error) {
	if len(n.Text) > sdk.MaxNeedleSize {
		return expr{}, errors.New("it has " + strconv.Itoa(len(n.Text)) + " bytes, at most " + strconv.Itoa(sdk.MaxNeedleSize) + " are possible in a text to look for in bodies")
	}
	i, ok := b.numbers[n]
	if !ok {
		if len(b.needles) == sdk.MaxNeedles {
			return expr{}, errors.New("more than " + strconv.Itoa(sdk.MaxNeedles) + " texts are looked for in bodies; use fewer")
		}
		i = len(b.needles)
		b.needles = append(b.needles, n)
		if b.numbers == nil {
			b.numbers = map[sdk.Needle]int{}
		}
		b.numbers[n] = i
	}
	return leaf(step{op: opNeedle, word: uint8(i / 64), mask: 1 << (i % 64)}), nil
}

func (b *builder) bodyContains(text string, fold bool) (expr, error) {
	if text == "" {
		return expr{}, errors.New("an empty text is in every body; use `body_size_below`: 1 for empty ones")
	}
	return b.needle(sdk.Needle{Text: text, Fold: fold})
}

func (b *builder) bodyEquals(text string, fold bool) (expr, error) {
	if text == "" {
		return b.size(0, 0), nil
	}
	return b.needle(sdk.Needle{Text: text, Fold: fold, Start: true, End: true})
}

// bodyMatches leaves a pattern to the host. One with an asterisk as it is, which
// a needle with glob cannot have, is looked for by its longest part first, and
// matched here where that is in the body.
func (b *builder) bodyMatches(text string, fold bool) (expr, error) {
	p, err := parsePattern(text)
	if err != nil {
		return expr{}, err
	}
	longest := p.longest()
	switch {
	case longest == "" && len(p) > 1:
		return expr{}, errors.New("a pattern of asterisks alone matches every body")
	case len(p) == 1:
		return b.bodyEquals(string(p[0]), fold)
	}
	if glob, ok := p.glob(); ok {
		start, end := len(p[0]) > 0, len(p[len(p)-1]) > 0
		return b.needle(sdk.Needle{Text: glob, Fold: fold, Glob: true, Start: start, End: end})
	}
	needle, err := b.needle(sdk.Needle{Text: longest, Fold: fold})
	if err != nil {
		return expr{}, err
	}
	m := matcher{kind: matchPattern, fold: fold, patterns: []pattern{p}}
	return and(needle, b.match(sdk.ColumnBody, opText, m)), nil
}

// size is the test for a body of from to to bytes.
func (b *builder) size(from, to uint32) expr {
	b.column(sdk.ColumnBodySize)
	return leaf(step{op: opSize, mask: uint64(to)<<32 | uint64(from)})
}

func (b *builder) bodySize(key string, v *conf.Value) (expr, error) {
	n, err := v.AsUint(1<<32 - 2)
	if err != nil {
		return expr{}, err
	}
	if key == "body_size_above" {
		return b.size(uint32(n)+1, 1<<32-1), nil
	}
	if n == 0 {
		return expr{}, errors.New("no body has fewer than 0 bytes")
	}
	return b.size(0, uint32(n)-1), nil
}

// text is the test of a text by one of exists, equals, contains and matches.
func (b *builder) text(column string, o op, test string, v *conf.Value, fold bool) (expr, error) {
	if test == "exists" {
		want, err := v.AsBool()
		e := b.match(column, o, matcher{kind: matchAny})
		if !want {
			e = not(e)
		}
		return e, err
	}
	texts, err := checkedTexts(v)
	if err != nil {
		return expr{}, err
	}
	m, err := newMatcher(test, texts, fold)
	if err != nil {
		return expr{}, err
	}
	return b.match(column, o, m), nil
}

func (b *builder) match(column string, o op, m matcher) expr {
	if o == opResourceText {
		b.column(sdk.ColumnResource)
	}
	b.matchers = append(b.matchers, m.prepared())
	return leaf(step{op: o, column: uint16(b.column(column)), matcher: uint32(len(b.matchers) - 1)})
}
