// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package probes

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/internal/filtertest"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

func both(t *testing.T, test func(*testing.T, sdktest.Module)) {
	filtertest.Each(t, "probes", New, test)
}

func body(s string) sdktest.Record { return sdktest.Record{Body: s} }

func attrs(pairs ...string) sdktest.Record {
	r := sdktest.Record{Attrs: map[string]string{}}
	for i := 0; i < len(pairs); i += 2 {
		r.Attrs[pairs[i]] = pairs[i+1]
	}
	return r
}

func TestTheFilterConforms(t *testing.T) {
	both(t, func(t *testing.T, m sdktest.Module) {
		sdktest.Conformance(t, m, `{}`, `{"paths":["/healthz0"],"default_agents":false,"keep_severity":"NONE","report":false}`)
	})
}

// line is an access log in the combined format.
func line(request, status, agent string) sdktest.Record {
	return body(`10.2.0.1 - bob [24/Nov/2026:10:00:00 +0000] "` + request + `" ` + status + ` 2 "-" "` + agent + `"`)
}

var (
	byPath  = sdk.Count(rulePath)
	byAgent = sdk.Count(ruleAgent)
)

var cases = []struct {
	name   string
	record sdktest.Record
	want   sdk.Verdict
}{
	{"a probe in the combined format", line("GET /healthz HTTP/1.1", "200", "curl/8"), byPath},
	{"one with a query", line("HEAD /readyz?verbose=1 HTTP/2.0", "204", "-"), byPath},
	{"one below a path", line("GET /livez/ping HTTP/1.1", "200", "-"), byPath},
	{"one that is redirected", line("GET /health HTTP/1.1", "301", "-"), byPath},
	{"one in the common format", body(`10.2.0.1 - - [24/Nov/2026:10:00:00 +0000] "GET /metrics HTTP/1.1" 200 52130`), byPath},
	{"one at the end of the line", body(`INFO:     10.2.0.1:4711 - "GET /health HTTP/1.1" 200`), byPath},
	{"one with a line break behind it", body(`INFO:     10.2.0.1:4711 - "GET /health HTTP/1.1" 200 OK` + "\n"), byPath},
	{"kube-probe at an unknown path", line("GET /app/up HTTP/1.1", "200", "kube-probe/1.31"), byAgent},
	{"the health checker of a load balancer", line("GET / HTTP/1.1", "200", "ELB-HealthChecker/2.0"), byAgent},
	{"a scrape", line("GET /federate?match=up HTTP/1.1", "200", "Prometheus/3.5.0"), byAgent},
	{"a monitoring service among other products", line("GET / HTTP/1.1", "200", "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)"), byAgent},
	{"path and agent", line("GET /healthz HTTP/1.1", "200", "kube-probe/1.31"), byPath},
	{"Istio's access log", body(`[2026-11-24T10:00:00.000Z] "GET /up HTTP/1.1" 200 - via_upstream - "-" 0 2 1 0 "-" "kube-probe/1.31" "2f0d" "10.0.0.7:8080" "10.0.0.7:8080" inbound|8080||`), byAgent},

	{"a probe that fails", line("GET /healthz HTTP/1.1", "500", "kube-probe/1.31"), sdk.Keep},
	{"a probe that is refused", line("GET /metrics HTTP/1.1", "403", "Prometheus/3.5.0"), sdk.Keep},
	{"a probe without an answer", line("GET /healthz HTTP/1.1", "-", "kube-probe/1.31"), sdk.Keep},
	{"a status that is none", line("GET /healthz HTTP/1.1", "2000", "kube-probe/1.31"), sdk.Keep},
	{"a request that changes something", line("POST /health HTTP/1.1", "200", "kube-probe/1.31"), sdk.Keep},
	{"another path", line("GET /healthzoo HTTP/1.1", "200", "-"), sdk.Keep},
	{"a path that contains one", line("GET /api/health HTTP/1.1", "200", "-"), sdk.Keep},
	{"a path in the query", line("GET /search?q=/healthz HTTP/1.1", "200", "-"), sdk.Keep},
	{"a path in the referrer", body(`10.2.0.1 - - [24/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 2 "https://x/healthz" "Mozilla"`), sdk.Keep},
	{"an agent within a word", line("GET / HTTP/1.1", "200", "notkube-probe/1.31"), sdk.Keep},
	{"an agent in the path", line("GET /kube-probe/1.31 HTTP/1.1", "200", "curl"), sdk.Keep},
	{"a line that mentions a path", body("GET /healthz 500"), sdk.Keep},
	{"a line that mentions a request", body(`the probe "GET /healthz HTTP/1.1" failed: 200 ms timeout`), sdk.Keep},
	{"a line that mentions a scrape", body("serving /metrics for Prometheus/3 at :8080"), sdk.Keep},
	{"a kubelet's complaint", body(`Liveness probe failed: Get "http://10.0.0.7:8080/healthz": dial tcp: connection refused`), sdk.Keep},
	{"several lines", body(`- "GET /healthz HTTP/1.1" 200 OK` + "\n" + `- "GET /healthz HTTP/1.1" 500 -`), sdk.Keep},
	{"a line that was cut off", body(`- "GET /healthz HTTP/1.1" 200 ` + strings.Repeat("x", sdk.MaxText)), sdk.Keep},
	{"a request line that does not end", body(`- "GET /healthz HTTP/1.1`), sdk.Keep},
	{"no version", body(`- "GET /healthz" 200`), sdk.Keep},
	{"nothing", body(""), sdk.Keep},

	{"JSON", body(`{"method":"GET","path":"/healthz","status":200}`), byPath},
	{"JSON with more in it", body(`{ "level": "info", "time": 1.5e9, "tags": ["a", 1, {}], "ok": true, "status_code": "304", "uri": "/metrics?x=1", "err": null }`), byPath},
	{"JSON by agent", body(`{"request":"GET /up HTTP/1.1","status":"200","http_user_agent":"kube-probe/1.31"}`), byAgent},
	{"JSON of Caddy", body(`{"level":"info","logger":"http.log.access","request":{"method":"GET","uri":"/up","headers":{"User-Agent":["kube-probe/1.31"]}},"status":200}`), byAgent},
	{"JSON of Google Cloud", body(`{"httpRequest":{"requestMethod":"GET","requestUrl":"/","status":200,"userAgent":"GoogleHC/1.0"}}`), byAgent},
	{"JSON of Traefik", body(`{"DownstreamStatus":200,"RequestMethod":"GET","RequestPath":"/ready","request_User-Agent":"x"}`), byPath},

	{"JSON that fails", body(`{"method":"GET","path":"/healthz","status":503}`), sdk.Keep},
	{"JSON with two statuses", body(`{"path":"/healthz","status":200,"upstream":{"status":503}}`), sdk.Keep},
	{"JSON without a status", body(`{"path":"/healthz"}`), sdk.Keep},
	{"JSON with another method", body(`{"method":"DELETE","path":"/health","status":200}`), sdk.Keep},
	{"JSON with another path", body(`{"path":"/api/healthz","status":200}`), sdk.Keep},
	{"JSON that mentions one", body(`{"msg":"GET /healthz HTTP/1.1","status":200}`), sdk.Keep},
	{"JSON of a warning", body(`{"level":"WARN","path":"/healthz","status":200}`), sdk.Keep},
	{"JSON of an error", body(`{"path":"/healthz","status":200,"error":"took 3 s"}`), sdk.Keep},
	{"JSON that is cut off", body(`{"path":"/healthz","status":200`), sdk.Keep},
	{"JSON that goes on", body(`{"path":"/healthz","status":200}{"status":500}`), sdk.Keep},
	{"JSON too deep", body(`{"path":"/healthz","status":200,"x":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`), sdk.Keep},

	{"JSON in another spelling", body(`{"User-Agent":"kube-probe/1.31","Status-Code":"200 OK","request_url":"/up"}`), byAgent},
	{"JSON in the case of a bug report", body(`{"level":"info","message":"/health","status":200,"method":"GET","path":"/health","query":"","ip":"127.0.0.1","user-agent":"kube-probe/1.31","latency":0.00001060}`), byPath},
	{"JSON with the time it took", body(`{"path":"/healthz","status":200,"request_time":"0.004","duration":"1.2ms","responseTime":3,"error":false}`), byPath},
	{"a size that looks like a status", line("GET /healthz HTTP/1.1", "200 503", "kube-probe/1.31"), byPath},
	{"ingress-nginx", body(`10.0.0.1 - - [24/Nov/2026:10:00:00 +0000] "GET /healthz HTTP/1.1" 200 2 "-" "kube-probe/1.31" 117 0.001 [shop-web-80] [] 10.1.0.7:8080 2 0.001 200 8f3c`), byPath},

	{"ingress-nginx that tried twice", body(`10.0.0.1 - - [24/Nov/2026:10:00:00 +0000] "GET /healthz HTTP/1.1" 200 2 "-" "kube-probe/1.31" 117 0.001 [shop-web-80] [] 10.1.0.7:8080, 10.1.0.8:8080 0, 2 0.001, 0.001 502, 200 8f3c`), sdk.Keep},
	{"an upstream's status in quotation marks", body(`10.0.0.1 - - [24/Nov/2026:10:00:00 +0000] "GET /healthz HTTP/1.1" 200 2 "-" "kube-probe/1.31" "503"`), sdk.Keep},
	{"Envoy's response flags", body(`[2026-11-24T10:00:00.000Z] "GET /healthz HTTP/1.1" 200 DC downstream_remote_disconnect - "-" 0 2 1 0 "-" "kube-probe/1.31"`), sdk.Keep},
	{"a line that speaks of trouble behind", body(`- "GET /healthz HTTP/1.1" 200 2 "-" "kube-probe/1.31" database is slow`), sdk.Keep},
	{"a line that speaks of trouble before", body(`health degraded: "GET /healthz HTTP/1.1" 200 2`), sdk.Keep},
	{"a line that speaks of trouble in Chinese", body(`- "GET /healthz HTTP/1.1" 200 2 数据库超时`), sdk.Keep},
	{"gRPC", body(`[2026-11-24T10:00:00.000Z] "POST /grpc.health.v1.Health/Check HTTP/2" 200 - via_upstream - "-" 7 5 1 0 "-" "kube-probe/1.31"`), sdk.Keep},
	{"a dead database", body("rejected request of user agent kube-probe/1.31: database is down, pod will be taken out of service"), sdk.Keep},
	{"FastAPI", body(`INFO:     10.0.2.1:30 - "GET /api/health HTTP/1.1" 503 Service Unavailable`), sdk.Keep},
	{"JSON with an upstream that failed", body(`{"path":"/healthz","status":200,"upstream_status":"502, 200"}`), sdk.Keep},
	{"JSON with a failed dependency", body(`{"path":"/healthz","status":200,"db":"DOWN"}`), sdk.Keep},
	{"JSON with another code", body(`{"path":"/healthz","status":200,"exit_code":500}`), sdk.Keep},
	{"JSON that says no", body(`{"path":"/healthz","status":200,"healthy":false}`), sdk.Keep},
	{"JSON with response flags", body(`{"path":"/healthz","response_code":200,"response_flags":"UF"}`), sdk.Keep},
	{"JSON with a status in its message", body(`{"path":"/healthz","status":200,"msg":"GET /healthz 503"}`), sdk.Keep},
	{"JSON of a slow probe", body(`{"path":"/healthz","status":200,"duration_ms":4200}`), sdk.Keep},
	{"JSON of a slow probe with a unit", body(`{"path":"/healthz","status":200,"latency":"2.1s"}`), sdk.Keep},
	{"JSON with a status in words", body(`{"path":"/healthz","status":"DOWN"}`), sdk.Keep},
	{"attributes and a body of trouble", sdktest.Record{Body: "probe answered, but the queue is down", Attrs: map[string]string{"http.response.status_code": "200", "url.path": "/healthz"}}, sdk.Keep},
	{"attributes with an error", attrs("http.response.status_code", "200", "url.path", "/healthz", "error.type", "timeout"), sdk.Keep},

	{"attributes with a path", attrs("http.response.status_code", "200", "http.request.method", "GET", "url.path", "/healthz"), byPath},
	{"attributes with a route", attrs("http.response.status_code", "200", "http.route", "/metrics"), byPath},
	{"attributes with an agent", attrs("http.response.status_code", "200", "url.path", "/", "user_agent.original", "kube-probe/1.31"), byAgent},
	{"attributes of a failure", attrs("http.response.status_code", "503", "url.path", "/healthz"), sdk.Keep},
	{"attributes without a status", attrs("url.path", "/healthz"), sdk.Keep},
	{"attributes with another method", attrs("http.response.status_code", "200", "http.request.method", "PUT", "url.path", "/healthz"), sdk.Keep},
}

func TestSuccessfulProbesAreCountedAndNothingElse(t *testing.T) {
	both(t, func(t *testing.T, m sdktest.Module) {
		run := sdktest.Start(t, m, `{}`)
		for _, tt := range cases {
			assert.Equal(t, tt.want, run.Judge(tt.record)[0], tt.name)
		}
	})
}

func TestAttributesComeBeforeTheBodyUnlessTheyAreOff(t *testing.T) {
	r := line("GET /healthz HTTP/1.1", "200", "-")
	r.Attrs = map[string]string{"http.response.status_code": "500", "url.path": "/healthz"}
	assert.Equal(t, sdk.Keep, sdktest.Start(t, sdktest.Native(New), `{}`).Judge(r)[0])
	run := sdktest.Start(t, sdktest.Native(New), `{"attributes":false}`)
	assert.Equal(t, byPath, run.Judge(r)[0])
	assert.NotContains(t, run.Manifest.Columns, sdk.Attr("url.path"))
}

func TestEveryDefaultPathAndAgentIsFound(t *testing.T) {
	run := sdktest.Start(t, sdktest.Native(New), `{}`)
	for _, path := range defaultPaths {
		assert.Equal(t, byPath, run.Judge(line("GET "+strings.Replace(path, "*", "x", 1)+" HTTP/1.1", "200", "-"))[0], path)
	}
	for _, agent := range defaultAgents {
		assert.Equal(t, byAgent, run.Judge(line("GET / HTTP/1.1", "200", agent+"1.0"))[0], agent)
	}
}

func TestTheReadmeNamesEveryDefaultPathAndAgent(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, text := range append(append([]string{}, defaultPaths...), defaultAgents...) {
		assert.Regexp(t, "(?m)^    (.*  )?"+strings.NewReplacer("*", "\\*", ".", "\\.").Replace(text)+"(  .*)?$", string(readme))
	}
}

func TestPathsAndAgentsCanBeAddedAndTheDefaultOnesLeftOut(t *testing.T) {
	run := sdktest.Start(t, sdktest.Native(New), `{"paths":["/status","/internal/*","/healthz"],"agents":["my checker"],"default_agents":false}`)
	assert.Equal(t, []sdk.Verdict{byPath, byPath, sdk.Keep, byPath, byAgent, sdk.Keep}, run.Judge(
		line("GET /status HTTP/1.1", "200", "-"), line("GET /internal/a HTTP/1.1", "200", "-"), line("GET /internal HTTP/1.1", "200", "-"),
		line("GET /healthz HTTP/1.1", "200", "-"), line("GET / HTTP/1.1", "200", "my checker 1"), line("GET / HTTP/1.1", "200", "kube-probe/1.31"),
	))
	run = sdktest.Start(t, sdktest.Native(New), `{"agents":["x/"],"default_paths":false}`)
	assert.Equal(t, sdk.Keep, run.Judge(line("GET /healthz HTTP/1.1", "200", "-"))[0])
}

func TestSevereAndProtectedRecordsAreKept(t *testing.T) {
	warn, protected := line("GET /healthz HTTP/1.1", "200", "-"), line("GET /healthz HTTP/1.1", "200", "-")
	warn.Severity, protected.Protected = 13, true
	assert.Equal(t, []sdk.Verdict{sdk.Keep, sdk.Keep}, sdktest.Start(t, sdktest.Native(New), `{}`).Judge(warn, protected))
	run := sdktest.Start(t, sdktest.Native(New), `{"keep_severity":"NONE"}`)
	assert.Equal(t, []sdk.Verdict{byPath, sdk.Keep}, run.Judge(warn, protected))
}

func TestProbesAreReportedByPathAndAgentUnlessTheyShallNotBe(t *testing.T) {
	health, probe := line("GET /healthz HTTP/1.1", "200", "-"), line("GET / HTTP/1.1", "200", "kube-probe/1.31")
	health.Time = 7
	run := sdktest.Start(t, sdktest.Native(New), `{}`)
	run.Options.Now = 9
	run.Judge(health, probe, health)
	reports := run.Flush(10, false)
	require.Len(t, reports, 2)
	source := reports[0].Key
	assert.NotZero(t, source)
	assert.ElementsMatch(t, []sdk.Report{
		{Key: source, Kind: sdk.KeyIdentity, Count: 2, First: 7, Last: 7, Rule: rulePath, Text: "probes of /healthz"},
		{Key: source, Kind: sdk.KeyIdentity, Count: 1, First: 9, Last: 9, Rule: ruleAgent, Text: "probes by kube-probe/"},
	}, reports)
	assert.Empty(t, run.Flush(11, true))

	run = sdktest.Start(t, sdktest.Native(New), `{"report":false}`)
	assert.Equal(t, []sdk.Verdict{sdk.Drop(rulePath), sdk.Drop(ruleAgent)}, run.Judge(health, probe))
	assert.Empty(t, run.Flush(12, true))
}

func TestTheStateGoesOnInASuccessorThatKnowsOtherPaths(t *testing.T) {
	both(t, func(t *testing.T, m sdktest.Module) {
		before := sdktest.Start(t, m, `{"paths":["/status"]}`)
		before.Judge(line("GET /status HTTP/1.1", "200", "-"), line("GET /healthz HTTP/1.1", "200", "-"))
		state, err := before.Driver.SaveState()
		require.NoError(t, err)
		after := sdktest.Start(t, m, `{}`)
		require.NoError(t, after.Driver.RestoreState(state))
		reports := after.Flush(1, true)
		require.Len(t, reports, 2)
		assert.ElementsMatch(t, []string{unknownPattern, "probes of /healthz"}, []string{reports[0].Text, reports[1].Text})
	})
}

func TestConfigurations(t *testing.T) {
	filtertest.Documented(t, New, keys)
	filtertest.Accepted(t, New, `{"paths":["/a","/a/*"],"agents":["x y"],"default_paths":false,"default_agents":false,"attributes":false,"report":false,"keep_severity":24}`)
	filtertest.Refused(t, New, map[string]string{
		`{"paths":["healthz"]}`: "`paths`: entry 1: it must be a path such as",
		`{"paths":["/a","/"]}`:  "`paths`: entry 2: it must be a path",
		`{"paths":["/*"]}`:      "`paths`: entry 1: it must be a path",
		`{"paths":["/a*"]}`:     "`paths`: entry 1: it must be a path",
		`{"paths":["/a?b"]}`:    "`paths`: entry 1: it must be a path",
		`{"paths":"/a"}`:        "`paths`: it must be a list of at most 64 texts",
		`{"agents":[""]}`:       "`agents`: entry 1: it must be a text that is not empty",
		`{"agents":["` + strings.Repeat("x", 257) + `"]}`: "`agents`: entry 1: it has 257 bytes, at most 256",
		`{"path":[]}`:       "key `path` is not known",
		`{"attributes":[]}`: "`attributes`: it is a list",
		`{"report":1}`:      "`report`: it is a number",
	})
	assert.Contains(t, sdktest.Refused(t, sdktest.Native(New), `{"default_paths":false,"default_agents":false}`), "there is nothing to look for")
}

func TestAsManyPathsAndAgentsAsThereMayBe(t *testing.T) {
	list := func(format string) string {
		var out []string
		for i := range maxPatterns {
			out = append(out, fmt.Sprintf(format, i))
		}
		return strings.Join(out, ",")
	}
	run := sdktest.Start(t, sdktest.Native(New), `{"paths":[`+list(`"/p%d/*"`)+`],"agents":[`+list(`"a%d/"`)+`]}`)
	assert.Equal(t, []sdk.Verdict{byPath, byAgent}, run.Judge(line("GET /p63/ HTTP/1.1", "200", "-"), line("GET / HTTP/1.1", "200", "a63/1")))
}

func FuzzConfigure(f *testing.F) {
	filtertest.FuzzConfigure(f, New, `{"paths":["/a/*"],"agents":["b"],"default_paths":false}`)
}

func FuzzState(f *testing.F) {
	filtertest.FuzzState(f, New, `{}`, line("GET /healthz HTTP/1.1", "200", "-"), line("GET / HTTP/1.1", "200", "kube-probe/1.31"))
}

// FuzzBody finds that no body makes the filter panic, and that none is a
// successful probe unless a path or an agent is in it.
func FuzzBody(f *testing.F) {
	for _, tt := range cases {
		f.Add(tt.record.Body)
	}
	f.Fuzz(func(t *testing.T, s string) {
		run := sdktest.Start(t, sdktest.Native(New), `{}`)
		if run.Judge(body(s))[0] == sdk.Keep {
			return
		}
		require.True(t, slices.ContainsFunc(run.Manifest.Needles, func(n sdk.Needle) bool { return strings.Contains(s, n.Text) }), s)
	})
}

// accessLogs are n lines, one in three of which is a probe.
func accessLogs(n int) []sdktest.Record {
	out := make([]sdktest.Record, n)
	for i := range out {
		out[i] = line(fmt.Sprintf("GET /api/v1/orders/%d HTTP/1.1", i), "200", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)")
		if i%3 == 0 {
			out[i] = line("GET /healthz HTTP/1.1", "200", "kube-probe/1.31")
		}
	}
	return out
}

func TestTheHostCountsTheSameProbes(t *testing.T) {
	var (
		records []sdktest.Record
		probes  uint64
	)
	for _, tt := range cases {
		records = append(records, tt.record)
		if tt.want != sdk.Keep {
			probes++
		}
	}
	assert.Equal(t, 2*probes, filtertest.Hosted(t, "probes", `{}`, records).Represented)
}

func TestJudgingAllocatesNothing(t *testing.T) {
	filtertest.AllocatesNothing(t, New, `{}`, accessLogs(100))
	var records []sdktest.Record
	for _, tt := range cases {
		records = append(records, tt.record)
	}
	filtertest.AllocatesNothing(t, New, `{}`, records)
}

func BenchmarkJudge(b *testing.B) {
	filtertest.Bench(b, "probes", New, accessLogs(999), map[string]string{"a third is probes": `{}`, "without attributes": `{"attributes":false}`})
}
