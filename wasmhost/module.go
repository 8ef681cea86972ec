// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// Module is a guest that has been checked, metered and compiled. It is safe for concurrent use.
type Module struct {
	runtime  *Runtime
	wasm     wazero.Runtime
	compiled wazero.CompiledModule
	sha256   string
}

// LoadFile loads the module of a file; see Load.
func (r *Runtime) LoadFile(ctx context.Context, path, digest string) (*Module, error) {
	wasm, err := readAtMost(path, r.opts.MaxModuleSize)
	if err != nil {
		return nil, err
	}
	m, err := r.Load(ctx, wasm, digest)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// readAtMost reads one byte more than most of a longer file, so that Load refuses it.
func readAtMost(path string, most int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the module: %w", err)
	}
	defer f.Close()
	wasm, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err != nil {
		return nil, fmt.Errorf("read the module: %w", err)
	}
	return wasm, nil
}

// Load checks and compiles a module. The digest is that of the bytes, SHA-256 or SM3 in hex, with
// or without the prefix "sha256:" or "sm3:"; empty accepts any module.
func (r *Runtime) Load(ctx context.Context, wasm []byte, digest string) (*Module, error) {
	if len(wasm) > r.opts.MaxModuleSize {
		return nil, failure(KindABI, "", "the module has more than %d bytes: build it smaller, or raise the limit", r.opts.MaxModuleSize)
	}
	return r.LoadSource(ctx, sourceOf(wasm), digest)
}

// Source is a module that need not be read to know what it is.
type Source struct {
	SHA256 string // of the module, in hex: nobody checks it, so it must come from where the host does
	Read   func() ([]byte, error)
}

func sourceOf(wasm []byte) Source {
	return Source{sha256Hex(wasm), func() ([]byte, error) { return wasm, nil }}
}

// LoadSource is Load for a module that is read only where the cache does not have it.
func (r *Runtime) LoadSource(ctx context.Context, s Source, digest string) (*Module, error) {
	m := &Module{runtime: r, sha256: s.SHA256}
	if err := s.check(digest); err != nil {
		return nil, err
	}
	if err := r.metered(s, func(code []byte) error { return m.compile(ctx, code) }); err != nil {
		return nil, err
	}
	if err := checkInterface(m.compiled); err != nil {
		return nil, errorAnd(err, m.Close(ctx))
	}
	return m, nil
}

// compile validates the original of the metered module too: see package fuel. It ends early where the context
// does: the engine looks at it between two functions where it has more than one worker.
func (m *Module) compile(ctx context.Context, code []byte) error {
	ctx, cancel := context.WithTimeoutCause(ctx, maxCompileTime, errCompileTime)
	defer cancel()
	m.wasm = m.runtime.wasm
	compile := func() (err error) {
		m.compiled, err = m.wasm.CompileModule(experimental.WithCompilationWorkers(ctx, compilationWorkers()), code)
		return err
	}
	err := contain(compile)
	if err != nil && m.runtime.cache != nil && ctx.Err() == nil {
		err = m.compileUncached(ctx, err, compile)
	}
	switch {
	case ctx.Err() != nil && err != nil:
		return fmt.Errorf("compile the module: %w", context.Cause(ctx))
	case err != nil:
		return failure(KindABI, "", "compile the module: %w", err)
	}
	return nil
}

// maxCompileTime is for a module that is made to be dear. That of a filter of standard Go takes a second.
const maxCompileTime = 5 * time.Minute

var errCompileTime = fmt.Errorf("it takes more than %v: build the module smaller", maxCompileTime)

// compilationWorkers is how many functions are compiled at once.
func compilationWorkers() int { return max(2, runtime.GOMAXPROCS(0)) }

// compileUncached compiles where that has failed with the cache. If it works without, the cache is at fault:
// it is done without where the system refuses it, and else emptied, since an entry is damaged.
func (m *Module) compileUncached(ctx context.Context, failure error, compile func() error) (err error) {
	if m.wasm, err = m.runtime.withoutCache(ctx); err == nil {
		err = contain(compile)
	}
	if err == nil {
		m.runtime.cacheAtFault(failure)
	}
	return err
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func sm3Hex(b []byte) string {
	sum := sm3.Sum(b)
	return hex.EncodeToString(sum[:])
}

// SHA256 is the digest of the module as it was loaded, in hex.
func (m *Module) SHA256() string { return m.sha256 }

// Close frees the compiled code. A Filter does it for the modules that it was given.
func (m *Module) Close(ctx context.Context) error { return m.compiled.Close(ctx) }

// check compares digests; see Load.
func (s Source) check(want string) error {
	if want == "" {
		return nil
	}
	name, value, named := strings.Cut(strings.ToLower(want), ":")
	if !named {
		name, value = "", name
	}
	if name != "" && name != "sha256" && name != "sm3" {
		return fmt.Errorf("digest %q: write sha256: or sm3: and the digest in hex", want)
	}
	if name != "sm3" && value == s.SHA256 {
		return nil
	}
	wasm, err := s.Read()
	if err != nil {
		return err
	}
	other := sm3Hex(wasm)
	if name != "sha256" && value == other {
		return nil
	}
	return fmt.Errorf("the module is not the one that the configuration names: its digest is sha256:%s or sm3:%s, not %s",
		s.SHA256, other, want)
}

// The exports of the ABI.
const (
	exportMemory     = "memory"
	exportInitialize = "_initialize"
	exportABI        = "sealgate_abi"
	exportBuffer     = "sealgate_buffer"
	exportConfigure  = "sealgate_configure"
	exportFilter     = "sealgate_filter"
	exportFlush      = "sealgate_flush"
	exportSave       = "sealgate_state_save"
	exportRestore    = "sealgate_state_restore"
	exportPatches    = "sealgate_patches"
)

type signature struct {
	name            string
	params, results string // i is an i32, I an i64
	optional        bool
}

var exports = []signature{
	{exportABI, "", "i", false},
	{exportBuffer, "i", "i", false},
	{exportConfigure, "ii", "I", false},
	{exportFilter, "ii", "I", false},
	{exportFlush, "Ii", "I", true},
	{exportSave, "", "I", true},
	{exportRestore, "ii", "i", true},
	{exportInitialize, "", "", true},
	{exportPatches, "", "I", true},
}

func checkInterface(c wazero.CompiledModule) error {
	for _, f := range c.ImportedFunctions() {
		if err := checkImport(f); err != nil {
			return err
		}
	}
	if len(c.ImportedMemories()) > 0 {
		return failure(KindABI, "", "the module imports a memory: it must have its own")
	}
	if memories := c.ExportedMemories(); memories[exportMemory] == nil || len(memories) > 1 {
		return failure(KindABI, "", "the module must export one memory, as %q", exportMemory)
	}
	var errs error
	for _, s := range exports {
		errs = errorAnd(errs, s.check(c.ExportedFunctions()[s.name]))
	}
	if errs != nil {
		return &Error{Kind: KindABI, Err: errs}
	}
	return nil
}

func checkImport(f api.FunctionDefinition) error {
	module, name, _ := f.Import()
	params, known := wasiSignatures[name]
	if module != wasiModule || !known {
		return failure(KindABI, "", "the module imports %s.%s, which is not granted: a guest may import functions of %s only",
			module, name, wasiModule)
	}
	if !slices.Equal(f.ParamTypes(), valueTypes(params)) {
		return failure(KindABI, "", "the module imports %s.%s with the wrong type", module, name)
	}
	return nil
}

func (s signature) check(f api.FunctionDefinition) error {
	switch {
	case f == nil && s.optional:
		return nil
	case f == nil:
		return fmt.Errorf("the module does not export the function %s", s.name)
	case !slices.Equal(f.ParamTypes(), valueTypes(s.params)) || !slices.Equal(f.ResultTypes(), valueTypes(s.results)):
		return fmt.Errorf("the module exports %s with the wrong type: see docs/wasm-abi.md", s.name)
	}
	return nil
}

// Manifest asks the module, in an instance of its own, what it makes of a configuration. It fails where a filter with
// this configuration and these allowed changes would not start.
func (m *Module) Manifest(config []byte, allow []Change) (Manifest, error) {
	i, err := m.instance(Options{Config: config, Allow: allow}.withDefaults())
	if err != nil {
		return Manifest{}, err
	}
	i.close()
	return i.manifest, nil
}
