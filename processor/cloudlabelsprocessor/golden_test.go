// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cloudlabelsprocessor

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/ptracetest"
	"github.com/stretchr/testify/require"
)

// update writes what comes out as what is expected, to be read before it is
// committed: go test ./processor/cloudlabelsprocessor -run Golden -update
var update = flag.Bool("update", false, "rewrite the expected golden files")

// goldenCases are the configurations whose results are kept, in
// testdata/golden/<signal>/<name>.yaml.
var goldenCases = []goldenCase{
	{"default", ``},
	{"semconv", `{key_style: dotted, vocabulary: semconv}`},
	{"scopes", `scopes: [span, record, datapoint]`},
	{"strict", `{on_unknown: drop, on_conflict: drop, infer: {enabled: false}, plausibility: off}`},
	{"alias", `{on_conflict: alias, plausibility: off, aliases: {cloud.provider: {nimbus: on_premises}, cloud.region: {hz: cn-hangzhou}}}`},
}

var goldenMetricCases = append(goldenCases[:len(goldenCases):len(goldenCases)], goldenCase{"no_promote", `promote: false`})

type goldenCase struct{ name, config string }

func goldenFile(signal, name string) string {
	return filepath.Join("testdata", "golden", signal, name+".yaml")
}

func TestGoldenTraces(t *testing.T) {
	for _, tt := range goldenCases {
		t.Run(tt.name, func(t *testing.T) {
			in, err := golden.ReadTraces(goldenFile("traces", "input"))
			require.NoError(t, err)
			got := newHarness(t, tt.config).traces(t, in)
			file := goldenFile("traces", tt.name)
			if *update {
				require.NoError(t, golden.WriteTracesToFile(file, got))
			}
			want, err := golden.ReadTraces(file)
			require.NoError(t, err)
			require.NoError(t, ptracetest.CompareTraces(want, got))
		})
	}
}

func TestGoldenLogs(t *testing.T) {
	for _, tt := range goldenCases {
		t.Run(tt.name, func(t *testing.T) {
			in, err := golden.ReadLogs(goldenFile("logs", "input"))
			require.NoError(t, err)
			got := newHarness(t, tt.config).logs(t, in)
			file := goldenFile("logs", tt.name)
			if *update {
				require.NoError(t, golden.WriteLogsToFile(file, got))
			}
			want, err := golden.ReadLogs(file)
			require.NoError(t, err)
			require.NoError(t, plogtest.CompareLogs(want, got))
		})
	}
}

func TestGoldenMetrics(t *testing.T) {
	for _, tt := range goldenMetricCases {
		t.Run(tt.name, func(t *testing.T) {
			in, err := golden.ReadMetrics(goldenFile("metrics", "input"))
			require.NoError(t, err)
			got := newHarness(t, tt.config).metrics(t, in)
			file := goldenFile("metrics", tt.name)
			if *update {
				require.NoError(t, golden.WriteMetricsToFile(file, got, golden.SkipMetricTimestampNormalization()))
			}
			want, err := golden.ReadMetrics(file)
			require.NoError(t, err)
			// The files are sorted.
			require.NoError(t, pmetrictest.CompareMetrics(want, got,
				pmetrictest.IgnoreResourceMetricsOrder(), pmetrictest.IgnoreMetricsOrder(), pmetrictest.IgnoreMetricDataPointsOrder()))
		})
	}
}
