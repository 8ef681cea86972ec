// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/harness"
)

// stepTimeout is longer than the items of a step and the rollouts in it may take.
const stepTimeout = 15 * time.Minute

// What an operator does with the chart, in the order they do it. Each item that a pod makes
// meanwhile has to arrive, and is looked for by its number.
func TestTheChartOnACluster(t *testing.T) {
	if Inside() == "" {
		t.Skipf("%s does not list clusters; `make test-cluster` does, and runs this test", clusters)
	}
	ctx := t.Context()
	s := install(ctx, t)
	// Later steps need what earlier ones made.
	for _, step := range []struct {
		name string
		run  func(context.Context, *testing.T, *site)
	}{
		{"a pod's lines arrive sealed, with their labels", lines},
		{"what a pod sends arrives, with its labels", otlp},
		{"a static pod's lines have its labels", static},
		{"metrics name the node", metrics},
		{"a pod that crashes loses no line", crashes},
		{"logs that rotate lose no line", rotation},
		{"an agent that restarts loses nothing", restart},
		{"an agent that is killed loses a line of each stream at most", kill},
		{"an upgrade loses nothing", upgrade},
		{"a rollback loses nothing", rollback},
		{"a drained node loses nothing", drain},
		{"no text is in the clear on the node", ciphertext},
		{"uninstalling leaves nothing behind", uninstall},
	} {
		t.Run(step.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(ctx, stepTimeout)
			defer cancel()
			step.run(ctx, t, s)
		})
	}
}

func lines(ctx context.Context, t *testing.T, s *site) {
	s.run(ctx, t, maker{name: "talker", count: 200, rate: 50})
	s.arrives(ctx, t, "talker", 200, s.storedLines)
	for _, labels := range s.labels(ctx, t, "talker") {
		assert.Subset(t, labels, map[string]string{
			"cloud_provider": "alibaba", "cloud_region": "cn-hangzhou", "cloud_availability_zone": "cn-hangzhou-h",
			"k8s_cluster_name": clusterName, "k8s_node_name": NodeName,
			"k8s_namespace_name": "shop", "k8s_pod_name": "talker", "service_name": "talker",
		})
	}
}

// otlp: of a pod that says its UID, every record has the pod's name. Of another, the address
// has to tell; Kubernetes announces it a moment after the pod started.
func otlp(ctx context.Context, t *testing.T, s *site) {
	const count, rate = 300, 50
	s.run(ctx, t, maker{name: "sender", count: count, rate: rate, send: true})
	s.run(ctx, t, maker{name: "anonymous", count: count, rate: rate, send: true, anonymous: true})
	s.everything(ctx, t, "sender", count)
	s.everything(ctx, t, "anonymous", count)
	unnamed := 0
	for _, pod := range []string{"sender", "anonymous"} {
		for _, labels := range s.labels(ctx, t, pod) {
			assert.Subset(t, labels, map[string]string{
				"cloud_provider": "alibaba", "cloud_region": "cn-hangzhou", "k8s_cluster_name": clusterName, "k8s_node_name": NodeName,
			})
			if pod == "anonymous" && labels["k8s_pod_name"] == "" {
				unnamed++
				continue
			}
			assert.Subset(t, labels, map[string]string{"k8s_namespace_name": "shop", "k8s_pod_name": pod})
		}
	}
	t.Logf("%d of %d records came before Kubernetes said whose address it was", unnamed, count)
	assert.Less(t, unnamed, 2*rate, "it takes at most two seconds")
}

// static runs a pod of the kubelet's own: its folder of logs is named by a digest, and not by
// the UID that the API server knows.
func static(ctx context.Context, t *testing.T, s *site) {
	const pod = "static-" + NodeName
	manifest := filepath.Join(s.node.Dir, "manifests", "static.yaml")
	require.NoError(t, os.WriteFile(manifest, []byte(`
apiVersion: v1
kind: Pod
metadata: {name: static, namespace: shop}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - {name: main, image: "`+WorkloadImage+`", imagePullPolicy: Never, args: [lines, -name, static, -count, "100"]}
`), 0o644))
	query := fmt.Sprintf(`{k8s_namespace_name="shop"} | k8s_pod_name=%q`, pod)
	var lines []harness.Line
	s.await(ctx, t, "the lines of the static pod", func(ctx context.Context) (_ bool, err error) {
		lines, err = s.loki.Query(ctx, query, harness.Around(time.Now()))
		return len(lines) >= 100, err
	})
	for _, line := range lines {
		assert.Equal(t, NodeName, line.Labels["k8s_node_name"])
		assert.NotContains(t, []string{"", "unknown_service"}, line.Labels["service_name"])
	}
	require.NoError(t, os.Remove(manifest))
}

func metrics(ctx context.Context, t *testing.T, s *site) {
	for _, metric := range []string{"system_memory_usage_bytes", "k8s_pod_cpu_time_seconds_total", "system_network_io_bytes_total"} {
		s.await(ctx, t, metric, func(ctx context.Context) (bool, error) {
			found, err := s.prometheus.Query(ctx, metric)
			return len(found) > 0, err
		})
		found, err := s.prometheus.Query(ctx, metric)
		require.NoError(t, err)
		for _, sample := range found {
			assert.Equal(t, NodeName, sample.Labels["k8s_node_name"], "%s of %v", metric, sample.Labels)
		}
	}
	// The node's network has the bridge of the pods; a pod's has eth0 alone.
	found, err := s.prometheus.Query(ctx, `system_network_io_bytes_total{device="cni0"}`)
	require.NoError(t, err)
	assert.NotEmpty(t, found, "the network is that of the node")
}

func crashes(ctx context.Context, t *testing.T, s *site) {
	s.run(ctx, t, maker{name: "crasher", count: 300, rate: 100, crashEvery: 100})
	s.arrives(ctx, t, "crasher", 300, s.storedLines)
	restarts, err := s.node.Kubectl(ctx, "get", "pod", "crasher", "--namespace=shop", "--output=jsonpath={.status.containerStatuses[0].restartCount}")
	require.NoError(t, err)
	assert.Equal(t, "2", restarts, "it crashed")
}

// rotation: the kubelet cuts the logs of a pod at 200 KiB, which is some 1,400 lines.
func rotation(ctx context.Context, t *testing.T, s *site) {
	const count = 6000
	s.run(ctx, t, maker{name: "rotator", count: count, rate: 200})
	s.sent(ctx, t, "rotator", count/4)
	s.deletePods(ctx, t, "agent")
	s.arrives(ctx, t, "rotator", count, s.storedLines)
	files, err := filepath.Glob("/var/log/pods/shop_rotator_*/main/*")
	require.NoError(t, err)
	assert.Greater(t, len(files), 1, "the log was rotated: %v", files)
}

func restart(ctx context.Context, t *testing.T, s *site) {
	s.load(ctx, t, "restart", 1000)
	s.sent(ctx, t, "restart", 250)
	s.deletePods(ctx, t, "agent")
	s.settled(ctx, t)
	s.loaded(ctx, t, "restart", 1000)
}

// kill: what was accepted over OTLP is in the queue by then. Of each stream of a pod, the agent
// holds one line for up to 400 ms, in case that the next one belongs to it.
func kill(ctx context.Context, t *testing.T, s *site) {
	const streams = 2
	s.load(ctx, t, "killed", 1000)
	s.sent(ctx, t, "killed", 250)
	s.killAgent(ctx, t)
	s.settled(ctx, t)
	s.everything(ctx, t, "o-killed", 1000)
	s.arrives(ctx, t, "killed", 1000-streams, func(ctx context.Context, t *testing.T, name string, count int) (map[int]int, error) {
		found, err := s.storedLines(ctx, t, name, count)
		if found[999] == 0 { // the last one has to arrive before the lost ones are counted
			return nil, err
		}
		return found, err
	})
}

func upgrade(ctx context.Context, t *testing.T, s *site) {
	s.load(ctx, t, "upgrade", 1500)
	s.sent(ctx, t, "upgrade", 250)
	before := s.images(ctx, t)
	s.helm(ctx, t, "upgrade", "sealgate", chart, "--reuse-values", "--set-string=gateway.image.tag=2,agent.image.tag=2", "--wait", "--timeout=4m")
	s.settled(ctx, t)
	assert.NotEqual(t, before, s.images(ctx, t))
	s.loaded(ctx, t, "upgrade", 1500)
}

func rollback(ctx context.Context, t *testing.T, s *site) {
	s.load(ctx, t, "rollback", 1500)
	s.sent(ctx, t, "rollback", 250)
	s.helm(ctx, t, "rollback", "sealgate", "1", "--wait", "--timeout=4m")
	s.settled(ctx, t)
	assert.Contains(t, s.images(ctx, t), ":1")
	assert.NotContains(t, s.images(ctx, t), ":2")
	s.loaded(ctx, t, "rollback", 1500)
}

// drain: a budget keeps one of the gateways, since the other has no node to go to; what is
// forced takes both, and agents keep what pods make.
func drain(ctx context.Context, t *testing.T, s *site) {
	s.load(ctx, t, "drained", 1500)
	s.sent(ctx, t, "drained", 250)
	gateways := []string{"drain", NodeName, "--pod-selector=app.kubernetes.io/component=gateway", "--delete-emptydir-data"}
	_, err := s.node.Kubectl(ctx, append(gateways, "--timeout=45s")...)
	require.ErrorContains(t, err, "disruption budget")
	running, err := s.node.Kubectl(ctx, "get", "pods", "--namespace="+namespace, "--selector=app.kubernetes.io/component=gateway", "--field-selector=status.phase=Running", "--output=name")
	require.NoError(t, err)
	assert.Len(t, strings.Fields(running), 1, "one gateway goes on")
	_, err = s.node.Kubectl(ctx, append(gateways, "--disable-eviction", "--timeout=2m")...)
	require.NoError(t, err)
	_, err = s.node.Kubectl(ctx, "uncordon", NodeName)
	require.NoError(t, err)
	s.settled(ctx, t)
	s.loaded(ctx, t, "drained", 1500)
}

// ciphertext looks at every file that agents, gateways and backends of logs and traces have
// written, for the text that each item has.
func ciphertext(_ context.Context, t *testing.T, s *site) {
	for _, dir := range []string{"/var/lib/sealgate-agent", filepath.Join(s.node.Dir, "volumes"), s.loki.Data, s.tempo.Data} {
		assert.Empty(t, harness.FilesWith(t, dir, "ERROR item "), dir)
	}
}

func uninstall(ctx context.Context, t *testing.T, s *site) {
	s.helm(ctx, t, "uninstall", "sealgate", "--wait", "--timeout=3m")
	left := func(ctx context.Context) string {
		kinds, err := s.node.Kubectl(ctx, "api-resources", "--verbs=list", "--output=name")
		require.NoError(t, err)
		found, err := s.node.Kubectl(ctx, "get", strings.Join(strings.Fields(kinds), ","), "--all-namespaces", "--ignore-not-found",
			"--selector=app.kubernetes.io/instance=sealgate", "--output=name")
		require.NoError(t, err)
		var objects []string
		for object := range strings.Lines(found) {
			// The volumes are kept where the cluster cannot remove them: before 1.27.
			if !strings.HasPrefix(object, "persistentvolumeclaim/") || s.node.Version != "1.26" {
				objects = append(objects, object)
			}
		}
		return strings.Join(objects, "")
	}
	var found string
	err := harness.Poll(ctx, "every object to go", func(ctx context.Context) (bool, error) {
		found = left(ctx)
		return found == "", nil
	})
	require.NoError(t, err, found)
	ciphertext(ctx, t, s) // what stays on the node's disk
}

// killAgent ends the agent's process without a warning, as a node without memory does.
func (s *site) killAgent(ctx context.Context, t *testing.T) {
	t.Helper()
	name, err := s.node.Kubectl(ctx, "get", "pods", "--namespace="+namespace, "--selector=app.kubernetes.io/component=agent", "--output=jsonpath={.items[0].status.containerStatuses[0].containerID}")
	require.NoError(t, err)
	id := strings.TrimPrefix(name, "containerd://")
	out, err := exec.CommandContext(ctx, "ctr", "--namespace=k8s.io", "tasks", "kill", "--signal=SIGKILL", id).CombinedOutput()
	require.NoError(t, err, "%s", out)
	// It is not ready until it was started again.
	require.NoError(t, harness.Poll(ctx, "the agent to be started again", func(ctx context.Context) (bool, error) {
		now, err := s.node.Kubectl(ctx, "get", "pods", "--namespace="+namespace, "--selector=app.kubernetes.io/component=agent", "--output=jsonpath={.items[0].status.containerStatuses[0].containerID}")
		return err == nil && now != "" && now != name, nil
	}))
}

func (s *site) keepLogs(t *testing.T) {
	if !t.Failed() {
		return
	}
	kept := filepath.Join(root(t), "build", "cluster-logs", s.node.Version)
	out, err := exec.Command("sh", "-c", fmt.Sprintf(`mkdir -p %[1]q && cp %[2]q/*.log %[2]q/*/*.log %[1]q/; cp -r /var/log/pods %[1]q/`, kept, s.node.Dir)).CombinedOutput()
	if err != nil {
		t.Logf("%s: %s", err, out)
	}
	state, err := s.node.Kubectl(context.Background(), "get", "all,events", "--all-namespaces", "--output=wide")
	if err == nil {
		err = os.WriteFile(filepath.Join(kept, "state.txt"), []byte(state), 0o644)
	}
	if err != nil {
		t.Log(err)
	}
	t.Logf("the logs of this run are kept in %s", kept)
}
