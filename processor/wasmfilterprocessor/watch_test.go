// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sealgate/sealgate/processor/wasmfilterprocessor/internal/metadatatest"
)

// installed is a processor whose module a test can change.
type installed struct {
	*harness
	module []byte
	path   string
	lines  *observer.ObservedLogs
}

func install(t *testing.T, yaml string) *installed {
	t.Helper()
	module, err := os.ReadFile(guest(t, rulesFilter))
	require.NoError(t, err)
	i := &installed{harness: &harness{telemetry: componenttest.NewTelemetry()}, module: module, path: filepath.Join(t.TempDir(), "filter.wasm")}
	i.put(t, module)
	core, lines := observer.New(zapcore.InfoLevel)
	i.lines = lines
	set := metadatatest.NewSettings(i.telemetry)
	set.Logger = zap.New(core)
	i.Logs, err = NewFactory().CreateLogs(t.Context(), set, configured(t, yaml+"\n"+rulesOf(i.path, "")), &i.sink)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, i.telemetry.Shutdown(context.Background())) })
	t.Cleanup(func() { require.NoError(t, i.Shutdown(context.Background())) })
	require.NoError(t, i.Start(t.Context(), componenttest.NewNopHost()))
	return i
}

// put puts a module in place as one should: beside it first.
func (i *installed) put(t *testing.T, wasm []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(i.path+".new", wasm, 0o644))
	require.NoError(t, os.Rename(i.path+".new", i.path))
}

// variant is the same filter with another digest: a custom section says which.
func (i *installed) variant(name byte) []byte {
	return append(append([]byte(nil), i.module...), 0, 2, 1, name)
}

func (i *installed) logged(t *testing.T, message string, times int) {
	t.Helper()
	require.Eventually(t, func() bool { return i.lines.FilterMessage(message).Len() >= times }, waitFor, tick, message)
}

// Without traffic a trial waits. A corrected module had to wait for its end, and took charge after the one
// that it corrects.
func TestATrialIsGivenUpWhenTheModuleChangesAgain(t *testing.T) {
	i := install(t, "reload_interval: 20ms")
	i.put(t, i.variant('a'))
	require.Eventually(t, func() bool { _, _, ok := i.Logs.(*wasmFilter).filter.Trial(); return ok }, waitFor, tick)
	i.put(t, i.module) // back to what is in charge
	i.logged(t, "the new filter was given up before it was in charge", 1)
	i.put(t, i.variant('b'))
	i.logged(t, "the module has changed and is loaded", 3)
	require.Eventually(t, func() bool { _, _, ok := i.Logs.(*wasmFilter).filter.Trial(); return ok }, waitFor, tick)
	require.NoError(t, i.Shutdown(t.Context()), "shutdown does not wait for traffic either")
	assert.Zero(t, i.lines.FilterMessage("a new filter is in charge").Len())
	assert.Zero(t, i.count(t, "swaps"), "none was refused")
}

func TestAModuleThatIsGoneIsSaidOnce(t *testing.T) {
	i := install(t, "reload_interval: 20ms\ntrial_records: 0")
	require.NoError(t, os.Remove(i.path))
	i.logged(t, "the file of the module is gone; the filter in charge stays", 1)
	i.put(t, i.variant('a'))
	i.logged(t, "a new filter is in charge", 1)
	assert.Equal(t, 1, i.lines.FilterMessage("the file of the module is gone; the filter in charge stays").Len())
}
