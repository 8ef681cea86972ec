// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfilter

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/wasmhost"
)

var now = time.Unix(1_700_000_000, 0)

func ruleName(wasmhost.RuleID) string { return "repeats" }

// dropped is a batch of records of a pod that were all dropped and counted, and the key of its resource.
func dropped(t *testing.T, s *Summaries, v *View, pod, tenant string) uint64 {
	t.Helper()
	ld := one(func(plog.LogRecord) {})
	ld.ResourceLogs().At(0).Resource().Attributes().PutStr("k8s.pod.name", pod)
	b := v.Batch(withTenant(t.Context(), tenant), ld)
	defer b.Release()
	b.Verdicts[0].Action = wasmhost.Represent
	s.Remember(b)
	return b.ResourceKey(0)
}

// report is one that is worth a summary.
func report(resource, count uint64) wasmhost.Report {
	return wasmhost.Report{Key: 1, Kind: wasmhost.KeyIdentity, Resource: resource, Count: count, Bytes: count * 400, First: 1e18, Last: 2e18, Severity: 9, Template: "took <*> ms"}
}

// counts adds the counts of summary records, by pod.
func counts(t *testing.T, all []Summary) map[string]int64 {
	t.Helper()
	sum := map[string]int64{}
	for _, s := range all {
		for _, rl := range s.Logs.ResourceLogs().All() {
			pod := "none"
			if v, ok := rl.Resource().Attributes().Get("k8s.pod.name"); ok {
				pod = v.Str()
			}
			for _, r := range rl.ScopeLogs().At(0).LogRecords().All() {
				n, ok := r.Attributes().Get(AttrCount)
				require.True(t, ok)
				sum[pod] += n.Int()
			}
		}
	}
	return sum
}

func TestSummariesHaveTheResourceOfTheirRecords(t *testing.T) {
	var s Summaries
	v := &View{}
	a, b := dropped(t, &s, v, "cart-1", ""), dropped(t, &s, v, "cart-2", "")
	all := s.Of([]wasmhost.Report{report(a, 3), report(b, 8), report(a, 2), {Count: 5, ByHost: true}}, ruleName, now, false)
	require.Len(t, all, 1)
	assert.Equal(t, map[string]int64{"cart-1": 5, "cart-2": 8, "none": 5}, counts(t, all))
	require.Equal(t, 3, all[0].Logs.ResourceLogs().Len())
	r := all[0].Logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	assert.Equal(t, EventSuppressed, r.EventName())
	assert.Equal(t, plog.SeverityNumberInfo, r.SeverityNumber())
	assert.Equal(t, "suppressed 3 times: took <*> ms", r.Body().Str())
	assert.Equal(t, map[string]any{
		AttrCount: int64(3), AttrFirst: "2001-09-09T01:46:40Z", AttrLast: "2033-05-18T03:33:20Z", AttrRule: "repeats", AttrTemplate: "took <*> ms",
	}, r.Attributes().AsRaw())
	assert.Equal(t, "log.record.template", AttrTemplate)
	name, _ := all[0].Logs.ResourceLogs().At(2).Resource().Attributes().Get("service.name")
	assert.Equal(t, "sealgate", name.Str(), "of a resource that is not known")
}

func TestSummariesGoToTheTenantOfTheirRecords(t *testing.T) {
	var s Summaries
	v := &View{MetadataKeys: []string{"X-Scope-OrgID"}}
	a, b := dropped(t, &s, v, "p", "red"), dropped(t, &s, v, "p", "blue")
	all := s.Of([]wasmhost.Report{report(a, 3), report(b, 8)}, ruleName, now, false)
	require.Len(t, all, 2)
	for i, tenant := range []string{"red", "blue"} {
		m := client.FromContext(all[i].Context(t.Context())).Metadata
		assert.Equal(t, []string{tenant}, m.Get("x-scope-orgid"))
		assert.Empty(t, m.Get("user-agent"), "nothing else that a client has sent")
	}
}

func TestSummariesAreSmallerThanTheirRecords(t *testing.T) {
	var s Summaries
	pod := dropped(t, &s, &View{}, "p", "")
	small := func(i int) wasmhost.Report {
		r := report(pod, 1)
		r.Bytes, r.Template = 80, fmt.Sprintf("a short line of kind %c%c <*>", 'a'+i/26, 'a'+i%26)
		return r
	}
	assert.Empty(t, s.Of([]wasmhost.Report{small(0)}, ruleName, now, false), "it waits")
	var more []wasmhost.Report
	for i := range 300 {
		more = append(more, small(1+i))
	}
	all := s.Of(more, ruleName, now, false)
	require.Equal(t, map[string]int64{"p": 301}, counts(t, all))
	records := all[0].Logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	require.Equal(t, 1, records.Len())
	assert.Less(t, sizeOf(records.At(0)), uint64(301*80))
	n, _ := records.At(0).Attributes().Get(AttrTemplates)
	assert.EqualValues(t, 301, n.Int())
	assert.Contains(t, records.At(0).Body().Str(), "suppressed 301 records of 301 kinds: a short line of kind aa <*>; ")
	assert.Equal(t, plog.SeverityNumberInfo, records.At(0).SeverityNumber())
	assert.Empty(t, s.Of(nil, ruleName, now, true), "nothing is left")
}

func TestSmallSummariesAreWrittenInTheEnd(t *testing.T) {
	small := func(pod uint64) []wasmhost.Report {
		r := report(pod, 1)
		r.Bytes = 50
		return []wasmhost.Report{r}
	}
	for name, end := range map[string]func(*Summaries) []Summary{
		"at shutdown":        func(s *Summaries) []Summary { return s.Of(nil, ruleName, now, true) },
		"after some minutes": func(s *Summaries) []Summary { return s.Of(nil, ruleName, now.Add(patience), false) },
		"where too many wait": func(s *Summaries) []Summary {
			var many []wasmhost.Report
			for i := range maxGathered {
				many = append(many, small(uint64(1e6+i))...)
			}
			return s.Of(many, ruleName, now, false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var s Summaries
			pod := dropped(t, &s, &View{}, "p", "")
			require.Empty(t, s.Of(small(pod), ruleName, now, false))
			require.Empty(t, s.Of(nil, ruleName, now.Add(patience-1), false))
			assert.EqualValues(t, 1, counts(t, end(&s))["p"])
		})
	}
}

func TestSummariesConserveCounts(t *testing.T) {
	var s Summaries
	pods := []uint64{dropped(t, &s, &View{}, "a", ""), dropped(t, &s, &View{}, "b", ""), 0}
	want, got := int64(0), int64(0)
	add := func(all []Summary) {
		for _, n := range counts(t, all) {
			got += n
		}
	}
	for round := range 200 {
		var reports []wasmhost.Report
		for i := range 1 + round%7 {
			r := report(pods[(round+i)%3], uint64(1+round%5))
			r.Bytes = uint64(round * i * 37 % 900)
			r.Severity = uint8(round % 3)
			reports = append(reports, r)
			want += int64(r.Count)
		}
		add(s.Of(reports, ruleName, now.Add(time.Duration(round)*time.Minute), false))
	}
	add(s.Of(nil, ruleName, now, true))
	assert.Equal(t, want, got)
}

func TestTextsOfGuestsBecomeUTF8(t *testing.T) {
	var s Summaries
	all := s.Of([]wasmhost.Report{{Count: 1, Text: "cut \xe6\x97"}}, ruleName, now, false)
	assert.Equal(t, "suppressed 1 times: cut \uFFFD", all[0].Logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Str())
}
