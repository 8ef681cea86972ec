// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"time"
)

// progressInterval is the time between two lines of progress, and before the
// first: what is done sooner shows none.
const progressInterval = time.Second

// progress tells a person how far long work has come.
type progress struct {
	e     *env
	on    bool
	last  time.Time
	shown bool
}

// newProgress returns one that shows something on a terminal, or where forced.
func (e *env) newProgress(forced bool) *progress {
	return &progress{e: e, on: e.terminal || forced, last: e.now()}
}

// show shows a line where one is due. A terminal overwrites the one before.
func (p *progress) show(format string, args ...any) {
	if !p.on || p.e.now().Sub(p.last) < progressInterval {
		return
	}
	p.last = p.e.now()
	line := printable(fmt.Sprintf(format, args...))
	if !p.e.terminal {
		p.e.say("%s", line)
		return
	}
	p.shown = true
	_, _ = io.WriteString(p.e.stderr, "\r\x1b[K"+line)
}

// end clears what a terminal shows.
func (p *progress) end() {
	if p.shown {
		_, _ = io.WriteString(p.e.stderr, "\r\x1b[K")
	}
}
