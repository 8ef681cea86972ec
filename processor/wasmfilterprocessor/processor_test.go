// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/sealgate/sealgate/internal/logfilter"
	"github.com/sealgate/sealgate/processor/wasmfilterprocessor/internal/metadatatest"
)

const (
	// Conditions that do not come at once are awaited; these only bound the wait.
	waitFor = 30 * time.Second
	tick    = 20 * time.Millisecond
)

// guests are guests of standard Go that have been built, by their package.
var guests = struct {
	sync.Mutex
	built map[string][]byte
}{built: map[string][]byte{}}

// guest returns the path of a guest: a package, or a folder below testdata. Each is
// built once.
func guest(t testing.TB, pkg string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("building a guest takes seconds")
	}
	guests.Lock()
	defer guests.Unlock()
	path := filepath.Join(t.TempDir(), "guest.wasm")
	if wasm, ok := guests.built[pkg]; ok {
		require.NoError(t, os.WriteFile(path, wasm, 0o644))
		return path
	}
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", path, pkg)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	guests.built[pkg], err = os.ReadFile(path)
	require.NoError(t, err)
	return path
}

const (
	rulesFilter  = "github.com/sealgate/sealgate/wasmfilters/shipped/rules"
	repeatFilter = "github.com/sealgate/sealgate/wasmfilters/shipped/redundancy"
	limitFilter  = "github.com/sealgate/sealgate/wasmfilters/shipped/ratelimit"
	brokenFilter = "./testdata/broken"
)

// fickle is a sink that may refuse.
type fickle struct {
	consumertest.LogsSink
	fails func(context.Context) error // where it is not nil
}

func (f *fickle) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if f.fails != nil {
		if err := f.fails(ctx); err != nil {
			return err
		}
	}
	return f.LogsSink.ConsumeLogs(ctx, ld)
}

// harness is a processor with a sink behind it.
type harness struct {
	processor.Logs
	sink      fickle
	telemetry *componenttest.Telemetry
}

func start(t testing.TB, yaml string) *harness {
	t.Helper()
	h, err := tryStart(t, yaml)
	require.NoError(t, err)
	return h
}

func tryStart(t testing.TB, yaml string) (*harness, error) {
	t.Helper()
	h := &harness{telemetry: componenttest.NewTelemetry()}
	var err error
	h.Logs, err = NewFactory().CreateLogs(t.Context(), metadatatest.NewSettings(h.telemetry), configured(t, yaml), &h.sink)
	t.Cleanup(func() { require.NoError(t, h.telemetry.Shutdown(context.Background())) })
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { require.NoError(t, h.Shutdown(context.Background())) })
	return h, h.Start(t.Context(), componenttest.NewNopHost())
}

// count returns the sum of one of the processor's metrics, over all rules or of one.
func (h *harness) count(t testing.TB, name string, rule ...string) (total int64) {
	t.Helper()
	m, err := h.telemetry.GetMetric("otelcol_processor_wasmfilter_" + name)
	if err != nil {
		return 0
	}
	for _, dp := range points(m.Data) {
		if v, _ := dp.Attributes.Value("rule"); len(rule) == 0 || v.AsString() == rule[0] {
			total += dp.Value
		}
	}
	return total
}

func points(data metricdata.Aggregation) []metricdata.DataPoint[int64] {
	switch data := data.(type) {
	case metricdata.Sum[int64]:
		return data.DataPoints
	case metricdata.Gauge[int64]:
		return data.DataPoints
	}
	return nil
}

// conserved wants every record accounted for.
func (h *harness) conserved(t testing.TB) {
	t.Helper()
	assert.Equal(t, h.count(t, "in"), h.count(t, "kept")+h.count(t, "dropped")+h.count(t, "represented"))
	assert.EqualValues(t, h.count(t, "kept"), h.sink.LogRecordCount())
}

// rules is a configuration of the filter `rules`.
func rules(t testing.TB, more string) string {
	t.Helper()
	return rulesOf(guest(t, rulesFilter), more)
}

func rulesOf(module, more string) string {
	return fmt.Sprintf(`module: %s
config:
  rules:
    - {name: probes, drop: true, body_contains: [/healthz, kube-probe]}
    - {name: debug, drop: true, severity_below: INFO}
    - {name: noisy, drop: true, attribute: noisy, equals: "yes"}
%s`, module, more)
}

// line is a record to make.
type line struct {
	body     string
	severity plog.SeverityNumber
	noisy    bool
}

func logs(lines ...line) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "checkout")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for _, l := range lines {
		r := records.AppendEmpty()
		r.Body().SetStr(l.body)
		r.SetSeverityNumber(l.severity)
		if l.noisy {
			r.Attributes().PutStr("noisy", "yes")
		}
	}
	return ld
}

func bodies(ld plog.Logs) (all []string) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				all = append(all, r.Body().AsString())
			}
		}
	}
	return all
}

func (h *harness) bodies() (all []string) {
	for _, ld := range h.sink.AllLogs() {
		all = append(all, bodies(ld)...)
	}
	return all
}

const info, debugLevel, warn = plog.SeverityNumberInfo, plog.SeverityNumberDebug, plog.SeverityNumberWarn

func TestRulesDropWhatTheySayAndCountIt(t *testing.T) {
	h := start(t, rules(t, ""))
	require.NoError(t, h.ConsumeLogs(t.Context(), logs(
		line{body: "GET /healthz 200", severity: info},
		line{body: "order placed", severity: info},
		line{body: "cache miss", severity: debugLevel},
		line{body: "tick", severity: info, noisy: true},
		line{body: "order paid", severity: info},
	)))
	assert.Equal(t, []string{"order placed", "order paid"}, h.bodies())
	assert.EqualValues(t, 5, h.count(t, "in"))
	assert.EqualValues(t, 2, h.count(t, "kept"))
	for _, rule := range []string{"probes", "debug", "noisy"} {
		assert.EqualValues(t, 1, h.count(t, "dropped", rule), rule)
	}
	assert.Positive(t, h.count(t, "instances"))
	assert.Positive(t, h.count(t, "fuel"))
	assert.Zero(t, h.count(t, "errors"))
	h.conserved(t)
}

func TestNeverDropHoldsWhateverTheFilterSays(t *testing.T) {
	h := start(t, rules(t, "never_drop: {severity: WARN, attributes: {audit: '*'}}"))
	ld := logs(line{body: "GET /healthz 500", severity: warn}, line{body: "GET /healthz 200", severity: info}, line{body: "GET /healthz 200", severity: info})
	ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(2).Attributes().PutBool("audit", true)
	require.NoError(t, h.ConsumeLogs(t.Context(), ld))
	assert.Equal(t, []string{"GET /healthz 500", "GET /healthz 200"}, h.bodies())
	assert.EqualValues(t, 2, h.count(t, "protected"))
	h.conserved(t)
}

func TestTheSummariesOfAnotherFilterPass(t *testing.T) {
	h := start(t, rules(t, ""))
	ld := logs(line{body: "suppressed 7 times: GET /healthz", severity: info})
	ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).SetEventName("sealgate.suppressed")
	require.NoError(t, h.ConsumeLogs(t.Context(), ld))
	assert.Equal(t, []string{"suppressed 7 times: GET /healthz"}, h.bodies())
	h.conserved(t)
}

func TestWhatIsKeptIsNotTouched(t *testing.T) {
	h := start(t, rules(t, ""))
	ld := logs(line{body: "a", severity: info}, line{body: "/healthz", severity: info}, line{body: "b", severity: info})
	records := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	records.At(0).Body().SetEmptyMap().PutEmptySlice("list").AppendEmpty().SetDouble(1.5)
	records.At(2).Body().SetEmptyBytes().FromRaw([]byte{0, 0xff, 0xfe})
	records.AppendEmpty() // no body at all
	records.AppendEmpty().Body().SetStr(strings.Repeat("x", 1<<20))
	want := plog.NewLogs()
	ld.CopyTo(want)
	want.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().RemoveIf(func(r plog.LogRecord) bool { return r.Body().AsString() == "/healthz" })
	require.NoError(t, h.ConsumeLogs(t.Context(), ld))
	require.Len(t, h.sink.AllLogs(), 1)
	assert.NoError(t, plogtest.CompareLogs(want, h.sink.AllLogs()[0]))
}

func TestAResourceWithNothingLeftGoesAndAnEmptyBatchIsNotSent(t *testing.T) {
	h := start(t, rules(t, ""))
	ld := logs(line{body: "/healthz", severity: info})
	logs(line{body: "kept", severity: info}).ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	require.NoError(t, h.ConsumeLogs(t.Context(), ld))
	require.Len(t, h.sink.AllLogs(), 1)
	assert.Equal(t, 1, h.sink.AllLogs()[0].ResourceLogs().Len())
	require.NoError(t, h.ConsumeLogs(t.Context(), logs(line{body: "/healthz", severity: info})))
	assert.Len(t, h.sink.AllLogs(), 1)
	h.conserved(t)
}

func TestOneInNOfWhatIsDroppedIsKeptForAnAudit(t *testing.T) {
	h := start(t, rules(t, "audit_one_in: 10"))
	for range 100 {
		require.NoError(t, h.ConsumeLogs(t.Context(), logs(line{body: "/healthz", severity: info})))
	}
	assert.EqualValues(t, 10, h.count(t, "audited", "probes"))
	assert.EqualValues(t, 90, h.count(t, "dropped", "probes"))
	rule, _ := h.sink.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().Get(logfilter.AttrAuditRule)
	assert.Equal(t, "probes", rule.Str())
	h.conserved(t)
}

func TestSixtyFourSendersLoseNothing(t *testing.T) {
	h := start(t, rules(t, ""))
	const each = 20
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			for range each {
				ld := logs(line{body: "/healthz", severity: info}, line{body: "kept", severity: info})
				ld.ResourceLogs().At(0).Resource().Attributes().PutInt("i", int64(i))
				assert.NoError(t, h.ConsumeLogs(context.Background(), ld))
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 64*each*2, h.count(t, "in"))
	assert.EqualValues(t, 64*each, h.count(t, "dropped", "probes"))
	h.conserved(t)
}

// A filter that loops for ever is stopped and counted, and its records go where
// on_error says.
func TestAFilterThatFailsLosesNothing(t *testing.T) {
	ld := func() plog.Logs { return logs(line{body: "loop", severity: info}, line{body: "kept", severity: info}) }
	t.Run("pass", func(t *testing.T) {
		h := start(t, "module: "+guest(t, brokenFilter))
		for range 10 {
			require.NoError(t, h.ConsumeLogs(t.Context(), ld()))
		}
		assert.EqualValues(t, 20, h.count(t, "passed"))
		assert.Positive(t, h.count(t, "errors"))
		assert.Less(t, h.count(t, "errors"), int64(10), "the breaker has opened")
		h.conserved(t)
	})
	t.Run("drop", func(t *testing.T) {
		h := start(t, "on_error: drop\nmodule: "+guest(t, brokenFilter))
		require.NoError(t, h.ConsumeLogs(t.Context(), ld()))
		assert.EqualValues(t, 2, h.count(t, "dropped", logfilter.RuleOnError))
		h.conserved(t)
	})
	t.Run("refuse", func(t *testing.T) {
		h := start(t, "on_error: refuse\nmodule: "+guest(t, brokenFilter))
		require.Error(t, h.ConsumeLogs(t.Context(), ld()))
		assert.EqualValues(t, 2, h.count(t, "refused"))
		assert.Empty(t, h.sink.AllLogs())
	})
}

func TestAChangedModuleTakesOverAndABadOneDoesNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "filter.wasm")
	install := func(wasm []byte) {
		// As one should: beside it first, then in its place.
		require.NoError(t, os.WriteFile(path+".new", wasm, 0o644))
		require.NoError(t, os.Rename(path+".new", path))
	}
	module, err := os.ReadFile(guest(t, rulesFilter))
	require.NoError(t, err)
	install(module)
	h := start(t, "reload_interval: 20ms\ntrial_records: 2\n"+rulesOf(path, ""))
	send := func() { require.NoError(t, h.ConsumeLogs(t.Context(), logs(line{body: "/healthz", severity: info}))) }

	install([]byte("not a module"))
	require.Eventually(t, func() bool { return h.count(t, "swaps") == 1 }, waitFor, tick, "it is counted as refused")
	send()
	install(append(append([]byte(nil), module...), 0, 2, 1, 'x')) // a custom section: another digest, the same filter
	require.Eventually(t, func() bool { send(); return h.count(t, "swaps") == 2 }, waitFor, tick)
	send()
	assert.Equal(t, h.count(t, "in"), h.count(t, "dropped", "probes"), "each was judged once, by one or the other")
	h.conserved(t)
}

func TestAModuleThatIsNoneStopsTheStartAndIsNamed(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o644))
		return path
	}
	text := write("text.wasm", []byte("hello"))
	module, err := os.ReadFile(guest(t, rulesFilter))
	require.NoError(t, err)
	cut := write("cut.wasm", module[:len(module)/2])
	empty := write("empty.wasm", []byte("\x00asm\x01\x00\x00\x00"))
	for name, tt := range map[string]struct{ yaml, want string }{
		"a file that is not there":          {"module: " + dir + "/none.wasm", "none.wasm"},
		"a text":                            {"module: " + text, text},
		"half a module":                     {"module: " + cut, cut},
		"a module without exports":          {"module: " + empty, "must export"},
		"another digest":                    {"module: " + guest(t, rulesFilter) + "\ndigest: sha256:" + strings.Repeat("0", 64), "sha256"},
		"no such built-in filter":           {"module: builtin:rulez", "rulez"},
		"a configuration that does not fit": {"module: " + guest(t, rulesFilter) + "\nconfig: {rules: [{name: x, drop: true, body_contain: y}]}", "body_contain"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tryStart(t, tt.yaml)
			require.ErrorContains(t, err, tt.want)
			assert.ErrorContains(t, err, "`module`")
		})
	}
}

func TestShutdownBeforeStartAndTwiceIsFine(t *testing.T) {
	h := &harness{telemetry: componenttest.NewTelemetry()}
	p, err := NewFactory().CreateLogs(t.Context(), metadatatest.NewSettings(h.telemetry), configured(t, rules(t, "")), &h.sink)
	require.NoError(t, err)
	require.NoError(t, p.Shutdown(t.Context()))
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, p.Shutdown(t.Context()))
	require.NoError(t, p.Shutdown(t.Context()))
	require.NoError(t, h.telemetry.Shutdown(t.Context()))
}
