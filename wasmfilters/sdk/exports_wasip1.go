// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build wasip1

package sdk

import "unsafe"

// pack is the result of an export: an address and a length, or nothing.
func pack(p unsafe.Pointer, size int) uint64 {
	if size == 0 {
		return 0
	}
	return uint64(uintptr(p))<<32 | uint64(uint32(size))
}

func packBytes(b []byte) uint64 { return pack(unsafe.Pointer(unsafe.SliceData(b)), len(b)) }

// input is the part of the buffer that the host names. Nothing else is an input:
// a number of the host is never made a pointer.
func input(ptr, size uint32) ([]byte, bool) {
	start := uintptr(unsafe.Pointer(unsafe.SliceData(guest.in)))
	offset := uint64(ptr) - uint64(start)
	if size == 0 {
		return nil, true
	}
	if uint64(ptr) < uint64(start) || offset+uint64(size) > uint64(8*len(guest.in)) {
		return nil, false
	}
	all := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(guest.in))), 8*len(guest.in))
	return all[offset : offset+uint64(size)], true
}

//go:wasmexport sealgate_abi
func exportABI() int32 { return 1 }

//go:wasmexport sealgate_buffer
func exportBuffer(size uint32) uint32 {
	if guest.Buffer(size) == nil {
		return 0
	}
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(guest.in))))
}

//go:wasmexport sealgate_configure
func exportConfigure(ptr, size uint32) uint64 {
	config, ok := input(ptr, size)
	if !ok {
		return 0
	}
	return packBytes(guest.Configure(config))
}

//go:wasmexport sealgate_filter
func exportFilter(ptr, size uint32) uint64 {
	chunk, ok := input(ptr, size)
	if !ok {
		return 0
	}
	v := guest.Filter(chunk)
	return pack(unsafe.Pointer(unsafe.SliceData(v)), 8*len(v))
}

//go:wasmexport sealgate_patches
func exportPatches() uint64 { return packBytes(guest.Patches()) }

//go:wasmexport sealgate_flush
func exportFlush(now uint64, last uint32) uint64 {
	reports := guest.Flush(now, last != 0)
	if len(reports) == 0 {
		return 0
	}
	guest.reports = appendReports(guest.reports[:0], reports)
	base := unsafe.Pointer(unsafe.SliceData(guest.reports))
	addresses(guest.reports, len(reports), uint32(uintptr(base)))
	return pack(base, len(reports)*reportSize)
}

//go:wasmexport sealgate_state_save
func exportStateSave() uint64 { return packBytes(guest.SaveState()) }

//go:wasmexport sealgate_state_restore
func exportStateRestore(ptr, size uint32) uint32 {
	state, ok := input(ptr, size)
	if !ok || guest.RestoreState(state) != nil {
		return 1
	}
	return 0
}
