// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"encoding/binary"
	"unsafe"
)

// littleEndian is always so in WebAssembly. Elsewhere only tests run this code.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// view is b as numbers: the same memory where it can be, as it can in a module,
// where the host writes to an aligned buffer.
func view[T uint16 | uint32 | uint64](b []byte) []T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	n := len(b) / size
	if n == 0 {
		return nil
	}
	p := unsafe.Pointer(unsafe.SliceData(b))
	if littleEndian && uintptr(p)%uintptr(size) == 0 {
		return unsafe.Slice((*T)(p), n)
	}
	out := make([]T, n)
	for i := range out {
		for j := size - 1; j >= 0; j-- {
			out[i] = T(uint64(out[i])<<8 | uint64(b[i*size+j]))
		}
	}
	return out
}
