// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package roles

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/harness"
)

const (
	node   = "node-1"
	podUID = "0d2b7f0c-6c1e-4d6a-9a53-3f1f6f0b1c11"
	pod    = "web-7d4b9c-x2x5z"

	staticPod     = "etcd-" + node
	staticPodUID  = "5f0c1d1e-0000-4000-8000-000000000001" // at the API server
	staticPodHash = "8d5f3b1c9a7e4d2f6b0c1a2e3d4f5a6b"     // in the path of its logs
)

// The API server and the kubelet of a node with a pod and a static pod, as far as an agent asks them.
func startCluster(t *testing.T) (url string) {
	t.Helper()
	pods := []string{
		`{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "` + pod + `", "namespace": "shop", "uid": "` + podUID + `",
			"labels": {"app.kubernetes.io/name": "storefront", "pod-template-hash": "7d4b9c"},
			"ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7d4b9c", "uid": "rs-uid", "controller": true}]},
			"spec": {"nodeName": "` + node + `", "containers": [{"name": "app", "image": "registry.example/web:1.4"}]},
			"status": {"podIP": "10.0.0.7", "phase": "Running"}}`,
		// The mirror of a static pod: its id is not the one in the path of its logs.
		`{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "` + staticPod + `", "namespace": "kube-system", "uid": "` + staticPodUID + `",
			"annotations": {"kubernetes.io/config.source": "file", "kubernetes.io/config.hash": "` + staticPodHash + `"},
			"ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "` + node + `", "uid": "node-uid", "controller": true}]},
			"spec": {"nodeName": "` + node + `", "hostNetwork": true, "containers": [{"name": "etcd", "image": "registry.example/etcd:3"}]},
			"status": {"podIP": "10.0.0.1", "phase": "Running"}}`,
	}
	const stats = `{"node": {"nodeName": "` + node + `",
			"cpu": {"time": "2026-01-01T00:00:00Z", "usageNanoCores": 1000000, "usageCoreNanoSeconds": 5000000000}},
			"pods": [{"podRef": {"name": "` + pod + `", "namespace": "shop", "uid": "` + podUID + `"},
			"cpu": {"time": "2026-01-01T00:00:00Z", "usageNanoCores": 500000, "usageCoreNanoSeconds": 2000000000}}]}`
	url, err := harness.StartKubernetes(t.Context(), node, pods, stats)
	require.NoError(t, err)
	return url
}

// written is a line as containerd writes it to a pod's file.
func written(text string) string { return "2026-11-24T08:00:00.000000000Z stdout F " + text }

func TestAnAgentSendsLogsAndMetricsOfItsNodeWithWhatKubernetesKnows(t *testing.T) {
	s := newSite(t)
	file := filepath.Join(s.dir, "pods", "shop_"+pod+"_"+podUID, "app", "0.log")
	s.write(file, written("before the agent's first start"))
	s.write(filepath.Join(s.dir, "pods", "kube-system_"+staticPod+"_"+staticPodHash, "etcd", "0.log"), written("compaction done"))
	env := s.agentEnv()
	agent := s.start("SEALGATE_AGENT_BIN", "embedded:agent", env...)
	for _, text := range repeated(100, "heartbeat") {
		s.write(file, written(text))
	}
	s.write(file, written("cart opened"))

	counts, last := s.await("before the agent's first start", "heartbeat", "cart opened", "compaction done")
	assert.Equal(t, 1, counts["heartbeat"], "the first of those that repeat")
	last["cart opened"].assertResource(t, map[string]string{
		"k8s.namespace.name":  "shop",
		"k8s.pod.name":        pod,
		"k8s.deployment.name": "web",
		"service.name":        "storefront",
		"k8s.node.name":       node,
		"k8s.cluster.name":    "ack-prod",
		"cloud_provider":      "alibaba",
	})
	last["compaction done"].assertResource(t, map[string]string{
		"k8s.namespace.name": "kube-system",
		"k8s.pod.name":       staticPod,
		"k8s.node.name":      node,
		"k8s.pod.uid":        staticPodUID,
		"service.name":       staticPod,
	})
	require.NoError(t, harness.Poll(s.ctx, "metrics of the node and of the pod", func(context.Context) (bool, error) {
		seen := s.metrics()
		return seen["system.memory.usage/"+node] && seen["system.network.io/"+node] && seen["k8s.node.cpu.usage/"+node] && seen["k8s.pod.cpu.usage/"+node], nil
	}))

	require.NoError(t, agent.Stop())
	s.write(file, written("written while nobody read"))
	s.start("SEALGATE_AGENT_BIN", "embedded:agent", env...)
	counts, _ = s.await("written while nobody read")
	assert.Equal(t, 1, counts["cart opened"], "what was read is not read again")
}

// agentEnv is what the chart sets, for an agent on the node of startCluster.
func (s *site) agentEnv() []string {
	s.t.Helper()
	env, err := harness.OutsideKubernetes(s.dir, startCluster(s.t), node)
	require.NoError(s.t, err)
	return append(env,
		"SEALGATE_KUBELET="+node, // by way of the API server
		"OTEL_RESOURCE_ATTRIBUTES=k8s.cluster.name=ack-prod,cloud.provider=aliyun",
		"SEALGATE_POD_LOGS="+filepath.Join(s.dir, "pods", "*", "*", "*.log"), "SEALGATE_LOGS_START=beginning",
	)
}

// metrics are the names of those that came out, each with its node.
func (s *site) metrics() map[string]bool {
	seen := map[string]bool{}
	for _, metrics := range s.sink.Metrics() {
		for _, resource := range metrics.ResourceMetrics().All() {
			node, _ := resource.Resource().Attributes().Get("k8s.node.name")
			host, _ := resource.Resource().Attributes().Get("host.name")
			assert.Equal(s.t, node.AsString(), host.AsString(), "no cloud names the host otherwise")
			for _, scope := range resource.ScopeMetrics().All() {
				for _, m := range scope.Metrics().All() {
					seen[m.Name()+"/"+node.AsString()] = true
				}
			}
		}
	}
	return seen
}
