// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

const (
	goldenBlock    uint64 = 0x3a30b4d025e8c942
	goldenPassword uint64 = 0xecb5d20cac493e9f
	goldenLong     uint64 = 0x99312d5e091331d9
)
