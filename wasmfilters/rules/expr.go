// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package rules

import "slices"

// expr is a condition as a tree.
type expr struct {
	kind exprKind
	kids []expr
	test step
}

type exprKind uint8

const (
	exprTest exprKind = iota
	exprAnd
	exprOr
	exprNot
)

func leaf(s step) expr { return expr{test: s} }
func not(e expr) expr  { return expr{kind: exprNot, kids: []expr{e}} }

func and(parts ...expr) expr { return join(exprAnd, parts) }

// or also makes one test of those for needles in the same word.
func or(parts ...expr) expr {
	var (
		out   []expr
		words [4]int // 1 + the place in out of the test for a word
	)
	for _, p := range parts {
		if p.kind != exprTest || p.test.op != opNeedle {
			out = append(out, p)
		} else if at := &words[p.test.word]; *at > 0 {
			out[*at-1].test.mask |= p.test.mask
		} else {
			out = append(out, p)
			*at = len(out)
		}
	}
	return join(exprOr, out)
}

// join puts what is cheap to test first. Tests have no effects, so that their
// order does not matter.
func join(kind exprKind, parts []expr) expr {
	if len(parts) == 1 {
		return parts[0]
	}
	slices.SortStableFunc(parts, func(a, b expr) int { return int(a.cost()) - int(b.cost()) })
	return expr{kind: kind, kids: parts}
}

// cost is the most expensive operation in e.
func (e *expr) cost() op {
	most := e.test.op
	for i := range e.kids {
		most = max(most, e.kids[i].cost())
	}
	return most
}
