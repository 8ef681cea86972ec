// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !sealgate_bench

package archive

import "github.com/sealgate/sealgate/seal"

// switches has nothing to switch. Only the build tag sealgate_bench, which benchmarks use,
// brings the switch that takes the cipher out.
type switches struct{}

func (switches) read() {}

func (switches) apply(*seal.FileKeys) {}
