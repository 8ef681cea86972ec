// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Chain describes the files of one signal that were opened.
type Chain struct {
	Signal      Signal
	Files       int
	First, Last uint64 // numbers of its oldest and newest file
	Newest      [16]byte
	NewestPath  string
}

// String returns the range of the chain and its newest file.
func (c Chain) String() string {
	numbers := fmt.Sprintf("numbers %d to %d", c.First, c.Last)
	if c.First == c.Last {
		numbers = fmt.Sprintf("number %d", c.First)
	}
	return fmt.Sprintf("chain of %s: %s, newest file id %s", c.Signal, numbers, hex.EncodeToString(c.Newest[:]))
}

// chains checks the chain of each signal. elsewhere has the files that are in the same
// directories but were not named; it is nil where a whole directory was read.
func (r *Report) chains(elsewhere map[[16]byte]neighbour) {
	for _, signal := range []Signal{Traces, Logs, Metrics} {
		var files []FileReport
		for _, f := range r.Files {
			if f.Signal == signal {
				files = append(files, f)
			}
		}
		if len(files) > 0 {
			slices.SortStableFunc(files, func(a, b FileReport) int { return cmp.Compare(a.Sequence, b.Sequence) })
			r.chain(files, elsewhere)
		}
	}
}

// chain looks for files that are missing, doubled, or shorter than they were when the next
// one was begun.
func (r *Report) chain(files []FileReport, elsewhere map[[16]byte]neighbour) {
	first, last := files[0], files[len(files)-1]
	r.Chains = append(r.Chains, Chain{
		Signal: first.Signal, Files: len(files), First: first.Sequence, Last: last.Sequence, Newest: last.ID, NewestPath: last.Path,
	})
	before := r.damages()
	for i := 1; i < len(files); i++ {
		r.link(files[i-1], files[i], elsewhere)
	}
	if r.damages() == before {
		r.unused(files)
	}
	r.notNamed(first, elsewhere)
	if first.Previous.ID == [16]byte{} {
		return
	}
	if _, ok := elsewhere[first.Previous.ID]; !ok {
		r.note(first.Path, "the chain of %s begins here with number %d; %s not here. If they were not moved or removed on purpose, look for them",
			first.Signal, first.Sequence, count(first.Sequence-1, "file before it is", "files before it are"))
	}
}

// damages returns how many problems are not truncations.
func (r *Report) damages() (n int) {
	for _, p := range r.Problems {
		if !p.Truncated {
			n++
		}
	}
	return n
}

// unused turns the truncation of a file without a whole header into a note, if the chain goes
// on around it without a gap: then nothing in it was acknowledged.
func (r *Report) unused(files []FileReport) {
	first, last := files[0], files[len(files)-1]
	r.Problems = slices.DeleteFunc(r.Problems, func(p Problem) bool {
		name := filepath.Base(p.Path)
		opened := slices.ContainsFunc(files, func(f FileReport) bool { return f.Path == p.Path })
		after := first.Sequence == 1 || filepath.Base(first.Path) < name
		if !p.Truncated || opened || !strings.HasPrefix(name, first.Signal.String()+"-") || !after || name > filepath.Base(last.Path) {
			return false
		}
		r.note(p.Path, "it has no whole header, because its writer was killed. The chain goes on without it, so nothing in it was acknowledged: remove it")
		return true
	})
}

// notNamed notes files of the chain that are in the same directory but were not named.
func (r *Report) notNamed(first FileReport, elsewhere map[[16]byte]neighbour) {
	others := uint64(0)
	for _, n := range elsewhere {
		if n.signal == first.Signal {
			others++
		}
	}
	if others > 0 {
		r.note(filepath.Dir(first.Path), "the chain of %s was checked only between the files that were named; %s here: name the directory to check the whole chain",
			first.Signal, count(others, "other file of it is", "other files of it are"))
	}
}

func (r *Report) link(before, f FileReport, elsewhere map[[16]byte]neighbour) {
	name := filepath.Base(before.Path)
	_, notNamed := elsewhere[f.Previous.ID]
	switch {
	case f.ID == before.ID:
		r.problem(f.Path, "it is a copy of %s", name)
	case f.Previous.ID == before.ID && f.Previous.MAC == before.MAC:
		r.length(before, f)
	case notNamed: // the caller notes it
	case f.Sequence == before.Sequence:
		r.problem(f.Path, "it has number %d in its chain, and so has %s: two chains are mixed; keep each chain in a directory of its own", f.Sequence, name)
	case f.Sequence == before.Sequence+1:
		r.problem(f.Path, "the file before it in the chain is not %s: that one was replaced, or the file is of another chain", name)
	case f.Sequence == before.Sequence+2:
		r.problem(f.Path, "the file before it in the chain, number %d (id %x), is missing", f.Sequence-1, f.Previous.ID[:8])
	default:
		r.problem(f.Path, "the files before it in the chain, numbers %d to %d, are missing", before.Sequence+1, f.Sequence-1)
	}
}

// length compares the length of a file with the length that its successor names.
func (r *Report) length(before, f FileReport) {
	name := filepath.Base(f.Path)
	size, whole := uint64(before.size), uint64(before.whole)
	switch {
	case f.Previous.Size == whole: // what is behind was never acknowledged
		r.confirm(before, name)
	case f.Previous.Size == size: // earlier writers counted that too
	case f.Previous.Size == 0:
		r.note(before.Path, "the next file (%s) does not know its length, because it was moved before it was finished", name)
	default:
		r.problem(before.Path, "it has %d bytes of frames, but had %d when the next file (%s) was begun: it was cut or extended since", size, f.Previous.Size, name)
	}
}

// confirm turns the truncation of a file into a note, since its successor names the same
// length.
func (r *Report) confirm(before FileReport, successor string) {
	ends := func(p Problem) bool { return p.Path == before.Path && p.Truncated }
	if !slices.ContainsFunc(r.Problems, ends) {
		return
	}
	r.Problems = slices.DeleteFunc(r.Problems, ends)
	r.note(before.Path, "it is truncated, because its writer was killed. Its length is confirmed by its successor (%s): nothing was cut since that one was begun", successor)
}
