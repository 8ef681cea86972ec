// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package pipelines

import (
	"context"
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/test/fleet"
	"github.com/sealgate/sealgate/test/harness"
)

// class is what a sampler should see in a trace.
type class int

const (
	ordinary class = iota
	failed         // one of its spans has an error
	slow           // takes 3 s
)

// load is traces, and the requests that bring their spans in pieces.
type load struct {
	traces   map[pcommon.TraceID]trace
	requests []ptrace.Traces
}

type trace struct {
	class   class
	cluster fleet.Cluster
	spans   int
}

// newLoad makes n traces of three to six spans each, of the class that classOf gives them by
// number. Each span goes with any of the requests. The same seed makes the same traces.
func newLoad(seed uint64, n, requests int, classOf func(int) class) load {
	random := rand.New(rand.NewPCG(seed, 1))
	l := load{traces: make(map[pcommon.TraceID]trace, n), requests: make([]ptrace.Traces, requests)}
	for i := range l.requests {
		l.requests[i] = ptrace.NewTraces()
	}
	now := time.Now()
	for i := range n {
		var id pcommon.TraceID
		binary.BigEndian.PutUint64(id[:8], random.Uint64())
		binary.BigEndian.PutUint64(id[8:], random.Uint64())
		tr := trace{class: classOf(i), cluster: fleet.Clusters[i%len(fleet.Clusters)], spans: 3 + random.IntN(4)}
		l.traces[id] = tr
		odd := random.IntN(tr.spans) // the span that makes it what it is
		for number := range tr.spans {
			span := newSpan(l.requests[random.IntN(requests)], tr.cluster)
			span.SetTraceID(id)
			span.SetSpanID(spanID(number))
			if number > 0 {
				span.SetParentSpanID(spanID(0))
			}
			span.SetStartTimestamp(pcommon.NewTimestampFromTime(now))
			took := 50 * time.Millisecond
			if number == odd && tr.class == slow {
				took = 3 * time.Second
			}
			if number == odd && tr.class == failed {
				span.Status().SetCode(ptrace.StatusCodeError)
			}
			span.SetEndTimestamp(pcommon.NewTimestampFromTime(now.Add(took)))
		}
	}
	return l
}

func spanID(number int) pcommon.SpanID { return pcommon.SpanID{7: byte(number + 1)} }

// newSpan adds a span of a cluster, with the cluster's own spelling of its labels.
func newSpan(td ptrace.Traces, cluster fleet.Cluster) ptrace.Span {
	rs := td.ResourceSpans().AppendEmpty()
	attributes := rs.Resource().Attributes()
	attributes.PutStr("service.name", "checkout")
	attributes.PutStr("k8s.cluster.name", cluster.Name)
	for key, value := range cluster.Spelling[fleet.Traces] {
		_ = attributes.PutEmpty(key).FromRaw(value)
	}
	attributes.PutStr("k8s.pod.name", "checkout-7d9f")
	span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetName("POST /orders")
	span.SetKind(ptrace.SpanKindServer)
	return span
}

func (l load) spans() int {
	n := 0
	for _, td := range l.requests {
		n += td.SpanCount()
	}
	return n
}

// only returns the ids of the traces that are of one of the classes.
func (l load) only(of ...class) (ids []pcommon.TraceID) {
	for id, tr := range l.traces {
		for _, c := range of {
			if tr.class == c {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// send sends each request to the next of the gateways.
func (l load) send(ctx context.Context, t *testing.T, to ...*harness.Gateway) {
	t.Helper()
	for i, td := range l.requests {
		sendTraces(ctx, t, to[i%len(to)], td)
	}
}

func sendTraces(ctx context.Context, t *testing.T, to *harness.Gateway, td ptrace.Traces) {
	t.Helper()
	conn, err := fleet.Dial(to.GRPC)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, fleet.SendTraces(ctx, conn, td))
}

// arrived is how often each span of each trace came to a sink.
type arrived map[pcommon.TraceID]map[pcommon.SpanID]int

func at(s *harness.Sink) arrived {
	a := arrived{}
	for _, td := range s.Traces() {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					if a[span.TraceID()] == nil {
						a[span.TraceID()] = map[pcommon.SpanID]int{}
					}
					a[span.TraceID()][span.SpanID()]++
				}
			}
		}
	}
	return a
}

// whole counts those of the traces of which every span came.
func (a arrived) whole(l load, ids []pcommon.TraceID) int {
	n := 0
	for _, id := range ids {
		if len(a[id]) == l.traces[id].spans {
			n++
		}
	}
	return n
}

// repeated counts the spans that came more than once, by how often too many.
func (a arrived) repeated() int {
	n := 0
	for spans := range maps.Values(a) {
		for times := range maps.Values(spans) {
			n += times - 1
		}
	}
	return n
}

// assertWhole wants every trace that arrived to be whole, and no span twice.
func (a arrived) assertWhole(t *testing.T, l load) {
	t.Helper()
	for id, spans := range a {
		assert.Len(t, spans, l.traces[id].spans, "trace %s", id)
	}
	assert.Zero(t, a.repeated(), "spans that came more than once")
}

// counter returns a counter of a gateway's own metrics; labels are names and values in turn.
func counter(ctx context.Context, g *harness.Gateway, name string, labels ...string) (int, error) {
	all, err := harness.Scrape(ctx, g.Metrics, labels...)
	return int(all[name] + all[name+"_total"]), err
}
