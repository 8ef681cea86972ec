// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdktest

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// Match is a match of a detector in a record.
type Match struct {
	Detector int
	Text     string
}

// Patch is what a filter wants to change, as docs/wasm-abi.md has it.
type Patch struct {
	Record     int
	Kind       uint8
	Severity   uint8
	Rule       uint16
	At, Length int
	Key, Value string
}

// The kinds of patches.
const (
	PatchMatch = 1 + iota
	PatchBodyRange
	PatchBody
	PatchSetAttribute
	PatchDeleteAttribute
	PatchSeverity
	PatchRoute
)

// matchesOf is the column matches of records.
func matchesOf(records []Record, detectors int) []byte {
	var head, entries, texts []byte
	n := 0
	known := func(r *Record) (list []Match) {
		for _, m := range r.Matches {
			if m.Detector < detectors {
				list = append(list, m)
			}
		}
		return list
	}
	for i := range records {
		head = u32(head, n)
		n += len(known(&records[i]))
	}
	head = u32(head, n)
	for len(head)%8 != 0 {
		head = append(head, 0)
	}
	for i := range records {
		for k, m := range known(&records[i]) {
			entries = u32(u32(entries, m.Detector), k)
			entries = u32(u32(entries, len(head)+16*n+len(texts)), len(m.Text))
			texts = append(texts, m.Text...)
		}
	}
	return slices.Concat(head, entries, texts)
}

// readPatches reads what sealgate_patches returns.
func readPatches(b []byte) (out []Patch, err error) {
	for len(b) > 0 {
		if len(b) < 24 {
			return nil, fmt.Errorf("sealgate_patches: patch %d has %d bytes, must have 24 at least", len(out), len(b))
		}
		u32 := func(at int) int { return int(binary.LittleEndian.Uint32(b[at:])) }
		key, value := u32(16), u32(20)
		size := 24 + key + value
		size += -size & 7
		if key > len(b) || value > len(b) || size > len(b) {
			return nil, fmt.Errorf("sealgate_patches: patch %d goes on behind the end", len(out))
		}
		out = append(out, Patch{
			Record: u32(0), Kind: b[4], Severity: b[5], Rule: binary.LittleEndian.Uint16(b[6:]), At: u32(8), Length: u32(12),
			Key: string(b[24 : 24+key]), Value: string(b[24+key : 24+key+value]),
		})
		b = b[size:]
	}
	return out, nil
}

// Patches are what the filter wants to change in the records that were judged last.
func (r *Run) Patches() []Patch {
	r.t.Helper()
	patches, err := r.Driver.Patches()
	if err != nil {
		r.t.Fatal(err)
	}
	return patches
}

// checkPatches checks the patches of records, which have been judged.
func checkPatches(d Driver, m *sdk.Manifest, records []Record) error {
	if len(m.Patches) == 0 {
		return nil
	}
	patches, err := d.Patches()
	if err != nil {
		return err
	}
	var first []int // of each record, the number of its first match
	matches := 0
	for i := range records {
		first = append(first, matches)
		for _, match := range records[i].Matches {
			if match.Detector < len(m.Detectors) {
				matches++
			}
		}
	}
	first = append(first, matches)
	last := 0
	for k, p := range patches {
		switch {
		case p.Record < last || p.Record >= len(records):
			return fmt.Errorf("patch %d is for record %d of %d, or behind one of a later record", k, p.Record, len(records))
		case int(p.Rule) > len(m.Rules):
			return fmt.Errorf("patch %d is by rule %d of %d", k, p.Rule, len(m.Rules))
		case p.Kind < PatchMatch || p.Kind > PatchRoute:
			return fmt.Errorf("patch %d is of kind %d", k, p.Kind)
		case p.Kind == PatchMatch && (p.At < first[p.Record] || p.At >= first[p.Record+1]):
			return fmt.Errorf("patch %d is for match %d, which record %d does not have", k, p.At, p.Record)
		case p.Kind != PatchMatch && !slices.Contains(m.Patches, changeOf(p.Kind)):
			return fmt.Errorf("patch %d changes %s, which is not in `patches` of the manifest", k, changeOf(p.Kind))
		}
		last = p.Record
	}
	return nil
}

func changeOf(kind uint8) string {
	switch kind {
	case PatchBodyRange, PatchBody:
		return sdk.ChangeBody
	case PatchSeverity:
		return sdk.ChangeSeverity
	}
	return sdk.ChangeAttributes
}

func (d nativeDriver) Patches() ([]Patch, error) { return readPatches(d.guest.Patches()) }

func (d *wasmDriver) Patches() ([]Patch, error) {
	packed, err := d.call("sealgate_patches")
	if err != nil {
		return nil, err
	}
	b, err := d.result("sealgate_patches", packed)
	if err != nil {
		return nil, err
	}
	return readPatches(b)
}
