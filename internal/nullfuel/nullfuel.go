// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package nullfuel takes the guard from a filter. It is there so that benchmarks can
// tell what the guard costs; no configuration reaches it.
package nullfuel

// Unmetered has a module keep its counter, and never take from it.
type Unmetered struct{}
