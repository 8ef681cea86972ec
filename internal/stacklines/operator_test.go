// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package stacklines

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/entry"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/featuregate"
)

func build(t *testing.T, config map[string]any) (*marker, *testutil.FakeOutput) {
	t.Helper()
	config["type"] = operatorType
	var c operator.Config
	require.NoError(t, c.Unmarshal(confmap.NewFromStringMap(config)))
	o, err := c.Build(componenttest.NewNopTelemetrySettings())
	require.NoError(t, err)
	out := testutil.NewFakeOutput(t)
	o.SetOutputIDs([]string{out.ID()})
	require.NoError(t, o.SetOutputs([]operator.Operator{out}))
	return o.(*marker), out
}

func line(source string, body any) *entry.Entry {
	e := entry.New()
	e.Body = body
	if source != "" {
		e.Attributes = map[string]any{"log.file.path": source}
	}
	return e
}

func TestLinesAreMarkedBySource(t *testing.T) {
	o, out := build(t, map[string]any{"first_field": "attributes.join.first"})
	require.NoError(t, o.ProcessBatch(t.Context(), []*entry.Entry{
		line("a", "Error: x"), line("b", "starts \t\r\n"), line("a", "    at f (a.js:1:2)"), line("b", "    at noon"),
		line("", "no source"), line("a", map[string]any{"no": "text"}),
	}))
	require.NoError(t, o.Process(t.Context(), line("a", "    at g (a.js:3:4)")))
	var got []string
	for range 7 {
		e := <-out.Received
		got = append(got, fmt.Sprint(e.Body, " ", e.Attributes["join"]))
	}
	assert.Equal(t, []string{
		"Error: x map[first:true]", "starts map[first:true]", "    at f (a.js:1:2) map[first:false]", "    at noon map[first:true]",
		"no source map[first:true]", "map[no:text] map[first:true]", "    at g (a.js:3:4) map[first:false]",
	}, got)
}

func TestMemoryForStreamsIsBounded(t *testing.T) {
	o, _ := build(t, map[string]any{})
	for i := range 3 * maxStreams {
		assert.NoError(t, o.mark(line(fmt.Sprint(i), "line")))
	}
	assert.LessOrEqual(t, len(o.streams), maxStreams)
}

func TestFilesAreMarkedAtTheSameTime(t *testing.T) {
	o, out := build(t, map[string]any{})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 100 {
				assert.NoError(t, o.Process(context.Background(), line(fmt.Sprint(i%4), strings.Repeat("x", i))))
			}
		})
	}
	go func() { all.Wait(); close(out.Received) }()
	n := 0
	for range out.Received {
		n++
	}
	assert.Equal(t, 800, n)
}

func TestTheGateIsOn(t *testing.T) {
	on := false
	featuregate.GlobalRegistry().VisitAll(func(g *featuregate.Gate) { on = on || g.ID() == gate && g.IsEnabled() })
	assert.True(t, on)
}
