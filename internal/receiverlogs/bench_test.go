// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package receiverlogs

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator/parser/container"
	"github.com/stretchr/testify/require"
)

// BenchmarkLine reads lines of 200 bytes. The sub-benchmarks named before have the
// operators that the configuration had before it joined lines.
func BenchmarkLine(b *testing.B) {
	const count = 20_000
	var text, plain strings.Builder
	for i := range count {
		line := fmt.Sprintf("2025-01-02 10:00:00,000 INFO  [http-%d] c.e.OrderController - order %d loaded %s", i%8, i, strings.Repeat("x", 120))
		fmt.Fprintf(&text, "2025-01-02T10:00:00.%09dZ %s F %s\n", i, []string{"stdout", "stderr"}[i%2], line)
		fmt.Fprintln(&plain, line)
	}
	for _, c := range []struct {
		name      string
		as        As
		text      string
		operators []operator.Config
	}{
		{"agent/before", Agent, text.String(), []operator.Config{operator.NewConfig(container.NewConfig())}},
		{"agent/now", Agent, text.String(), nil},
		{"edge/before", Edge, plain.String(), []operator.Config{}},
		{"edge/now", Edge, plain.String(), nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				config, err := readConfig(b.Context(), c.as)
				require.NoError(b, err)
				if c.operators != nil {
					config.Operators = c.operators
				}
				l := &lines{ctx: b.Context()}
				l.in, err = splitLines(strings.NewReader(c.text), &config.Input)
				require.NoError(b, err)
				require.NoError(b, l.start(config, podFile))
				for err == nil {
					_, err = l.Next()
				}
				require.Equal(b, io.EOF, err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/line")
		})
	}
}
