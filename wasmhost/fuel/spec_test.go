// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/sealgate/sealgate/wasmhost/fuel"
)

// The tests of the WebAssembly specification as wazero carries them: *.json as written
// by wast2json, and the modules they name.
func TestSpecificationTestsBehaveAsBefore(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for a minute")
	}
	root := specTests(t)
	for engine := range engines {
		for _, suite := range []string{"v1", "v2", "tail-call", "extended-const"} {
			t.Run(engine+"/"+suite, func(t *testing.T) {
				files, err := filepath.Glob(filepath.Join(root, suite, "testdata", "*.json"))
				require.NoError(t, err)
				require.NotEmpty(t, files)
				var n tally
				for _, file := range files {
					t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
						runScript(t, engine, root, file, &n)
					})
				}
				t.Logf("%+v", n)
			})
		}
	}
}

func specTests(t testing.TB) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	root := filepath.Join(strings.TrimSpace(string(dir)), "internal", "integration_test", "spectest")
	if _, statErr := os.Stat(root); err != nil || statErr != nil {
		t.Skip("the module cache has no sources of wazero (vendored?): the specification tests are not there")
	}
	return root
}

type tally struct{ Modules, Calls, Traps, Invalid, RefusedByUs int }

type script struct {
	Commands []command `json:"commands"`
}

type command struct {
	Type       string `json:"type"`
	Line       int    `json:"line"`
	Name       string `json:"name"`
	Filename   string `json:"filename"`
	As         string `json:"as"`
	ModuleType string `json:"module_type"`
	Action     struct {
		Type   string  `json:"type"`
		Field  string  `json:"field"`
		Module string  `json:"module"`
		Args   []value `json:"args"`
	} `json:"action"`
}

type value struct {
	Type  string `json:"type"`
	Lane  string `json:"lane_type"`
	Value any    `json:"value"`
}

// side is one of the two worlds that a script runs in: with and without fuel.
type side struct {
	runtime wazero.Runtime
	fuel    bool
	named   map[string]api.Module
	last    api.Module
	all     []api.Module
}

func newSide(t *testing.T, engine, root string, fueled bool) *side {
	s := &side{runtime: newRuntime(t, engine), fuel: fueled, named: map[string]api.Module{}}
	host, err := os.ReadFile(filepath.Join(root, "testdata", "spectest.wasm"))
	require.NoError(t, err)
	_, err = s.runtime.Instantiate(context.Background(), host)
	require.NoError(t, err)
	return s
}

// instantiate returns the first line of the error, if any.
func (s *side) instantiate(module []byte, name string) (api.Module, string) {
	if s.fuel {
		m, err := fuel.Instrument(module, fuel.Limits{Budget: plenty, Stack: math.MaxInt32})
		if err != nil {
			return nil, err.Error()
		}
		module = m.Code
	}
	m, err := s.runtime.InstantiateWithConfig(context.Background(), module, wazero.NewModuleConfig().WithName(name))
	if err != nil {
		return nil, firstLine(err)
	}
	s.all = append(s.all, m)
	return m, ""
}

func (s *side) act(c command) ([]uint64, string) {
	m := s.last
	if c.Action.Module != "" {
		m = s.named[c.Action.Module]
	}
	if m == nil {
		return nil, "no module"
	}
	if c.Action.Type == "get" {
		return []uint64{m.ExportedGlobal(c.Action.Field).Get()}, ""
	}
	var args []uint64
	for _, a := range c.Action.Args {
		args = append(args, a.bits()...)
	}
	out, err := m.ExportedFunction(c.Action.Field).Call(context.Background(), args...)
	return out, firstLine(err)
}

func firstLine(err error) string {
	if err == nil {
		return ""
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func runScript(t *testing.T, engine, root, file string, n *tally) {
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var s script
	require.NoError(t, json.Unmarshal(raw, &s))
	before, after := newSide(t, engine, root, false), newSide(t, engine, root, true)
	for i, c := range s.Commands {
		at := fmt.Sprintf("line %d: %s", c.Line, c.Type)
		switch c.Type {
		case "module":
			name := ""
			if i+1 < len(s.Commands) && s.Commands[i+1].Type == "register" {
				name = s.Commands[i+1].As
			}
			module := readModule(t, file, c)
			var was, is string
			before.last, was = before.instantiate(module, name)
			after.last, is = after.instantiate(module, name)
			require.Equal(t, was, is, at)
			before.named[c.Name], after.named[c.Name] = before.last, after.last
			n.Modules++
		case "assert_return", "action", "assert_trap", "assert_exhaustion":
			was, wasErr := before.act(c)
			is, isErr := after.act(c)
			if c.Action.Type == "invoke" && returnsReference(before, c) {
				was, is = nil, nil // an address
			}
			require.Equal(t, was, is, at)
			if c.Type == "assert_exhaustion" { // of the engine's stack, or before that of what is granted
				require.NotEmpty(t, isErr, at)
			} else {
				require.Equal(t, wasErr, isErr, at)
			}
			n.Calls++
			if isErr != "" {
				n.Traps++
			}
		case "assert_malformed", "assert_invalid", "assert_unlinkable", "assert_uninstantiable":
			if c.ModuleType != "text" {
				rejectBoth(t, before, after, readModule(t, file, c), at, n)
			}
		}
	}
	compareMemories(t, before, after)
}

func returnsReference(s *side, c command) bool {
	m := s.last
	if c.Action.Module != "" {
		m = s.named[c.Action.Module]
	}
	for _, r := range m.ExportedFunctionDefinitions()[c.Action.Field].ResultTypes() {
		if r == api.ValueTypeI32 || r == api.ValueTypeI64 || r == api.ValueTypeF32 || r == api.ValueTypeF64 || r == 0x7b {
			continue
		}
		return r != api.ValueTypeExternref
	}
	return false
}

func rejectBoth(t *testing.T, before, after *side, module []byte, at string, n *tally) {
	_, was := before.instantiate(module, "")
	_, is := after.instantiate(module, "")
	n.Invalid++
	if strings.HasPrefix(is, "fuel: ") {
		n.RefusedByUs++
		return
	}
	require.Equal(t, was == "", is == "", "%s: %q, with fuel %q", at, was, is)
}

func compareMemories(t *testing.T, before, after *side) {
	require.Equal(t, len(before.all), len(after.all))
	for i, m := range before.all {
		if reflect.ValueOf(m.Memory()).IsNil() { // a nil pointer in the interface
			continue
		}
		was, _ := m.Memory().Read(0, m.Memory().Size())
		is, _ := after.all[i].Memory().Read(0, after.all[i].Memory().Size())
		assert.True(t, string(was) == string(is), "memory of module %d differs", i)
	}
}

func readModule(t *testing.T, script string, c command) []byte {
	module, err := os.ReadFile(filepath.Join(filepath.Dir(script), c.Filename))
	require.NoError(t, err)
	return module
}

// bits returns the value as the engine's words: two for a vector.
func (v value) bits() []uint64 {
	if v.Type != "v128" {
		return []uint64{number(v.Type, fmt.Sprint(v.Value))}
	}
	width := map[string]int{"i8": 8, "i16": 16, "i32": 32, "f32": 32, "i64": 64, "f64": 64}[v.Lane]
	words := make([]uint64, 2)
	for i, lane := range v.Value.([]any) {
		at := i * width
		words[at/64] |= number(v.Lane, lane.(string)) & (1<<width - 1) << (at % 64)
	}
	return words
}

func number(kind, text string) uint64 {
	switch {
	case text == "null" || text == "<nil>":
		return 0
	case kind == "externref": // wazero takes 0 for null
		n, _ := strconv.ParseUint(text, 10, 64)
		return n + 1
	case strings.HasPrefix(text, "nan") && strings.Contains(kind, "32"):
		return 0x7fc00000
	case strings.HasPrefix(text, "nan"):
		return 0x7ff8000000000000
	case strings.HasPrefix(text, "-"):
		n, _ := strconv.ParseInt(text, 10, 64)
		if strings.Contains(kind, "32") {
			return uint64(uint32(n))
		}
		return uint64(n)
	}
	n, _ := strconv.ParseUint(text, 10, 64)
	return n
}
