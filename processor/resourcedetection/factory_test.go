// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package resourcedetection

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// metadataService is that of EC2. It answers when it was opened, and never if the request ends first.
type metadataService struct {
	open     chan struct{}
	asked    chan struct{} // closed by the first request
	detected atomic.Int32  // questions for what an instance is
}

func startMetadataService(t *testing.T) *metadataService {
	t.Helper()
	s := &metadataService{open: make(chan struct{}), asked: make(chan struct{})}
	answers := map[string]string{
		"/latest/api/token":                          "token",
		"/latest/meta-data/instance-id":              "i-0a1b",
		"/latest/meta-data/hostname":                 "ip-10-0-0-1",
		"/latest/dynamic/instance-identity/document": `{"region": "eu-west-1", "instanceId": "i-0a1b"}`,
	}
	var first atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if first.CompareAndSwap(false, true) {
			close(s.asked)
		}
		select {
		case <-s.open:
		case <-r.Context().Done():
			return
		}
		if r.URL.Path == "/latest/dynamic/instance-identity/document" {
			s.detected.Add(1)
		}
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
		fmt.Fprint(w, answers[r.URL.Path])
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.URL)
	return s
}

// host takes what components report.
type host struct {
	component.Host
	reported chan *componentstatus.Event
}

func newHost() host {
	return host{componenttest.NewNopHost(), make(chan *componentstatus.Event, 1)}
}

func (h host) Report(e *componentstatus.Event) { h.reported <- e }

// pipelines are the three of one processor.
type pipelines struct {
	traces  processor.Traces
	metrics processor.Metrics
	logs    processor.Logs

	spans   consumertest.TracesSink
	points  consumertest.MetricsSink
	records consumertest.LogsSink
}

func newPipelines(t *testing.T, f processor.Factory, settings map[string]any) *pipelines {
	t.Helper()
	cfg := f.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(cfg))
	p, set := &pipelines{}, processortest.NewNopSettings(f.Type())
	var err error
	p.traces, err = f.CreateTraces(t.Context(), set, cfg, &p.spans)
	require.NoError(t, err)
	p.metrics, err = f.CreateMetrics(t.Context(), set, cfg, &p.points)
	require.NoError(t, err)
	p.logs, err = f.CreateLogs(t.Context(), set, cfg, &p.records)
	require.NoError(t, err)
	return p
}

func (p *pipelines) each(t *testing.T, do func(component.Component) error) {
	t.Helper()
	for _, c := range []component.Component{p.traces, p.metrics, p.logs} {
		require.NoError(t, do(c))
	}
}

func (p *pipelines) start(t *testing.T, h component.Host) {
	p.each(t, func(c component.Component) error { return c.Start(t.Context(), h) })
}

func (p *pipelines) shutdown(t *testing.T) {
	p.each(t, func(c component.Component) error { return c.Shutdown(context.Background()) })
}

// consume hands on one item of each signal, and returns their resources.
func (p *pipelines) consume(t *testing.T) []map[string]any {
	t.Helper()
	td, md, ld := ptrace.NewTraces(), pmetric.NewMetrics(), plog.NewLogs()
	var resources []pcommon.Resource
	resources = append(resources, td.ResourceSpans().AppendEmpty().Resource(), md.ResourceMetrics().AppendEmpty().Resource(), ld.ResourceLogs().AppendEmpty().Resource())
	require.NoError(t, p.traces.ConsumeTraces(t.Context(), td))
	require.NoError(t, p.metrics.ConsumeMetrics(t.Context(), md))
	require.NoError(t, p.logs.ConsumeLogs(t.Context(), ld))
	var attributes []map[string]any
	for _, r := range resources {
		attributes = append(attributes, r.Attributes().AsRaw())
	}
	return attributes
}

func ec2(more map[string]any) map[string]any {
	settings := map[string]any{"detectors": []any{"ec2"}, "timeout": "10s"}
	for key, value := range more {
		settings[key] = value
	}
	return settings
}

// The service answers after the processors have started: if a start waited for it, nothing would be detected.
func TestAStartDoesNotWaitForMetadata(t *testing.T) {
	service, f := startMetadataService(t), NewFactory()
	for round := int32(1); round <= 2; round++ { // the second is that of a new configuration
		p := newPipelines(t, f, ec2(nil))
		p.start(t, newHost())
		if round == 1 {
			close(service.open)
		}
		for _, resource := range p.consume(t) {
			assert.Equal(t, "aws", resource["cloud.provider"])
			assert.Equal(t, "i-0a1b", resource["host.id"])
		}
		assert.Equal(t, round, service.detected.Load(), "one detection for all signals")
		p.shutdown(t)
	}
}

func TestDataWaitsForItsLabelsNoLongerThanItsSender(t *testing.T) {
	service := startMetadataService(t)
	p := newPipelines(t, NewFactory(), ec2(nil))
	p.start(t, newHost())
	ctx, cancel := context.WithCancel(t.Context())
	refused := make(chan error)
	go func() { refused <- p.logs.ConsumeLogs(ctx, plog.NewLogs()) }()
	<-service.asked
	cancel()
	assert.ErrorIs(t, <-refused, context.Canceled)
	assert.Zero(t, len(p.records.AllLogs()))
	p.shutdown(t) // while it detects
}

func TestAFailedDetectionEndsTheCollector(t *testing.T) {
	service := startMetadataService(t)
	close(service.open)
	h := newHost()
	p := newPipelines(t, NewFactory(), ec2(map[string]any{
		"detectors": []any{"ec2"}, "ec2": map[string]any{"fail_on_missing_metadata": true}, "retry": map[string]any{"enabled": false}, "timeout": "1ns",
	}))
	p.start(t, h)
	select {
	case event := <-h.reported:
		assert.Equal(t, componentstatus.StatusFatalError, event.Status())
	case <-time.After(time.Minute):
		t.Fatal("nothing was reported")
	}
	assert.Error(t, p.logs.ConsumeLogs(t.Context(), plog.NewLogs()))
	p.shutdown(t)
}

func TestAShutdownWithoutAStartEnds(t *testing.T) {
	p := newPipelines(t, NewFactory(), map[string]any{"detectors": []any{"env"}})
	p.shutdown(t)
	p.shutdown(t)
}
