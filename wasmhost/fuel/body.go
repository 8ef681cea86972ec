// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel

// body rewrites the code of one function. It copies what it reads and puts charges in
// between.
type body struct {
	instructions
	charger
	found *Module

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
func (b *body) rewrite(declared int) {
	b.start, b.copied = b.pos, b.pos
	b.frames = append(b.frames[:0], frame{})
	b.enter(declared)
	for len(b.frames) > 0 && b.err == nil {
		b.step()
	}
	b.copy(b.pos)
}

// prologue is how many instructions may come before the loop that a function starts
// with. A standard Go function has two, which load its stack pointer.
const prologue = 8

// enter charges the call of the function. A function that starts with its loop is
// charged there.
func (b *body) enter(declared int) {
	b.cost = 0
	if declared < Stretch && b.startsWithLoop() {
		return
	}
	b.out = b.fixed(b.out, int64(1+declared/Stretch))
	b.found.Entries++
}

// startsWithLoop reports whether each call passes the header of a loop before anything
// that branches, calls or takes long. It reads ahead, and leaves errors to step.
func (b *body) startsWithLoop() bool {
	ahead := *b.reader
	in := b.instructions
	in.reader = &ahead
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
	case departs:
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
func (b *body) callTo(imported uint32) func(uint32) {
	return func(f uint32) {
		if f < imported {
			b.cost += exit
		}
	}
}
