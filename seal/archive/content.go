// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

// Content describes the payload of a frame. Times are nanoseconds since 1970; From > To
// means that no item has a time.
type Content struct {
	Items    uint64
	From, To uint64
}

// contentCheck compares the frames of a file with its index. Without parse it does nothing.
type contentCheck struct {
	file    *File
	parse   func(Signal, []byte) (Content, error)
	problem func(Problem)
	found   map[uint64]Content
}

func (v *Verifier) newContentCheck(f *File, problem func(Problem)) *contentCheck {
	return &contentCheck{file: f, parse: v.Content, problem: problem, found: make(map[uint64]Content)}
}

// frame parses a frame.
func (c *contentCheck) frame(f Frame) {
	if c.parse == nil {
		return
	}
	got, err := c.parse(c.file.header.Signal, f.Payload)
	if err != nil {
		c.problem(c.file.problem(f.Offset, "frame %d: %v", f.Index, err))
		return
	}
	c.found[f.Index] = got
}

// compare reports each frame that differs from its entry in the index. The index may have a
// wider range of time than the content, but not a narrower one: a search would miss items.
func (c *contentCheck) compare() {
	if c.parse == nil {
		return
	}
	x, _, err := c.file.final()
	if err != nil {
		return // it was reported
	}
	for i, e := range x.entries {
		got, ok := c.found[uint64(i)]
		if !ok {
			continue // it was reported
		}
		at := c.file.start() + int64(e.offset)
		if got.Items != e.items {
			c.problem(c.file.problem(at, "frame %d: it has %s, but the index says %d; its writer was at fault", i, count(got.Items, "item", "items"), e.items))
		}
		if got.From <= got.To && (e.from > e.to || got.From < e.from || got.To > e.to) {
			c.problem(c.file.problem(at, "frame %d: it has items of times that the index does not name, so a search by the index misses them; its writer was at fault", i))
		}
	}
}
