// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sm4exporter

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/ptracetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sealgate/sealgate/internal/timespan"
	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
	"github.com/sealgate/sealgate/test/fleet"
)

// startTraces starts an exporter of traces and stops it at the end.
func startTraces(t testing.TB, yaml string) (exporter.Traces, *componenttest.Telemetry) {
	t.Helper()
	cfg := configured(t, yaml)
	set, tel := settings(t)
	e, err := NewFactory().CreateTraces(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.Background())) })
	return e, tel
}

func archiveYAML(dir string) string { return fmt.Sprintf("archive: {directory: %s}\n", dir) }

func TestEverySignalComesBackFromTheArchiveAsItWas(t *testing.T) {
	keys, dir := newKeyPair(t), t.TempDir()
	yaml := keys.yaml() + archiveYAML(dir)
	b := fleet.Clusters[0].Generate("run", 5, timeOf(t))
	f, ctx, host := NewFactory(), t.Context(), componenttest.NewNopHost()
	set, tel := settings(t)

	traces, err := f.CreateTraces(ctx, set, configured(t, yaml))
	require.NoError(t, err)
	logs, err := f.CreateLogs(ctx, set, configured(t, yaml))
	require.NoError(t, err)
	metrics, err := f.CreateMetrics(ctx, set, configured(t, yaml))
	require.NoError(t, err)
	require.NoError(t, traces.Start(ctx, host))
	require.NoError(t, logs.Start(ctx, host))
	require.NoError(t, metrics.Start(ctx, host))
	require.NoError(t, traces.ConsumeTraces(ctx, b.Traces))
	require.NoError(t, logs.ConsumeLogs(ctx, b.Logs))
	require.NoError(t, metrics.ConsumeMetrics(ctx, b.Metrics))
	require.NoError(t, traces.Shutdown(ctx))
	require.NoError(t, logs.Shutdown(ctx))
	require.NoError(t, metrics.Shutdown(ctx))

	all := payloads(t, dir, keys.identity) // in the order of names: logs, metrics, traces
	require.Len(t, all, 3)
	ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(all[0])
	require.NoError(t, err)
	assert.NoError(t, plogtest.CompareLogs(b.Logs, ld))
	md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(all[1])
	require.NoError(t, err)
	assert.NoError(t, pmetrictest.CompareMetrics(b.Metrics, md))
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(all[2])
	require.NoError(t, err)
	assert.NoError(t, ptracetest.CompareTraces(b.Traces, td))

	items := b.Traces.SpanCount() + b.Logs.LogRecordCount() + b.Metrics.DataPointCount()
	assert.EqualValues(t, items, count(t, tel, "items"))
	assert.EqualValues(t, 3, count(t, tel, "frames"))
	assert.EqualValues(t, 3, count(t, tel, "files"))
	plain, compressed, sealed := count(t, tel, "plain_bytes"), count(t, tel, "compressed_bytes"), count(t, tel, "sealed_bytes")
	assert.Greater(t, plain, compressed)
	assert.EqualValues(t, compressed+3*48, sealed, "each frame has a head and a tag")
	assert.Zero(t, count(t, tel, "refused_items"))
}

func TestTheIndexHasTheTimesOfTheItems(t *testing.T) {
	td := fleet.Spans(1, 200)
	from, to := timespan.Traces(td)
	assert.Less(t, from, to)
	for _, rs := range td.ResourceSpans().All() {
		for _, s := range rs.ScopeSpans().At(0).Spans().All() {
			assert.LessOrEqual(t, from, uint64(s.StartTimestamp()))
			assert.GreaterOrEqual(t, to, uint64(s.EndTimestamp()))
		}
	}
	from, to = timespan.Traces(ptrace.NewTraces())
	assert.Greater(t, from, to, "nothing has no time")

	ld := plog.NewLogs()
	r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.SetObservedTimestamp(7)
	from, to = timespan.Logs(ld)
	assert.Equal(t, [2]uint64{7, 7}, [2]uint64{from, to}, "a record without a time has that of its observation")

	md := pmetric.NewMetrics()
	metrics := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	metrics.AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty().SetTimestamp(3)
	metrics.AppendEmpty().SetEmptySum().DataPoints().AppendEmpty().SetTimestamp(9)
	metrics.AppendEmpty().SetEmptyHistogram().DataPoints().AppendEmpty().SetTimestamp(5)
	metrics.AppendEmpty().SetEmptyExponentialHistogram().DataPoints().AppendEmpty().SetTimestamp(2)
	metrics.AppendEmpty().SetEmptySummary().DataPoints().AppendEmpty().SetTimestamp(4)
	metrics.AppendEmpty()
	from, to = timespan.Metrics(md)
	assert.Equal(t, [2]uint64{2, 9}, [2]uint64{from, to})
}

func TestConcurrentSendersShareFramesAndLoseNothing(t *testing.T) {
	keys, dir := newKeyPair(t), t.TempDir()
	e, tel := startTraces(t, keys.yaml()+archiveYAML(dir))
	const goroutines, each = 64, 10
	var all sync.WaitGroup
	for i := range goroutines {
		all.Go(func() {
			for j := range each {
				assert.NoError(t, e.ConsumeTraces(context.Background(), fleet.Spans(uint64(i*each+j), 5)))
			}
		})
	}
	all.Wait()
	spans := 0
	for _, p := range payloads(t, dir, keys.identity) {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(p)
		require.NoError(t, err)
		spans += td.SpanCount()
	}
	assert.Equal(t, goroutines*each*5, spans)
	assert.EqualValues(t, spans, count(t, tel, "items"))
	assert.Less(t, count(t, tel, "frames"), int64(goroutines*each), "some shared a frame")
}

func TestAFullArchiveRefusesRetryablyAndGoesOnWhenThereIsRoom(t *testing.T) {
	keys, dir := newKeyPair(t), t.TempDir()
	big := filepath.Join(dir, "traces-19700101T000000.000Z-00.sealed")
	require.NoError(t, os.WriteFile(big, nil, 0o644))
	require.NoError(t, os.Truncate(big, 2<<20))
	e, tel := startTraces(t, keys.yaml()+fmt.Sprintf("archive: {directory: %s, disk_budget_mib: 2}", dir))

	td := fleet.Spans(1, 10)
	err := e.ConsumeTraces(t.Context(), td)
	require.ErrorIs(t, err, archive.ErrBudget)
	assert.False(t, consumererror.IsPermanent(err))
	assert.ErrorContains(t, err, dir)
	assert.EqualValues(t, 10, count(t, tel, "refused_items"))

	require.NoError(t, os.Remove(big))
	require.Eventually(t, func() bool { return e.ConsumeTraces(t.Context(), td) == nil }, waitFor, tick)
}

func TestABatchThatFitsNoFrameIsRefusedForGood(t *testing.T) {
	keys, dir := newKeyPair(t), t.TempDir()
	e, tel := startTraces(t, keys.yaml()+archiveYAML(dir))
	td := fleet.Spans(1, 1)
	td.ResourceSpans().At(0).Resource().Attributes().PutEmptyBytes("huge").FromRaw(make([]byte, archive.MaxFrame))
	err := e.ConsumeTraces(t.Context(), td)
	require.ErrorIs(t, err, archive.ErrTooLarge)
	assert.True(t, consumererror.IsPermanent(err), "to send it again would not help")
	assert.ErrorContains(t, err, "batch")
	assert.EqualValues(t, 1, count(t, tel, "refused_items"))
}

func TestTwoExportersCannotWriteOneDirectory(t *testing.T) {
	keys, dir := newKeyPair(t), t.TempDir()
	yaml := keys.yaml() + archiveYAML(dir)
	startTraces(t, yaml)
	set, _ := settings(t)
	second, err := NewFactory().CreateTraces(t.Context(), set, configured(t, yaml))
	require.NoError(t, err)
	err = second.Start(t.Context(), componenttest.NewNopHost())
	assert.ErrorContains(t, err, dir)
	assert.ErrorContains(t, err, "directory of its own")
	assert.NoError(t, second.Shutdown(t.Context()))
}

func TestWithoutAKeyItIsNotMade(t *testing.T) {
	dir := t.TempDir()
	readable := filepath.Join(dir, "readable.key")
	require.NoError(t, os.WriteFile(readable, []byte("0123456789abcdeffedcba9876543210\n"), 0o644))
	for name, tt := range map[string]struct{ keys, want string }{
		"a missing public key":   {"sm2: {recipients: [" + dir + "/none.pem]}", "none.pem"},
		"a symmetric key as PEM": {"sm2: {recipients: [" + readable + "]}", "not PEM"},
		"a readable key":         {"file: {path: " + readable + "}", "0600"},
		"a missing variable":     {"env: {variable: SEALGATE_TEST_NONE}", "SEALGATE_TEST_NONE is not set"},
		"a missing program":      {"command: {id: k, argv: [" + dir + "/none]}", "none"},
	} {
		t.Run(name, func(t *testing.T) {
			set, _ := settings(t)
			out := filepath.Join(t.TempDir(), "sealed")
			_, err := NewFactory().CreateTraces(t.Context(), set, configured(t, "keys: {"+tt.keys+"}\n"+archiveYAML(out)))
			require.ErrorContains(t, err, tt.want)
			assert.ErrorContains(t, err, "`keys`")
			assert.NoDirExists(t, out, "nothing was begun")
		})
	}
}

// Where a provider fails later, the key in use is good to its hard limit; then data
// is refused, retryably, and taken again once there is a new key.
func TestAFailingProviderEndsInRefusalNotInPlaintext(t *testing.T) {
	keys, dir := newKeyPair(t), t.TempDir()
	e, tel := startTraces(t, fmt.Sprintf("keys: {sm2: {recipients: [%s]}, max_seals: 4}\n%s", keys.public, archiveYAML(dir)))
	hidden := keys.public + ".hidden"
	require.NoError(t, os.Rename(keys.public, hidden))

	td, taken := fleet.Spans(1, 10), 0
	var err error
	for range 20 {
		if err = e.ConsumeTraces(t.Context(), td); err != nil {
			break
		}
		taken++
	}
	require.ErrorIs(t, err, seal.ErrKeyExhausted)
	assert.False(t, consumererror.IsPermanent(err))
	assert.Equal(t, 4, taken, "the key was used to its limit")
	assert.EqualValues(t, 10, count(t, tel, "refused_items"))
	assert.Positive(t, count(t, tel, "key_failures"))

	require.NoError(t, os.Rename(hidden, keys.public))
	require.Eventually(t, func() bool { return e.ConsumeTraces(t.Context(), td) == nil }, waitFor, tick)
}

// A public key that somebody put in the place of another one adds a reader.
func TestASwappedPublicKeyIsLoggedAndCounted(t *testing.T) {
	keys, other, dir := newKeyPair(t), newKeyPair(t), t.TempDir()
	core, logged := observer.New(zap.WarnLevel)
	set, tel := settings(t)
	set.Logger = zap.New(core)
	e, err := NewFactory().CreateTraces(t.Context(), set, configured(t, fmt.Sprintf("keys: {sm2: {recipients: [%s]}, max_seals: 4}\n%s", keys.public, archiveYAML(dir))))
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.WithoutCancel(t.Context()))) })

	for range 5 {
		require.NoError(t, e.ConsumeTraces(t.Context(), fleet.Spans(1, 1)))
	}
	assert.Empty(t, logged.All(), "a new data key for the same recipients is no change")
	require.NoError(t, os.Rename(other.public, keys.public))
	require.Eventually(t, func() bool {
		_ = e.ConsumeTraces(t.Context(), fleet.Spans(1, 1))
		return logged.FilterMessageSnippet("the recipients changed").Len() > 0
	}, waitFor, tick)
	assert.EqualValues(t, 2, count(t, tel, "recipient_changes"))
	entry := logged.FilterMessageSnippet("the recipients changed").All()[0].ContextMap()
	assert.Equal(t, []any{keys.identity.String()}, entry["removed"])
	assert.Equal(t, []any{other.identity.String()}, entry["added"])
}
