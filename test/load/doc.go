// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package load puts a gateway under load and accounts for every item. A generator
// sends requests over OTLP, gRPC or HTTP, at a pace or as fast as they are taken, and
// tries again as an OTLP client should. A sink stands in for the backend, and can be
// told to misbehave as backends do. Each item has a number, so that a ledger knows of
// each what became of it, and the time at which it was due.
package load
