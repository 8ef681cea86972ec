// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// kind is a kind of events that a storm has, as an operator would name it.
type kind struct{ owner, reason string }

// truth is what a storm did.
type truth struct {
	mu          sync.Mutex
	occurrences map[kind]int64
	writes      int64 // of the API server
}

func (t *truth) add(k kind, n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.occurrences[k] += n
	t.writes++
}

func (t *truth) total() (n int64) {
	for _, k := range t.occurrences {
		n += k
	}
	return n
}

// source writes one event object, and then again and again that it repeated.
type source struct {
	owner   string // as a record names it
	object  corev1.ObjectReference
	reason  string
	message string
	writes  int // how often it is written
	step    int // by how much its count grows each time, at most
	series  bool
	node    string
}

// storms are those that operators know: what happens to a cluster of 200 nodes whose registry is away, where a Deployment
// crashes and a node pool runs out of memory. Each message varies as the component's does.
func storms(r *rand.Rand) map[string][]source {
	ip := func() string { return fmt.Sprintf("10.%d.%d.%d", r.IntN(256), r.IntN(256), 1+r.IntN(254)) }
	pod := func(deployment string) string {
		return deployment + "-" + random(r, "456789bcdf", 10) + "-" + random(r, "bcdfghjklmnpqrstvwxz2456789", 5)
	}
	all := map[string][]source{}
	add := func(storm string, s source) { all[storm] = append(all[storm], s) }
	for range 500 {
		name := pod("checkout")
		object := corev1.ObjectReference{Kind: "Pod", Name: name, FieldPath: "spec.containers{app}"}
		add("crash loop of 500 pods", source{owner: "Deployment/checkout", object: object, reason: "BackOff", writes: 14, step: 3, node: "node-1",
			message: fmt.Sprintf("Back-off restarting failed container app in pod %s_shop(%s)", name, uuid(r))})
		add("crash loop of 500 pods", source{owner: "Deployment/checkout", object: object, reason: "Created", writes: 5, step: 1, node: "node-1",
			message: "Created container: app"})
	}
	for n := range 200 {
		object := corev1.ObjectReference{Kind: "Pod", Name: "log-agent-" + random(r, "bcdfghjklmnpqrstvwxz2456789", 5), FieldPath: "spec.containers{agent}"}
		node := fmt.Sprint("node-", n)
		add("image pull back-off of a fleet", source{owner: "log-agent", object: object, reason: "BackOff", writes: 16, step: 4, node: node,
			message: `Back-off pulling image "registry.example.org/agent:v1.2.3": ErrImagePull`})
		add("image pull back-off of a fleet", source{owner: "log-agent", object: object, reason: "FailedSync", writes: 4, step: 1, node: node,
			message: fmt.Sprintf("error determining status of pod %s_shop(%s)", object.Name, uuid(r))})
		add("image pull back-off of a fleet", source{owner: "DaemonSet/log-agent", object: corev1.ObjectReference{Kind: "DaemonSet", Name: "log-agent"},
			reason: "SuccessfulCreate", writes: 1, message: "Created pod: " + object.Name})
		add("image pull back-off of a fleet", source{owner: "log-agent", object: object, reason: "Failed", writes: 6, step: 2, node: node,
			message: fmt.Sprintf(`Failed to pull image "registry.example.org/agent:v1.2.3": dial tcp %s:443: i/o timeout`, ip())})
	}
	for range 120 {
		object := corev1.ObjectReference{Kind: "Pod", Name: pod("cart"), FieldPath: "spec.containers{cart}"}
		address := ip()
		add("probe failures", source{owner: "Deployment/cart", object: object, reason: "Unhealthy", writes: 18, step: 2, node: "node-2",
			message: fmt.Sprintf(`Readiness probe failed: Get "http://%s:8080/ready": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`, address)})
		add("probe failures", source{owner: "Deployment/cart", object: object, reason: "Killing", writes: 3, step: 1, node: "node-2",
			message: "Container cart failed liveness probe, will be restarted"})
	}
	for n := range 300 {
		add("evictions", source{owner: "Deployment/batch", object: corev1.ObjectReference{Kind: "Pod", Name: pod("batch")}, reason: "Evicted", writes: 1, node: fmt.Sprint("node-", n%8),
			message: fmt.Sprintf("The node was low on resource: memory. Threshold quantity: 100Mi, available: %dKi. Container worker was using %dKi, request is 0, has larger consumption of memory.",
				1000+r.IntN(90_000), 100_000+r.IntN(900_000))})
		add("evictions", source{owner: "Deployment/batch", object: corev1.ObjectReference{Kind: "Pod", Name: pod("batch")}, reason: "FailedScheduling", writes: 4, step: 30, series: true,
			message: fmt.Sprintf("0/200 nodes are available: %d node(s) had untolerated taint {node.kubernetes.io/memory-pressure: }, %d Insufficient memory.", 1+r.IntN(9), 100+r.IntN(90))})
	}
	for n := range 4 {
		node := fmt.Sprint("node-", n)
		object := corev1.ObjectReference{Kind: "Node", Name: node}
		add("node pressure", source{owner: "Node/" + node, object: object, reason: "EvictionThresholdMet", writes: 150, step: 2, node: node,
			message: "Attempting to reclaim memory"})
		add("node pressure", source{owner: "Node/" + node, object: object, reason: "NodeHasInsufficientMemory", writes: 20, step: 1, node: node,
			message: "Node " + node + " status is now: NodeHasInsufficientMemory"})
	}
	return all
}

// quiet are events that happen once, between all the others. None of them may be missing.
func quiet() []source {
	var all []source
	for n, reason := range []string{"FailedMount", "OOMKilling", "FailedCreate", "ProvisioningFailed", "CertificateExpired", "DNSConfigForming"} {
		name := fmt.Sprint("rare", string(rune('a'+n)))
		all = append(all, source{owner: "Deployment/" + name, object: corev1.ObjectReference{Kind: "Deployment", Name: name}, reason: reason, writes: 1, message: "it happened once"})
	}
	return all
}

func random(r *rand.Rand, chars string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = chars[r.IntN(len(chars))]
	}
	return string(b)
}

func uuid(r *rand.Rand) string {
	const hex = "0123456789abcdef"
	return random(r, hex, 8) + "-" + random(r, hex, 4) + "-4" + random(r, hex, 3) + "-a" + random(r, hex, 3) + "-" + random(r, hex, 12)
}

// rage lets storms happen at once: each event object is created, and then updated in random order with all the others.
func (s *scene) rage(ctx context.Context, seed uint64) (*truth, map[string]int64) {
	s.t.Helper()
	r := rand.New(rand.NewPCG(seed, 18))
	done := &truth{occurrences: map[kind]int64{}}
	var steps []*step
	names := map[string]int64{}
	for storm, sources := range storms(r) {
		for i, source := range sources {
			steps = append(steps, &step{source: source, storm: storm, name: fmt.Sprintf("%s.%s.%d", source.object.Name, kebab(source.reason), i)})
		}
	}
	for i, source := range quiet() {
		steps = append(steps, &step{source: source, storm: "events that happen once", name: fmt.Sprintf("%s.quiet.%d", source.object.Name, i)})
	}
	order := make([]*step, 0)
	for _, st := range steps {
		for range st.writes {
			order = append(order, st)
		}
	}
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for _, st := range order {
		grows := int64(1)
		if st.step > 1 {
			grows += int64(r.IntN(st.step))
		}
		group.Go(func() error { return st.write(ctx, s, grows, done) })
	}
	require.NoError(s.t, group.Wait())
	for _, st := range steps {
		names[st.storm] += st.count
	}
	return done, names
}

// step is a source in progress.
type step struct {
	source
	storm, name string
	mu          sync.Mutex
	count       int64
	first       metav1.Time
}

// write creates the event object, or writes that it repeated.
func (st *step) write(ctx context.Context, s *scene, grows int64, done *truth) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	events := s.client.CoreV1().Events(s.namespace)
	now := time.Now()
	if st.count > 0 {
		patch := fmt.Sprintf(`{"count":%d,"lastTimestamp":%q}`, st.count+grows, now.UTC().Format(time.RFC3339))
		if st.series {
			patch = fmt.Sprintf(`{"series":{"count":%d,"lastObservedTime":%q}}`, st.count+grows, now.UTC().Format(metav1.RFC3339Micro))
		}
		if _, err := events.Patch(ctx, st.name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			return err
		}
	} else {
		grows = 1
		e := s.event("", st.reason, 1)
		e.Name, e.Message = st.name, st.message
		e.InvolvedObject = st.object
		e.InvolvedObject.Namespace = s.namespace
		e.Source.Host = st.node
		if st.series {
			e.Count, e.FirstTimestamp, e.LastTimestamp = 0, metav1.Time{}, metav1.Time{}
			e.EventTime, e.Action, e.ReportingController, e.ReportingInstance = metav1.NewMicroTime(now), "Scheduling", "default-scheduler", "default-scheduler-1"
			e.Source = corev1.EventSource{}
		}
		if _, err := events.Create(ctx, e, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	st.count += grows
	done.add(kind{st.owner, st.reason}, grows)
	return nil
}
