// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate ../../build/tools/mdatagen metadata.yaml

// Package nodenetworkreceiver is the `node_network` receiver: the metrics system.network.* of the
// node, measured from within a pod.
//
// The scraper `network` of `host_metrics` reads /proc/net of the node's file system. That is a
// link to the network of the process that reads it, so a pod measures its own. The first process
// of the node has the node's network, and /proc/1/net shows it to everyone.
package nodenetworkreceiver
