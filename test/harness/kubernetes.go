// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// StartKubernetes serves what an agent asks about a node: the API server's list of its pods, each an
// object in JSON, at least one, and the kubelet's summary of statistics, by way of the API server. It
// ends with ctx.
func StartKubernetes(ctx context.Context, node string, pods []string, stats string) (url string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasPrefix(r.URL.Path, "/api/v1/nodes/"+node+"/proxy/stats/summary") {
			fmt.Fprint(w, stats)
			return
		}
		if r.URL.Path != "/api/v1/pods" || r.URL.Query().Get("watch") == "" { // a client that lists is told to watch from the beginning
			http.Error(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}`, http.StatusNotFound)
			return
		}
		for _, pod := range pods {
			fmt.Fprintf(w, `{"type": "ADDED", "object": %s}`, pod)
		}
		fmt.Fprintf(w, `{"type": "BOOKMARK", "object": %s}`, strings.Replace(pods[0], `"metadata": {`,
			`"metadata": {"resourceVersion": "1", "annotations": {"k8s.io/initial-events-end": "true"}, `, 1))
		w.(http.Flusher).Flush()
		<-r.Context().Done() // nothing changes
	})}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String(), nil
}

// OutsideKubernetes returns an environment in which the agent runs without being in a
// cluster: as the named node, with the API server at a URL, by a kubeconfig that is
// written to dir. Where nothing listens at the URL, what asks the server can be made all
// the same.
func OutsideKubernetes(dir, server, node string) ([]string, error) {
	config := filepath.Join(dir, "kubeconfig")
	return []string{
			"KUBECONFIG=" + config, "SEALGATE_KUBE_AUTH=kubeConfig", "K8S_NODE_NAME=" + node, "SEALGATE_DETECTORS=[env]",
		}, os.WriteFile(config, []byte(`
apiVersion: v1
kind: Config
clusters: [{name: cluster, cluster: {server: "`+server+`"}}]
contexts: [{name: context, context: {cluster: cluster, user: user}}]
users: [{name: user, user: {token: none}}]
current-context: context
`), 0o600)
}
