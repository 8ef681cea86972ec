// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package sealpdata

const raceDetector = false
