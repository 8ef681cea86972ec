// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate ../../build/tools/mdatagen metadata.yaml

// Package k8seventdigestreceiver is the `k8s_event_digest` receiver: it follows the events of a
// Kubernetes cluster and passes them on as a few records with exact counts. The counting is that of
// package eventdigest.
package k8seventdigestreceiver
