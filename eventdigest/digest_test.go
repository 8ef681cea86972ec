// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package eventdigest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	start   = time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	options = Options{
		Window: time.Minute, WorseFactor: 10, WorseLeast: 100, Examples: 3, MaxKinds: 1000, MaxBytes: 8 << 20, MaxEvents: 10_000,
	}
)

// backOff is an event as the kubelet writes it.
func backOff(pod string, count uint64) *Event {
	return &Event{
		Namespace: "shop", Name: pod + ".17f", UID: "uid-of-" + pod, Type: "Warning", Reason: "BackOff",
		Message:  "Back-off restarting failed container app in pod " + pod + "_shop(0f9e4a3c-5b1d-4f8e-9a77-2d1c0b9a8f7e)",
		Reporter: "kubelet", Host: "node-1", Object: Object{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: pod, UID: "pod-uid"},
		Count: count, First: start, Last: start.Add(time.Duration(count) * time.Second),
	}
}

// add adds an event and requires a record.
func add(t *testing.T, d *Digest, e *Event, as Arrival, now time.Time) Record {
	t.Helper()
	r, ok := d.Add(e, as, now)
	require.True(t, ok, "there is a record at once")
	return r
}

// count adds an event and requires that there is no record.
func count(t *testing.T, d *Digest, e *Event, as Arrival, now time.Time) {
	t.Helper()
	r, ok := d.Add(e, as, now)
	require.False(t, ok, "a record: %+v", r)
}

// due returns all records that are due.
func due(d *Digest, now time.Time) []Record {
	var all []Record
	for {
		r, ok := d.Due(now)
		if !ok {
			return all
		}
		all = append(all, r)
	}
}

func TestTheFirstEventOfAKindPassesAtOnce(t *testing.T) {
	e := backOff("web-6d4b75cb6d-hwmqp", 1)
	r := add(t, New(options), e, Added, start)
	assert.Equal(t, Record{
		Event: *e, Owner: Owner{"Deployment", "web"}, Cause: First, Count: 1,
		First: e.First, Last: e.Last, Objects: []string{"Pod/web-6d4b75cb6d-hwmqp"},
	}, r)
}

func TestRepeatsBecomeOneRecordAWindow(t *testing.T) {
	d := New(options)
	add(t, d, backOff("web-6d4b75cb6d-hwmqp", 1), Added, start)
	count(t, d, backOff("web-6d4b75cb6d-hwmqp", 4), Modified, start.Add(10*time.Second))
	count(t, d, backOff("web-6d4b75cb6d-x2x4z", 2), Added, start.Add(20*time.Second))
	assert.Empty(t, due(d, start.Add(59*time.Second)))
	next, ok := d.Next()
	require.True(t, ok)
	assert.True(t, next.Equal(start.Add(time.Minute)))

	records := due(d, start.Add(time.Minute))
	require.Len(t, records, 1)
	r := records[0]
	assert.Equal(t, Repeats, r.Cause)
	assert.EqualValues(t, 3+2, r.Count)
	assert.Equal(t, "web-6d4b75cb6d-x2x4z.17f", r.Name, "the latest event")
	assert.Equal(t, []string{"Pod/web-6d4b75cb6d-hwmqp", "Pod/web-6d4b75cb6d-x2x4z"}, r.Objects)
	assert.True(t, r.First.Equal(start), r.First)
	assert.True(t, r.Last.Equal(start.Add(4*time.Second)), r.Last)

	assert.Empty(t, due(d, start.Add(2*time.Minute)), "a window without repeats")
	assert.Zero(t, d.Stats().Kinds)
	assert.Zero(t, d.Stats().Bytes)
	assert.Equal(t, First, add(t, d, backOff("web-6d4b75cb6d-x2x4z", 3), Modified, start.Add(3*time.Minute)).Cause, "a quiet kind is news again")
}

func TestOccurrencesAreChangesOfTheCount(t *testing.T) {
	d := New(options)
	for i, step := range []struct {
		what  string
		uid   string
		count uint64
		as    Arrival
		want  uint64
	}{
		{"a new object", "a", 1, Added, 1},
		{"a notification of other fields", "a", 1, Modified, 0},
		{"a series that is written now and then", "a", 40, Modified, 39},
		{"a list after the watch", "a", 40, Added, 0},
		{"an older state, of a slow server", "a", 12, Added, 0},
		{"the state after it", "a", 41, Modified, 1},
		{"created again by a component that counts on", "b", 43, Added, 2},
		{"created again by one that does not", "c", 1, Added, 1},
		{"a count that is not set", "c", 0, Modified, 0},
	} {
		e := backOff("db-0", step.count)
		e.UID = step.uid
		before := d.Stats().Occurrences
		d.Add(e, step.as, start.Add(time.Duration(i)*time.Second))
		assert.Equal(t, step.want, d.Stats().Occurrences-before, step.what)
	}
	assert.Zero(t, d.Stats().Inexact)
}

func TestAnObjectThatWasForgottenCountsOnce(t *testing.T) {
	o := options
	o.MaxEvents = 2
	d := New(o)
	for _, pod := range []string{"a-0", "b-0", "c-0"} {
		d.Add(backOff(pod, 5), Added, start)
	}
	before := d.Stats()
	d.Add(backOff("a-0", 7), Modified, start)
	assert.EqualValues(t, 1, d.Stats().Occurrences-before.Occurrences)
	assert.EqualValues(t, 1, d.Stats().Inexact)
}

func TestPodsOfADeploymentAreOneKind(t *testing.T) {
	d := New(options)
	records := 0
	for i := range 500 {
		if _, ok := d.Add(backOff(fmt.Sprintf("web-6d4b75cb6d-%s", suffix(i)), 1), Added, start); ok {
			records++
		}
	}
	assert.Equal(t, 1, d.Stats().Kinds)
	assert.Equal(t, 2, records, "the first, and when it got worse")
}

func TestNamesOfPodsInAMessageDoNotMakeKinds(t *testing.T) {
	const message = "Back-off restarting failed container app in pod %s_kube-system(0f9e4a3c-5b1d-4f8e-9a77-2d1c0b9a8f7e)"
	for what, tt := range map[string]struct{ kind, object, message string }{
		"DaemonSet":             {"Pod", "proxy-%s", message},
		"StatefulSet":           {"Pod", "proxy-1", message},
		"Deployment":            {"Pod", "proxy-6d4b75cb6d-%s", message},
		"CronJob":               {"Pod", "proxy-28930123-%s", message},
		"of a DaemonSet itself": {"DaemonSet", "proxy", "Created pod: proxy-%s"},
		"of a ReplicaSet":       {"ReplicaSet", "proxy-6d4b75cb6d", "Created pod: proxy-6d4b75cb6d-%s"},
	} {
		d := New(options)
		for i, end := range []string{"bcdfg", "bcd2f", "x2x4z", "99999", "hwmqp"} {
			e := backOff(fmt.Sprint("event-", i), 1)
			pod := strings.ReplaceAll(tt.object, "%s", end)
			e.Object = Object{Kind: tt.kind, Name: pod}
			e.Message = strings.ReplaceAll(tt.message, "%s", end)
			if tt.message == message {
				e.Message = fmt.Sprintf(message, pod)
			}
			d.Add(e, Added, start)
		}
		assert.Equal(t, 1, d.Stats().Kinds, what)
	}
}

func TestOnlyNamesOfTheOwnersPodsAreReplaced(t *testing.T) {
	for message, want := range map[string]string{
		"pod proxy-bcdfg_kube-system failed": "pod proxy_kube-system failed",
		"proxy-bcdfg":                        "proxy",
		"proxy-bcdfg, proxy-0: proxy":        "proxy, proxy: proxy",
		"my-proxy-bcdfg proxy-nginx":         "my-proxy-bcdfg proxy-nginx",
		"节点 proxy-bcdfg 失败":                  "节点 proxy 失败",
		"proxy-":                             "proxy-",
		"":                                   "",
	} {
		assert.Equal(t, want, withOwner(message, "proxy"))
	}
	assert.Equal(t, "-bcdfg", withOwner("-bcdfg", ""))
}

// suffix returns five characters as of a pod's name.
func suffix(i int) string {
	b := make([]byte, 5)
	for at := range b {
		b[at] = randomChars[i%len(randomChars)]
		i /= len(randomChars)
	}
	return string(b)
}

func TestKindsDiffer(t *testing.T) {
	d := New(options)
	add(t, d, backOff("web-6d4b75cb6d-hwmqp", 1), Added, start)
	for i, change := range []func(*Event){
		func(e *Event) { e.Namespace = "blog" },
		func(e *Event) { e.Type = "Normal" },
		func(e *Event) { e.Reason = "Unhealthy" },
		func(e *Event) { e.Message = "Readiness probe failed: HTTP probe failed with statuscode: 503" },
		func(e *Event) { e.Message = "Readiness probe failed: HTTP probe failed with statuscode: 500" },
		func(e *Event) { e.Object.Name = "api-6d4b75cb6d-hwmqp" },
	} {
		e := backOff("web-6d4b75cb6d-hwmqp", 1)
		e.Name = fmt.Sprint("other-", i)
		change(e)
		assert.Equal(t, First, add(t, d, e, Added, start).Cause)
	}
}

func TestCombinedEventsAreOfTheKindOfTheirMessage(t *testing.T) {
	d := New(options)
	add(t, d, backOff("web-6d4b75cb6d-hwmqp", 1), Added, start)
	combined := backOff("web-6d4b75cb6d-hwmqp", 3)
	combined.Name, combined.Message = "combined", "(combined from similar events): "+combined.Message
	count(t, d, combined, Added, start)
}

func TestAKindThatGetsMuchWorseIsReportedAtOnce(t *testing.T) {
	d := New(options)
	add(t, d, backOff("db-0", 1), Added, start)
	count(t, d, backOff("db-0", 100), Modified, start)
	r := add(t, d, backOff("db-0", 101), Modified, start)
	assert.Equal(t, Worse, r.Cause)
	assert.EqualValues(t, 100, r.Count)
	count(t, d, backOff("db-0", 1000), Modified, start)
	assert.EqualValues(t, 900, add(t, d, backOff("db-0", 1001), Modified, start).Count, "and at ten times as much again")

	now := start.Add(time.Minute)
	assert.Empty(t, due(d, now), "nothing is owed")
	count(t, d, backOff("db-0", 10_000), Modified, now)
	assert.Equal(t, Worse, add(t, d, backOff("db-0", 11_001), Modified, now).Cause, "worse than the window before")
}

func TestAWarningThatDoesNotFitPassesByItself(t *testing.T) {
	o := options
	o.MaxKinds = 2
	for name, o := range map[string]Options{"kinds": o, "bytes": {
		Window: o.Window, WorseFactor: 10, WorseLeast: 100, Examples: 3, MaxKinds: 1000, MaxEvents: 100, MaxBytes: 2 * (kindBytes + 300),
	}} {
		t.Run(name, func(t *testing.T) {
			d := New(o)
			for _, pod := range []string{"a-0", "b-0"} {
				assert.Equal(t, First, add(t, d, backOff(pod, 1), Added, start).Cause)
			}
			for n := range uint64(3) {
				r := add(t, d, backOff("c-0", 1+2*n), Arrival(n > 0), start)
				assert.Equal(t, Untracked, r.Cause)
				assert.EqualValues(t, min(1+n, 2), r.Count)
			}
			count(t, d, backOff("a-0", 2), Modified, start)
		})
	}
}

func TestALongMessageDoesNotTakeMoreThanThereIs(t *testing.T) {
	o := options
	o.MaxBytes = 2000
	d := New(o)
	add(t, d, backOff("a-0", 1), Added, start)
	long := backOff("a-0", 2)
	long.Object.UID = strings.Repeat("x", 5000)
	count(t, d, long, Modified, start)
	assert.LessOrEqual(t, d.Stats().Bytes, o.MaxBytes)
	records := due(d, start.Add(time.Minute))
	require.Len(t, records, 1)
	assert.Equal(t, "pod-uid", records[0].Object.UID, "the latest event that fits")
	assert.EqualValues(t, 1, records[0].Count)
}

func TestTheClockOfANodeMayBeWrong(t *testing.T) {
	d := New(options)
	e := backOff("db-0", 1)
	e.First, e.Last = time.Time{}, time.Time{}
	r := add(t, d, e, Added, start)
	assert.Equal(t, start, r.First, "without a time, that of the arrival")

	for i, at := range []time.Time{start.AddDate(30, 0, 0), start.AddDate(-30, 0, 0), start.AddDate(500, 0, 0)} {
		e := backOff("db-0", uint64(2+i))
		e.Last = at
		count(t, d, e, Modified, start)
	}
	records := due(d, start.Add(time.Minute))
	require.Len(t, records, 1, "windows go by the clock of arrival")
	assert.True(t, records[0].First.Equal(start.AddDate(-30, 0, 0)), "times are reported as they are")
	assert.True(t, records[0].Last.Equal(start.AddDate(30, 0, 0)))
	assert.EqualValues(t, 3, records[0].Count)
}

func TestAClockThatIsSetBackEndsWindows(t *testing.T) {
	d := New(options)
	add(t, d, backOff("db-0", 1), Added, start)
	count(t, d, backOff("db-0", 3), Modified, start)
	assert.Len(t, due(d, start.Add(-time.Hour)), 1)
}

func TestDrainingReportsAllThatIsOwed(t *testing.T) {
	d := New(options)
	for _, pod := range []string{"a-0", "b-0", "c-0"} {
		add(t, d, backOff(pod, 1), Added, start)
		count(t, d, backOff(pod, 3), Modified, start)
	}
	records := 0
	for r := range d.Drain() {
		assert.EqualValues(t, 2, r.Count)
		records++
	}
	assert.Equal(t, 3, records)
	assert.Empty(t, due(d, start.Add(time.Minute)), "nothing twice")
}

func TestOwners(t *testing.T) {
	for name, want := range map[string]string{
		"Pod/web-6d4b75cb6d-hwmqp":               "Deployment/web",
		"Pod/a-b-6d4b75cb6d-hwmqp":               "Deployment/a-b",
		"Pod/web-hwmqp":                          "web",
		"Pod/db-0":                               "db",
		"Pod/report-28930123-x2x4z":              "CronJob/report",
		"Pod/nginx":                              "Pod/nginx",
		"Pod/my-nginx":                           "Pod/my-nginx",
		"Pod/web-6d4b75cb6d-nginx":               "Pod/web-6d4b75cb6d-nginx",
		"Pod/-hwmqp":                             "Pod/-hwmqp",
		"Pod/web-":                               "Pod/web-",
		"Pod/":                                   "Pod/",
		"Pod/import-20261201":                    "Pod/import-20261201",
		"ReplicaSet/web-6d4b75cb6d":              "Deployment/web",
		"ReplicaSet/web":                         "ReplicaSet/web",
		"Job/report-28930123":                    "CronJob/report",
		"Job/report":                             "Job/report",
		"PersistentVolumeClaim/data-db-0":        "data-db",
		"PersistentVolumeClaim/data":             "PersistentVolumeClaim/data",
		"Node/node-1":                            "Node/node-1",
		"HorizontalPodAutoscaler/web-6d4b75cb6d": "HorizontalPodAutoscaler/web-6d4b75cb6d",
	} {
		kind, object, _ := strings.Cut(name, "/")
		assert.Equal(t, want, OwnerOf(Object{Kind: kind, Name: object}).String(), name)
	}
}

// A storm of random events, lists and restarts: all counts add up, and no kind is missing.
func TestCountsAddUpWhateverComes(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 18))
		o := options
		o.MaxKinds = 1 + r.IntN(20)
		o.Window = time.Duration(1+r.IntN(100)) * time.Second
		d := New(o)
		now := start
		truth, got := map[string]uint64{}, map[string]uint64{} // by reason
		counts := map[string]uint64{}
		take := func(record Record, ok bool) bool {
			if ok {
				got[record.Reason] += record.Count
			}
			return ok
		}
		for range 5000 {
			now = now.Add(time.Duration(r.IntN(1000)) * time.Millisecond)
			pod, reason := fmt.Sprintf("db-%d", r.IntN(3)), fmt.Sprint("Reason", r.IntN(12))
			e := backOff(pod, 0)
			e.Name, e.Reason, e.UID = pod+reason, reason, pod+reason
			as := Arrival(counts[e.Name] > 0)
			grew := uint64(r.IntN(3))
			if as == Added {
				grew = 1
			}
			counts[e.Name] += grew
			truth[reason] += grew
			e.Count = counts[e.Name]
			take(d.Add(e, as, now))
			switch r.IntN(100) {
			case 0: // a second list
				take(d.Add(e, Added, now))
			case 1: // a restart
				d = reloaded(t, d, o)
			}
			for take(d.Due(now)) {
			}
		}
		for record := range d.Drain() {
			take(record, true)
		}
		assert.Equal(t, truth, got, "seed %d", seed)
	}
}
