// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fuel_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/sealgate/sealgate/wasmhost/fuel"
)

// plenty never runs out in a test.
const plenty = math.MaxInt64 / 2

// engines are those that wazero has. Whoever cannot use executable memory interprets.
var engines = map[string]func() wazero.RuntimeConfig{
	"compiler":    wazero.NewRuntimeConfigCompiler,
	"interpreter": wazero.NewRuntimeConfigInterpreter,
}

const features = api.CoreFeaturesV2 | experimental.CoreFeaturesTailCall | experimental.CoreFeaturesExtendedConst

func newRuntime(t testing.TB, engine string) wazero.Runtime {
	t.Helper()
	config := engines[engine]().WithCoreFeatures(features).WithMemoryLimitPages(1024).WithMemoryCapacityFromMax(true)
	r := wazero.NewRuntimeWithConfig(context.Background(), config)
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	return r
}

func onEngines(t *testing.T, test func(t *testing.T, r wazero.Runtime)) {
	t.Helper()
	for name := range engines {
		t.Run(name, func(t *testing.T) { test(t, newRuntime(t, name)) })
	}
}

// load instruments a module and makes an instance with a budget.
func load(t testing.TB, r wazero.Runtime, module []byte, budget int64) (api.Module, api.MutableGlobal) {
	t.Helper()
	m, err := fuel.Instrument(module, fuel.Limits{Budget: budget})
	require.NoError(t, err)
	instance, err := r.InstantiateWithConfig(context.Background(), m.Code, wazero.NewModuleConfig().WithName(""))
	require.NoError(t, err)
	return instance, merged(instance)
}

// merged has all that is left of a budget in the counter of an instance.
func merged(instance api.Module) api.MutableGlobal {
	counter, reserve := instance.ExportedGlobal(fuel.Global).(api.MutableGlobal), instance.ExportedGlobal(fuel.Reserve).(api.MutableGlobal)
	counter.Set(uint64(fuel.Left(counter, reserve)))
	reserve.Set(0)
	return counter
}

// run calls the function "f" and returns what it took from the counter.
func run(t testing.TB, r wazero.Runtime, module []byte, budget int64, args ...uint64) (used int64, results []uint64, err error) {
	t.Helper()
	instance, counter := load(t, r, module, plenty)
	defer instance.Close(context.Background())
	counter.Set(uint64(budget))
	results, err = instance.ExportedFunction("f").Call(context.Background(), args...)
	return budget - int64(counter.Get()), results, err
}
