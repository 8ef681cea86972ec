// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
)

type verify struct {
	keys          keyFlags
	quiet, asJSON bool
	progress      bool
}

func verifyCommand() command {
	return command{
		name:    "verify",
		args:    "--key FILE PATH... [--quiet] [--json]",
		summary: "find everything that is wrong with sealed files and their chain",
		about: `
PATH is a sealed file, or a directory, of which the chain is checked too: a file
that is missing, doubled, replaced or cut is found. Each problem is a line: path,
byte offset, what it is. "truncated:" marks a file without an end, as a killed
gateway leaves it: what was acknowledged is there.

Exit codes: 0 clean; 1 problems were found, truncations included; 2 it could not be
checked, for want of the key for example. A file that is being written is noted,
and is no problem.`,
		setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
			v := &verify{}
			v.keys.register(fs)
			fs.BoolVar(&v.quiet, "quiet", false, "print problems only, neither notes nor a summary")
			fs.BoolVar(&v.asJSON, "json", false, "print one JSON object: clean, files, problems")
			fs.BoolVar(&v.progress, "progress", false, "show progress where stderr is no terminal too")
			return v.run
		},
	}
}

func (v *verify) run(ctx context.Context, e *env, paths []string) error {
	keys, err := v.keys.identities()
	if err != nil {
		return err
	}
	files, err := sealedFiles(paths)
	if err != nil {
		return err
	}
	if err := requireReadable(ctx, files, keys); err != nil {
		return err
	}
	report, err := v.check(ctx, e, paths, keys)
	if err != nil {
		return err
	}
	if v.asJSON {
		err = e.printJSON(newVerifyReport(report))
	} else {
		err = v.print(e, report)
	}
	if err == nil && !report.Clean() {
		err = errPart
	}
	return err
}

// requireReadable returns an error where the keys are those of no file at all:
// then nothing can be said about the files.
func requireReadable(ctx context.Context, files []string, keys []seal.Identity) error {
	var other error
	for _, path := range files {
		f, err := archive.OpenFile(path)
		if err != nil {
			continue // a problem, to be reported
		}
		err = errors.Join(f.Unlock(ctx, keys), f.Close())
		if !forOthers(err) {
			return nil
		}
		other = err
	}
	if other != nil {
		return fmt.Errorf("nothing could be checked: %w; give a key of one of these recipients with --key", other)
	}
	return nil
}

// check verifies each path.
func (v *verify) check(ctx context.Context, e *env, paths []string, keys []seal.Identity) (*archive.Report, error) {
	p := e.newProgress(v.progress)
	defer p.end()
	all := &archive.Report{}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		r := &archive.Report{}
		if info.IsDir() {
			r, err = archive.VerifyDir(ctx, path, keys, func(path string, i, n int) { p.show("verifying file %d of %d: %s", i+1, n, path) })
		} else {
			r = archive.VerifyFile(ctx, path, keys)
		}
		if err != nil {
			return nil, err
		}
		all.Files, all.Problems = append(all.Files, r.Files...), append(all.Problems, r.Problems...)
	}
	return all, ctx.Err()
}

func (v *verify) print(e *env, r *archive.Report) error {
	var frames, items, truncated uint64
	for _, p := range r.Problems {
		mark := ""
		if p.Truncated {
			mark = "truncated: "
			truncated++
		}
		if err := e.printf("%s%v\n", mark, p); err != nil {
			return err
		}
	}
	if v.quiet {
		return nil
	}
	for _, f := range r.Files {
		frames += f.Frames
		items += f.Items
		if !f.BeingWritten {
			continue
		}
		if err := e.printf("note: %s: it is being written; %d frames so far are whole\n", f.Path, f.Frames); err != nil {
			return err
		}
	}
	if r.Clean() {
		return e.printf("clean: %d files, %d frames, %d items in finished files\n", len(r.Files), frames, items)
	}
	return e.printf("%d problems, of which %d are truncations; %d files could be opened\n", len(r.Problems), truncated, len(r.Files))
}

// verifyReport is what verify prints with --json; its names are a contract.
type verifyReport struct {
	Clean    bool            `json:"clean"`
	Files    []verifyFile    `json:"files"`
	Problems []verifyProblem `json:"problems"`
}

type verifyFile struct {
	Path         string     `json:"path"`
	Signal       string     `json:"signal"`
	FileID       string     `json:"file_id"`
	Created      time.Time  `json:"created"`
	Sequence     uint64     `json:"sequence"`
	Frames       uint64     `json:"frames"`
	Items        uint64     `json:"items"` // 0 where the file is not finished
	PlainBytes   uint64     `json:"plain_bytes"`
	From         *time.Time `json:"from,omitempty"`
	To           *time.Time `json:"to,omitempty"`
	Finished     bool       `json:"finished"`
	BeingWritten bool       `json:"being_written"`
}

type verifyProblem struct {
	Path      string `json:"path"`
	Offset    int64  `json:"offset"` // -1 where it is of no one place
	Text      string `json:"text"`
	Truncated bool   `json:"truncated"`
}

func newVerifyReport(r *archive.Report) *verifyReport {
	v := &verifyReport{Clean: r.Clean(), Files: []verifyFile{}, Problems: []verifyProblem{}}
	for _, f := range r.Files {
		file := verifyFile{
			Path: f.Path, Signal: f.Signal.String(), FileID: hex.EncodeToString(f.ID[:]), Created: f.Created, Sequence: f.Sequence,
			Frames: f.Frames, Items: f.Items, PlainBytes: f.Plain, Finished: f.Finished, BeingWritten: f.BeingWritten,
		}
		if !f.From.IsZero() {
			file.From, file.To = &f.From, &f.To
		}
		v.Files = append(v.Files, file)
	}
	for _, p := range r.Problems {
		v.Problems = append(v.Problems, verifyProblem(p))
	}
	return v
}
