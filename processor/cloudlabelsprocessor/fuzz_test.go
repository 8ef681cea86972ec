// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cloudlabelsprocessor

import (
	"math/rand/v2"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// FuzzProcessTraces takes any bytes that are OTLP: no span is lost, a second
// pass changes nothing, and what comes out can be sent on.
func FuzzProcessTraces(f *testing.F) {
	seed, err := golden.ReadTraces(goldenFile("traces", "input"))
	require.NoError(f, err)
	f.Add(marshalTraces(f, seed))
	f.Add([]byte{})
	f.Add([]byte{0x0a, 0x00})
	r := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		td, _, _ := randomBatches(r)
		f.Add(marshalTraces(f, td))
	}

	var processors []*cloudLabels
	for _, yaml := range append([]string{`scopes: [span]`}, configurations...) {
		p, err := newProcessor(componenttest.NewNopTelemetrySettings(), configured(f, yaml), SignalConfig{})
		require.NoError(f, err)
		processors = append(processors, p)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		if _, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(wire); err != nil {
			return
		}
		for _, p := range processors {
			td := unmarshalTraces(t, wire)
			resources, spans := td.ResourceSpans().Len(), td.SpanCount()

			td, err := p.processTraces(t.Context(), td)
			require.NoError(t, err)
			require.Equal(t, resources, td.ResourceSpans().Len())
			require.Equal(t, spans, td.SpanCount())
			once := marshalTraces(t, td)

			td, err = p.processTraces(t.Context(), unmarshalTraces(t, once))
			require.NoError(t, err)
			require.Equal(t, once, marshalTraces(t, td))
		}
	})
}
