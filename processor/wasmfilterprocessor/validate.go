// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"context"
	"errors"
	"fmt"

	"github.com/sealgate/sealgate/wasmhost"
)

// check loads the module and has the filter take its configuration. What it compiles goes into the
// cache, and Start uses it, if the cache is there and belongs to this user. Else it writes nothing, as
// the user who validates need not be the one that the collector runs as, and it interprets the module:
// that is sooner done than compiling it.
func (p *wasmFilter) check(ctx context.Context) error {
	if ownDir(p.cfg.CacheDirectory) {
		return p.open(ctx)
	}
	return p.cfg.interpret(ctx)
}

func (cfg *Config) interpret(ctx context.Context) (err error) {
	config, err := cfg.guestConfig()
	if err != nil {
		return err
	}
	opts := cfg.runtimeOptions()
	opts.CacheDir, opts.Interpreter = "", true
	runtime, err := wasmhost.NewRuntime(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, runtime.Close(ctx)) }()
	module, err := cfg.load(ctx, runtime)
	if err != nil {
		return fmt.Errorf("`module` %s: %w", cfg.Module, err)
	}
	if _, err := module.Manifest(config, cfg.Allow); err != nil {
		return fmt.Errorf("`module` %s does not take its `config`: %w", cfg.Module, err)
	}
	return nil
}
