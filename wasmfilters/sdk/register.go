// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

// guest is the filter of this module.
var guest *Guest

// Register makes f the filter of this module. It is called once, in an init
// function of package main.
func Register(f Filter) {
	if guest != nil {
		panic("sdk: two filters are registered in one module")
	}
	guest = NewGuest(f)
}

// Registered is a guest of the registered filter, for native tests; nil if
// there is none.
func Registered() *Guest { return guest }
