// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/sealgate/sealgate/processor/wasmfilterprocessor/internal/metadatatest"
	"github.com/sealgate/sealgate/wasmfilters/builtin"
)

// warmCache names the cache to a child of BenchmarkWarmStart.
const warmCache = "SEALGATE_WARM_CACHE"

// BenchmarkWarmStart is the Start of a processor with a shipped filter whose code is in the cache, and the
// memory that it keeps. Each is the first of a process of its own, as it is for an operator: one that has
// started before has memory that it can use again.
func BenchmarkWarmStart(b *testing.B) {
	if dir := os.Getenv(warmCache); dir != "" {
		startOnce(b, dir)
		return
	}
	if _, err := os.Stat("/proc/self/status"); err != nil || len(builtin.Names()) == 0 {
		b.Skip("it wants Linux, and the filters that `make filters` builds")
	}
	dir := b.TempDir()
	startAnother(b, dir)
	var starts []float64
	var kept float64
	for b.Loop() {
		ms, MiB := startAnother(b, dir)
		starts, kept = append(starts, ms), kept+MiB
	}
	slices.Sort(starts)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(starts[0], "best-ms/start")
	b.ReportMetric(starts[len(starts)/2], "median-ms/start")
	b.ReportMetric(kept/float64(len(starts)), "MiB/start")
}

var started = regexp.MustCompile(`started in (\S+) ms, keeps (\S+) MiB`)

func startAnother(b *testing.B, dir string) (ms, MiB float64) {
	self, err := os.Executable()
	require.NoError(b, err)
	child := exec.Command(self, "-test.run=^$", "-test.bench=^BenchmarkWarmStart$", "-test.benchtime=1x")
	child.Env = append(os.Environ(), warmCache+"="+dir)
	out, err := child.CombinedOutput()
	require.NoError(b, err, "%s", out)
	figures := started.FindSubmatch(out)
	require.NotNil(b, figures, "%s", out)
	return number(b, figures[1]), number(b, figures[2])
}

func number(b *testing.B, text []byte) float64 {
	n, err := strconv.ParseFloat(string(text), 64)
	require.NoError(b, err)
	return n
}

func startOnce(b *testing.B, dir string) {
	cfg := configured(b, "module: builtin:redundancy")
	cfg.CacheDirectory = dir
	telemetry := componenttest.NewTelemetry()
	p, err := NewFactory().CreateLogs(b.Context(), metadatatest.NewSettings(telemetry), cfg, new(consumertest.LogsSink))
	require.NoError(b, err)
	before := resident(b)
	began := time.Now()
	require.NoError(b, p.Start(b.Context(), componenttest.NewNopHost()))
	took := time.Since(began)
	fmt.Printf("started in %.2f ms, keeps %.2f MiB\n", took.Seconds()*1000, resident(b)-before)
	require.NoError(b, p.Shutdown(context.Background()))
	require.NoError(b, telemetry.Shutdown(context.Background()))
}

// resident is the memory of this process in MiB, without what it could give back.
func resident(b *testing.B) float64 {
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(b, err)
	kB := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	require.NotNil(b, kB)
	return number(b, kB[1]) / 1024
}
