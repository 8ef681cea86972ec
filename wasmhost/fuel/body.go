// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel

import "math"

// body rewrites the code of one function. It copies what it reads and puts charges in
// between.
type body struct {
	instructions
	charger
	found    *Module
	imported uint32 // how many functions are the host's

	out    []byte
	copied int // the input is in out up to here

	frames  []frame // blocks that are open; the first is the function
	start   int     // of the instruction that is read
	cost    int     // the most that a path to it has executed since the last charge
	scratch uint32  // a local for the operand of a bulk instruction
	usesIt  bool
	work    int      // of compiling it, see MaxWork
	kinds   []byte   // types of the locals, see copies
	labels  []uint32 // of the instruction that is read
}

// frame is an open block.
type frame struct {
	loop   bool
	before int  // cost before an if: that of its else
	end    int  // the most that a branch to its end has executed since the last charge
	values int  // that a branch to it moves
	again  bool // it is begun again when the counter was refilled
}

// rewrite copies the code of a function that declares some locals.
func (b *body) rewrite(declared int, s signature) {
	b.start, b.copied = b.pos, b.pos
	b.frames = append(b.frames[:0], frame{values: s.results})
	b.work = b.left()
	is := b.outline()
	result := s.block()
	b.held = is.loops && !is.calls && result != 0 && !b.guard.Off()
	b.local, b.scratch, b.usesIt = uint32(b.locals), uint32(b.locals), false
	if b.held {
		b.scratch++
	}
	b.frame = 0
	size := frameSize(b.locals, b.left(), is.joins)
	takes := (is.nests || size > smallFrame) && !b.guard.Off()
	if takes && result != 0 {
		b.frame = size / frameUnit
	}
	if b.wraps() {
		b.out = b.hold(b.out, result)
	}
	units := 1 + declared/Stretch
	if takes && result == 0 { // what it takes of the stack is not given back: it pays for it
		units += size / frameUnit
	}
	b.enter(units)
	for len(b.frames) > 0 && b.err == nil {
		b.step()
	}
	b.copy(b.pos)
	if b.wraps() {
		b.out = append(b.release(b.out), 0x0b)
	}
}

// The frame of a function stays on the stack while it calls others.
const (
	frameUnit  = 16       // bytes; a value takes up to as much
	frameHead  = 64       // bytes of any frame
	smallFrame = 64 << 10 // that of a function that calls no other may be left out
)

// frameSize is the most bytes of a frame: the engine may keep each value that an instruction makes, of which
// one takes 4 bytes of code for 16 on the stack, and each local once more wherever paths meet.
func frameSize(locals, code, joins int) int {
	return frameHead + 4*code + frameUnit*locals*(1+joins)
}

// outline is what the code of a function holds.
type outline struct {
	loops bool
	calls bool
	nests bool // it calls other functions than the host's, and its frame stays meanwhile
	joins int  // places where paths may meet
}

// outline reads ahead, and leaves errors to step.
func (b *body) outline() (is outline) {
	in := b.ahead()
	var callee uint32
	in.branch = func(uint32) {}
	in.call = func(f uint32) { callee = f }
	for depth := 1; depth > 0; {
		callee = math.MaxUint32 // of a table
		flow := in.next().flow
		if in.err != nil {
			break
		}
		switch flow {
		case opens, tests:
			depth++
			is.joins++
		case loops:
			depth++
			is.joins++
			is.loops = true
		case ends:
			depth--
		case hands:
			is.calls = true
		case calls:
			is.calls = true
			is.nests = is.nests || callee >= b.imported
		}
	}
	return is
}

// ahead reads on from where b is, and leaves it there.
func (b *body) ahead() instructions {
	in := b.instructions
	r := *b.reader
	in.reader = &r
	return in
}

// prologue is how many instructions may come before the loop that a function starts
// with. A standard Go function has two, which load its stack pointer.
const prologue = 8

// enter charges the call of the function. A function that starts with its loop pays the
// last unit there.
func (b *body) enter(units int) {
	b.cost = 0
	if b.startsWithLoop() {
		units--
	}
	switch {
	case b.frame > 0:
		b.out = b.charger.enter(b.out, int64(units))
	case units == 0:
		return
	default:
		b.out = b.fixed(b.out, int64(units))
	}
	b.found.Entries++
}

// startsWithLoop reports whether each call passes the header of a loop before anything
// that branches, calls or takes long. It reads ahead, and leaves errors to step.
func (b *body) startsWithLoop() bool {
	in := b.ahead()
	certain := true
	in.branch = func(uint32) { certain = false }
	in.call = in.branch
	for range prologue + 1 {
		o := in.next()
		if in.err != nil || !certain || o.extra > 0 {
			return false
		}
		switch o.flow {
		case loops:
			return true
		case on, opens:
		default:
			return false
		}
	}
	return false
}

func (b *body) step() {
	b.start, b.labels = b.pos, b.labels[:0]
	o := b.next()
	if b.err != nil {
		return
	}
	if o.flow == bulk {
		b.chargeBulk(o.shift)
	}
	switch {
	case o.flow == returns && b.wraps():
		b.copy(b.start)
		b.out = appendU32(append(b.out, 0x0c), b.label(uint32(len(b.frames)-1))) // br
		b.copied = b.pos
	case len(b.labels) > 0 && b.held:
		b.relabel()
	case o.flow == hands:
		b.copy(b.start)
		b.out = b.release(b.out)
	}
	b.cost += b.pos - b.start + o.extra
	b.follow(o.flow)
	if b.work > MaxWork {
		b.fail("the function is too much work to compile: it has many locals or values in many blocks; have the compiler inline less")
	}
	if b.cost >= Stretch && len(b.frames) > 0 {
		b.chargeHere()
		b.found.Stretches++
	}
}

// follow keeps account of the paths. The cost at the end of a block is that of the
// worst path to it; what cannot be reached costs nothing.
func (b *body) follow(f flow) {
	top := len(b.frames) - 1
	switch f {
	case opens:
		b.frames = append(b.frames, frame{values: b.block.results})
		b.join()
	case loops:
		b.frames = append(b.frames, frame{loop: true, values: b.block.params, again: b.held && b.block.params == 0})
		b.chargeLoop()
		b.found.Loops++
		b.join()
		b.work += loopWork * b.locals
	case tests: // without an else, its end is reached from here too
		b.frames = append(b.frames, frame{before: b.cost, end: b.cost, values: b.block.results})
		b.join()
	case turns:
		b.frames[top].end = max(b.frames[top].end, b.cost)
		b.cost = b.frames[top].before
	case ends:
		b.cost = max(b.cost, b.frames[top].end) + b.frames[top].values
		if b.frames[top].again {
			b.copy(b.pos)
			b.out = b.endAgain(b.out, b.kinds)
		}
		b.frames = b.frames[:top]
	case departs, returns, hands:
		b.cost = 0
	}
}

// branchTo is told each label of an instruction. The header of a loop charges, and a
// branch out of the function ends it.
func (b *body) branchTo(n uint32) {
	if int64(n) >= int64(len(b.frames)) {
		b.fail("a branch out of %d blocks, of which there are %d", n, len(b.frames))
		return
	}
	b.labels = append(b.labels, n)
	f := &b.frames[len(b.frames)-1-int(n)]
	b.work += 1 + f.values
	if !f.loop {
		f.end = max(f.end, b.cost+b.pos-b.start+f.values)
	}
}

// loopWork is how much more a local is worth in a loop than in another block: the engine's time grows with the
// square of their number.
const loopWork = 15

// join counts a block, where each local and each value of the block may be another on each path to it.
func (b *body) join() { b.work += 8 + b.locals + b.block.params + b.block.results }

// label is that of a branch out of n blocks, those around loops included.
func (b *body) label(n uint32) uint32 {
	more := uint32(0)
	for _, f := range b.frames[len(b.frames)-int(n):] {
		if f.again {
			more += wrappers
		}
	}
	return n + more
}

// relabel writes the branch that was read with the labels that it has now.
func (b *body) relabel() {
	b.copy(b.start)
	b.out = append(b.out, b.data[b.start])
	if b.data[b.start] == 0x0e { // br_table
		b.out = appendU32(b.out, uint32(len(b.labels)-1))
	}
	for _, n := range b.labels {
		b.out = appendU32(b.out, b.label(n))
	}
	b.copied = b.pos
}

// chargeLoop charges a turn of the loop that was opened last.
func (b *body) chargeLoop() {
	if !b.frames[len(b.frames)-1].again {
		b.chargeHere()
		return
	}
	b.copy(b.start)
	b.out = b.charger.again(b.out, b.data[b.start+1:b.pos])
	b.copied = b.pos
	b.cost = 0
}

func (b *body) chargeHere() {
	b.copy(b.pos)
	b.out = b.fixed(b.out, 1)
	b.cost = 0
}

func (b *body) chargeBulk(shift int) {
	b.copy(b.start)
	b.out = b.scaled(b.out, b.scratch, shift)
	b.usesIt = true
	b.cost = 0
	b.found.Bulks++
}

func (b *body) copy(to int) {
	if b.err == nil {
		b.out = append(b.out, b.data[b.copied:to]...)
		b.copied = to
	}
}

// callTo is told the function of each call. Those of the host come first.
func (b *body) callTo(f uint32) {
	if f < b.imported {
		b.cost += exit
	}
}
