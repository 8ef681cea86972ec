// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// The guest is a standard-Go filter of sorts, for the tests and benchmarks of fuel.
package main

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"sort"
	"strings"
)

const recordSize = 200

var records, needles = input()

// input makes a thousand records of 200 bytes; one in ten holds a needle.
func input() ([]byte, [][]byte) {
	var all []byte
	for i := range 1000 {
		level := "INFO "
		if i%10 == 0 {
			level = "DEBUG"
		}
		line := fmt.Sprintf("2026-11-24T10:00:%02d.%03dZ %s svc=checkout req=%08x GET /api/v1/orders/%d status=200 ", i%60, i, level, i*2654435761, i)
		line += strings.Repeat("the quick brown fox jumps over the lazy dog ", 5)
		all = append(all, line[:recordSize]...)
	}
	return all, [][]byte{[]byte("DEBUG"), []byte("/healthz")}
}

// search looks for both needles in all records.
//
//go:wasmexport search
func search() int32 {
	var found int32
	for at := 0; at < len(records); at += recordSize {
		record := records[at : at+recordSize]
		if bytes.Contains(record, needles[0]) || bytes.Contains(record, needles[1]) {
			found++
		}
	}
	return found
}

// churn allocates, sorts, formats and hashes: maps, garbage collection, calls by
// interface and closures.
//
//go:wasmexport churn
func churn(n int32) int64 {
	counts := map[string]int{}
	for i := range n {
		counts[fmt.Sprintf("key-%d", (i*7919)%101)] += int(i)
	}
	keys := make([]string, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i] < keys[j] })
	h := fnv.New64a()
	for _, k := range keys {
		fmt.Fprintf(h, "%s=%d,%.3f;", k, counts[k], float64(counts[k])/7)
	}
	return int64(h.Sum64())
}

// mask replaces digits and hashes what is left of all records.
//
//go:wasmexport mask
func mask() int64 {
	h := fnv.New64a()
	line := make([]byte, recordSize)
	for at := 0; at < len(records); at += recordSize {
		for i, c := range records[at : at+recordSize] {
			if c >= '0' && c <= '9' {
				c = '#'
			}
			line[i] = c
		}
		h.Write(line)
	}
	return int64(h.Sum64())
}

//go:wasmexport spin
func spin() {
	for {
		records[0]++
	}
}

//go:wasmexport recurse
func recurse(n int32) int32 { return recurse(n+1) + 1 }

//go:wasmexport allocate
func allocate() {
	var kept [][]byte
	for {
		kept = append(kept, make([]byte, 1<<20))
	}
}

//go:wasmexport fail
func fail() { panic("a bug of the guest") }

func main() {}
