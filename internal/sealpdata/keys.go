// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/compact"
)

// keyInfo is all that is to be known of an attribute's name.
type keyInfo struct {
	name   string
	key    compact.Key
	sealed bool
	token  string // name of the token's attribute, "" if there is none
	label  string // what Loki calls it, where that is also its name for an id of the record
}

// keyTable keeps what was decided about names. One lookup for each attribute is a
// large part of the cost of sealing, so it takes no lock: a slot is filled once and
// never changes.
type keyTable struct {
	seed  maphash.Seed
	slots [tableSize]atomic.Pointer[keyInfo]
	fill  sync.Mutex
	count int

	fields   bool // a name that matches is sealed, else one that does not
	patterns []pattern
	search   map[string]bool
	tokens   *seal.TokenKey
}

// Bounds, since names come from outside: after that they are decided upon anew each
// time. The names of the semantic conventions are in the table from the start.
const (
	tableSize    = 8192
	maxKeys      = 4096
	maxProbes    = 8
	maxKeyLength = 256
)

func newKeyTable(o Options) *keyTable {
	t := &keyTable{seed: maphash.MakeSeed(), fields: o.Mode == ModeFields, search: map[string]bool{}, tokens: o.Tokens}
	patterns := o.Keep
	if t.fields {
		patterns = o.Attributes
	}
	for _, p := range patterns {
		t.patterns = append(t.patterns, newPattern(p))
	}
	for _, name := range o.Search {
		t.search[name] = true
		t.get(name)
	}
	for _, name := range compact.StaticKeys() {
		t.get(name)
	}
	return t
}

// get returns what is known of a name.
func (t *keyTable) get(name string) *keyInfo {
	at := maphash.String(t.seed, name)
	for i := range uint64(maxProbes) {
		info := t.slots[(at+i)%tableSize].Load()
		if info == nil {
			break
		}
		if info.name == name {
			return info
		}
	}
	return t.add(name, at)
}

// add decides upon a name, and keeps the decision if there is room.
func (t *keyTable) add(name string, at uint64) *keyInfo {
	info := t.decide(name)
	if len(name) > maxKeyLength {
		return info
	}
	t.fill.Lock()
	defer t.fill.Unlock()
	if t.count >= maxKeys {
		return info
	}
	for i := range uint64(maxProbes) {
		slot := &t.slots[(at+i)%tableSize]
		if known := slot.Load(); known == nil {
			t.count++
			slot.Store(info)
			return info
		} else if known.name == name {
			return known
		}
	}
	return info
}

func (t *keyTable) decide(name string) *keyInfo {
	// A name may be part of a large message, which must not be kept with it.
	name = strings.Clone(name)
	info := &keyInfo{name: name, key: compact.KeyOf(name), label: idLabel(name)}
	if reserved(name) {
		info.sealed = true
		return info
	}
	info.sealed = t.sealsName(name)
	if t.search[name] {
		info.token = tokenPrefix + name
	}
	return info
}

// sealsName reports whether the patterns have the value of a name sealed.
func (t *keyTable) sealsName(name string) bool { return t.matches(name) == t.fields }

// seals reports whether an attribute is sealed. A map, or a list of maps, is sealed
// whole if a value in it is to be sealed by its path: the names of the maps above it
// and its own name, joined by dots.
func (t *keyTable) seals(info *keyInfo, v pcommon.Value) bool {
	if info.sealed {
		return true
	}
	if kind := v.Type(); kind != pcommon.ValueTypeMap && kind != pcommon.ValueTypeSlice {
		return false
	}
	return t.sealsWithin(info.name, v, 0)
}

// sealsWithin reports whether a value at this path, or any in it, is to be sealed. A
// path that is too long or too deep is sealed, which bounds the work.
func (t *keyTable) sealsWithin(path string, v pcommon.Value, depth int) bool {
	if depth > compact.MaxDepth || len(path) > maxKeyLength {
		return true
	}
	switch v.Type() {
	case pcommon.ValueTypeMap:
		for name, inner := range v.Map().All() {
			at := path + "." + name
			if t.fields && t.matches(at) || t.sealsWithin(at, inner, depth+1) {
				return true
			}
		}
		return false
	case pcommon.ValueTypeSlice:
		for _, inner := range v.Slice().All() {
			if t.sealsWithin(path, inner, depth+1) {
				return true
			}
		}
		return false
	}
	return depth > 0 && t.sealsName(path)
}

func (t *keyTable) matches(name string) bool {
	for _, p := range t.patterns {
		if p.match(name) {
			return true
		}
	}
	return false
}
