// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

import "encoding/binary"

// Patches takes what a filter wants to change of the records of a chunk, and encodes it for the host. Records must come in
// their order. The host applies all patches of a record or, where it refuses one, none; what it refuses is in
// docs/wasm-abi.md. Manifest.Patches must have what a patch changes.
type Patches struct{ encoded []byte }

const patchSize = 24

// The kinds of patches.
const (
	patchMatch           = 1
	patchBodyRange       = 2
	patchBody            = 3
	patchSetAttribute    = 4
	patchDeleteAttribute = 5
	patchSeverity        = 6
	patchRoute           = 7
)

// maxPatches is how much room is kept for the next chunk, in bytes.
const maxPatches = 1 << 20

func (p *Patches) reset() {
	if p.encoded = p.encoded[:0]; cap(p.encoded) > maxPatches {
		p.encoded = nil
	}
}

// ReplaceMatch puts a text in the place of match k of the chunk, which is in the record; see Chunk.Matches.
func (p *Patches) ReplaceMatch(record int, rule uint16, k int, text []byte) {
	p.put(record, patchMatch, 0, rule, k, 0, "", text)
}

// ReplaceBody puts a text in the place of size bytes of the body from start on. The body must be a string.
func (p *Patches) ReplaceBody(record int, rule uint16, start, size int, text []byte) {
	p.put(record, patchBodyRange, 0, rule, start, size, "", text)
}

// SetBody makes a text the body.
func (p *Patches) SetBody(record int, rule uint16, text []byte) {
	p.put(record, patchBody, 0, rule, 0, 0, "", text)
}

// SetAttr sets an attribute, a string.
func (p *Patches) SetAttr(record int, rule uint16, name string, value []byte) {
	p.put(record, patchSetAttribute, 0, rule, 0, 0, name, value)
}

// DeleteAttr deletes an attribute that the record has.
func (p *Patches) DeleteAttr(record int, rule uint16, name string) {
	p.put(record, patchDeleteAttribute, 0, rule, 0, 0, name, nil)
}

// SetSeverity sets the severity number, 0 to 24. The severity text, which names another one, goes.
func (p *Patches) SetSeverity(record int, rule uint16, severity uint8) {
	p.put(record, patchSeverity, severity, rule, 0, 0, "", nil)
}

// SetRoute sets the attribute sealgate.route, by which a connector can tell where the record goes.
func (p *Patches) SetRoute(record int, rule uint16, route []byte) {
	p.put(record, patchRoute, 0, rule, 0, 0, "", route)
}

func (p *Patches) put(record int, kind, severity uint8, rule uint16, at, length int, key string, value []byte) {
	var h [patchSize]byte
	binary.LittleEndian.PutUint32(h[0:], uint32(record))
	h[4], h[5] = kind, severity
	binary.LittleEndian.PutUint16(h[6:], rule)
	binary.LittleEndian.PutUint32(h[8:], uint32(at))
	binary.LittleEndian.PutUint32(h[12:], uint32(length))
	binary.LittleEndian.PutUint32(h[16:], uint32(len(key)))
	binary.LittleEndian.PutUint32(h[20:], uint32(len(value)))
	p.encoded = append(append(append(p.encoded, h[:]...), key...), value...)
	var zeros [8]byte
	p.encoded = append(p.encoded, zeros[:-len(p.encoded)&7]...)
}
