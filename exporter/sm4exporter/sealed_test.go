// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sm4exporter

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/ptracetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sealgate/sealgate/internal/sealpdata"
	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
	"github.com/sealgate/sealgate/test/fleet"
)

// Conditions that do not come at once are awaited; these only bound the wait.
const (
	waitFor = 30 * time.Second
	tick    = 20 * time.Millisecond
)

func timeOf(testing.TB) time.Time { return time.Unix(1_790_000_000, 0) }

// direct is a destination that answers in the call.
func direct(addr string) string {
	return fmt.Sprintf("otlp_grpc: {endpoint: '%s', tls: {insecure: true}, sending_queue: {enabled: false}, retry_on_failure: {enabled: false}}\n", addr)
}

// opener opens what was sealed for a pair.
func (k keyPair) opener(t testing.TB) sealpdata.OpenKey {
	return func(header string) (*seal.FieldOpener, error) {
		h, err := seal.ParseFieldHeader(header)
		if err != nil {
			return nil, err
		}
		return h.Opener(t.Context(), []seal.Identity{k.identity})
	}
}

func TestSpansArriveSealedAndComeBackAsTheyWere(t *testing.T) {
	keys, server := newKeyPair(t), newOTLPServer(t)
	e, tel := startTraces(t, keys.yaml()+direct(server.addr))
	assert.True(t, e.Capabilities().MutatesData)
	td := fleet.Spans(1, 100)
	want := ptrace.NewTraces()
	td.CopyTo(want)
	require.NoError(t, e.ConsumeTraces(t.Context(), td))

	got := server.received()
	require.Len(t, got, 1)
	text, err := (&ptrace.JSONMarshaler{}).MarshalTraces(got[0])
	require.NoError(t, err)
	for _, clear := range []string{"user.id", "db.query.text", "SELECT", "https://", "service.version"} {
		assert.NotContains(t, string(text), clear)
	}
	assert.Contains(t, string(text), "k8s.namespace.name")

	stats, err := sealpdata.UnsealTraces(keys.opener(t), got[0])
	require.NoError(t, err)
	assert.Equal(t, sealpdata.Stats{Unsealed: 100}, stats)
	assert.NoError(t, ptracetest.CompareTraces(want, got[0]))

	assert.EqualValues(t, 100, count(t, tel, "items"))
	assert.EqualValues(t, 0, count(t, tel, "frames"))
	assert.Positive(t, count(t, tel, "key_seals"))
	assert.Greater(t, count(t, tel, "plain_bytes"), count(t, tel, "compressed_bytes"))
	assert.Greater(t, count(t, tel, "sealed_bytes"), count(t, tel, "compressed_bytes"))
}

func TestLogsArriveSealedAndComeBackAsTheyWere(t *testing.T) {
	keys, server := newKeyPair(t), newOTLPServer(t)
	set, tel := settings(t)
	e, err := NewFactory().CreateLogs(t.Context(), set, configured(t, keys.yaml()+direct(server.addr)))
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	defer func() { require.NoError(t, e.Shutdown(context.Background())) }()
	ld := fleet.LogRecords(1, 100)
	want := plog.NewLogs()
	ld.CopyTo(want)
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))

	got := server.logs.received()
	require.Len(t, got, 1)
	_, err = sealpdata.UnsealLogs(keys.opener(t), got[0])
	require.NoError(t, err)
	assert.NoError(t, plogtest.CompareLogs(want, got[0]))
	assert.EqualValues(t, 100, count(t, tel, "items"))
}

func TestATokenIsLeftForWhatIsSearched(t *testing.T) {
	keys, server := newKeyPair(t), newOTLPServer(t)
	t.Setenv("SEALGATE_TEST_SEARCH", strings.Repeat("0f", 16))
	e, _ := startTraces(t, keys.yaml()+direct(server.addr)+"seal: {search: [user.id], search_key: {env: SEALGATE_TEST_SEARCH}}")
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.Attributes().PutStr("user.id", "amy")
	require.NoError(t, e.ConsumeTraces(t.Context(), td))

	tokens, err := seal.NewTokenKey([]byte(strings.Repeat("\x0f", 16)))
	require.NoError(t, err)
	attrs := server.received()[0].ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes()
	token, ok := attrs.Get("tok.user.id")
	require.True(t, ok)
	assert.Equal(t, tokens.Token("user.id", "amy"), token.Str())
	_, ok = attrs.Get("user.id")
	assert.False(t, ok)
}

func TestFieldsSealsWhatIsNamedAlone(t *testing.T) {
	keys, server := newKeyPair(t), newOTLPServer(t)
	e, _ := startTraces(t, keys.yaml()+direct(server.addr)+"seal: {mode: fields, attributes: [user.*]}")
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetName("GET /cart")
	span.Attributes().PutStr("user.email", "amy@example.org")
	span.Attributes().PutStr("http.route", "/cart")
	require.NoError(t, e.ConsumeTraces(t.Context(), td))

	got := server.received()[0].ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	assert.Equal(t, "GET /cart", got.Name())
	_, ok := got.Attributes().Get("http.route")
	assert.True(t, ok)
	_, ok = got.Attributes().Get("user.email")
	assert.False(t, ok)
}

func TestMetricsForABackendAreRefusedWithTheReason(t *testing.T) {
	set, _ := settings(t)
	_, err := NewFactory().CreateMetrics(t.Context(), set, configured(t, newKeyPair(t).yaml()+goodGRPC))
	assert.ErrorContains(t, err, "metrics can be sealed in an `archive` only")
	assert.ErrorContains(t, err, "Prometheus")
}

func TestAnExhaustedKeyRefusesRequestsAndSendsNothing(t *testing.T) {
	keys, server := newKeyPair(t), newOTLPServer(t)
	e, tel := startTraces(t, fmt.Sprintf("keys: {sm2: {recipients: [%s]}, max_seals: 50}\n%s", keys.public, direct(server.addr)))
	require.NoError(t, os.Remove(keys.public))
	td := fleet.Spans(1, 100) // needs more seals than the key may make
	want := ptrace.NewTraces()
	td.CopyTo(want)
	err := e.ConsumeTraces(t.Context(), td)
	require.ErrorIs(t, err, seal.ErrKeyExhausted)
	assert.NoError(t, ptracetest.CompareTraces(want, td), "nothing was changed, so it can be sent again")
	assert.Empty(t, server.received())
	assert.EqualValues(t, 100, count(t, tel, "refused_items"))
}

func TestTheSearchKeyIsNeededWhereItIsMade(t *testing.T) {
	set, _ := settings(t)
	path := filepath.Join(t.TempDir(), "none.key")
	_, err := NewFactory().CreateTraces(t.Context(), set, configured(t, newKeyPair(t).yaml()+goodGRPC+"seal: {search: [a], search_key: {file: "+path+"}}"))
	assert.ErrorContains(t, err, "`seal::search_key`")
	assert.ErrorContains(t, err, path)
}

// The queue on the disk belongs to the exporter behind, which finds it again by its
// name.
func TestTheExporterBehindHasTheSameNameAtEveryStart(t *testing.T) {
	set, _ := settings(t)
	for own, want := range map[string]string{"sm4": "otlp_grpc/sm4", "sm4/tempo": "otlp_grpc/sm4-tempo"} {
		require.NoError(t, set.ID.UnmarshalText([]byte(own)))
		f, _ := configured(t, goodKeys+goodGRPC).destination()
		assert.Equal(t, want, innerSettings(set, f).ID.String())
	}
}

func TestShutdownBeforeStartAndTwiceIsFine(t *testing.T) {
	keys := newKeyPair(t)
	for _, destination := range []string{archiveYAML(t.TempDir()), goodGRPC} {
		set, _ := settings(t)
		e, err := NewFactory().CreateTraces(t.Context(), set, configured(t, keys.yaml()+destination))
		require.NoError(t, err)
		require.NoError(t, e.Shutdown(t.Context()))

		e, err = NewFactory().CreateTraces(t.Context(), set, configured(t, keys.yaml()+destination))
		require.NoError(t, err)
		require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
		require.NoError(t, e.Shutdown(t.Context()))
		require.NoError(t, e.Shutdown(t.Context()))
	}
}

func TestAResourceTooLargeForLokiIsWarnedOfOnce(t *testing.T) {
	core, logged := observer.New(zap.WarnLevel)
	set, _ := settings(t)
	set.Logger = zap.New(core)
	for signal, want := range map[archive.Signal]int{archive.Logs: 1, archive.Traces: 0} {
		s, err := newSealer(set, configured(t, newKeyPair(t).yaml()+goodGRPC), signal)
		require.NoError(t, err)
		for _, size := range []int{100, maxMetadata, maxMetadata + 1, maxMetadata + 1} {
			s.sizes(sealpdata.Sizes{Resource: size})
		}
		require.Len(t, logged.TakeAll(), want, "%s", signal)
		s.tel.Shutdown()
	}
}
