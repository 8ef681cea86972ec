// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package roles

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/harness"
)

const (
	node   = "node-1"
	podUID = "0d2b7f0c-6c1e-4d6a-9a53-3f1f6f0b1c11"
	pod    = "web-7d4b9c-x2x5z"
)

// The API server and the kubelet of a cluster with one pod, as far as an agent asks them.
func startCluster(t *testing.T) (url string) {
	lists := map[string]string{ // of one object each
		"/api/v1/pods": `{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "` + pod + `", "namespace": "shop", "uid": "` + podUID + `",
			"labels": {"app.kubernetes.io/name": "storefront", "pod-template-hash": "7d4b9c"},
			"ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7d4b9c", "uid": "rs-uid", "controller": true}]},
			"spec": {"nodeName": "` + node + `", "containers": [{"name": "app", "image": "registry.example/web:1.4"}]},
			"status": {"podIP": "10.0.0.7", "phase": "Running"}}`,
	}
	const stats = `{"node": {"nodeName": "` + node + `",
			"cpu": {"time": "2026-01-01T00:00:00Z", "usageNanoCores": 1000000, "usageCoreNanoSeconds": 5000000000}},
			"pods": [{"podRef": {"name": "` + pod + `", "namespace": "shop", "uid": "` + podUID + `"},
			"cpu": {"time": "2026-01-01T00:00:00Z", "usageNanoCores": 500000, "usageCoreNanoSeconds": 2000000000}}]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasPrefix(r.URL.Path, "/api/v1/nodes/"+node+"/proxy/stats/summary") {
			fmt.Fprint(w, stats)
			return
		}
		object, found := lists[r.URL.Path]
		if !found || r.URL.Query().Get("watch") == "" { // whoever lists is told to watch from the beginning
			http.Error(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}`, http.StatusNotFound)
			return
		}
		fmt.Fprintf(w, `{"type": "ADDED", "object": %s}`, object)
		fmt.Fprintf(w, `{"type": "BOOKMARK", "object": %s}`, strings.Replace(object, `"metadata": {`,
			`"metadata": {"resourceVersion": "1", "annotations": {"k8s.io/initial-events-end": "true"}, `, 1))
		w.(http.Flusher).Flush()
		<-r.Context().Done() // nothing changes
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// written is a line as containerd writes it to a pod's file.
func written(text string) string { return "2026-11-24T08:00:00.000000000Z stdout F " + text }

func TestAnAgentSendsLogsAndMetricsOfItsNodeWithWhatKubernetesKnows(t *testing.T) {
	s := newSite(t)
	file := filepath.Join(s.dir, "pods", "shop_"+pod+"_"+podUID, "app", "0.log")
	s.write(file, written("before the agent's first start"))
	env, err := harness.OutsideKubernetes(s.dir, startCluster(t), node)
	require.NoError(t, err)
	env = append(env,
		"SEALGATE_KUBELET="+node, // by way of the API server
		"OTEL_RESOURCE_ATTRIBUTES=k8s.cluster.name=ack-prod,cloud.provider=aliyun",
		"SEALGATE_POD_LOGS="+filepath.Join(s.dir, "pods", "*", "*", "*.log"), "SEALGATE_LOGS_START=beginning",
	)
	agent := s.start("SEALGATE_AGENT_BIN", "embedded:agent", env...)
	for _, text := range repeated(100, "heartbeat") {
		s.write(file, written(text))
	}
	s.write(file, written("cart opened"))

	counts, last := s.await("before the agent's first start", "heartbeat", "cart opened")
	assert.Equal(t, 1, counts["heartbeat"], "the first of those that repeat")
	last["cart opened"].assertResource(t, map[string]string{
		"k8s.namespace.name":  "shop",
		"k8s.pod.name":        pod,
		"k8s.deployment.name": "web",
		"service.name":        "storefront",
		"k8s.cluster.name":    "ack-prod",
		"cloud_provider":      "alibaba",
	})
	require.NoError(t, harness.Poll(s.ctx, "metrics of the node and of the pod", func(context.Context) (bool, error) {
		seen := s.metrics()
		return seen["system.memory.usage/"+node] && seen["k8s.node.cpu.usage/"+node] && seen["k8s.pod.cpu.usage/"+node], nil
	}))

	require.NoError(t, agent.Stop())
	s.write(file, written("written while nobody read"))
	s.start("SEALGATE_AGENT_BIN", "embedded:agent", env...)
	counts, _ = s.await("written while nobody read")
	assert.Equal(t, 1, counts["cart opened"], "what was read is not read again")
}

// metrics are the names of those that came out, each with its node.
func (s *site) metrics() map[string]bool {
	seen := map[string]bool{}
	for _, metrics := range s.sink.Metrics() {
		for _, resource := range metrics.ResourceMetrics().All() {
			node, _ := resource.Resource().Attributes().Get("k8s.node.name")
			for _, scope := range resource.ScopeMetrics().All() {
				for _, m := range scope.Metrics().All() {
					seen[m.Name()+"/"+node.AsString()] = true
				}
			}
		}
	}
	return seen
}
