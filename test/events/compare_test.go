// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package events

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/k8seventsreceiver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"golang.org/x/sync/errgroup"
)

// contrib starts contrib's receiver on the namespace.
func (s *scene) contrib() *side {
	s.t.Helper()
	s.setenv()
	return startSide(s.t, k8seventsreceiver.NewFactory(), map[string]any{"auth_type": "kubeConfig", "namespaces": []string{s.namespace}}, "", nil)
}

// A storm is a few records; no kind is missing, and the counts add up. What contrib's receiver makes of the same storm is
// measured beside it.
func TestAStormIsAFewRecords(t *testing.T) {
	_, s := own(t)
	ours, theirs := s.follow("", nil), s.contrib()
	begun := 0
	await(t, "both receivers", func() bool { // contrib's leaves out events of the second in which it starts
		begun++
		s.create(s.event("last-pod", fmt.Sprint("Begun", begun), 1))
		return len(ours.all()) > 0 && len(theirs.all()) > 0
	})
	began := time.Now()
	done, storms := s.rage(t.Context(), 1)
	took := time.Since(began)
	s.last(ours, 1)
	await(t, "contrib's receiver", func() bool { return theirs.has("Last1") })
	ours.stop()
	theirs.stop()

	ofStorm := func(r logRecord) bool { return r.object != "last-pod" }
	got, records, notifications := map[kind]int64{}, 0, 0
	for _, r := range ours.all() {
		if ofStorm(r) {
			records++
			got[kind{r.owner, r.reason}] += r.count
		}
	}
	for _, r := range theirs.all() {
		if ofStorm(r) {
			notifications++
		}
	}
	assert.Equal(t, done.occurrences, got, "every kind, with its exact count")
	total := done.total()
	suppressed := 1 - float64(records)/float64(total)
	ofWrites := 1 - float64(records)/float64(done.writes)
	assert.GreaterOrEqual(t, suppressed, 0.994)
	assert.GreaterOrEqual(t, ofWrites, 0.994)

	for _, name := range slices.Sorted(maps.Keys(storms)) {
		t.Logf("%-32s %7d occurrences", name, storms[name])
	}
	t.Logf("%d occurrences of %d kinds in %d writes, %.0f a second", total, len(done.occurrences), done.writes, float64(done.writes)/took.Seconds())
	t.Logf("k8s_event_digest: %6d records, %9d bytes; suppressed %.2f%% of the occurrences, %.2f%% of the writes", records, ours.bytes, 100*suppressed, 100*ofWrites)
	t.Logf("k8s_events:       %6d records, %9d bytes; %.1f times as many records", notifications, theirs.bytes, float64(notifications)/float64(records))
}

// kinds is the number of kinds of the test of speed.
const kinds = 50_000

// TestTenThousandEventsASecond measures one processor's work of the receiver: a list of 50,000 events, each of a kind of
// its own, and a watch of as many changes.
func TestTenThousandEventsASecond(t *testing.T) {
	_, s := own(t)
	s.writeKinds(t, 1)
	before := heap()
	dir := t.TempDir()
	measured := func(start func() *side, n int64, taken func(*side) int64) *side {
		cpu, began := cpuTime(t), time.Now()
		side := start()
		require.Eventually(t, func() bool { return taken(side) >= n }, 10*time.Minute, 20*time.Millisecond)
		used, took := cpuTime(t)-cpu, time.Since(began)
		t.Logf("%-36s %7.0f events for each second of processor time, %7.0f a second of the clock", side.name(), float64(n)/used.Seconds(), float64(n)/took.Seconds())
		assert.Greater(t, float64(n)/used.Seconds(), 10_000.0)
		return side
	}
	occurrences := func(s *side) int64 { return s.metric("occurrences") }
	ours := measured(func() *side { return s.follow(dir, map[string]any{"max_kinds": kinds}) }, kinds, occurrences)
	assert.EqualValues(t, kinds, ours.metric("kinds"))
	ours.forget()
	memory := heap() - before
	t.Logf("%d kinds take %.1f MiB", ours.metric("kinds"), float64(memory)/(1<<20))
	assert.Less(t, memory, 64<<20)
	ours.stop()

	s.writeKinds(t, 2)
	again := measured(func() *side { return s.follow(dir, map[string]any{"max_kinds": kinds}) }, kinds, occurrences)
	assert.Zero(t, again.metric("lists"), "the watch brought all")
	again.stop()
}

func (s *side) name() string {
	if s.metric("lists") > 0 {
		return "k8s_event_digest, a list"
	}
	return "k8s_event_digest, a watch"
}

// forget drops the records, which would be measured with the receiver.
func (s *side) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = nil
}

// writeKinds sets the count of 50,000 events, each of a kind of its own.
func (s *scene) writeKinds(t *testing.T, count int32) {
	t.Helper()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(32)
	for n := range kinds {
		group.Go(func() error {
			e := s.event(fmt.Sprintf("workload%s-6d4b75cb6d-hwmqp", letters(n)), "BackOff", count)
			events := s.client.CoreV1().Events(s.namespace)
			var err error
			if count == 1 {
				_, err = events.Create(ctx, e, metav1.CreateOptions{})
			} else {
				_, err = events.Update(ctx, e, metav1.UpdateOptions{})
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
}

func letters(n int) string {
	b := make([]byte, 4)
	for at := range b {
		b[at] = byte('a' + n%26)
		n /= 26
	}
	return string(b)
}

func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func cpuTime(t *testing.T) time.Duration {
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
