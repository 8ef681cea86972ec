// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// host has extensions, and remembers the last status of the receiver.
type host struct {
	mu         sync.Mutex
	extensions map[component.ID]component.Component
	status     componentstatus.Status
}

func (h *host) GetExtensions() map[component.ID]component.Component { return h.extensions }

func (h *host) Report(e *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = e.Status()
}

func (h *host) lastStatus() componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.status
}

// start starts an extension, which a test ends.
func (h *host) start(t testing.TB, f extension.Factory, settings map[string]any) component.ID {
	t.Helper()
	cfg := f.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(cfg))
	id := component.NewID(f.Type())
	e, err := f.Create(t.Context(), extension.Settings{ID: id, TelemetrySettings: componenttest.NewNopTelemetrySettings()}, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), h))
	h.extensions[id] = e
	return id
}

func (h *host) shutdown(t testing.TB) {
	for _, e := range h.extensions {
		require.NoError(t, e.Shutdown(context.WithoutCancel(t.Context())))
	}
}

// side is a receiver that runs, with what it passed on.
type side struct {
	t         testing.TB
	host      *host
	receiver  receiver.Logs
	telemetry *componenttest.Telemetry
	stop      func() // ends it and its extensions

	mu      sync.Mutex
	records []logRecord
	bytes   int // of OTLP in protobuf
	refuse  error
}

// logRecord is a log record as tests look at it.
type logRecord struct {
	cause, reason, owner, message, kind, object string
	count                                       int64
	severity                                    plog.SeverityNumber
	at                                          time.Time
	objects                                     []any
	last                                        string
}

func (*side) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s *side) ConsumeLogs(_ context.Context, logs plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		return s.refuse
	}
	s.bytes += (&plog.ProtoMarshaler{}).LogsSize(logs)
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, r := range scope.LogRecords().All() {
				s.records = append(s.records, recordOf(resource, r))
			}
		}
	}
	return nil
}

func recordOf(resource plog.ResourceLogs, r plog.LogRecord) logRecord {
	text := func(key string) string {
		if v, ok := r.Attributes().Get(key); ok {
			return v.AsString()
		}
		if v, ok := resource.Resource().Attributes().Get(key); ok {
			return v.AsString()
		}
		return ""
	}
	made := logRecord{
		cause: text("k8s.event.digest.cause"), reason: text("k8s.event.reason"), owner: text("k8s.event.owner"), message: r.Body().AsString(),
		kind: text("k8s.object.kind"), object: text("k8s.object.name"), severity: r.SeverityNumber(), at: r.Timestamp().AsTime(),
		last: text("k8s.event.last_time"),
	}
	if n, ok := r.Attributes().Get("k8s.event.count"); ok {
		made.count = n.Int()
	}
	if objects, ok := r.Attributes().Get("k8s.event.objects"); ok {
		made.objects = objects.Slice().AsRaw()
	}
	return made
}

// startSide starts a receiver of a factory. With a folder it has a storage; further extensions are started before.
func startSide(t testing.TB, f receiver.Factory, settings map[string]any, storage string, extensions func(*host)) *side {
	t.Helper()
	s := &side{t: t, host: &host{extensions: map[component.ID]component.Component{}}, telemetry: componenttest.NewTelemetry()}
	if storage != "" {
		settings["storage"] = s.host.start(t, filestorage.NewFactory(), map[string]any{"directory": storage}).String()
	}
	if extensions != nil {
		extensions(s.host)
	}
	cfg := f.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	var err error
	s.receiver, err = f.CreateLogs(t.Context(), receiver.Settings{ID: component.NewID(f.Type()), TelemetrySettings: s.telemetry.NewTelemetrySettings()}, cfg, s)
	require.NoError(t, err)
	require.NoError(t, s.receiver.Start(t.Context(), s.host))
	s.stop = sync.OnceFunc(func() {
		require.NoError(t, s.receiver.Shutdown(context.WithoutCancel(t.Context())))
		s.host.shutdown(t)
		require.NoError(t, s.telemetry.Shutdown(context.WithoutCancel(t.Context())))
	})
	t.Cleanup(s.stop)
	return s
}

// all returns the records so far.
func (s *side) all() []logRecord {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]logRecord(nil), s.records...)
}

// has reports whether there is a record with a reason.
func (s *side) has(reason string) bool { return s.sums()[reason] > 0 }

// sums returns the sum of counts by reason.
func (s *side) sums() map[string]int64 {
	sums := map[string]int64{}
	for _, r := range s.all() {
		sums[r.reason] += max(r.count, 1)
	}
	return sums
}

// metric returns the sum of a counter's data points, or of those with an attribute of a value.
func (s *side) metric(name string, with ...string) int64 {
	m, err := s.telemetry.GetMetric("otelcol_receiver_k8s_event_digest_" + name)
	if err != nil {
		return 0
	}
	var points []metricdata.DataPoint[int64]
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		points = data.DataPoints
	case metricdata.Gauge[int64]:
		points = data.DataPoints
	}
	var sum int64
	for _, p := range points {
		if len(with) == 2 {
			if v, _ := p.Attributes.Value(attribute.Key(with[0])); v.AsString() != with[1] {
				continue
			}
		}
		sum += p.Value
	}
	return sum
}

// await waits for a condition, for a minute at most.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, time.Minute, 20*time.Millisecond, what)
}
