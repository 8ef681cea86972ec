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
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
)

type verify struct {
	keys          keyFlags
	expected      list
	deep, strict  bool
	quiet, asJSON bool
	progress      bool
}

func verifyCommand() command {
	return command{
		name:    "verify",
		args:    "--key FILE PATH... [--deep] [--expect-newest ID]... [--strict] [--quiet] [--json]",
		summary: "find everything that is wrong with sealed files and their chain",
		about: `
PATH is a sealed file, or a directory. A file that is missing from the chain, doubled,
replaced or cut is found; name the directory to check the whole chain. Each problem is
a line: path, byte offset, what it is. "truncated:" marks a file without an end, as a
killed gateway leaves it: what was acknowledged is there. "note:" marks what is not
wrong but could not be checked: a file that is being written, files before the first
one, an end that only the next file confirms. Then comes a line for each chain, with
the id of its newest file. Keep that id elsewhere and give it back with
--expect-newest: nothing else shows that the newest files were removed.

Exit codes: 0 no problem; 1 problems were found, truncations included, and with
--strict notes too; 2 it could not be checked, because no key fits for example.`,
		setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
			v := &verify{}
			v.keys.register(fs)
			fs.BoolVar(&v.deep, "deep", false, "decode the content of every frame too, count its items, and compare them with the index")
			fs.Var(&v.expected, "expect-newest", "`ID` of the newest file of a chain, 16 to 32 hexadecimal digits: it is a problem if that file is not here, and a note if newer ones are; may be given more than once")
			fs.BoolVar(&v.strict, "strict", false, "end with exit code 1 where there are notes, too")
			fs.BoolVar(&v.quiet, "quiet", false, "print problems only, neither notes nor a summary")
			fs.BoolVar(&v.asJSON, "json", false, "print one JSON object: clean, files, chains, problems, notes")
			fs.BoolVar(&v.progress, "progress", false, "show progress where stderr is no terminal too")
			return v.run
		},
	}
}

func (v *verify) run(ctx context.Context, e *env, paths []string) error {
	for _, id := range v.expected {
		if !fileID.MatchString(id) {
			return usagef("--expect-newest %q is not the id of a file: write 16 to 32 hexadecimal digits, as verify prints them", id)
		}
	}
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
	v.expect(report, paths)
	if v.asJSON {
		err = e.printJSON(newVerifyReport(report))
	} else {
		err = v.print(e, report)
	}
	if err == nil && (len(report.Problems) > 0 || v.strict && !report.Clean()) {
		err = errPart
	}
	return err
}

var fileID = regexp.MustCompile(`^[0-9a-fA-F]{16,32}$`)

// expect adds a problem for each expected file that is not there, and a note for each that is
// not the newest of its chain.
func (v *verify) expect(r *archive.Report, paths []string) {
	for _, want := range v.expected {
		is := func(id [16]byte) bool { return strings.HasPrefix(hex.EncodeToString(id[:]), strings.ToLower(want)) }
		i := slices.IndexFunc(r.Files, func(f archive.FileReport) bool { return is(f.ID) })
		if i < 0 {
			r.Problems = append(r.Problems, archive.Problem{Path: strings.Join(paths, " "), Offset: -1,
				Text: fmt.Sprintf("the file %s, which was expected to be the newest of its chain, is not here: it was removed, or this is another archive", want)})
			continue
		}
		f := r.Files[i]
		if !slices.ContainsFunc(r.Chains, func(c archive.Chain) bool { return is(c.Newest) }) {
			r.Notes = append(r.Notes, archive.Problem{Path: f.Path, Offset: -1,
				Text: fmt.Sprintf("it was expected to be the newest of its chain (number %d), and newer files follow; record the new id", f.Sequence)})
		}
	}
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

// check verifies each directory, and the files that are named together.
func (v *verify) check(ctx context.Context, e *env, paths []string, keys []seal.Identity) (*archive.Report, error) {
	p := e.newProgress(v.progress)
	defer p.end()
	verifier := archive.Verifier{
		Identities: keys,
		Progress:   func(path string, i, n int) { p.show("verifying file %d of %d: %s", i+1, n, path) },
	}
	if v.deep {
		verifier.Content = contentOf
	}
	all := &archive.Report{}
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			if !slices.Contains(files, path) {
				files = append(files, path)
			}
			continue
		}
		r, err := verifier.Dir(ctx, path)
		if err != nil {
			return nil, err
		}
		all.Add(r)
	}
	r, err := verifier.Files(ctx, files)
	if err != nil {
		return nil, err
	}
	all.Add(r)
	return all, ctx.Err()
}

// contentOf decodes the payload of a frame.
func contentOf(signal archive.Signal, payload []byte) (archive.Content, error) {
	b, err := decodeBatch(signal, payload)
	if err != nil {
		return archive.Content{}, err
	}
	from, to := b.span()
	return archive.Content{Items: uint64(b.items()), From: from, To: to}, nil
}

func (v *verify) print(e *env, r *archive.Report) error {
	truncated := 0
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
	for _, n := range r.Notes {
		if err := e.printf("note: %v\n", n); err != nil {
			return err
		}
	}
	for _, c := range r.Chains {
		if err := e.printf("%v\n", c); err != nil {
			return err
		}
	}
	return e.printf("%s\n", conclusion(r, truncated))
}

// conclusion is the last line: the result, and what to do.
func conclusion(r *archive.Report, truncated int) string {
	var frames, items uint64
	for _, f := range r.Files {
		frames += f.Frames
		items += f.Items
	}
	files := count(len(r.Files), "file", "files")
	read := fmt.Sprintf("%s, %s, %s in finished files", files, count(int(frames), "frame", "frames"), count(int(items), "item", "items"))
	switch {
	case r.Clean():
		return "clean: " + read
	case len(r.Problems) == 0:
		return fmt.Sprintf("no problem, but %s: %s", count(len(r.Notes), "note", "notes"), read)
	}
	advice := "copy the files away before you look further; `sealctl decrypt` still writes every frame that is authentic"
	if truncated == len(r.Problems) {
		advice = "this is normal if the gateway was killed; the next file of the chain confirms the length"
	}
	return fmt.Sprintf("%s, of which %s; %s opened. %s%s", count(len(r.Problems), "problem", "problems"),
		count(truncated, "is a truncation", "are truncations"), count(len(r.Files), "file was", "files were"), strings.ToUpper(advice[:1]), advice[1:])
}

// verifyReport is what verify prints with --json; its names are a contract.
type verifyReport struct {
	Clean    bool            `json:"clean"`
	Files    []verifyFile    `json:"files"`
	Chains   []verifyChain   `json:"chains"`
	Problems []verifyProblem `json:"problems"`
	Notes    []verifyProblem `json:"notes"`
}

type verifyChain struct {
	Signal     string `json:"signal"`
	Files      int    `json:"files"`
	First      uint64 `json:"first"`
	Last       uint64 `json:"last"`
	NewestID   string `json:"newest_file_id"`
	NewestPath string `json:"newest_path"`
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
	v := &verifyReport{Clean: r.Clean(), Files: []verifyFile{}, Chains: []verifyChain{}, Problems: []verifyProblem{}, Notes: []verifyProblem{}}
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
	for _, c := range r.Chains {
		v.Chains = append(v.Chains, verifyChain{c.Signal.String(), c.Files, c.First, c.Last, hex.EncodeToString(c.Newest[:]), c.NewestPath})
	}
	for _, p := range r.Problems {
		v.Problems = append(v.Problems, verifyProblem(p))
	}
	for _, p := range r.Notes {
		v.Notes = append(v.Notes, verifyProblem(p))
	}
	return v
}
