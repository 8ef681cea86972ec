// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/tetratelabs/wazero"

	"github.com/sealgate/sealgate/wasmhost/fuel"
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
	// OnCacheError is called where the cache cannot be used, as on a full disk: modules are then
	// compiled without it. It may be nil.
	OnCacheError func(error)
	// MemoryPages caps the linear memory of an instance, in pages of 64 KiB; 0 is 512, 32 MiB. Beside it an
	// instance has a stack, of a sixteenth of that but at least minStack and at most maxStack, for which the
	// engine allocates up to twice as much; and 1.2 MiB for tables and globals.
	MemoryPages uint32
	// MaxModuleSize is the most bytes of a module; 0 is 16 MiB.
	MaxModuleSize int
	// Interpreter forbids the compiler.
	Interpreter bool
}

const (
	defaultMemoryPages   = 512
	mostMemoryPages      = fuel.MaxGranted // sizes are 32 bits wide
	defaultMaxModuleSize = 16 << 20
)

// The stack of an instance, in bytes.
const (
	minStack = 2 << 20
	maxStack = fuel.DefaultStack
)

// limits are what a guest is granted.
func (o RuntimeOptions) limits() fuel.Limits {
	stack := min(max(minStack, int64(o.MemoryPages)<<16/16), maxStack)
	return fuel.Limits{Budget: MaxFuel, Pages: o.MemoryPages, Stack: int(stack)}
}

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

	mu       sync.Mutex
	uncached wazero.Runtime // where the cache has failed, else nil
	atFault  bool           // that was reported
}

// NewRuntime makes one. Close it after the Filters that use it.
func NewRuntime(ctx context.Context, opts RuntimeOptions) (*Runtime, error) {
	r := &Runtime{opts: opts.withDefaults(), engine: EngineInterpreter}
	if !opts.Interpreter && compilerWorks(ctx) {
		r.engine = EngineCompiler
	}
	config := r.config(r.engine)
	if opts.CacheDir != "" {
		switch err := r.openCache(); {
		case err == nil:
			config = config.WithCompilationCache(r.cache)
		case isFileError(err):
			r.cacheFailed(err)
		default:
			return nil, err
		}
	}
	var err error
	if r.wasm, err = newWASM(ctx, config); err != nil {
		return nil, errorAnd(err, r.Close(ctx))
	}
	return r, nil
}

func newWASM(ctx context.Context, config wazero.RuntimeConfig) (wazero.Runtime, error) {
	wasm := wazero.NewRuntimeWithConfig(ctx, config)
	if err := instantiateWASI(ctx, wasm); err != nil {
		return nil, fmt.Errorf("start the WASI that grants nothing: %w", errorAnd(err, wasm.Close(ctx)))
	}
	return wasm, nil
}

// isFileError tells whether the system refused something, as a full disk does.
func isFileError(err error) bool {
	return errors.As(err, new(*fs.PathError)) || errors.As(err, new(*os.LinkError))
}

func (r *Runtime) cacheFailed(err error) {
	if r.opts.OnCacheError != nil {
		r.opts.OnCacheError(err)
	}
	r.opts.CacheDir = ""
}

// withoutCache returns a runtime that compiles without the cache.
func (r *Runtime) withoutCache(ctx context.Context) (wazero.Runtime, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.uncached != nil {
		return r.uncached, nil
	}
	var err error
	r.uncached, err = newWASM(ctx, r.config(r.engine))
	return r.uncached, err
}

// cacheAtFault reports the first failure, and empties the cache where an entry is damaged.
func (r *Runtime) cacheAtFault(failure error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !isFileError(failure) {
		failure = fmt.Errorf("an entry of the compilation cache %s is damaged, so it was emptied: %w", r.opts.CacheDir,
			errorAnd(failure, emptyCache(r.opts.CacheDir)))
	}
	if !r.atFault && r.opts.OnCacheError != nil {
		r.opts.OnCacheError(failure)
	}
	r.atFault = true
}

func (r *Runtime) config(e Engine) wazero.RuntimeConfig {
	c := wazero.NewRuntimeConfigInterpreter()
	if e == EngineCompiler {
		c = wazero.NewRuntimeConfigCompiler()
	}
	return c.WithDebugInfoEnabled(false) // of memory there is as much as the allocator gives
}

func (r *Runtime) openCache() error {
	if err := privateDir(r.opts.CacheDir); err != nil {
		return err
	}
	cache, err := wazero.NewCompilationCacheWithDir(r.opts.CacheDir)
	if err != nil { // of the system, but it says so only in its text
		return &fs.PathError{Op: "open the compilation cache", Path: r.opts.CacheDir, Err: err}
	}
	r.cache = cache
	return nil
}

// Engine is the one in use.
func (r *Runtime) Engine() Engine { return r.engine }

// Close frees everything. No Filter of it may be in use.
func (r *Runtime) Close(ctx context.Context) error {
	var err error
	for _, wasm := range []wazero.Runtime{r.wasm, r.uncached} {
		if wasm != nil {
			err = errorAnd(err, wasm.Close(ctx))
		}
	}
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
