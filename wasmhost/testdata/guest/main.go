// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build wasip1

// Command guest is what the tests of wasmhost run as a guest of standard Go: it keeps the first
// record of each template and represents the others, or misbehaves as its configuration says. It speaks
// the ABI by itself, without the SDK, so that the two are tested against the page and not
// against each other.
package main

import (
	"encoding/binary"
	"encoding/json"
	"unsafe"
)

var le = binary.LittleEndian

type entry struct{ key, count, first, last uint64 }

var (
	buffer   []uint64
	manifest []byte
	verdicts []uint64
	reports  []byte
	seen     = map[uint64]*entry{}
	order    []*entry
	state    []byte
	config   struct {
		Mode  string `json:"mode"`
		After int    `json:"after"`
	}
	chunks int
)

func main() {}

func pack(b []byte) uint64 {
	if len(b) == 0 {
		return 0
	}
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b))))<<32 | uint64(len(b))
}

func input(size uint32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(buffer))), size)
}

//go:wasmexport sealgate_abi
func abi() uint32 { return 1 }

//go:wasmexport sealgate_buffer
func room(size uint32) uint32 {
	if words := int(size+15) / 8; len(buffer) < words {
		buffer = make([]uint64, words)
	}
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(buffer))))
}

//go:wasmexport sealgate_configure
func configure(_, size uint32) uint64 {
	if err := json.Unmarshal(input(size), &config); err != nil {
		panic(err)
	}
	manifest = []byte(`{"name":"guest","version":"1","columns":["severity","template","needles"],` +
		`"needles":[{"text":"/healthz"},{"text":"DEBUG"}],"rules":["repeated","needle"]}`)
	return pack(manifest)
}

//go:wasmexport sealgate_filter
func filter(_, size uint32) uint64 {
	chunk := input(size)
	n := int(le.Uint32(chunk[4:]))
	now := le.Uint64(chunk[16:])
	column := func(k int) []byte { return chunk[le.Uint32(chunk[32+8*k:]):] }
	severity, template, needles := column(0), column(1), column(2)
	if len(verdicts) < n {
		verdicts = make([]uint64, n)
	}
	if chunks++; chunks > config.After {
		misbehave(config.Mode)
	}
	for k := range n {
		verdicts[k] = judge(severity[k], le.Uint64(template[8*k:]), le.Uint64(needles[8*k:]), now)
	}
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(verdicts))))<<32 | uint64(8*n)
}

func judge(severity uint8, template, needles, now uint64) uint64 {
	switch {
	case config.Mode == "needles":
		if needles != 0 {
			return 1 | 2<<16
		}
		return 0
	case severity >= 13:
		return 0
	}
	e := seen[template]
	if e == nil {
		e = &entry{key: template}
		seen[template] = e
		order = append(order, e)
		return 0
	}
	if e.count++; e.count == 1 {
		e.first = now
	}
	e.last = now
	return 2 | 1<<16
}

//go:wasmexport sealgate_flush
func flush(_ uint64, _ uint32) uint64 {
	reports = reports[:0]
	for _, e := range order {
		if e.count == 0 {
			continue
		}
		for _, n := range []uint64{e.key, e.count, e.first, e.last, 1 | 1<<16, 0} {
			reports = le.AppendUint64(reports, n)
		}
		e.count = 0
	}
	return pack(reports)
}

//go:wasmexport sealgate_state_save
func save() uint64 {
	state = state[:0]
	for _, e := range order {
		for _, n := range []uint64{e.key, e.count, e.first, e.last} {
			state = le.AppendUint64(state, n)
		}
	}
	return pack(state)
}

//go:wasmexport sealgate_state_restore
func restore(_, size uint32) uint32 {
	for b := input(size); len(b) >= 32; b = b[32:] {
		e := &entry{le.Uint64(b), le.Uint64(b[8:]), le.Uint64(b[16:]), le.Uint64(b[24:])}
		seen[e.key] = e
		order = append(order, e)
	}
	return 0
}
