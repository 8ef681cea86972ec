// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package cluster runs a real Kubernetes cluster of one node on this machine, for the test of
// the chart and the images: etcd, API server, controllers, scheduler, kubelet, kube-proxy,
// containerd and CoreDNS. The node has namespaces of its own, so that it neither sees nor
// changes the network, the mounts and the cgroups of the host; when it ends, nothing of it
// is left.
//
// The programs of Kubernetes are built by test/backends, and kept; the others are those of the
// system. Lacks tells what is missing.
//
//	make test-cluster
package cluster
