// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/sealgate/sealgate/seal/archive"
)

// Bounds of a request.
const (
	maxRequestItems = 8192
	// A receiver takes 4 MiB by default, and a little is added on the way.
	maxRequestBytes = 3 << 20
)

type replay struct {
	keys     keyFlags
	times    timeFlags
	target   target
	rate     float64
	state    string
	signal   string
	retryFor time.Duration
	progress bool
}

func replayCommand() command {
	return command{
		name:    "replay",
		args:    "--key FILE PATH... --endpoint URL [--protocol grpc|http] [--rate N] [--resume FILE]",
		summary: "send what is in sealed files to an OTLP endpoint",
		about: `
PATH is a sealed file, or a directory of them. The endpoint is https://host:port or
http://host:port; for http the paths /v1/traces, /v1/logs and /v1/metrics are added.
Errors that pass are retried; others stop the replay and say why. With --resume a
second run goes on where the first was stopped; a frame that was sent in part then
is sent again as a whole.`,
		setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
			r := &replay{}
			r.keys.register(fs)
			r.times.register(fs)
			r.target.register(fs)
			fs.Float64Var(&r.rate, "rate", 0, "send at most `N` items a second; 0 means as fast as the endpoint takes them")
			fs.StringVar(&r.state, "resume", "", "`FILE` that records what was acknowledged; it is made if it is not there")
			fs.StringVar(&r.signal, "signal", "", "only files of this `SIGNAL`: traces, logs or metrics")
			fs.DurationVar(&r.retryFor, "retry-for", 5*time.Minute, "give up after the endpoint has refused one request for this `DURATION`")
			fs.BoolVar(&r.progress, "progress", false, "show progress where stderr is no terminal too")
			return r.run
		},
	}
}

func (r *replay) run(ctx context.Context, e *env, paths []string) error {
	if r.rate < 0 || r.retryFor < 0 {
		return usagef("--rate and --retry-for must not be negative")
	}
	only, err := parseSignal(r.signal)
	if err != nil {
		return err
	}
	when, err := r.times.between(e.now())
	if err != nil {
		return err
	}
	if err := r.target.validate(); err != nil {
		return err
	}
	keys, err := r.keys.identities()
	if err != nil {
		return err
	}
	files, err := sealedFiles(paths)
	if err != nil {
		return err
	}
	state, err := openState(r.state, r.target.endpoint, r.times)
	if err != nil {
		return err
	}
	to, err := r.target.dial()
	if err != nil {
		return err
	}
	p := &replayer{
		ctx: ctx, e: e, state: state, when: when, only: only, files: len(files), progress: e.newProgress(r.progress),
		sender: retrier{e: e, to: to, most: r.retryFor}, limit: newLimiter(r.rate, e.now, e.sleep),
	}
	err = e.readAll(ctx, files, keys, when.frames(), p.file)
	p.progress.end()
	return p.conclude(errors.Join(err, to.close()), r.target.endpoint)
}

// replayer sends the frames of files.
type replayer struct {
	ctx      context.Context // of one run, which is all that a replayer is for
	e        *env
	state    *replayState
	when     timeRange
	only     archive.Signal
	files    int
	sender   retrier
	limit    *limiter
	progress *progress

	items, requests, rejected, skipped int
}

// file returns what sends the frames of a file, or nil where nothing of it is
// asked for.
func (p *replayer) file(i int, r *archive.File) (onFrame, error) {
	h := r.Header()
	if p.only != 0 && h.Signal != p.only {
		return nil, nil
	}
	id := hex.EncodeToString(h.ID[:])
	return func(f archive.Frame) error {
		p.progress.show("file %d of %d, %d%% of it: %d items sent", i+1, p.files, 100*f.Offset/max(1, r.Size()), p.items)
		if p.state.has(id, f.Index) {
			p.skipped++
			return nil
		}
		b, err := decodeBatch(h.Signal, f.Payload)
		if err != nil {
			return err
		}
		if !p.when.all() {
			b.keep(p.when)
		}
		if err := p.sendFrame(b); err != nil {
			return fmt.Errorf("%s: frame %d: %w", r.Path(), f.Index, err)
		}
		return p.state.acknowledge(id, f.Index)
	}, nil
}

// sendFrame sends a frame in as many requests as it takes.
func (p *replayer) sendFrame(b batch) error {
	most := p.limit.most(maxRequestItems)
	for b.items() > 0 {
		next := b
		if b.items() > most {
			next = b.takeFirst(most)
		} else {
			b = b.takeFirst(0) // nothing is left
		}
		if err := p.send(next); err != nil {
			return err
		}
	}
	return nil
}

// send sends a batch, in halves where it is too large for the endpoint.
func (p *replayer) send(b batch) error {
	n := b.items()
	if b.size() > maxRequestBytes && n > 1 {
		return p.sendHalves(b)
	}
	if err := p.limit.wait(p.ctx, n); err != nil {
		return err
	}
	answer, err := p.sender.send(p.ctx, b)
	if errors.Is(err, errTooLarge) && n > 1 {
		return p.sendHalves(b)
	}
	if err != nil {
		return err
	}
	p.requests++
	p.items += n - answer.rejected
	p.rejected += answer.rejected
	switch {
	case answer.rejected > 0:
		p.e.say("the endpoint rejected %d of %s: %s", answer.rejected, count(n, "item", "items"), cmp.Or(answer.message, "it does not say why; look into its log"))
	case answer.message != "":
		p.e.say("the endpoint took all and warns: %s", answer.message)
	}
	return nil
}

func (p *replayer) sendHalves(b batch) error {
	first := b.takeFirst(b.items() / 2)
	if err := p.send(first); err != nil {
		return err
	}
	return p.send(b)
}

// conclude prints the counts, whatever the outcome.
func (p *replayer) conclude(err error, endpoint string) error {
	if err2 := p.e.printf("replayed %s in %s to %s; %d rejected by it; %s skipped as sent before\n", count(p.items, "item", "items"), count(p.requests, "request", "requests"), endpoint, p.rejected, count(p.skipped, "frame", "frames")); err2 != nil {
		return errors.Join(err, err2)
	}
	if p.ctx.Err() != nil {
		p.e.say("%s", p.state.advice())
		return err
	}
	if err != nil && !errors.Is(err, errPart) {
		return fmt.Errorf("%w\n%s", err, p.state.advice())
	}
	if p.rejected > 0 {
		return errPart
	}
	if err == nil && p.items+p.skipped == 0 {
		p.e.say("nothing was sent: no item is of the time range %s and the signal that were asked for; `sealctl verify --json` shows what each file holds", p.when)
	}
	return err
}
