// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package filterbench runs a filter on records as the gateway does, and tells what
// became of them, by which rule, and what it took.
package filterbench
