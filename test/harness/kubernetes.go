// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"os"
	"path/filepath"
)

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
