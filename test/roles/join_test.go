// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package roles

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/internal/receiverlogs"
	"github.com/sealgate/sealgate/test/harness"
)

// traces are records of more than one line, each as a program of a language writes
// it. In a pod's file their empty lines are lines; file_log leaves those of a plain
// file out.
var traces = []string{
	`2025-01-02 10:00:00,000 ERROR [http-0] c.e.OrderController - request failed
java.lang.IllegalStateException: order 17 has no customer
	at com.example.shop.OrderService.load(OrderService.java:41)
	Suppressed: java.io.IOException: stream closed
		at com.example.shop.Stream.close(Stream.java:9)
Caused by: java.sql.SQLTransientConnectionException: pool-1 - Connection is not available
	at com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:696)
	... 40 more`,
	`ERROR:shop:request failed
Traceback (most recent call last):
  File "/app/shop.py", line 12, in get
    return load(order)
KeyError: 17

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/shop.py", line 14, in get
    raise shop.errors.NoOrder(order)
shop.errors.NoOrder: 17`,
	`panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.main()
	/src/shop/main.go:8 +0x2a

goroutine 18 [chan receive]:
net/http.(*conn).serve(0xc000110000, {0x1, 0x2})
	/usr/local/go/src/net/http/server.go:2100
exit status 2`,
	`TypeError: Cannot read properties of undefined (reading 'id')
    at getUser (/app/src/users.js:12:15)
    at async /app/src/server.js:30:5`,
	`fail: Shop.Orders[0]
      An unhandled exception has occurred while executing the request.
      System.InvalidOperationException: no customer
         at Shop.Orders.Load(Int32 id) in /src/Orders.cs:line 41`,
	"/app/orders.rb:41:in `load': no customer (RuntimeError)\n\tfrom /app/server.rb:7:in `block in get'\n\tfrom /app/server.rb:3:in `<main>'",
}

// cri is a text as containerd writes it, a line for each of its lines.
func cri(stream, text string) (lines []string) {
	for _, line := range strings.Split(text, "\n") {
		lines = append(lines, "2026-11-24T08:00:00.000000001Z "+stream+" F "+line)
	}
	return lines
}

// interleaved takes a line of each in turn.
func interleaved(texts ...[]string) (lines []string) {
	for i, more := 0, true; more; i++ {
		more = false
		for _, text := range texts {
			if i < len(text) {
				lines, more = append(lines, text[i]), true
			}
		}
	}
	return lines
}

// podSite is a site with a pod of two containers, and an agent's environment.
type podSite struct {
	*site
	app, sidecar string
	env          []string
}

func newPodSite(t *testing.T) *podSite {
	s := newSite(t)
	dir := filepath.Join(s.dir, "pods", "shop_"+pod+"_"+podUID)
	env, err := harness.OutsideKubernetes(s.dir, startCluster(t), node)
	require.NoError(t, err)
	return &podSite{
		site: s, app: filepath.Join(dir, "app", "0.log"), sidecar: filepath.Join(dir, "sidecar", "0.log"),
		env: append(env, "SEALGATE_KUBELET="+node, "SEALGATE_LOGS_START=beginning",
			"SEALGATE_POD_LOGS="+filepath.Join(s.dir, "pods", "*", "*", "*.log")),
	}
}

// unfiltered leaves out what drops and labels, so that records come as they are read.
const unfiltered = "\nyaml:service::pipelines::logs::processors: [memory_limiter%s]"

func (s *podSite) agent(configs string) *harness.Gateway {
	s.t.Helper()
	return s.start("SEALGATE_AGENT_BIN", "embedded:agent"+configs, s.env...)
}

func TestAgentJoinsTracesByStream(t *testing.T) {
	s := newPodSite(t)
	s.agent(fmt.Sprintf(unfiltered, "")) // a filter would drop the sidecar's as repeats
	var out, err, side, want []string
	for i, trace := range traces {
		said := fmt.Sprintf("stderr says %d", i)
		out = append(out, cri("stdout", trace)...)
		err = append(err, cri("stderr", said)...)
		side = append(cri("stdout", trace), side...)
		want = append(want, trace, trace, said)
	}
	s.write(s.app, interleaved(out, err)...)
	s.write(s.sidecar, side...)
	assert.ElementsMatch(t, want, s.awaitRecords(len(want)))
}

func TestAgentLosesNothingAtItsEnd(t *testing.T) {
	s := newPodSite(t)
	agent := s.agent("")
	head, rest, _ := strings.Cut(traces[0], "\n")
	part := func(stream, tag, text string) string {
		return "2026-11-24T08:00:00.000000001Z " + stream + " " + tag + " " + text
	}
	s.write(s.sidecar, part("stdout", "P", "last words without an end"), part("stderr", "F", ""), part("stderr", "F", "read to here"))
	s.await("read to here")
	s.write(s.app, append(cri("stdout", head+"\n"+rest), part("stderr", "P", "cut "))...)
	s.write(s.sidecar, part("stderr", "F", "and to here"))
	s.await("and to here")
	require.NoError(t, agent.Stop())
	s.agent("") // sends what its queue on the disk still has
	s.await("last words without an end", traces[0], "cut", "")
}

func TestAgentLimitsARecord(t *testing.T) {
	s := newPodSite(t)
	s.agent(fmt.Sprintf(unfiltered, ""))
	lines := []string{"java.lang.StackOverflowError"}
	for i := range 2500 {
		lines = append(lines, fmt.Sprintf("\tat com.example.Deep.call%d(Deep.java:%d)", i, i))
	}
	long := []string{"java.lang.OutOfMemoryError"}
	for i := range 100 {
		long = append(long, fmt.Sprintf("\tat com.example.Wide.call%d(%s)", i, strings.Repeat("x", 10_000)))
	}
	s.write(s.app, cri("stdout", strings.Join(lines, "\n"))...)
	s.write(s.sidecar, cri("stdout", strings.Join(long, "\n"))...)
	all := append(lines, long...)
	require.NoError(t, harness.Poll(s.ctx, "all lines", func(context.Context) (bool, error) {
		counts, _ := s.lines()
		n := 0
		for text := range counts {
			n += 1 + strings.Count(text, "\n")
			assert.LessOrEqual(t, strings.Count(text, "\n"), 999)
			assert.Less(t, len(text), 256<<10+10_100)
		}
		return n >= len(all), nil
	}))
	counts, _ := s.lines()
	assert.Greater(t, len(counts), 3+3)
	var got []string
	for text := range counts {
		got = append(got, strings.Split(text, "\n")...)
	}
	assert.ElementsMatch(t, all, got)
}

func TestEdgeJoinsTracesByFile(t *testing.T) {
	s := newSite(t)
	a, b := filepath.Join(s.dir, "logs", "a.log"), filepath.Join(s.dir, "logs", "b.log")
	edge := s.start("SEALGATE_EDGE_BIN", "embedded:edge",
		"SEALGATE_LOGS=["+filepath.Join(s.dir, "logs", "*.log")+"]", "SEALGATE_LOGS_START=beginning")
	var want []string
	for _, trace := range traces {
		want = append(want, strings.ReplaceAll(trace, "\n\n", "\n"))
	}
	for i := range max(len(want), 1) {
		s.write(a, strings.Split(want[i], "\n")...)
		s.write(b, strings.Split("b "+want[len(want)-1-i], "\n")...)
	}
	s.write(a, "read to here")
	s.await(append(want[:len(want):len(want)], "read to here")...)
	require.NoError(t, edge.Stop())
	s.await("b " + want[0])
}

// TestReaderGivesWhatTheBinariesRead compares internal/receiverlogs, which sealctl
// reads with, to the binaries.
func TestReaderGivesWhatTheBinariesRead(t *testing.T) {
	var lines []string
	for _, trace := range traces {
		lines = append(lines, strings.Split(trace, "\n")...)
	}
	lines = append(lines, "", "  indented", "\ttab and space behind \t", "end of line\r", "bad \xff UTF-8", `{"level":"error","msg":"json"}`, "用户登录失败")
	pods := interleaved(cri("stdout", strings.Join(lines, "\n")), cri("stderr", "one\ntwo\n\nthree"))
	pods = append(pods,
		"2026-11-24T08:00:01.5Z stdout P ERROR first half, ",
		"2026-11-24T08:00:01.6Z stderr F between the halves",
		"2026-11-24T08:00:01.7Z stdout F second half",
		"2026-11-24T16:00:01.700000000+08:00 stderr F of CRI-O",
		"no format of a container",
		`{"log":"of Docker\n","stream":"stdout","time":"2026-11-24T08:00:02.1Z"}`,
		`{"log":"a part, ","stream":"stdout","time":"2026-11-24T08:00:02.2Z"}`,
		`{"log":"on \"stream\":\"stderr\"\n","stream":"stderr","time":"2026-11-24T08:00:02.3Z"}`,
		`{"log":"and its end\n","stream":"stdout","time":"2026-11-24T08:00:02.4Z"}`,
		"2026-11-24T08:00:03Z stdout P last words without an end")

	t.Run("agent", func(t *testing.T) {
		s := newPodSite(t)
		s.write(s.app, pods...)
		s.agent(fmt.Sprintf(unfiltered, ", k8s_attributes"))
		s.assertAsRead(receiverlogs.Agent, s.app)
	})
	t.Run("edge", func(t *testing.T) {
		s := newSite(t)
		file := filepath.Join(s.dir, "logs", "a.log")
		s.write(file, append(lines, pods...)...)
		s.start("SEALGATE_EDGE_BIN", "embedded:edge"+fmt.Sprintf(unfiltered, ""),
			"SEALGATE_LOGS=["+filepath.Join(s.dir, "logs", "*.log")+"]", "SEALGATE_LOGS_START=beginning")
		s.assertAsRead(receiverlogs.Edge, file)
	})
}

// awaitRecords waits until the sink has n records, and returns their bodies.
func (s *site) awaitRecords(n int) (bodies []string) {
	s.t.Helper()
	require.NoError(s.t, harness.Poll(s.ctx, fmt.Sprintf("%d records", n), func(context.Context) (bool, error) {
		bodies = nil
		counts, _ := s.lines()
		for text, count := range counts {
			bodies = append(bodies, repeated(count, text)...)
		}
		return len(bodies) >= n, nil
	}))
	return bodies
}

func (s *site) assertAsRead(as receiverlogs.As, file string) {
	s.t.Helper()
	f, err := os.Open(file)
	require.NoError(s.t, err)
	defer f.Close()
	source, err := receiverlogs.Open(s.ctx, as, file, f)
	require.NoError(s.t, err)
	defer func() { assert.NoError(s.t, source.Close()) }()
	var want []string
	for {
		logs, err := source.Next()
		if err == io.EOF {
			break
		}
		require.NoError(s.t, err)
		want = append(want, described(logs)...)
	}
	var got []string
	assert.NoError(s.t, harness.Poll(s.ctx, "all records", func(context.Context) (bool, error) {
		got = nil
		for _, logs := range s.sink.Logs() {
			got = append(got, described(logs)...)
		}
		return len(got) >= len(want), nil
	}))
	assert.ElementsMatch(s.t, want, got)
}

// described is what a receiver says of each record, with the order of names fixed.
func described(logs plog.Logs) (records []string) {
	names := []string{"host.name", "k8s.namespace.name", "k8s.pod.name", "k8s.pod.uid", "k8s.container.name", "k8s.container.restart_count"}
	for _, rl := range logs.ResourceLogs().All() {
		resource := ""
		for _, name := range names {
			if v, ok := rl.Resource().Attributes().Get(name); ok {
				resource += " " + name + "=" + v.AsString()
			}
		}
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				records = append(records, fmt.Sprintf("%q %v %v %d %q %s", r.Body().AsString(), r.Attributes().AsRaw(),
					r.Timestamp().AsTime(), r.SeverityNumber(), r.SeverityText(), resource))
			}
		}
	}
	return records
}
