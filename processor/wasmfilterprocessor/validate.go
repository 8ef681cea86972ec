// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"context"
	"errors"
	"fmt"

	"github.com/sealgate/sealgate/wasmhost"
)

// check loads the module and has the filter take its configuration, as Start does. It runs where the
// processor is made, so that the command `validate` finds what would fail at a start. It writes
// nothing: the user who validates need not be the one that the collector runs as.
func (cfg *Config) check(ctx context.Context) (err error) {
	config, err := cfg.guestConfig()
	if err != nil {
		return err
	}
	opts := cfg.runtimeOptions()
	if !ownDir(opts.CacheDir) {
		opts.CacheDir, opts.Interpreter = "", true // it starts sooner where nothing is compiled yet
	}
	runtime, err := wasmhost.NewRuntime(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, runtime.Close(ctx)) }()
	module, err := cfg.load(ctx, runtime)
	if err != nil {
		return fmt.Errorf("`module` %s: %w", cfg.Module, err)
	}
	if _, err := module.Manifest(config); err != nil {
		return fmt.Errorf("`module` %s does not take its `config`: %w", cfg.Module, err)
	}
	return nil
}
