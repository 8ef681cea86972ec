// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package edgenode makes the logs of one Kubernetes edge node, an hour of them by default, with the truth about each
// record beside it: which statement of which program wrote it, which incident it belongs to, and whether it matters.
// Filters are judged by it.
//
// The node is one of an Alibaba Cloud ACK Edge cluster. It runs a kubelet, containerd and yurthub; the pods of the cluster's
// programs; an ingress controller; and a shop in Node.js, Java, Go, Python and .NET with its stores, gateways and devices,
// and the services of a Chinese vendor. Requests pass through some of them: the records that are written for one request
// have one trace id. Three incidents happen: a disk fills up and pods are evicted, a bank stops answering, and a
// certificate expires.
//
// The records are what an agent on the node would send: the body is the line as the program writes it (or lines: a stack
// trace is one record). For some programs the agent is configured to parse the severity; for the ingress controller it takes
// the severity from the status, as filelog's severity parser can: 5xx is ERROR, 4xx is WARN, everything else INFO. The
// records of the other programs, more than a third, have no severity: their lines have it alone, in many spellings.
//
// The truth names the event of each record. Two outcomes of one operation, such as a login that succeeds and one that
// fails, are two events, and a filter that takes one for a repeat of the other hides it. [Score] finds that.
//
// Given the same options the same bytes come out, on every 64-bit platform: all arithmetic is in integers.
package edgenode
