// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package events

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/k8sleaderelector"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	toolsevents "k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/record"
)

// last writes an event that comes after all others, and waits until a receiver has passed it on: then it has all.
func (s *scene) last(side *side, n int) {
	s.t.Helper()
	reason := fmt.Sprint("Last", n)
	s.create(s.event("last-pod", reason, 1))
	await(s.t, "the last event", func() bool { return side.has(reason) })
}

func TestEventsBecomeRecordsWithExactCounts(t *testing.T) {
	_, s := shared(t)
	s.create(s.event("web-6d4b75cb6d-hwmqp", "BackOff", 3))
	side := s.follow("", nil)
	await(t, "what was there before", func() bool { return side.has("BackOff") })
	s.create(s.event("web-6d4b75cb6d-x2x4z", "BackOff", 1))
	s.set("web-6d4b75cb6d-x2x4z", "BackOff", 9)
	s.last(side, 1)
	side.stop()

	var ours []logRecord
	for _, r := range side.all() {
		if r.reason == "BackOff" {
			ours = append(ours, r)
		}
	}
	require.Len(t, ours, 2)
	assert.Equal(t, "first", ours[0].cause)
	assert.EqualValues(t, 3, ours[0].count)
	assert.Equal(t, "repeats", ours[1].cause)
	assert.EqualValues(t, 9, ours[1].count)
	assert.Equal(t, "Deployment/web", ours[1].owner)
	assert.Equal(t, []any{"Pod/web-6d4b75cb6d-x2x4z"}, ours[1].objects)
}

func TestARecordAWindow(t *testing.T) {
	_, s := shared(t)
	side := s.follow("", map[string]any{"window": "1s"})
	s.create(s.event("db-0", "BackOff", 1))
	await(t, "the first", func() bool { return side.has("BackOff") })
	s.set("db-0", "BackOff", 4)
	await(t, "the repeats", func() bool { return side.sums()["BackOff"] == 4 })
	s.set("db-0", "BackOff", 204)
	await(t, "much worse", func() bool {
		records := side.all()
		return records[len(records)-1].cause == "worse" && side.sums()["BackOff"] == 204
	})
}

func TestARestartCountsWhatCameMeanwhile(t *testing.T) {
	_, s := shared(t)
	dir := t.TempDir()
	side := s.follow(dir, nil)
	s.create(s.event("db-0", "BackOff", 5))
	s.last(side, 1)
	side.stop()

	s.set("db-0", "BackOff", 12)
	s.create(s.event("db-0", "Unhealthy", 2))
	after := s.follow(dir, nil)
	s.last(after, 2)
	after.stop()
	assert.EqualValues(t, 5, side.sums()["BackOff"])
	assert.Equal(t, map[string]int64{"BackOff": 7, "Unhealthy": 2, "Last2": 1}, after.sums())
	assert.Zero(t, after.metric("lists"), "it went on from its position")
}

func TestACompactedPositionListsWithoutCountingTwice(t *testing.T) {
	c, s := own(t)
	dir := t.TempDir()
	side := s.follow(dir, nil)
	s.create(s.event("db-0", "BackOff", 5))
	s.create(s.event("db-0", "Failed", 1))
	s.last(side, 1)
	side.stop()

	s.set("db-0", "BackOff", 12)
	s.create(s.event("db-0", "Unhealthy", 2))
	require.NoError(t, c.compact(t.Context()))
	after := s.follow(dir, nil)
	s.last(after, 2)
	await(t, "a list", func() bool { return after.metric("lists") == 1 })
	assert.Positive(t, after.metric("failures", "reason", "expired"))
	after.stop()
	assert.Equal(t, map[string]int64{"BackOff": 7, "Unhealthy": 2, "Last2": 1}, after.sums())
}

func TestAnEventThatIsCreatedAgainCountsOn(t *testing.T) {
	_, s := shared(t)
	side := s.follow("", nil)
	s.create(s.event("db-0", "BackOff", 7))
	s.remove("db-0", "BackOff") // it expires
	s.create(s.event("db-0", "BackOff", 8))
	s.last(side, 1)
	side.stop()
	assert.EqualValues(t, 8, side.sums()["BackOff"])
}

func TestTheAPIServerRestarts(t *testing.T) {
	c, s := own(t)
	side := s.follow("", nil)
	s.create(s.event("db-0", "BackOff", 1))
	s.last(side, 1)
	c.server.Kill()
	require.NoError(t, c.startServer(t.Context()))
	s.set("db-0", "BackOff", 6)
	s.last(side, 2)
	side.stop()
	assert.EqualValues(t, 6, side.sums()["BackOff"])
	assert.Len(t, side.all(), 4, "nothing is said twice")
}

// The versions of a restored etcd are before those that were seen.
func TestARestoredClusterIsListed(t *testing.T) {
	c, s := own(t)
	dir := t.TempDir()
	side := s.follow(dir, nil)
	for n := range int32(300) { // versions that the new history does not reach
		s.create(s.event(fmt.Sprint("db-", n), "BackOff", 1))
	}
	s.last(side, 1)
	side.stop()

	c.stop()
	require.NoError(t, os.RemoveAll(c.path("etcd-data")))
	require.NoError(t, c.startEtcd(t.Context()))
	require.NoError(t, c.startServer(t.Context()))
	_, err := s.client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.namespace}}, metav1.CreateOptions{})
	require.NoError(t, err)
	s.create(s.event("db-0", "Unhealthy", 2))
	after := s.follow(dir, nil)
	s.last(after, 2)
	assert.EqualValues(t, 2, after.sums()["Unhealthy"])
	assert.Positive(t, after.metric("lists"))
}

func TestADeniedPermissionIsNamedAndTriedAgain(t *testing.T) {
	_, s := shared(t)
	s.create(s.event("db-0", "BackOff", 3))
	side := s.follow("", map[string]any{"context": follower})
	await(t, "refusals", func() bool { return side.metric("failures", "reason", "forbidden") > 1 })
	assert.Equal(t, componentstatus.StatusRecoverableError, side.host.lastStatus())
	assert.Empty(t, side.all())
	s.allow("")
	await(t, "the event", func() bool { return side.sums()["BackOff"] == 3 })
	assert.Equal(t, componentstatus.StatusOK, side.host.lastStatus())
}

func TestEitherAPIGivesTheSameRecords(t *testing.T) {
	_, s := shared(t)
	s.create(s.event("db-0", "BackOff", 3))
	at := metav1.NewMicroTime(time.Now())
	_, err := s.client.EventsV1().Events(s.namespace).Create(t.Context(), &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{Name: "db-0.scheduling", Namespace: s.namespace}, EventTime: at,
		ReportingController: "default-scheduler", ReportingInstance: "default-scheduler-1", Action: "Scheduling", Reason: "FailedScheduling",
		Regarding: corev1.ObjectReference{Kind: "Pod", Namespace: s.namespace, Name: "db-0"}, Note: "0/5 nodes are available", Type: "Warning",
		Series: &eventsv1.EventSeries{Count: 4, LastObservedTime: metav1.NewMicroTime(at.Add(time.Minute))},
	}, metav1.CreateOptions{})
	require.NoError(t, err)

	var got [2][]logRecord
	for i, group := range []string{"", "events.k8s.io"} {
		if i == 1 {
			require.NoError(t, s.client.RbacV1().RoleBindings(s.namespace).DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{}))
		}
		s.allow(group)
		side := s.follow("", map[string]any{"context": follower})
		await(t, "both events", func() bool { return len(side.all()) == 2 })
		side.stop()
		got[i] = side.all()
		for at := range got[i] {
			got[i][at].at = time.Time{} // of an event that is later than now, it is that of its arrival
		}
	}
	assert.ElementsMatch(t, got[0], got[1])
	assert.ElementsMatch(t, []int64{3, 4}, []int64{got[0][0].count, got[0][1].count})
}

func TestClocksOfNodesDoNotMatter(t *testing.T) {
	_, s := shared(t)
	side := s.follow("", nil)
	for i, at := range []time.Time{time.Now().AddDate(1, 0, 0), time.Now().AddDate(-1, 0, 0), time.Unix(0, 0)} {
		e := s.event("db-0", fmt.Sprint("Skewed", i), 1)
		e.FirstTimestamp, e.LastTimestamp = metav1.NewTime(at), metav1.NewTime(at)
		s.create(e)
	}
	s.last(side, 1)
	for _, r := range side.all() {
		assert.WithinDuration(t, time.Now(), r.at, time.Hour, "backends take it")
	}
	assert.Len(t, side.all(), 4)
	assert.Contains(t, side.all()[0].last, fmt.Sprint(time.Now().UTC().AddDate(1, 0, 0).Year()), "the component's time is kept")
}

func TestRefusedRecordsWait(t *testing.T) {
	_, s := shared(t)
	side := s.follow("", nil)
	side.mu.Lock()
	side.refuse = errors.New("the queue is full")
	side.mu.Unlock()
	s.create(s.event("db-0", "BackOff", 3))
	await(t, "a record that waits", func() bool { return side.metric("waiting") == 1 })
	side.mu.Lock()
	side.refuse = nil
	side.mu.Unlock()
	await(t, "the record", func() bool { return side.sums()["BackOff"] == 3 })
}

func TestOnlyTheLeaderFollows(t *testing.T) {
	_, s := shared(t)
	elected := func(h *host) {
		h.start(t, k8sleaderelector.NewFactory(), map[string]any{
			"auth_type": "kubeConfig", "lease_name": "events", "lease_namespace": s.namespace,
			"lease_duration": "3s", "renew_deadline": "2s", "retry_period": "500ms",
		})
	}
	settings := map[string]any{"k8s_leader_elector": "k8s_leader_elector"}
	first := s.follow(t.TempDir(), settings, elected)
	await(t, "a leader", func() bool { return first.metric("active") == 1 })
	second := s.follow(t.TempDir(), settings, elected)
	s.create(s.event("db-0", "BackOff", 3))
	s.last(first, 1)
	assert.Zero(t, second.metric("active"))
	assert.Empty(t, second.all())

	first.stop()
	await(t, "another leader", func() bool { return second.metric("active") == 1 })
	s.set("db-0", "BackOff", 5)
	s.last(second, 2)
	second.stop()
	assert.GreaterOrEqual(t, first.sums()["BackOff"]+second.sums()["BackOff"], int64(5), "nothing is missing")
}

// The recorders of client-go are those of the kubelet and the scheduler.
func TestTheRecordersOfKubernetesAreUnderstood(t *testing.T) {
	_, s := shared(t)
	side := s.follow("", nil)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web-6d4b75cb6d-hwmqp", Namespace: s.namespace, UID: "uid"}}

	old := record.NewBroadcaster(record.WithContext(t.Context()))
	defer old.Shutdown()
	old.StartRecordingToSink(&coreSink{s})
	kubelet := old.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet", Host: "node-1"})
	for n := range 20 { // after ten of them, those that differ in their message are combined
		kubelet.Eventf(pod, corev1.EventTypeWarning, "Unhealthy", "Readiness probe failed: no answer in %d ms", 1000+n)
	}

	sink := &toolsevents.EventSinkImpl{Interface: s.client.EventsV1()}
	broadcaster := toolsevents.NewBroadcaster(sink)
	defer broadcaster.Shutdown()
	require.NoError(t, broadcaster.StartRecordingToSinkWithContext(t.Context()))
	scheduler := broadcaster.NewRecorder(scheme.Scheme, "default-scheduler")
	for range 5 { // the first two are written at once, the others after six minutes
		scheduler.Eventf(pod, nil, corev1.EventTypeWarning, "FailedScheduling", "Scheduling", "0/5 nodes are available")
	}
	count := func() (n, objects int64) {
		list, err := s.client.CoreV1().Events(s.namespace).List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		for _, e := range list.Items {
			n += int64(e.Count)
			if e.Series != nil {
				n += int64(e.Series.Count)
			}
			objects++
		}
		return n, objects
	}
	await(t, "the recorders have written all", func() bool { n, _ := count(); return n == 20+2 })
	s.last(side, 1)
	side.stop()
	_, objects := count()
	assert.Less(t, objects, int64(20), "the recorder combined some")
	assert.EqualValues(t, 20, side.sums()["Unhealthy"])
	assert.EqualValues(t, 2, side.sums()["FailedScheduling"])
	assert.Len(t, side.all(), 5, "two kinds with their repeats, and the last event of the test")
}

// coreSink writes what a recorder of v1 records.
type coreSink struct{ *scene }

func (s *coreSink) Create(e *corev1.Event) (*corev1.Event, error) {
	return s.client.CoreV1().Events(s.namespace).CreateWithEventNamespace(e)
}

func (s *coreSink) Update(e *corev1.Event) (*corev1.Event, error) {
	return s.client.CoreV1().Events(s.namespace).UpdateWithEventNamespace(e)
}

func (s *coreSink) Patch(e *corev1.Event, data []byte) (*corev1.Event, error) {
	return s.client.CoreV1().Events(s.namespace).PatchWithEventNamespace(e, data)
}
