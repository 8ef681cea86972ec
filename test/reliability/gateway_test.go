// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/fleet"
	"github.com/sealgate/sealgate/test/harness"
	"github.com/sealgate/sealgate/test/load"
)

// compiled is a folder where all gateways keep the compiled filters: each would take
// seconds to compile its own.
var compiled string

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "8") // they wait more than they work
	var err error
	if compiled, err = os.MkdirTemp("", "reliability-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(compiled)
	os.Exit(code)
}

// site is a gateway on its way to a sink.
type site struct {
	*harness.Gateway
	sink *load.Sink

	dir, binary, config string
	env                 []string
}

// quick makes the shipped configuration quicker to try again than is good in earnest,
// and leaves in the clear what the ledger needs.
func quick() []string {
	return append(exporters("{retry_on_failure: {initial_interval: 100ms, max_interval: 500ms}, sending_queue: {batch: {flush_timeout: 100ms}}}"),
		"processors::wasmfilter::cache_directory: "+compiled,
		"exporters: {sm4/tempo: {seal: {keep: [service.name, load.*]}}, sm4/loki: {seal: {keep: [service.name, load.*]}}}")
}

// exporters are settings of every exporter.
func exporters(settings string) []string {
	return []string{
		"exporters::sm4/tempo::otlp_grpc: " + settings,
		"exporters::sm4/loki::otlp_http: " + settings,
		"exporters::otlp_http/prometheus: " + settings,
	}
}

// queues are settings of every exporter's queue.
func queues(settings string) []string { return exporters("{sending_queue: " + settings + "}") }

// newSite starts a sink and, in front of it, the gateway as shipped to seal, with more
// settings.
func newSite(ctx context.Context, t *testing.T, more ...string) *site {
	t.Helper()
	s := prepareSite(t, more...)
	s.start(ctx, t)
	return s
}

func prepareSite(t *testing.T, more ...string) *site {
	t.Helper()
	s := &site{
		sink: newSink(t), dir: t.TempDir(), binary: harness.Built(t, "SEALGATE_BIN"),
		config: "embedded:sealed\nyaml:" + strings.Join(append(quick(), more...), "\nyaml:"),
	}
	s.env = append(keys(t, s.dir), "SEALGATE_TEMPO="+s.sink.GRPC, "SEALGATE_LOKI=http://"+s.sink.HTTP, "SEALGATE_PROMETHEUS=http://"+s.sink.HTTP)
	return s
}

var starting sync.Mutex

// start starts the gateway, where it was if it has been started before.
func (s *site) start(ctx context.Context, t *testing.T) {
	t.Helper()
	var at harness.Addresses
	if s.Gateway != nil {
		at = harness.Addresses{GRPC: s.GRPC, HTTP: s.HTTP}
	}
	starting.Lock() // the first one compiles for all
	defer starting.Unlock()
	g, err := harness.StartGateway(ctx, s.binary, s.dir, s.config, at, s.env...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, g.Stop()) })
	s.Gateway = g
}

func newSink(t *testing.T) *load.Sink {
	t.Helper()
	sink, err := load.NewSink()
	require.NoError(t, err)
	t.Cleanup(sink.Vanish)
	return sink
}

// keys makes the keys of a gateway that seals, and returns its environment.
func keys(t *testing.T, dir string) []string {
	t.Helper()
	tool := harness.Built(t, "SEALGATE_CTL")
	for _, key := range [][]string{{"--name", "reader"}, {"--name", "search", "--symmetric"}} {
		out, err := exec.CommandContext(t.Context(), tool, append([]string{"keygen", "--out", dir}, key...)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	return []string{"SEALGATE_RECIPIENT=" + filepath.Join(dir, "reader.pub.pem"), "SEALGATE_SEARCH_KEY=" + filepath.Join(dir, "search.key")}
}

// within is a context for a whole test.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// each is how many items a request has.
const each = 50

// stream is one signal on its way through a gateway.
type stream struct {
	*load.Ledger
	*load.Generator
	items string // as the gateway's metrics call them
}

// send starts a stream of every signal.
func (s *site) send(ctx context.Context, t *testing.T, o load.Options) []stream {
	t.Helper()
	return []stream{s.sendSpans(ctx, t, o), s.sendLogs(ctx, t, o), s.sendPoints(ctx, t, o)}
}

func (s *site) sendSpans(ctx context.Context, t *testing.T, o load.Options) stream {
	l := s.sink.Ledger(t.Name() + "/spans")
	for seed := range uint64(8) {
		o.Requests = append(o.Requests, l.Traces(planted(fleet.Spans(seed, each))))
	}
	return s.stream(ctx, t, l, o, "spans")
}

func (s *site) sendLogs(ctx context.Context, t *testing.T, o load.Options) stream {
	l := s.sink.Ledger(t.Name() + "/logs")
	for seed := range uint64(8) {
		o.Requests = append(o.Requests, l.Logs(plantedLogs(fleet.LogRecords(seed, each))))
	}
	return s.stream(ctx, t, l, o, "log_records")
}

func (s *site) sendPoints(ctx context.Context, t *testing.T, o load.Options) stream {
	l := s.sink.Ledger(t.Name() + "/metrics")
	for range 8 {
		o.Requests = append(o.Requests, l.Metrics(load.Points(each)))
	}
	return s.stream(ctx, t, l, o, "metric_points")
}

// stream sends logs over HTTP and everything else over gRPC, unless o says HTTP.
func (s *site) stream(ctx context.Context, t *testing.T, l *load.Ledger, o load.Options, items string) stream {
	t.Helper()
	o.Addr = s.GRPC
	if o.HTTP = o.HTTP || items == "log_records"; o.HTTP {
		o.Addr = s.HTTP
	}
	g, err := l.Start(ctx, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = g.Stop() })
	return stream{l, g, items}
}

// settled waits until all that was sent has arrived, was refused or was dropped and
// counted, and requires that what is missing is what was counted.
func (s *site) settled(ctx context.Context, t *testing.T, streams ...stream) {
	t.Helper()
	for _, of := range streams {
		_ = of.Wait()
		r, dropped, err := of.Settle(ctx, s.Metrics, of.items, 0)
		require.NoError(t, err, "the gateway's log is %s", s.LogPath())
		assert.Equal(t, r.Sent, r.Delivered+r.Refused+dropped, "%s: %s, %d dropped and counted", of.items, r, dropped)
		assert.Equal(t, dropped, r.Missing, "%s: what is missing has been counted: %s", of.items, r)
		assert.Zero(t, r.Unknown, "%s: %s", of.items, r)
		t.Logf("%s: %s, %d dropped and counted", of.items, r, dropped)
	}
}

// dropped is what the gateway says that it took and did not hand on.
func (s *site) dropped(ctx context.Context, items string) (int, error) {
	counters := []string{"otelcol_exporter_send_failed_" + items}
	if items == "log_records" {
		counters = append(counters, "otelcol_processor_wasmfilter_dropped", "otelcol_processor_wasmfilter_represented")
	}
	return s.sum(ctx, counters)
}

// sum is that of some counters of the gateway, of the series with the labels. One that has counted nothing is not there.
func (s *site) sum(ctx context.Context, counters []string, labels ...string) (n int, err error) {
	all, err := harness.Scrape(ctx, s.Metrics, labels...)
	for _, name := range counters {
		n += int(all[name] + all[name+"_total"])
	}
	return n, err
}

func (s *site) counter(ctx context.Context, t *testing.T, name string, labels ...string) int {
	t.Helper()
	n, err := s.sum(ctx, []string{name}, labels...)
	require.NoError(t, err)
	return n
}

func await(ctx context.Context, t *testing.T, what string, ok func() bool) {
	t.Helper()
	require.NoError(t, harness.Poll(ctx, what, func(context.Context) (bool, error) { return ok(), nil }))
}

// stop has no more sent.
func stop(streams []stream) {
	for _, of := range streams {
		_ = of.Stop()
	}
}
