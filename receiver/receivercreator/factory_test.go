// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package receivercreator

import (
	"context"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/observer"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	zapobserver "go.uber.org/zap/zaptest/observer"
)

func TestAnnotationsStartNoReceiverOfOTLP(t *testing.T) {
	for annotation, starts := range map[string]bool{"otlp": false, "otlp/x": false, " otlp": false, "kafka": false, "scraper": true} {
		t.Run(annotation, func(t *testing.T) {
			assert.Equal(t, starts, started(t, annotation))
		})
	}
}

// started tells whether a creator starts the receiver that the annotation of a pod names.
func started(t *testing.T, annotation string) bool {
	t.Helper()
	f := NewFactory()
	cfg := f.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"watch_observers": []any{"pods"}, "discovery": map[string]any{"enabled": true},
	}).Unmarshal(cfg))
	set := receivertest.NewNopSettings(f.Type())
	core, logs := zapobserver.New(zap.DebugLevel)
	set.Logger = zap.New(core)
	creator, err := f.CreateMetrics(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	h := &fakeHost{Host: componenttest.NewNopHost(), annotation: annotation}
	require.NoError(t, creator.Start(t.Context(), h))
	require.NoError(t, creator.Shutdown(context.WithoutCancel(t.Context())))
	if !h.started {
		assert.Positive(t, logs.FilterMessageSnippet("failed to start receiver").Len(), "it is said")
	}
	return h.started
}

// fakeHost has one observer, which finds one pod with an annotation, and factories of every type.
type fakeHost struct {
	component.Host
	annotation string
	started    bool
}

func (h *fakeHost) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("pods"): pods{annotation: h.annotation}}
}

func (h *fakeHost) GetFactory(_ component.Kind, typ component.Type) component.Factory {
	return receiver.NewFactory(typ, func() component.Config { return &struct{}{} },
		receiver.WithMetrics(func(context.Context, receiver.Settings, component.Config, consumer.Metrics) (receiver.Metrics, error) {
			h.started = true
			return struct {
				component.StartFunc
				component.ShutdownFunc
			}{}, nil
		}, component.StabilityLevelStable))
}

type pods struct {
	component.StartFunc
	component.ShutdownFunc
	annotation string
}

func (p pods) ListAndWatch(notify observer.Notify) {
	notify.OnAdd([]observer.Endpoint{{ID: "1", Target: "10.0.0.1:4318", Details: &observer.Port{
		Port: 4318, Transport: observer.ProtocolTCP, Pod: observer.Pod{Name: "pod", UID: "uid", Namespace: "default", Annotations: map[string]string{
			"io.opentelemetry.discovery.metrics/enabled": "true",
			"io.opentelemetry.discovery.metrics/scraper": p.annotation,
		}},
	}}})
}

func (pods) Unsubscribe(observer.Notify) {}
