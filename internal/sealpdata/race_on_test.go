// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build race

package sealpdata

// raceDetector is on: it makes sync.Pool forget, so that allocations say nothing.
const raceDetector = true
