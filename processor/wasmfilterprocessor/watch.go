// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"context"
	"os"
	"time"

	"go.uber.org/zap"
)

// progressPeriod is the time between two lines of the log about a trial.
const progressPeriod = time.Minute

// watcher looks at the module from time to time, and swaps to one that has changed. A file is loaded once it
// has been the same for two looks: it may be being written. Where it changes again meanwhile, the reload in
// progress is given up: it may wait for traffic, and what it loads is superseded.
type watcher struct {
	*wasmFilter
	digest string    // of the module in charge
	loaded fileState // what was loaded last, or is being loaded
	seen   fileState
	gone   bool
	told   time.Time // when the log last had a line about the trial

	reloading chan string // has the digest of the module in charge when the reload ends; nil where there is none
	giveUp    context.CancelFunc
}

func (w *watcher) run(ctx context.Context) {
	tick := time.NewTicker(w.cfg.ReloadInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			w.abandon()
			return
		case w.digest = <-w.reloading:
			w.reloading = nil
			w.giveUp()
		case <-tick.C:
			w.look(ctx)
		}
	}
}

func (w *watcher) look(ctx context.Context) {
	now := stateOf(w.cfg.Module)
	if gone := now == (fileState{}); gone != w.gone {
		if w.gone = gone; gone {
			w.log.Warn("the file of the module is gone; the filter in charge stays", zap.String("module", w.cfg.Module))
		}
	}
	if now == w.loaded || now != w.seen || w.gone {
		w.seen = now
		w.progress()
		return
	}
	w.abandon()
	w.loaded = now
	w.launch(ctx)
}

// launch reloads in the background.
func (w *watcher) launch(ctx context.Context) {
	w.log.Info("the module has changed and is loaded", zap.String("module", w.cfg.Module))
	w.told = time.Now()
	ctx, w.giveUp = context.WithCancel(ctx)
	done, digest := make(chan string, 1), w.digest
	w.reloading = done
	w.background.Go(func() { done <- w.reload(ctx, digest) })
}

// abandon ends the reload in progress, if there is one.
func (w *watcher) abandon() {
	if w.reloading != nil {
		w.giveUp()
		w.digest = <-w.reloading
		w.reloading = nil
	}
}

// progress says how far a trial is.
func (w *watcher) progress() {
	seen, want, ok := w.filter.Trial()
	if !ok || time.Since(w.told) < progressPeriod {
		return
	}
	w.told = time.Now()
	w.log.Info("the new filter is on trial; it takes over when it has judged enough records without an error",
		zap.Int("records", seen), zap.Int("trial_records", want))
}

// fileState is what tells that a file may have changed; zero if it is not there.
type fileState struct {
	size    int64
	changed time.Time
}

func stateOf(path string) fileState {
	info, err := os.Stat(path)
	if err != nil {
		return fileState{}
	}
	return fileState{info.Size(), info.ModTime()}
}

// reload swaps to the module as it is now, and returns the digest of the one in
// charge.
func (p *wasmFilter) reload(ctx context.Context, digest string) string {
	module, err := p.runtime.LoadFile(ctx, p.cfg.Module, p.cfg.Digest)
	next := digest
	switch {
	case err != nil && ctx.Err() == nil:
		p.filter.RefuseSwap()
	case err != nil:
	case module.SHA256() == digest: // touched, but the same
		if err := module.Close(ctx); err != nil {
			p.log.Warn("closing a module", zap.Error(err))
		}
		return digest
	default:
		next = module.SHA256()
		err = p.filter.Swap(ctx, module)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		p.log.Info("the new filter was given up before it was in charge", zap.String("module", p.cfg.Module), zap.Error(err))
		return digest
	case err != nil:
		p.log.Error("the new filter is refused; the old one stays in charge", zap.String("module", p.cfg.Module), zap.Error(err))
		return digest
	}
	s := p.filter.Stats()
	p.log.Info("a new filter is in charge", zap.String("name", s.Name), zap.String("version", s.Version), zap.String("sha256", s.SHA256))
	return next
}
