// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
)

// sealedFiles returns the files that paths name; a directory stands for the sealed
// files in it.
func sealedFiles(paths []string) ([]string, error) {
	if len(paths) == 0 {
		return nil, usagef("no file: name sealed files, or directories of them")
	}
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		inside, err := filesIn(path)
		if err != nil {
			return nil, err
		}
		files = append(files, inside...)
	}
	return files, nil
}

func filesIn(dir string) ([]string, error) {
	files, err := archive.List(dir)
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s: there is no sealed file (*.sealed) in this directory; is it the `directory` of the exporter?", dir)
	}
	return files, err
}

// openSealed opens and unlocks a file.
func openSealed(ctx context.Context, path string, keys []seal.Identity) (*archive.File, error) {
	f, err := archive.OpenFile(path)
	if err != nil {
		return nil, err
	}
	if err := f.Unlock(ctx, keys); err != nil {
		if forOthers(err) {
			err = fmt.Errorf("%w; give a key of one of these recipients with --key", err)
		}
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// onFrame is what is done with a frame.
type onFrame func(archive.Frame) error

// onFile returns what is done with the frames of file number i, nil where they are
// not asked for.
type onFile func(i int, r *archive.File) (onFrame, error)

// readAll unlocks and reads file after file. What is wrong with one is said, and
// the next is read. The error is that of file or frame, or that no file could be
// read at all, or errPart.
func (e *env) readAll(ctx context.Context, files []string, keys []seal.Identity, when archive.Between, file onFile) error {
	failed, problems, unread := 0, 0, uint64(0)
	var ends truncations
	for i, path := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		r, err := openSealed(ctx, path, keys)
		if err != nil {
			e.say("%v", err)
			failed++
			continue
		}
		n, skipped, err := e.readOne(ctx, r, when, i, file, &ends)
		problems += n
		unread += skipped
		if err = errors.Join(err, r.Close()); err != nil {
			return err
		}
	}
	problems += ends.report(e)
	if unread > 0 {
		e.say("the index places %s outside of the time range, so %s not read; leave out --by-index to find items without a time in them", count(int(unread), "frame", "frames"), verb(int(unread)))
	}
	switch {
	case failed == len(files):
		return errors.New("no file could be read; what is wrong with each is said above")
	case failed+problems > 0:
		e.say("%d of %d files could not be read, and %s found in others; `sealctl verify` lists all", failed, len(files), count(problems, "problem was", "problems were"))
		return errPart
	}
	return nil
}

// truncations are files without an end, and the headers that may confirm their length.
type truncations struct {
	all     []truncation
	headers []archive.Header
}

type truncation struct {
	file    *archive.File
	problem archive.Problem
}

// report reports each file without an end, and returns how many are problems.
func (t *truncations) report(e *env) (problems int) {
	for _, one := range t.all {
		if slices.ContainsFunc(t.headers, one.file.EndConfirmedBy) {
			e.say("note: %s: it is truncated, because its writer was killed; its length is confirmed by its successor", one.file.Path())
			continue
		}
		e.say("%v", one.problem)
		problems++
	}
	return problems
}

// frameError is something wrong with a frame alone; the next may be read.
type frameError struct{ error }

func (e *env) readOne(ctx context.Context, r *archive.File, when archive.Between, i int, file onFile, ends *truncations) (problems int, skipped uint64, err error) {
	frame, err := file(i, r)
	if err != nil || frame == nil {
		return 0, 0, err
	}
	read := uint64(0)
	ends.headers = append(ends.headers, r.Header())
	problem := func(p archive.Problem) {
		if p.Truncated {
			ends.all = append(ends.all, truncation{r, p})
			return
		}
		e.say("%v", p)
		problems++
	}
	sum, err := r.Read(when, func(f archive.Frame) error {
		read++
		if err := ctx.Err(); err != nil {
			return err
		}
		err := frame(f)
		var damaged frameError
		if errors.As(err, &damaged) {
			problem(archive.Problem{Path: r.Path(), Offset: f.Offset, Text: fmt.Sprintf("frame %d: %v", f.Index, err)})
			return nil
		}
		return err
	}, problem)
	if sum.Frames > read+uint64(problems) && when != (archive.Between{}) {
		skipped = sum.Frames - read - uint64(problems)
	}
	return problems, skipped, err
}

// count returns a number and its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func verb(n int) string {
	if n == 1 {
		return "it was"
	}
	return "they were"
}
