// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package events runs the receiver k8s_event_digest against a real API server with a real etcd, and storms of events
// beside contrib's k8s_events. It is a module of its own: what it compares with stays out of the product's.
//
// `make test-events` builds the API server and runs the tests.
package events
