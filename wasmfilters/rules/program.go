// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package rules

// A program decides over one record: steps with two successors each, as in a
// packet filter. A successor below 0 is the end: ^i says that rule i decides.

// op is what a step tests, the cheap ones first.
type op uint8

const (
	opSeverity     op = iota // bit severity of mask
	opNeedle                 // any bit of mask in a word of the needles
	opSize                   // size of the body within the halves of mask
	opText                   // a text of the record, by a matcher
	opResourceText           // a text of its resource, by a matcher
)

// pure says that the severity and the needles decide a step.
func (o op) pure() bool { return o <= opNeedle }

type step struct {
	op      op
	word    uint8  // of the needles
	column  uint16 // in the manifest
	matcher uint32
	yes, no int32 // what follows
	mask    uint64
}

// compile makes steps of rules, whose last successor is that no rule decides.
func compile(conditions []expr) (steps []step, entry int32) {
	next := ^int32(len(conditions))
	for i := len(conditions) - 1; i >= 0; i-- {
		steps, next = generate(steps, &conditions[i], ^int32(i), next)
	}
	return steps, next
}

// generate appends the steps of e, which lead to yes or no, and returns the first.
func generate(steps []step, e *expr, yes, no int32) ([]step, int32) {
	switch e.kind {
	case exprNot:
		return generate(steps, &e.kids[0], no, yes)
	case exprAnd:
		for i := len(e.kids) - 1; i >= 0; i-- {
			steps, yes = generate(steps, &e.kids[i], yes, no)
		}
		return steps, yes
	case exprOr:
		for i := len(e.kids) - 1; i >= 0; i-- {
			steps, no = generate(steps, &e.kids[i], yes, no)
		}
		return steps, no
	}
	s := e.test
	s.yes, s.no = yes, no
	return append(steps, s), int32(len(steps))
}

// settle follows the steps from pc that severity and needles decide.
func settle(steps []step, pc int32, severity uint8, needles []uint64) int32 {
	for pc >= 0 && steps[pc].op.pure() {
		s := &steps[pc]
		bits := uint64(1) << (severity & 31)
		if s.op == opNeedle {
			bits = needles[s.word]
		}
		if bits&s.mask != 0 {
			pc = s.yes
		} else {
			pc = s.no
		}
	}
	return pc
}
