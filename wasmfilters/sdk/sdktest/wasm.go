// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdktest

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	wasi "github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// wasmModule is a compiled module. It has no fuel; a deadline, which makes the
// code many times slower, stands in for it.
type wasmModule struct {
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	deadline time.Duration
}

// maxPages bounds the memory of an instance, in pages of 64 KiB: 256 MiB.
const maxPages = 4096

// Load compiles a module. A call that takes longer than deadline ends in a trap;
// with 0, code runs at full speed and for as long as it likes.
func Load(module []byte, deadline time.Duration) (Module, error) {
	ctx := context.Background()
	config := wazero.NewRuntimeConfig().WithMemoryLimitPages(maxPages).WithCloseOnContextDone(deadline > 0)
	m := &wasmModule{runtime: wazero.NewRuntimeWithConfig(ctx, config), deadline: deadline}
	wasi.MustInstantiate(ctx, m.runtime)
	var err error
	if m.compiled, err = m.runtime.CompileModule(ctx, module); err == nil {
		err = checkInterface(m.compiled)
	}
	if err != nil {
		_ = m.Close()
		return nil, err
	}
	return m, nil
}

func (m *wasmModule) Close() error { return m.runtime.Close(context.Background()) }

var required = map[string]string{
	"sealgate_abi":       "() -> i32",
	"sealgate_buffer":    "(i32) -> i32",
	"sealgate_configure": "(i32, i32) -> i64",
	"sealgate_filter":    "(i32, i32) -> i64",
}

var optional = map[string]string{
	"sealgate_flush":         "(i64, i32) -> i64",
	"sealgate_patches":       "() -> i64",
	"sealgate_state_save":    "() -> i64",
	"sealgate_state_restore": "(i32, i32) -> i32",
	"_initialize":            "() -> ()",
}

func checkInterface(m wazero.CompiledModule) error {
	for _, f := range m.ImportedFunctions() {
		if module, name, _ := f.Import(); module != wasi.ModuleName {
			return fmt.Errorf("import %s.%s: only WASI may be imported", module, name)
		}
	}
	if n := len(m.ExportedMemories()); n != 1 || m.ExportedMemories()["memory"] == nil {
		return fmt.Errorf("export memory: there must be exactly one memory of this name, there are %d", n)
	}
	exports := m.ExportedFunctions()
	for name, want := range required {
		if exports[name] == nil {
			return fmt.Errorf("export %s: it is missing", name)
		}
		if got := signature(exports[name]); got != want {
			return fmt.Errorf("export %s: its type is %s, must be %s", name, got, want)
		}
	}
	for name, want := range optional {
		if f := exports[name]; f != nil && signature(f) != want {
			return fmt.Errorf("export %s: its type is %s, must be %s", name, signature(f), want)
		}
	}
	return nil
}

func signature(f api.FunctionDefinition) string {
	list := func(types []api.ValueType) (s string) {
		for i, t := range types {
			if i > 0 {
				s += ", "
			}
			s += api.ValueTypeName(t)
		}
		return s
	}
	results := list(f.ResultTypes())
	if len(f.ResultTypes()) != 1 {
		results = "(" + results + ")"
	}
	return "(" + list(f.ParamTypes()) + ") -> " + results
}

func (m *wasmModule) New() (Driver, error) {
	ctx, cancel := m.context()
	defer cancel()
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize")
	instance, err := m.runtime.InstantiateModule(ctx, m.compiled, config)
	if err != nil {
		return nil, fmt.Errorf("%w in _initialize: %w", ErrTrap, err)
	}
	d := &wasmDriver{module: m, instance: instance}
	abi, err := d.call("sealgate_abi")
	if err == nil && uint32(abi) != 1 {
		err = fmt.Errorf("sealgate_abi: it is %d, must be 1", uint32(abi))
	}
	if err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

func (m *wasmModule) context() (context.Context, context.CancelFunc) {
	if m.deadline == 0 {
		return context.Background(), func() {}
	}
	return context.WithTimeout(context.Background(), m.deadline)
}

type wasmDriver struct {
	module   *wasmModule
	instance api.Module
	stack    [2]uint64
}

func (d *wasmDriver) Close() error { return d.instance.Close(context.Background()) }

// call calls an export; one that is not there returns 0.
func (d *wasmDriver) call(name string, args ...uint64) (uint64, error) {
	f := d.instance.ExportedFunction(name)
	if f == nil {
		return 0, nil
	}
	ctx, cancel := d.module.context()
	defer cancel()
	copy(d.stack[:], args)
	if err := f.CallWithStack(ctx, d.stack[:]); err != nil {
		if ctx.Err() != nil {
			return 0, fmt.Errorf("%w in %s: %w", ErrTrap, name, ErrEndless)
		}
		return 0, fmt.Errorf("%w in %s: %w", ErrTrap, name, err)
	}
	return d.stack[0], nil
}

// send writes b where the guest wants it, and calls an export with it.
func (d *wasmDriver) send(name string, b []byte) (uint64, error) {
	ptr, err := d.call("sealgate_buffer", uint64(len(b)))
	if err != nil {
		return 0, err
	}
	address := uint32(ptr)
	if address == 0 && len(b) > 0 {
		return 0, fmt.Errorf("sealgate_buffer: no room for %d bytes", len(b))
	}
	if address%8 != 0 {
		return 0, fmt.Errorf("sealgate_buffer: address %d is no multiple of 8", address)
	}
	if !d.instance.Memory().Write(address, b) {
		return 0, fmt.Errorf("sealgate_buffer: address %d and %d bytes are not in memory", address, len(b))
	}
	return d.call(name, uint64(address), uint64(len(b)))
}

// result is a copy of what a packed address and length point to.
func (d *wasmDriver) result(name string, packed uint64) ([]byte, error) {
	if uint32(packed) == 0 {
		return nil, nil
	}
	view, ok := d.instance.Memory().Read(uint32(packed>>32), uint32(packed))
	if !ok {
		return nil, fmt.Errorf("%s: the result, address %d and %d bytes, is not in memory", name, packed>>32, uint32(packed))
	}
	return append([]byte(nil), view...), nil
}

func (d *wasmDriver) exchange(name string, b []byte) ([]byte, error) {
	packed, err := d.send(name, b)
	if err != nil {
		return nil, err
	}
	return d.result(name, packed)
}

func (d *wasmDriver) Configure(config []byte) (sdk.Manifest, error) {
	b, err := d.exchange("sealgate_configure", config)
	if err != nil {
		return sdk.Manifest{}, err
	}
	return readManifest(b)
}

func (d *wasmDriver) Filter(chunk []byte) ([]sdk.Verdict, error) {
	b, err := d.exchange("sealgate_filter", chunk)
	if err != nil {
		return nil, err
	}
	if len(b)%8 != 0 {
		return nil, fmt.Errorf("sealgate_filter: %d bytes of verdicts are no multiple of 8", len(b))
	}
	v := make([]sdk.Verdict, len(b)/8)
	for i := range v {
		v[i] = sdk.Verdict(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return v, nil
}

func (d *wasmDriver) SaveState() ([]byte, error) {
	packed, err := d.call("sealgate_state_save")
	if err != nil {
		return nil, err
	}
	return d.result("sealgate_state_save", packed)
}

func (d *wasmDriver) RestoreState(state []byte) error {
	if d.instance.ExportedFunction("sealgate_state_restore") == nil {
		return ErrNoState
	}
	status, err := d.send("sealgate_state_restore", state)
	if err == nil && uint32(status) != 0 {
		err = ErrNoState
	}
	return err
}
