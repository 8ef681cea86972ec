// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/deploy/alerts"
	"github.com/sealgate/sealgate/deploy/dashboards"
	"github.com/sealgate/sealgate/test/backends"
	"github.com/sealgate/sealgate/test/fleet"
	"github.com/sealgate/sealgate/test/harness"
)

// quiet are the alerts that nothing goes wrong enough for in this test, why, and what
// there has to be all the same for them to watch.
var quiet = map[string]struct{ why, watched string }{
	"SealgateDown":                 {"the gateway is up", `up{job=~"sealgate.*"}`},
	"SealgateRestarting":           {"it starts once", `otelcol_process_uptime`},
	"SealgateQueueFilling":         {"the backends are quick", `sealgate:queue_used:ratio`},
	"SealgateUnaccounted":          {"nothing is lost unseen", `sealgate:unaccounted_items`},
	"SealgateQueueLost":            {"no file of a queue is damaged", `otelcol_extension_queue_storage_items`},
	"SealgateQueueDiskFull":        {"there is room on the disk", `otelcol_extension_queue_storage_disk_full`},
	"SealgateNotSending":           {"every signal is sent", `sealgate:sent_items:rate5m`},
	"SealgateFilterInterpreted":    {"executable memory is allowed", `otelcol_processor_wasmfilter_instances{engine="compiler"}`},
	"SealgateFilterDropsNearlyAll": {"not all logs repeat", `otelcol_processor_wasmfilter_kept / otelcol_processor_wasmfilter_in`},
	"SealgateSealGivingUp":         {"64 MiB would have to be sent", `otelcol_exporter_sm4_refused_items{reason!=""}`},
	"SealgateKeyOld":               {"the key is of this minute", `otelcol_exporter_sm4_key_age`},
	"SealgateKeyWorn":              {"and has sealed little", `otelcol_exporter_sm4_key_seals`},
}

// Every query of the dashboards, run against the real Prometheus, Loki and Tempo behind
// a gateway of which everything works and everything fails, finds data.
func TestDashboardsAndAlertsFindWhatTheyAskFor(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	o := startObserved(ctx, t)
	// A counter that comes into being is no increase to Prometheus; one that grows is.
	for range 3 {
		o.send(ctx, t)
		o.awaitScrape(ctx, t)
	}
	require.NoError(t, os.WriteFile(o.brokenFilter, []byte("no module"), 0o600))
	for _, d := range dashboards.All {
		if !ofEvents(d.UID) {
			o.assertDashboard(ctx, t, d)
		}
	}
	all, err := alerts.All()
	require.NoError(t, err)
	for _, a := range all {
		if ofEvents(a.Name) {
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			active := fmt.Sprintf(`ALERTS{alertname=%q}`, a.Name) // pending or firing
			is, ok := quiet[a.Name]
			if !ok {
				o.requireData(ctx, t, ofPrometheus(active))
				return
			}
			o.requireData(ctx, t, ofPrometheus(is.watched))
			found, err := o.ask(ctx, ofPrometheus(active))
			require.NoError(t, err)
			assert.False(t, found, is.why)
		})
	}
}

// ofEvents tells whether a dashboard or an alert is about Kubernetes events, which need an API server:
// test/events has one.
func ofEvents(name string) bool {
	return name == "sealgate-events" || strings.HasPrefix(name, "SealgateEvents")
}

// assertDashboard asks for everything that a dashboard can show, and then for what it
// shows where nothing is chosen, which may be nothing, but no error.
func (o *observed) assertDashboard(ctx context.Context, t *testing.T, d dashboards.Dashboard) {
	everything := chosen(d, func(v dashboards.Variable) string { return v.All })
	nothing := chosen(d, func(dashboards.Variable) string { return "" })
	for _, v := range d.Variables {
		if v.Query != "" {
			t.Run(d.UID+"/$"+v.Name, func(t *testing.T) {
				o.requireData(ctx, t, ofPrometheus(everything.Replace(values(t, v.Query))))
			})
		}
	}
	for _, p := range d.Panels() {
		for _, q := range p.Queries {
			t.Run(d.UID+"/"+p.Title+" "+q.Legend, func(t *testing.T) {
				o.requireData(ctx, t, dashboards.Query{From: q.From, Expr: everything.Replace(q.Expr)})
				_, err := o.ask(ctx, dashboards.Query{From: q.From, Expr: nothing.Replace(q.Expr)})
				assert.NoError(t, err)
			})
		}
	}
}

func ofPrometheus(promQL string) dashboards.Query {
	return dashboards.Query{From: dashboards.Prometheus, Expr: promQL}
}

// chosen returns what puts values in the place of a dashboard's variables, and of
// Grafana's own.
func chosen(d dashboards.Dashboard, value func(dashboards.Variable) string) *strings.Replacer {
	pairs := []string{"$__rate_interval", "5m", "$__range", "5m", "$__auto", "5m"}
	// The longest first, of names that begin alike.
	for _, v := range slices.SortedFunc(slices.Values(d.Variables), func(a, b dashboards.Variable) int { return cmp.Compare(len(b.Name), len(a.Name)) }) {
		pairs = append(pairs, "$"+v.Name, value(v))
	}
	return strings.NewReplacer(pairs...)
}

var labelValues = regexp.MustCompile(`^label_values\((?:(.+), )?(\w+)\)$`)

// values turns Grafana's label_values(selector, label) into a query for them.
func values(t *testing.T, query string) string {
	t.Helper()
	parts := labelValues.FindStringSubmatch(query)
	require.NotNil(t, parts, query)
	label := parts[2]
	return fmt.Sprintf(`group by (%s) (%s) and on (%[1]s) {%[1]s!=""}`, label, cmp.Or(parts[1], fmt.Sprintf(`{%s!=""}`, label)))
}

// requireData waits until a query finds something.
func (o *observed) requireData(ctx context.Context, t *testing.T, q dashboards.Query) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, arrival)
	defer cancel()
	require.NoError(t, harness.Poll(ctx, q.Expr, func(ctx context.Context) (bool, error) { return o.ask(ctx, q) }))
}

// ask tells whether a query finds anything.
func (o *observed) ask(ctx context.Context, q dashboards.Query) (bool, error) {
	now := time.Now()
	window := harness.Window{From: now.Add(-10 * time.Minute), To: now}
	switch q.From {
	case dashboards.Loki:
		if strings.HasPrefix(q.Expr, "{") {
			lines, err := o.loki.Query(ctx, q.Expr, window)
			return len(lines) > 0, err
		}
		n, err := o.loki.Count(ctx, q.Expr)
		return n > 0, err
	case dashboards.Tempo:
		if strings.Contains(q.Expr, "} |") {
			highest, err := o.tempo.Highest(ctx, q.Expr, window)
			return highest > 0, err
		}
		found, err := o.tempo.Search(ctx, q.Expr, window)
		return len(found) > 0, err
	default:
		samples, err := o.prometheus.Query(ctx, q.Expr)
		return slices.ContainsFunc(samples, func(s harness.Sample) bool { return !math.IsNaN(s.Value) }), err
	}
}

// observed is a stack with the configuration of testdata/observed.yaml. Its Prometheus
// scrapes the gateway, and has the rules of deploy/alerts.
type observed struct {
	*stack
	broken       string // host:port of OTLP over gRPC to the pipelines that refuse
	brokenFilter string // path of the module that fails
	rounds       int
	// Sent to the pipelines that work:
	spans, points int
}

func startObserved(ctx context.Context, t *testing.T) *observed {
	t.Helper()
	harness.Built(t, "SEALGATE_BIN") // or skips before anything is built
	dir := runDir(t)
	root, err := backends.Root()
	require.NoError(t, err)
	keys := keygen(t, dir)
	lost := filepath.Join(dir, "lost.pem")
	require.NoError(t, copyFile(lost, keys.public))
	ports, err := harness.Ports(2)
	require.NoError(t, err)
	o := &observed{broken: fmt.Sprintf("127.0.0.1:%d", ports[0]), brokenFilter: filepath.Join(dir, "broken.wasm")}
	buildBrokenFilter(ctx, t, root, o.brokenFilter)

	targets := filepath.Join(dir, "gateway.json")
	settings := map[string]string{
		"prometheus": fmt.Sprintf(`
global: {scrape_interval: 1s, evaluation_interval: 1s}
scrape_configs: [{job_name: sealgate, file_sd_configs: [{files: [%s]}]}]
rule_files: [%s]
`, targets, filepath.Join(root, "deploy", "alerts", alerts.File)),
		// TraceQL metrics of the last half hour are the generator's.
		"tempo": fmt.Sprintf(`
metrics_generator:
  ring: {kvstore: {store: inmemory}}
  processor: {local_blocks: {filter_server_spans: false}}
  storage: {path: %[1]s/generator}
  traces_storage: {path: %[1]s/generated}
overrides: {defaults: {metrics_generator: {processors: [local-blocks]}}}
`, dir),
	}
	o.stack = startStackWith(ctx, t, dir, "embedded:sealed\n"+filepath.Join(root, "test", "e2e", "testdata", "observed.yaml"), settings,
		append(keys.env(), "SEALGATE_LOST_RECIPIENT="+lost, "SEALGATE_OTLP_BROKEN="+o.broken,
			fmt.Sprintf("SEALGATE_NOBODY=127.0.0.1:%d", ports[1]), "SEALGATE_BROKEN_FILTER="+o.brokenFilter)...)
	require.NoError(t, os.Remove(lost))
	metrics, err := url.Parse(o.gateway.Metrics)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(targets, fmt.Appendf(nil, `[{"targets": [%q]}]`, metrics.Host), 0o644))
	return o
}

// buildBrokenFilter builds a filter that loops for ever.
func buildBrokenFilter(ctx context.Context, t *testing.T, root, to string) {
	t.Helper()
	build := exec.CommandContext(ctx, "go", "build", "-buildmode=c-shared", "-ldflags", "-s -w", "-o", to, "./processor/wasmfilterprocessor/testdata/broken")
	build.Dir = root
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// send sends what the pipelines that work have something to do with, and what those
// that fail refuse.
func (o *observed) send(ctx context.Context, t *testing.T) {
	t.Helper()
	now := time.Now()
	o.rounds++
	var batches []fleet.Batch
	for _, c := range fleet.Clusters {
		b := c.Generate(fmt.Sprint(o.rounds), requests, now)
		o.spans += b.Traces.SpanCount()
		o.points += b.Metrics.DataPointCount()
		batches = append(batches, b)
	}
	require.NoError(t, fleet.SendGRPC(ctx, o.gateway.GRPC, batches...))
	conn, err := fleet.Dial(o.gateway.GRPC)
	require.NoError(t, err)
	defer conn.Close()
	odd := oddTraces(now)
	o.spans += odd.SpanCount()
	odd.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("refused: it has no trace id")
	require.NoError(t, fleet.SendTraces(ctx, conn, odd))
	require.NoError(t, fleet.SendLogs(ctx, conn, probeLogs(now)))

	broken, err := fleet.Dial(o.broken)
	require.NoError(t, err)
	defer broken.Close()
	require.Error(t, fleet.SendTraces(ctx, broken, batches[0].Traces))
	require.Error(t, fleet.SendLogs(ctx, broken, batches[0].Logs))
	metrics := fleet.Batch{Traces: ptrace.NewTraces(), Logs: plog.NewLogs(), Metrics: batches[0].Metrics}
	require.Error(t, fleet.SendGRPC(ctx, o.broken, metrics))
}

// awaitScrape waits until Prometheus knows that all was sent on.
func (o *observed) awaitScrape(ctx context.Context, t *testing.T) {
	t.Helper()
	sent := fmt.Sprintf(`otelcol_exporter_sent_spans{exporter="otlp_grpc/sm4-tempo"} == %d and on (job) otelcol_exporter_sent_metric_points{exporter="otlp_http/prometheus"} == %d`, o.spans, o.points)
	o.requireData(ctx, t, ofPrometheus(sent))
}

// oddTraces are of resources that give cloudlabels something to do, one of each kind. Each
// takes two seconds.
func oddTraces(at time.Time) ptrace.Traces {
	const providerID = "aws:///us-east-1a/i-0123456789abcdef0"
	td := ptrace.NewTraces()
	for i, attributes := range []map[string]any{
		{"cloud.provider": "aws", "cloudProvider": "gcp"},                                                        // a conflict
		{"cloud.provider": "nimbus"},                                                                             // unknown
		{"k8s.node.provider_id": providerID},                                                                     // to infer from
		{"cloud.provider": "gcp", "k8s.node.provider_id": providerID},                                            // a disagreement
		{"cloud.provider": "alibaba", "cloud.region": "cn-shenzhen-a", "cloud.availability_zone": "cn-shenzhen"}, // to repair
		{"cloud.provider": "aws", "cloud.region": "us-east-1", "cloud.availability_zone": "eu-west-1a"},          // implausible
	} {
		rs := td.ResourceSpans().AppendEmpty()
		_ = rs.Resource().Attributes().FromRaw(attributes)
		rs.Resource().Attributes().PutStr("service.name", "odd")
		span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		span.SetTraceID(pcommon.TraceID{1, 15: byte(i + 1)})
		span.SetSpanID(pcommon.SpanID{byte(i + 1)})
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(at.Add(-2 * time.Second)))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(at))
	}
	return td
}

// probeLogs are health checks, which the filter drops, and warnings of them, which it may
// not, of a service with a cloud and of one without; and a record that is too old.
func probeLogs(at time.Time) plog.Logs {
	ld := plog.NewLogs()
	for _, attributes := range []map[string]any{{"cloud.provider": "aws"}, {}} {
		rl := ld.ResourceLogs().AppendEmpty()
		_ = rl.Resource().Attributes().FromRaw(attributes)
		rl.Resource().Attributes().PutStr("service.name", "probed")
		records := rl.ScopeLogs().AppendEmpty().LogRecords()
		for i := range 20 {
			r := records.AppendEmpty()
			r.SetTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Duration(i) * time.Microsecond)))
			r.SetSeverityNumber([]plog.SeverityNumber{plog.SeverityNumberInfo, plog.SeverityNumberWarn}[i%2])
			r.Body().SetStr(fmt.Sprintf(`"GET /ready HTTP/1.1" 200 "kube-probe/1.31" %d`, i))
		}
	}
	old := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	old.SetTimestamp(pcommon.NewTimestampFromTime(at.AddDate(0, -1, 0))) // Loki refuses it
	old.SetSeverityNumber(plog.SeverityNumberError)
	return ld
}
