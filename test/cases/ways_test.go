// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"encoding/json"
	"io"
	"iter"
	"maps"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/sealgate/sealgate/distributions"
	"github.com/sealgate/sealgate/internal/filterbench"
	"github.com/sealgate/sealgate/internal/logfilter"
	"github.com/sealgate/sealgate/processor/wasmfilterprocessor"
	"github.com/sealgate/sealgate/wasmfilters/builtin"
)

// cache has the compiled filters of all cases.
var cache string

func TestMain(m *testing.M) {
	var err error
	if cache, err = os.MkdirTemp("", "sealgate-cases"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(cache)
	os.Exit(code)
}

// shipped returns the settings of `wasmfilter` in an embedded configuration. Windows go by the time of the records: an
// input arrives at once.
func shipped(t *testing.T, name string) map[string]any {
	t.Helper()
	provider := distributions.NewReader().Create(confmap.ProviderSettings{})
	retrieved, err := provider.Retrieve(t.Context(), "embedded:"+name, nil)
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	sub, err := conf.Sub("processors::wasmfilter")
	require.NoError(t, err)
	settings := sub.ToStringMap()
	defaults, _ := settings["defaults"].(map[string]any)
	config, _ := defaults[settings["module"].(string)].(map[string]any)
	config["clock"] = "record"
	settings["config"] = config
	delete(settings, "defaults")
	return settings
}

// trial is `sealctl filter test`.
func trial(t *testing.T, inputs []string, as string, settings map[string]any) *outcome {
	o := &outcome{}
	module, err := builtin.Load(settings["module"].(string)[len("builtin:"):])
	require.NoError(t, err)
	config := []byte("{}")
	if settings["config"] != nil {
		config, err = json.Marshal(settings["config"])
		require.NoError(t, err)
	}
	bench, err := filterbench.New(t.Context(), module, filterbench.Options{
		Config: config, View: logfilter.View{Guard: logfilter.Guard{Severity: 13}, Infer: logfilter.InferGuard}, CacheDir: cache,
		Each: func(r plog.LogRecord, fate filterbench.Fate) {
			o.bodies = append(o.bodies, r.Body().AsString())
			o.kept = append(o.kept, fate != filterbench.Dropped && fate != filterbench.Represented)
		},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, bench.Close(t.Context())) }()
	for _, path := range inputs {
		require.NoError(t, bench.Receive(t.Context(), &batches{readInput(t, path, as)}))
	}
	result, err := bench.Result(t.Context())
	require.NoError(t, err)
	require.False(t, result.Faulty(), "%v %s", result.Errors, result.LastError)
	o.dropped = int(result.Dropped + result.Represented)
	return o
}

// batches is a receiver of one batch.
type batches []plog.Logs

func (b *batches) Next() (plog.Logs, error) {
	if len(*b) == 0 {
		return plog.Logs{}, io.EOF
	}
	next := (*b)[0]
	*b = (*b)[1:]
	return next, nil
}

// collector is the processor, with a sink behind it.
func collector(t *testing.T, inputs []string, as string, settings map[string]any) *outcome {
	telemetry := componenttest.NewTelemetry()
	factory := wasmfilterprocessor.NewFactory()
	set := processortest.NewNopSettings(factory.Type())
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	settings = maps.Clone(settings)
	settings["cache_directory"] = cache
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(cfg))
	sink := &consumertest.LogsSink{}
	p, err := factory.CreateLogs(t.Context(), set, cfg, sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))

	o := &outcome{}
	read := map[pcommon.Timestamp]int{} // by the time of observation
	for i, path := range inputs {
		ld := readInput(t, path, as)
		for r := range records(ld) {
			r.SetObservedTimestamp(r.ObservedTimestamp() + pcommon.Timestamp(i*1e9))
			read[r.ObservedTimestamp()] = len(o.bodies)
			o.bodies = append(o.bodies, r.Body().AsString())
		}
		require.NoError(t, p.ConsumeLogs(t.Context(), ld))
	}
	o.dropped = counter(t, telemetry, "dropped") + counter(t, telemetry, "represented")
	require.NoError(t, p.Shutdown(t.Context()))
	o.kept = make([]bool, len(o.bodies))
	o.counted = func(key, value string) int { return countedUnder(sink.AllLogs(), key, value) }
	for _, ld := range sink.AllLogs() {
		for r := range records(ld) {
			if r.EventName() == suppressed {
				continue
			}
			i, ok := read[r.ObservedTimestamp()]
			require.True(t, ok, "a record is forged: %s", r.Body().AsString())
			require.False(t, o.kept[i], "a record is doubled: %s", r.Body().AsString())
			o.kept[i] = true
		}
	}
	return o
}

// The names of a summary, as the page of the processor has them.
const (
	suppressed      = "sealgate.suppressed"
	suppressedCount = "sealgate.suppressed.count"
)

// countedUnder adds up the summaries whose resource or record has an attribute.
func countedUnder(all []plog.Logs, key, value string) (total int) {
	has := func(m pcommon.Map) bool {
		v, ok := m.Get(key)
		return ok && v.AsString() == value
	}
	for _, ld := range all {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, r := range sl.LogRecords().All() {
					if n, ok := r.Attributes().Get(suppressedCount); ok && (has(rl.Resource().Attributes()) || has(r.Attributes())) {
						total += int(n.Int())
					}
				}
			}
		}
	}
	return total
}

func counter(t *testing.T, from *componenttest.Telemetry, name string) (total int) {
	t.Helper()
	m, err := from.GetMetric("otelcol_processor_wasmfilter_" + name)
	if err != nil {
		return 0 // nothing was counted
	}
	for _, point := range m.Data.(metricdata.Sum[int64]).DataPoints {
		total += int(point.Value)
	}
	return total
}

// records ranges over all records.
func records(ld plog.Logs) iter.Seq[plog.LogRecord] {
	return func(yield func(plog.LogRecord) bool) {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, r := range sl.LogRecords().All() {
					if !yield(r) {
						return
					}
				}
			}
		}
	}
}
