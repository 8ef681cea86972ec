// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAModuleThatIsNoGuestIsRefusedAtLoad(t *testing.T) {
	good := assemble(guestParts{})
	random := signature{name: "random_get", params: "ii", results: "i"}
	for name, c := range map[string]struct {
		wasm []byte
		says string
	}{
		"empty":              {nil, ""},
		"no WebAssembly":     {[]byte("#!/bin/sh\nexit 0\n"), ""},
		"truncated":          {good[:len(good)/2], ""},
		"one byte short":     {good[:len(good)-1], ""},
		"missing export":     {assemble(guestParts{without: exportFilter}), "does not export the function sealgate_filter"},
		"no memory":          {assemble(guestParts{noMemory: true, filter: i64(0)}), ""},
		"import not granted": {assemble(guestParts{from: "env", imports: []signature{random}}), "imports env.random_get, which is not granted"},
		"unknown WASI": {assemble(guestParts{imports: []signature{{name: "sock_open", params: "ii", results: "i"}}}),
			"imports wasi_snapshot_preview1.sock_open, which is not granted"},
		"WASI with a wrong type": {assemble(guestParts{imports: []signature{{name: "random_get", params: "iI", results: "i"}}}),
			"imports wasi_snapshot_preview1.random_get with the wrong type"},
		"export of a wrong type": {assemble(guestParts{extra: []function{{signature{exportFlush, "i", "I", true}, 0, i64(0)}}}),
			"exports sealgate_flush with the wrong type"},
		"invalid code": {assemble(guestParts{filter: i32(0)}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newRuntime(t).Load(t.Context(), c.wasm, "")
			requireKind(t, KindABI, err)
			assert.ErrorContains(t, err, c.says)
		})
	}
}

func TestAnUnmeteredGuestCannotNameTheFuelCounter(t *testing.T) {
	_, err := newRuntime(t).Load(t.Context(), assemble(guestParts{filter: code(0x23, 0, i64(0), opDrop)}), "") // global.get 0
	requireKind(t, KindABI, err)
}

func TestAGuestThatCannotStartIsRefused(t *testing.T) {
	loop := code(opLoop, noType, opBr, 0, opEnd)
	for name, c := range map[string]struct {
		guest guestParts
		kind  Kind
		says  string
	}{
		"wrong ABI":           {guestParts{abi: i32(2)}, KindABI, "the guest speaks version 2 of the ABI: this host speaks 1"},
		"refusal":             {guestParts{manifest: `{"error":"pattern 3 is empty"}`}, KindConfigure, "pattern 3 is empty"},
		"no manifest":         {guestParts{configure: i64(0)}, KindConfigure, "JSON"},
		"manifest no JSON":    {guestParts{manifest: `{"name":`}, KindConfigure, "JSON"},
		"manifest of 1 GiB":   {guestParts{configure: packed(atManifest, 1<<30)}, KindOutput, "returned 1073741824 bytes: at most 1048576"},
		"manifest beyond":     {guestParts{configure: packed(guestPages<<16-8, 9)}, KindOutput, "beyond its memory"},
		"unknown column":      {guestParts{manifest: `{"columns":["colour"]}`}, KindConfigure, `asks for the column "colour": this host knows body,`},
		"column twice":        {guestParts{manifest: `{"columns":["body","body"]}`}, KindConfigure, "twice"},
		"requirement":         {guestParts{manifest: `{"requires":["flying"]}`}, KindConfigure, `requires "flying"`},
		"empty needle":        {guestParts{manifest: `{"needles":[{"text":""}]}`}, KindConfigure, "needle"},
		"no room":             {guestParts{buffer: i32(0)}, KindMemory, "no room"},
		"buffer beyond":       {guestParts{buffer: i32(guestPages << 16)}, KindOutput, "beyond its memory"},
		"buffer unaligned":    {guestParts{buffer: i32(atBuffer + 4)}, KindOutput, "not aligned to 8"},
		"loop":                {guestParts{configure: code(loop, opUnreachable)}, KindFuel, "sealgate_configure"},
		"trap":                {guestParts{configure: code(opUnreachable)}, KindTrap, "unreachable"},
		"loop in _initialize": {guestParts{extra: []function{{exports[7], 0, loop}}}, KindFuel, "_initialize"},
		"exit": {guestParts{imports: []signature{{name: "proc_exit", params: "i"}},
			configure: code(i32(3), callFn(0), opUnreachable)}, KindTrap, "exited with code 3"},
		"endless start function": {guestParts{extra: []function{{signature{name: "loop"}, 0, loop}},
			start: section(8, uleb(4))}, KindTrap, "start the guest"},
		"more memory than its cap": {guestParts{pages: 600}, KindABI, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRuntime(t)
			m, err := r.Load(t.Context(), assemble(c.guest), "")
			if err == nil {
				_, err = NewFilter(t.Context(), m, Options{})
			}
			requireKind(t, c.kind, err)
			assert.ErrorContains(t, err, c.says)
		})
	}
}

func TestADigestNamesTheOnlyModuleThatIsLoaded(t *testing.T) {
	r := newRuntime(t)
	wasm := assemble(guestParts{})
	sha256, sm3 := sha256Hex(wasm), sm3Hex(wasm)
	for _, digest := range []string{"", sha256, sm3, "sha256:" + sha256, "SM3:" + sm3} {
		m, err := r.Load(t.Context(), wasm, digest)
		require.NoError(t, err, digest)
		assert.Equal(t, sha256, m.SHA256())
	}
	for _, digest := range []string{"00", "sm3:" + sha256, "sha256:", "md5:00"} {
		_, err := r.Load(t.Context(), wasm, digest)
		assert.Error(t, err, digest)
	}
}

func TestAModuleThatIsTooLargeIsNotReadToItsEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large.wasm")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, os.Truncate(path, 1<<40))
	_, err := runtimeWith(t, RuntimeOptions{MaxModuleSize: 1000}).LoadFile(t.Context(), path, "")
	assert.ErrorContains(t, err, "more than 1000 bytes")
}

func TestACacheThatOthersMayWriteToIsRefusedWithItsMode(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o775))
	_, err := NewRuntime(t.Context(), RuntimeOptions{CacheDir: dir})
	assert.ErrorContains(t, err, "mode 0775")
}

func TestTheCacheIsMadePrivateAndUsed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "cache")
	for range 2 {
		newFilter(t, load(t, runtimeWith(t, RuntimeOptions{CacheDir: dir}), guestParts{}), Options{})
	}
	info, err := os.Stat(dir)
	require.NoError(t, err)
	assert.EqualValues(t, 0o700, info.Mode().Perm())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.NotEmpty(t, entries)
}

func TestAModuleThatTheCacheHasIsNotRead(t *testing.T) {
	opts := RuntimeOptions{CacheDir: t.TempDir()}
	s := sourceOf(assemble(guestParts{}))
	m, err := runtimeWith(t, opts).LoadSource(t.Context(), s, "")
	require.NoError(t, err)
	require.NoError(t, m.Close(t.Context()))

	gone := errors.New("it is gone")
	s.Read = func() ([]byte, error) { return nil, gone }
	m, err = runtimeWith(t, opts).LoadSource(t.Context(), s, "sha256:"+s.SHA256)
	require.NoError(t, err)
	judge(t, newFilter(t, m, Options{}), mixed(10, 1))

	_, err = runtimeWith(t, opts).LoadSource(t.Context(), s, "sm3:00")
	assert.ErrorIs(t, err, gone)
	_, err = newRuntime(t).LoadSource(t.Context(), s, "")
	assert.ErrorIs(t, err, gone)
}

func TestTheInterpreterGivesTheSameVerdicts(t *testing.T) {
	r := runtimeWith(t, RuntimeOptions{Interpreter: true})
	f := newFilter(t, load(t, r, guestParts{}), Options{})
	judge(t, f, mixed(100, 1))
	assert.EqualValues(t, 50, f.Stats().Dropped)
	assert.Equal(t, EngineInterpreter, f.Stats().Engine)
}

func TestAModuleOutlivesAnotherOfTheSameBytes(t *testing.T) {
	for _, interpreter := range []bool{false, true} {
		r := runtimeWith(t, RuntimeOptions{Interpreter: interpreter})
		first, second := load(t, r, guestParts{}), load(t, r, guestParts{})
		require.NoError(t, first.Close(context.Background()))
		judge(t, newFilter(t, second, Options{}), mixed(10, 1))
	}
}

func TestCompilingEndsWithItsContext(t *testing.T) {
	r := newRuntime(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.Load(ctx, assemble(guestParts{}), "")
	assert.ErrorIs(t, err, context.Canceled)
}
