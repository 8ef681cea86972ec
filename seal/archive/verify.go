// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/sealgate/sealgate/seal"
)

// Report is what verifying found.
type Report struct {
	Files    []FileReport
	Problems []Problem
}

// FileReport is what verifying found of one file.
type FileReport struct {
	Path string
	Header
	Summary
	// BeingWritten tells that its writer still has it. That it has no end yet is no
	// problem.
	BeingWritten bool
	size         int64 // of its frames
}

// Clean tells whether nothing is wrong, truncations of killed writers included.
func (r *Report) Clean() bool { return len(r.Problems) == 0 }

// VerifyFile reads a whole file and reports all that is wrong with it.
func VerifyFile(ctx context.Context, path string, identities []seal.Identity) *Report {
	r := &Report{}
	r.file(ctx, path, identities)
	return r
}

// VerifyDir reads all files of a directory and the chain of each signal. Progress,
// if not nil, is told of each file before it is read.
func VerifyDir(ctx context.Context, dir string, identities []seal.Identity, progress func(path string, i, n int)) (*Report, error) {
	paths, err := List(dir)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	for i, path := range paths {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if progress != nil {
			progress(path, i, len(paths))
		}
		r.file(ctx, path, identities)
	}
	for _, signal := range []Signal{Traces, Logs, Metrics} {
		r.chain(signal)
	}
	return r, nil
}

func (r *Report) file(ctx context.Context, path string, identities []seal.Identity) {
	f, err := OpenFile(path)
	if err != nil {
		short := errors.Is(err, errHeaderShort)
		if !short || !writerHolds(path) {
			r.Problems = append(r.Problems, Problem{Path: path, Offset: -1, Text: trimPath(err, path), Truncated: short})
		}
		return
	}
	defer f.Close()
	if err := f.Unlock(ctx, identities); err != nil {
		r.Problems = append(r.Problems, Problem{Path: path, Offset: -1, Text: trimPath(err, path)})
		return
	}
	sum, _ := f.Read(Between{}, func(Frame) error { return nil }, func(p Problem) { r.Problems = append(r.Problems, p) })
	r.Files = append(r.Files, FileReport{Path: path, Header: f.header, Summary: sum, BeingWritten: f.writing, size: f.size - f.start()})
}

// trimPath returns what an error says without the path that Problem names.
func trimPath(err error, path string) string {
	text := err.Error()
	if len(text) > len(path)+2 && text[:len(path)] == path {
		return text[len(path)+2:]
	}
	return text
}

// chain looks for files of a signal that are missing, doubled, or shorter than
// they were when the next one was begun.
func (r *Report) chain(signal Signal) {
	var files []FileReport
	for _, f := range r.Files {
		if f.Signal == signal {
			files = append(files, f)
		}
	}
	slices.SortStableFunc(files, func(a, b FileReport) int { return cmp.Compare(a.Sequence, b.Sequence) })
	for i := 1; i < len(files); i++ {
		r.link(files[i-1], files[i])
	}
}

func (r *Report) link(before, f FileReport) {
	say := func(at FileReport, format string, args ...any) {
		r.Problems = append(r.Problems, Problem{Path: at.Path, Offset: -1, Text: fmt.Sprintf(format, args...)})
	}
	switch {
	case f.ID == before.ID:
		say(f, "it is a copy of %s", filepath.Base(before.Path))
	case f.Previous.ID == before.ID && f.Previous.MAC == before.MAC:
		if f.Previous.Size != uint64(before.size) {
			say(before, "it has %d bytes of frames, but had %d when the next file (%s) was begun: it was cut or extended since", before.size, f.Previous.Size, filepath.Base(f.Path))
		}
	case f.Sequence == before.Sequence:
		say(f, "it has number %d in its chain, and so has %s: two chains are mixed", f.Sequence, filepath.Base(before.Path))
	case f.Sequence == before.Sequence+1:
		say(f, "the file before it in the chain is not %s: that one was replaced, or the file is of another chain", filepath.Base(before.Path))
	case f.Sequence == before.Sequence+2:
		say(f, "the file before it in the chain, number %d (id %x), is missing", f.Sequence-1, f.Previous.ID[:8])
	default:
		say(f, "the files before it in the chain, numbers %d to %d, are missing", before.Sequence+1, f.Sequence-1)
	}
}
