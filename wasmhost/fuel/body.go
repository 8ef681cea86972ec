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
}

// frame is an open block.
type frame struct {
	loop   bool
	before int // cost before an if: that of its else
	end    int // the most that a branch to its end has executed since the last charge
}

// rewrite copies the code of a function that declares some locals.
func (b *body) rewrite(declared int, result byte) {
	b.start, b.copied = b.pos, b.pos
	b.frames = append(b.frames[:0], frame{})
	is := b.outline()
	b.held = is.loops && !is.calls && result != 0 && !b.guard.Off()
	b.local, b.scratch, b.usesIt = uint32(b.locals), uint32(b.locals), false
	if b.held {
		b.scratch++
		b.out = b.hold(b.out, result)
	}
	b.enter(declared, is.nests)
	for len(b.frames) > 0 && b.err == nil {
		b.step()
	}
	b.copy(b.pos)
	if b.held {
		b.out = b.release(b.out)
	}
}

// outline is what the code of a function holds.
type outline struct {
	loops bool
	calls bool
	nests bool // it calls other functions than the host's, and its frame stays meanwhile
}

// outline reads ahead as far as it takes, and leaves errors to step.
func (b *body) outline() (is outline) {
	in := b.ahead()
	var callee uint32
	in.branch = func(uint32) {}
	in.call = func(f uint32) { callee = f }
	for depth := 1; depth > 0 && !is.nests; {
		callee = math.MaxUint32 // of a table
		flow := in.next().flow
		if in.err != nil {
			break
		}
		switch flow {
		case opens, tests:
			depth++
		case loops:
			depth++
			is.loops = true
		case ends:
			depth--
		case hands:
			is.calls = true
		case calls:
			is.calls, is.nests = true, callee >= b.imported
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

// The frame of a function that calls others stays on the stack, which the engine copies as it
// grows: an endless recursion should use its budget up while the stack is small.
const (
	frameUnits  = 8 // of any frame
	frameLocals = 4 // so many locals are worth another
)

// prologue is how many instructions may come before the loop that a function starts
// with. A standard Go function has two, which load its stack pointer.
const prologue = 8

// enter charges the call of the function. A function that starts with its loop pays the
// last unit there.
func (b *body) enter(declared int, nests bool) {
	b.cost = 0
	units := 1 + declared/Stretch
	if nests {
		units = frameUnits + declared/frameLocals
	}
	switch {
	case !b.startsWithLoop():
		b.out = b.fixed(b.out, int64(units), len(b.frames))
	case units > 1:
		b.out = b.unchecked(b.out, int64(units-1))
	default:
		return
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
	b.start = b.pos
	o := b.next()
	if b.err != nil {
		return
	}
	if o.flow == bulk {
		b.chargeBulk(o.shift)
	}
	if o.flow == returns && b.held {
		b.copy(b.start)
		b.out = appendU32(append(b.out, 0x0c), uint32(len(b.frames)-1)) // br
		b.copied = b.pos
	}
	b.cost += b.pos - b.start + o.extra
	b.follow(o.flow)
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
		b.frames = append(b.frames, frame{})
	case loops:
		b.frames = append(b.frames, frame{loop: true})
		b.chargeHere()
		b.found.Loops++
	case tests: // without an else, its end is reached from here too
		b.frames = append(b.frames, frame{before: b.cost, end: b.cost})
	case turns:
		b.frames[top].end = max(b.frames[top].end, b.cost)
		b.cost = b.frames[top].before
	case ends:
		b.cost = max(b.cost, b.frames[top].end)
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
	if f := &b.frames[len(b.frames)-1-int(n)]; !f.loop {
		f.end = max(f.end, b.cost+b.pos-b.start)
	}
}

func (b *body) chargeHere() {
	b.copy(b.pos)
	b.out = b.fixed(b.out, 1, len(b.frames))
	b.cost = 0
}

func (b *body) chargeBulk(shift int) {
	b.copy(b.start)
	b.out = b.scaled(b.out, b.scratch, shift, len(b.frames))
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
