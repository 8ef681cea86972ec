// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/sealgate/sealgate/internal/sealpdata"
	"github.com/sealgate/sealgate/seal"
)

type unseal struct {
	keys          keyFlags
	backend       string
	clear         string
	requireSealed bool
	maxValues     int
}

// clearModes are the values of --clear.
var clearModes = map[string]sealpdata.Clear{"keep": sealpdata.ClearKeep, "drop": sealpdata.ClearDrop, "mark": sealpdata.ClearMark}

func unsealCommand() command {
	return command{
		name:    "unseal",
		args:    "--key FILE [--from-backend tempo|loki|auto] [--clear mark|keep|drop] [--require-sealed] < ANSWER",
		summary: "open a trace or log lines from a backend: JSON on stdin, in the clear on stdout",
		about: `
It takes what Tempo answers to /api/traces/{id} and /api/v2/traces/{id}, what Loki
answers to query and query_range, and OTLP as JSON; several documents or lines in a
row too. Traces come out as OTLP JSON, Loki's answers in their own form: with the
line in the clear, and what was sealed as labels.

A sealed value wins over one in the clear. Values in the clear are as authentic as the
backend is. --clear says what to do with them: mark lists their names in the attribute
sealed.clear, in the label sealed_clear of a line of Loki; * says that nothing of the
record was sealed. keep leaves them as they are, drop removes them.

A record that cannot be opened is left sealed. It is named on stderr, and so is each
value that somebody has put beside sealed ones; the exit code is then 1. With
--require-sealed it is 1 for records in the clear, too. Every run ends with the number of
records that were opened, that failed, and that were in the clear.`,
		setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
			u := &unseal{}
			u.keys.register(fs)
			fs.StringVar(&u.backend, "from-backend", "auto", "`BACKEND` that the answer is from: tempo, loki, or auto to tell by its form")
			fs.StringVar(&u.clear, "clear", "mark", "`WHAT` to do with values that were in the clear: mark, keep or drop")
			fs.BoolVar(&u.requireSealed, "require-sealed", false, "end with exit code 1 if a span, a log record or a line was not sealed")
			fs.IntVar(&u.maxValues, "max-values", sealpdata.DefaultMaxValues, "read at most `N` sealed values of one document, or of one line of Loki; it bounds the memory")
			return u.run
		},
	}
}

func (u *unseal) run(ctx context.Context, e *env, args []string) error {
	if len(args) > 0 {
		return usagef("it reads stdin and takes no argument; this is %q: sealctl unseal --key FILE < %s", args[0], args[0])
	}
	if u.backend != "auto" && u.backend != "tempo" && u.backend != "loki" {
		return usagef("--from-backend %q must be one of tempo, loki, auto", u.backend)
	}
	clear, ok := clearModes[u.clear]
	if !ok {
		return usagef("--clear %q is not one of mark, keep, drop", u.clear)
	}
	if u.maxValues < 1 {
		return usagef("--max-values %d has to be at least 1", u.maxValues)
	}
	keys, err := u.keys.identities()
	if err != nil {
		return err
	}
	o := &opener{backend: u.backend, requireSealed: u.requireSealed,
		Unsealer: sealpdata.Unsealer{Open: cachedKeys(ctx, keys), Clear: clear, MaxValues: u.maxValues}}
	if err := o.documents(ctx, e); err != nil {
		o.summary(e) // of the documents before
		return err
	}
	return o.conclude(e)
}

// cachedKeys unwraps the data key of each header once.
func cachedKeys(ctx context.Context, keys []seal.Identity) sealpdata.OpenKey {
	type result struct {
		opener *seal.FieldOpener
		err    error
	}
	known := make(map[string]result)
	return func(text string) (*seal.FieldOpener, error) {
		r, ok := known[text]
		if !ok {
			r.opener, r.err = openHeader(ctx, text, keys)
			known[text] = r
		}
		return r.opener, r.err
	}
}

func openHeader(ctx context.Context, text string, keys []seal.Identity) (*seal.FieldOpener, error) {
	h, err := seal.ParseFieldHeader(text)
	if err != nil {
		return nil, err
	}
	return h.Opener(ctx, keys)
}

// opener opens document after document.
type opener struct {
	sealpdata.Unsealer
	backend       string
	requireSealed bool
	stats         sealpdata.Stats
	errs          int
}

// maxSaid is how many errors of one document are named.
const maxSaid = 100

// say names what stays sealed.
func (o *opener) say(e *env, errs []error) {
	o.errs += len(errs)
	for i, err := range errs {
		if i == maxSaid {
			e.say("and %d more", len(errs)-i)
			return
		}
		e.say("%v", err)
	}
}

// documents opens the JSON documents on stdin.
func (o *opener) documents(ctx context.Context, e *env) error {
	in := json.NewDecoder(e.stdin)
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		var document json.RawMessage
		err := in.Decode(&document)
		if err == io.EOF && n == 1 {
			return errors.New("there is nothing on stdin; pipe the answer of Tempo or Loki into it")
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("document %d on stdin is not JSON: %w; did the backend answer with an error?", n, err)
		}
		inClear, errs, err := o.document(document)
		if err != nil {
			return fmt.Errorf("document %d on stdin: %w", n, err)
		}
		o.say(e, errs)
		if _, err := e.stdout.Write(append(inClear, '\n')); err != nil {
			return err
		}
	}
}

// document opens one document. The errors errs are of what stays sealed in it.
func (o *opener) document(text []byte) (inClear []byte, errs []error, err error) {
	var top map[string]json.RawMessage
	if err := json.Unmarshal(text, &top); err != nil {
		return nil, nil, errors.New("it is no JSON object")
	}
	form := formOf(top)
	if form == formUnknown {
		return nil, nil, errors.New("it is neither a trace of Tempo (batches, trace or resourceSpans), nor OTLP JSON, nor an answer of Loki (data or streams)")
	}
	if o.backend == "tempo" && form == formLoki || o.backend == "loki" && form != formLoki {
		return nil, nil, fmt.Errorf("it is not of %s; leave out --from-backend, or is it another answer than you think?", o.backend)
	}
	switch form {
	case formTrace:
		return o.trace(top)
	case formLogs:
		return o.logs(text)
	}
	return o.loki(top)
}

// summary says how many records were opened.
func (o *opener) summary(e *env) {
	e.say("%d opened, %d failed, %d in the clear", o.stats.Unsealed, o.stats.Failed, o.stats.Plain)
}

// conclude says how the run ended.
func (o *opener) conclude(e *env) error {
	o.summary(e)
	s := o.stats
	if s.Failed > 0 || o.errs > 0 {
		return errPart
	}
	if s.Unsealed == 0 {
		e.say("nothing in it is sealed")
	}
	if o.requireSealed && s.Plain > 0 {
		e.say("records in the clear are not accepted, since --require-sealed is given")
		return errPart
	}
	return nil
}

func (o *opener) count(s sealpdata.Stats) {
	o.stats.Unsealed += s.Unsealed
	o.stats.Plain += s.Plain
	o.stats.Failed += s.Failed
}

// form of a document.
type form int

const (
	formUnknown form = iota
	formTrace
	formLogs
	formLoki
)

func formOf(top map[string]json.RawMessage) form {
	for _, f := range []struct {
		key  string
		form form
	}{
		{"batches", formTrace}, {"trace", formTrace}, {"resourceSpans", formTrace}, {"resourceLogs", formLogs},
		{"data", formLoki}, {"streams", formLoki},
	} {
		if _, ok := top[f.key]; ok {
			return f.form
		}
	}
	return formUnknown
}

// each returns the errors that one error joins.
func each(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// marshal is json.Marshal without escapes for HTML.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
