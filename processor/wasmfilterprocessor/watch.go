// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"context"
	"errors"
	"os"
	"time"

	"go.uber.org/zap"
)

// watch looks at the module from time to time, and swaps to one that has changed. A
// file is loaded once it has been the same for two looks: it may be being written.
func (p *wasmFilter) watch(ctx context.Context, digest string, loaded fileState) {
	tick := time.NewTicker(p.cfg.ReloadInterval)
	defer tick.Stop()
	var seen fileState
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := stateOf(p.cfg.Module)
		if now == loaded || now != seen || now == (fileState{}) {
			seen = now
			continue
		}
		loaded = now
		digest = p.reload(ctx, digest)
	}
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
	case err != nil:
		p.filter.RefuseSwap()
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
	case errors.Is(err, context.Canceled):
		return digest
	case err != nil:
		p.log.Error("the new filter is refused; the old one stays in charge", zap.String("module", p.cfg.Module), zap.Error(err))
		return digest
	}
	s := p.filter.Stats()
	p.log.Info("a new filter is in charge", zap.String("name", s.Name), zap.String("version", s.Version), zap.String("sha256", s.SHA256))
	return next
}
