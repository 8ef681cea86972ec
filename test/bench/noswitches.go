// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !sealgate_bench

package main

import "errors"

// A product has no switch that takes cipher or guard out, and so neither has a build like it.
var errNoSwitch = errors.New("the cipher and the guard cannot be left out of this build; run `make bench`, which sets the build tag sealgate_bench")

func withoutCipher(func() error) error { return errNoSwitch }

func withoutGuard(func() error) error { return errNoSwitch }
