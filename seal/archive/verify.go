// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/sealgate/sealgate/seal"
)

// Report is the result of a verification.
type Report struct {
	Files    []FileReport
	Chains   []Chain
	Problems []Problem
	// Notes say what is not wrong but was not checked, or cannot be checked: a file that
	// is being written, files before the first one, a file without an end whose length its
	// successor confirms.
	Notes []Problem
}

// FileReport describes one file that was opened.
type FileReport struct {
	Path string
	Header
	Summary
	// BeingWritten says that a writer holds the file. It has no end yet.
	BeingWritten bool
	size, whole  int64 // everything behind its header, and the part of that up to its last whole frame
}

// Clean tells whether everything was checked and nothing is wrong.
func (r *Report) Clean() bool { return len(r.Problems)+len(r.Notes) == 0 }

// Add appends the contents of another report.
func (r *Report) Add(other *Report) {
	r.Files = append(r.Files, other.Files...)
	r.Chains = append(r.Chains, other.Chains...)
	r.Problems = append(r.Problems, other.Problems...)
	r.Notes = append(r.Notes, other.Notes...)
}

// Verifier checks files and their chains.
type Verifier struct {
	Identities []seal.Identity
	// Progress, if not nil, is called with each file before it is read.
	Progress func(path string, i, n int)
	// Content, if not nil, parses the payload of every frame. Its answer is compared with
	// the index of the file.
	Content func(Signal, []byte) (Content, error)
}

// VerifyFile reads a whole file and reports everything that is wrong with it. It does not
// check the chain.
func VerifyFile(ctx context.Context, path string, identities []seal.Identity) *Report {
	v, r := Verifier{Identities: identities}, &Report{}
	v.file(ctx, r, path)
	return r
}

// VerifyDir reads all files of a directory and the chain of each signal. Progress, if not
// nil, is called with each file before it is read.
func VerifyDir(ctx context.Context, dir string, identities []seal.Identity, progress func(path string, i, n int)) (*Report, error) {
	v := Verifier{Identities: identities, Progress: progress}
	return v.Dir(ctx, dir)
}

// Dir verifies all files of a directory and the chain of each signal.
func (v *Verifier) Dir(ctx context.Context, dir string) (*Report, error) {
	paths, err := List(dir)
	if err != nil {
		return nil, err
	}
	r, err := v.read(ctx, paths)
	if err != nil {
		return nil, err
	}
	r.chains(nil)
	return r, nil
}

// Files verifies files and the chains between them. A gap in a chain is a problem if the
// directories of the files do not have the missing file either. Otherwise it is a note.
func (v *Verifier) Files(ctx context.Context, paths []string) (*Report, error) {
	r, err := v.read(ctx, paths)
	if err != nil {
		return nil, err
	}
	r.chains(neighbours(paths))
	return r, nil
}

func (v *Verifier) read(ctx context.Context, paths []string) (*Report, error) {
	r := &Report{}
	for i, path := range paths {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if v.Progress != nil {
			v.Progress(path, i, len(paths))
		}
		v.file(ctx, r, path)
	}
	return r, nil
}

func (v *Verifier) file(ctx context.Context, r *Report, path string) {
	f, err := OpenFile(path)
	if err != nil {
		short := errors.Is(err, errHeaderShort)
		p := Problem{Path: path, Offset: -1, Text: trimPath(err, path), Truncated: short}
		if short && writerHolds(path) {
			p.Text = "it is being written and has no whole header yet; verify it again later"
			r.Notes = append(r.Notes, p)
			return
		}
		r.Problems = append(r.Problems, p)
		return
	}
	defer f.Close()
	if err := f.Unlock(ctx, v.Identities); err != nil {
		r.Problems = append(r.Problems, Problem{Path: path, Offset: -1, Text: trimPath(err, path)})
		return
	}
	problem := func(p Problem) { r.Problems = append(r.Problems, p) }
	c := v.newContentCheck(f, problem)
	sum, err := f.Read(Between{}, func(frame Frame) error {
		c.frame(frame)
		return ctx.Err()
	}, problem)
	if err == nil && sum.Finished {
		c.compare()
	}
	r.Files = append(r.Files, FileReport{Path: path, Header: f.header, Summary: sum, BeingWritten: f.writing, size: f.size - f.start(), whole: f.whole - f.start()})
	if f.writing && !sum.Finished {
		r.note(path, "it is being written; %s so far. Nobody can tell yet whether its end was cut off: verify it again when the gateway has finished it", count(sum.Frames, "frame is whole", "frames are whole"))
	}
}

func (r *Report) note(path, format string, args ...any) {
	r.Notes = append(r.Notes, Problem{Path: path, Offset: -1, Text: fmt.Sprintf(format, args...)})
}

func (r *Report) problem(path, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{Path: path, Offset: -1, Text: fmt.Sprintf(format, args...)})
}

// count returns a number and its noun.
func count(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// trimPath returns the text of an error without the path that Problem names.
func trimPath(err error, path string) string {
	text := err.Error()
	if len(text) > len(path)+2 && text[:len(path)] == path {
		return text[len(path)+2:]
	}
	return text
}

// neighbour is a file that was not named but is in the directory of one that was.
type neighbour struct {
	path   string
	signal Signal
}

// neighbours returns the other files in the directories of some files, by their ids. Their
// headers are not authenticated.
func neighbours(paths []string) map[[16]byte]neighbour {
	present, seen := make(map[[16]byte]neighbour), make(map[string]bool)
	for _, path := range paths {
		dir := filepath.Dir(path)
		if seen[dir] {
			continue
		}
		seen[dir] = true
		list, err := List(dir)
		if err != nil {
			continue
		}
		for _, other := range list {
			if slices.Contains(paths, other) {
				continue
			}
			if f, err := OpenFile(other); err == nil {
				present[f.header.ID] = neighbour{other, f.header.Signal}
				_ = f.Close()
			}
		}
	}
	return present
}
