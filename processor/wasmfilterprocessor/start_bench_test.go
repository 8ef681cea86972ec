// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/sealgate/sealgate/processor/wasmfilterprocessor/internal/metadatatest"
	"github.com/sealgate/sealgate/wasmfilters/builtin"
)

// BenchmarkWarmStart is the Start of a processor with a shipped filter whose code is in the cache.
func BenchmarkWarmStart(b *testing.B) {
	if len(builtin.Names()) == 0 {
		b.Skip("no filter is compiled in; `make filters` builds them")
	}
	cfg := configured(b, "module: builtin:rules")
	cfg.CacheDirectory = b.TempDir()
	telemetry := componenttest.NewTelemetry()
	defer func() { require.NoError(b, telemetry.Shutdown(context.Background())) }()
	start := func() time.Duration {
		p, err := NewFactory().CreateLogs(context.Background(), metadatatest.NewSettings(telemetry), cfg, new(consumertest.LogsSink))
		require.NoError(b, err)
		began := time.Now()
		require.NoError(b, p.Start(context.Background(), componenttest.NewNopHost()))
		took := time.Since(began)
		require.NoError(b, p.Shutdown(context.Background()))
		return took
	}
	start()
	b.ReportAllocs()
	var total, best time.Duration
	for b.Loop() {
		took := start()
		total += took
		if best == 0 || took < best {
			best = took
		}
	}
	b.ReportMetric(total.Seconds()*1000/float64(b.N), "ms/start")
	b.ReportMetric(best.Seconds()*1000, "best-ms/start")
}
