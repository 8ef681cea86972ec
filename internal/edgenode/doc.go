// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package edgenode makes the logs of one Kubernetes edge node, an hour of them by default, with the truth about each
// record beside it: which statement of which program wrote it, which incident it belongs to, and whether it matters.
// Filters are judged by it.
//
// The node is one of an Alibaba Cloud ACK Edge cluster. It runs a kubelet, containerd and yurthub; the pods of the cluster's own
// programs; an ingress controller; and a small shop in Node.js, Java, Go and Python with its stores. Requests pass through
// them: what is logged on behalf of one has one trace id. Three incidents happen: a disk fills up and pods are evicted,
// a bank stops answering, and a certificate expires.
//
// The records are what an agent on the node would send: the body is the line as the program writes it (or lines: a stack
// trace is one record), the severity is parsed from it where it has one. An access log has none, so the agent is configured to
// take it from the status, as filelog's severity parser can: 5xx is ERROR, 4xx is WARN, everything else INFO.
//
// Given the same options the same bytes come out, on every 64-bit platform: all arithmetic is in integers.
package edgenode
