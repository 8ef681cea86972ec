// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/sealgate/sealgate/processor/wasmfilterprocessor/internal/metadata"
	"github.com/sealgate/sealgate/wasmfilters/builtin"
)

// create makes a processor as `validate` and a start do.
func create(t testing.TB, yaml string) (processor.Logs, error) {
	t.Helper()
	return createLogs(t.Context(), processortest.NewNopSettings(metadata.Type), configured(t, yaml), consumertest.NewNop())
}

// shippedRules skips a test where the filters are not compiled in.
func shippedRules(t testing.TB) {
	t.Helper()
	if len(builtin.Names()) == 0 {
		t.Skip("no filters are compiled in; `make filters` does that")
	}
}

func TestAFilterThatWouldNotStartIsFoundBefore(t *testing.T) {
	shippedRules(t)
	notWasm := filepath.Join(t.TempDir(), "text.wasm")
	require.NoError(t, os.WriteFile(notWasm, []byte("no module"), 0o600))
	missing := filepath.Join(t.TempDir(), "missing.wasm")
	caches := []string{filepath.Join(t.TempDir(), "none"), t.TempDir()}
	for yaml, wants := range map[string][]string{
		"module: builtin:rulez":                      {"`module`", `"rulez"`, "rules"},
		"module: " + missing:                         {"`module`", missing},
		"module: " + notWasm:                         {"`module`", notWasm},
		"module: builtin:rules, digest: 'sha256:00'": {"`module`", "digest"},
		"module: builtin:rules, config: {rules: [{name: a, drop: true, body_contians: [x]}]}": {"`config`", "body_contians"},
		"module: builtin:rules, config: {rulez: []}":                                          {"`config`", "rulez"},
		"module: builtin:redundancy, config: {window: often}":                                 {"`config`", "window"},
		"module: builtin:rules, memory_mib: 1, config: {rules: [{name: a, drop: 3}]}":         {"`module`"},
	} {
		for _, cache := range caches {
			p, err := create(t, "{cache_directory: "+cache+", "+yaml+"}")
			require.Error(t, err, yaml)
			assert.Nil(t, p)
			for _, want := range wants {
				assert.ErrorContains(t, err, want, yaml)
			}
		}
	}
}

func TestValidationWritesNothing(t *testing.T) {
	shippedRules(t)
	cache := filepath.Join(t.TempDir(), "cache")
	p, err := create(t, fmt.Sprintf("{module: builtin:redundancy, cache_directory: %s}", cache))
	require.NoError(t, err)
	assert.NoDirExists(t, cache, "it might belong to another user than the collector's")
	require.NoError(t, p.Shutdown(t.Context()))
}

// BenchmarkInterpret is what a check takes where nothing is compiled yet.
func BenchmarkInterpret(b *testing.B) {
	shippedRules(b)
	for _, name := range builtin.Names() {
		cfg := configured(b, "module: builtin:"+name)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_ = cfg.interpret(b.Context())
			}
		})
	}
}
