// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"context"
	"fmt"

	"github.com/tetratelabs/wazero"

	"github.com/sealgate/sealgate/internal/nullfuel"
)

// Engine is how guests are run.
type Engine string

// The engines. The interpreter is some 50 times slower and is used where memory cannot be executable.
const (
	EngineCompiler    Engine = "compiler"
	EngineInterpreter Engine = "interpreter"
)

// RuntimeOptions are those of an engine. The zero value is usable.
type RuntimeOptions struct {
	// CacheDir keeps compiled modules, so that a start takes milliseconds instead of a second. It
	// holds code that the host will execute: nobody else may write to it. Empty: no cache.
	CacheDir string
	// MemoryPages caps the memory of an instance, in pages of 64 KiB; 0 is 512, 32 MiB.
	MemoryPages uint32
	// MaxModuleSize is the most bytes of a module; 0 is 16 MiB.
	MaxModuleSize int
	// Interpreter forbids the compiler.
	Interpreter bool
	// Unmetered leaves the guard out, in benchmarks alone.
	Unmetered *nullfuel.Unmetered
}

const (
	defaultMemoryPages   = 512
	mostMemoryPages      = 32768 // sizes are 32 bits wide
	defaultMaxModuleSize = 16 << 20
)

func (o RuntimeOptions) withDefaults() RuntimeOptions {
	if o.MemoryPages == 0 {
		o.MemoryPages = defaultMemoryPages
	}
	o.MemoryPages = min(o.MemoryPages, mostMemoryPages)
	if o.MaxModuleSize <= 0 {
		o.MaxModuleSize = defaultMaxModuleSize
	}
	return o
}

// Runtime compiles modules and runs them. It is safe for concurrent use.
type Runtime struct {
	opts   RuntimeOptions
	engine Engine
	wasm   wazero.Runtime
	cache  wazero.CompilationCache
}

// NewRuntime makes one. Close it after the Filters that use it.
func NewRuntime(ctx context.Context, opts RuntimeOptions) (*Runtime, error) {
	r := &Runtime{opts: opts.withDefaults(), engine: EngineInterpreter}
	if !opts.Interpreter && compilerWorks(ctx) {
		r.engine = EngineCompiler
	}
	config := r.config(r.engine)
	if opts.CacheDir != "" {
		if err := r.openCache(); err != nil {
			return nil, err
		}
		config = config.WithCompilationCache(r.cache)
	}
	r.wasm = wazero.NewRuntimeWithConfig(ctx, config)
	if err := instantiateWASI(ctx, r.wasm); err != nil {
		return nil, fmt.Errorf("start the WASI that grants nothing: %w", errorAnd(err, r.Close(ctx)))
	}
	return r, nil
}

func (r *Runtime) config(e Engine) wazero.RuntimeConfig {
	c := wazero.NewRuntimeConfigInterpreter()
	if e == EngineCompiler {
		c = wazero.NewRuntimeConfigCompiler()
	}
	return c.WithMemoryLimitPages(r.opts.MemoryPages).WithDebugInfoEnabled(false)
}

func (r *Runtime) openCache() error {
	if err := privateDir(r.opts.CacheDir); err != nil {
		return err
	}
	cache, err := wazero.NewCompilationCacheWithDir(r.opts.CacheDir)
	if err != nil {
		return fmt.Errorf("open the compilation cache %s: %w", r.opts.CacheDir, err)
	}
	r.cache = cache
	return nil
}

// Engine is the one in use.
func (r *Runtime) Engine() Engine { return r.engine }

// Close frees everything. No Filter of it may be in use.
func (r *Runtime) Close(ctx context.Context) error {
	err := r.wasm.Close(ctx)
	if r.cache != nil {
		err = errorAnd(err, r.cache.Close(ctx))
	}
	return err
}

// compilerWorks tries it: a system may forbid executable memory in several ways, and wazero
// answers to some of them with a panic.
func compilerWorks(ctx context.Context) (works bool) {
	defer func() {
		if recover() != nil {
			works = false
		}
	}()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler())
	defer r.Close(ctx)
	_, err := r.Instantiate(ctx, probe)
	return err == nil
}

// probe is a module whose start function does nothing.
var probe = []byte{
	0, 'a', 's', 'm', 1, 0, 0, 0,
	1, 4, 1, 0x60, 0, 0, // a type: () -> ()
	3, 2, 1, 0, // a function of it
	8, 1, 0, // which is the start function
	10, 4, 1, 2, 0, 0x0b, // and returns
}
