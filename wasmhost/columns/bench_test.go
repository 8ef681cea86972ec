// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// lines are log lines of about 200 bytes of the kinds that an edge node has.
func lines() []string {
	r := rand.New(rand.NewPCG(1, 2))
	ip := func() string { return fmt.Sprintf("10.%d.%d.%d", r.IntN(256), r.IntN(256), r.IntN(256)) }
	words := []string{"connection", "closed", "by", "remote", "peer", "while", "reading", "response", "header", "from", "upstream", "request", "timed", "out"}
	prose := func(n int) string {
		var w []string
		for range n {
			w = append(w, words[r.IntN(len(words))])
		}
		return strings.Join(w, " ")
	}
	var out []string
	for range 250 {
		out = append(out,
			fmt.Sprintf(`%s - - [%02d/Jun/2026:10:%02d:%02d +0000] "GET /api/v1/namespaces/default/pods/web-%x HTTP/1.1" 200 %d "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/124.0 Safari/537.36" %.3f`,
				ip(), 1+r.IntN(28), r.IntN(60), r.IntN(60), r.Uint32(), r.IntN(99999), r.Float64()),
			fmt.Sprintf(`{"time":"2026-06-03T15:42:%02d.675Z","level":"info","logger":"controller","msg":"reconciled object","namespace":"shop","name":"cart-%x-xkq7z","duration_ms":%d,"trace_id":"%016x%016x"}`,
				r.IntN(60), r.Uint32(), r.IntN(500), r.Uint64(), r.Uint64()),
			fmt.Sprintf(`worker pool: %s; giving up on this attempt and trying again later because the %s (attempt %d of 5, next in %d ms)`,
				prose(12), prose(4), r.IntN(5), r.IntN(10000)),
			prose(30),
		)
	}
	return out
}

// chinese are lines of services that log in Chinese.
func chinese() (out []string) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 250 {
		out = append(out, fmt.Sprintf("2026-01-02 10:00:%02d 警告 订单服务 [线程-%d] 用户%d登录失败，密码错误次数过多，账户已被锁定；来源地址：10.0.%d.%d，重试%d次后放弃，退出码：%d",
			r.IntN(60), r.IntN(99), r.IntN(1e6), r.IntN(256), r.IntN(256), r.IntN(9), r.IntN(3)))
	}
	return out
}

func mean(ls []string) int {
	n := 0
	for _, l := range ls {
		n += len(l)
	}
	return n / len(ls)
}

func each1(b *testing.B, ls []string, f func(string)) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		f(ls[i%len(ls)])
	}
	b.ReportMetric(float64(mean(ls)), "bytes/line")
}

var sink uint64

func BenchmarkMask(b *testing.B) {
	all := lines()
	names := []string{"access", "json", "prose+numbers", "prose"}
	run := func(name string, ls []string) {
		var m Masker
		b.Run(name+"/columns", func(b *testing.B) { each1(b, ls, func(s string) { sink += m.ID(s) }) })
		b.Run(name+"/plain", func(b *testing.B) { each1(b, ls, func(s string) { sink += fnvMask(s) }) })
	}
	for k, name := range names {
		var ls []string
		for i := k; i < len(all); i += 4 {
			ls = append(ls, all[i])
		}
		run(name, ls)
	}
	run("mixed", all)
	run("chinese", chinese())
}

func BenchmarkMaskLogHub(b *testing.B) {
	for _, f := range corpora(b) {
		var ls []string
		for _, r := range loadCSV(b, f) {
			ls = append(ls, r.content)
		}
		var m Masker
		name := f[strings.LastIndexByte(f, '/')+1:][:4]
		b.Run(name, func(b *testing.B) { each1(b, ls, func(s string) { sink += m.ID(s) }) })
	}
}

// fnvMask is a plain masker: byte by byte, tokens with a digit masked, FNV-1a.
func fnvMask(s string) uint64 {
	const prime = 1099511628211
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); {
		for i < len(s) && s[i] == ' ' {
			i++
		}
		j, d := i, false
		for j < len(s) && s[j] != ' ' {
			d = d || s[j]-'0' < 10
			j++
		}
		if d {
			h = (h ^ '*') * prime
		} else {
			for k := i; k < j; k++ {
				h = (h ^ uint64(s[k])) * prime
			}
		}
		h = (h ^ ' ') * prime
		i = j
	}
	return h
}

func BenchmarkHash(b *testing.B) {
	each1(b, lines(), func(s string) { sink += Hash(s) })
}

// typical are needles as filters name them: probes, agents, paths, levels and phrases.
func typical(n int) []Needle {
	known := []string{"DEBUG", "/healthz", "kube-probe", "GET /metrics", "/readyz", "/livez", "TRACE", "Prometheus/", "ELB-HealthChecker",
		"GoogleHC", "heartbeat", "keepalive", "connection reset by peer", "context canceled", "i/o timeout", "no such host",
		"leader election", "lease renewed", "garbage collection", "cache hit", "cache miss", "retrying in", "deprecated",
		"favicon.ico", "robots.txt", "pollInterval", "noop handler", "syncLoop (PLEG)", "Probe succeeded", "MountVolume.SetUp",
		"image already present", "Pulling image", "successfully pulled", "Started container", "Created container", "backoff limit",
		"node_exporter", "fluent-bit", "promtail", "vector.dev", "datadog-agent", "newrelic", "OPTIONS /", "HEAD /", "304 Not Modified",
		"session opened", "session closed", "CRON[", "systemd[1]:", "audit: type="}
	var out []Needle
	for i := range n {
		text := known[i%len(known)]
		if i >= len(known) {
			text += fmt.Sprint(i)
		}
		out = append(out, Needle{Text: text})
	}
	return out
}

func BenchmarkNeedles(b *testing.B) {
	ls := lines()
	folded := typical(50)
	for i := range folded {
		folded[i].Fold = true
	}
	run := func(name string, needles []Needle) {
		n := mustNeedles(b, needles...)
		var hits Hits
		b.Run(name+"/columns", func(b *testing.B) {
			each1(b, ls, func(s string) { n.Match(s, &hits); sink += hits[0] })
		})
		b.Run(name+"/strings.Contains", func(b *testing.B) {
			each1(b, ls, func(s string) {
				for _, d := range needles {
					if strings.Contains(s, d.Text) {
						sink++
					}
				}
			})
		})
	}
	run("2", typical(2))
	run("10", typical(10))
	run("50", typical(50))
	run("50 folded", folded)
	run("256", typical(256))
}

func BenchmarkNeedlesHostile(b *testing.B) {
	needles, body := hostile(1 << 20)
	n := mustNeedles(b, needles...)
	var hits Hits
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		n.Match(body, &hits)
	}
}
