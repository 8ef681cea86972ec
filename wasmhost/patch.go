// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import "slices"

// Change is what a guest may change of a record.
type Change string

// What can be changed.
const (
	ChangeAttributes Change = "attributes" // the route included
	ChangeBody       Change = "body"
	ChangeSeverity   Change = "severity"
)

// Changes are all of them.
func Changes() []Change { return []Change{ChangeAttributes, ChangeBody, ChangeSeverity} }

var changeNames = map[Change]string{ChangeAttributes: "attributes", ChangeBody: "the body", ChangeSeverity: "the severity"}

// PatchKind is what a patch does.
type PatchKind uint8

// The kinds; the values are the ABI's.
const (
	PatchMatch           PatchKind = 1 // puts Value in the place of a match
	PatchBodyRange       PatchKind = 2 // puts Value in the place of a range of the body, which is a string
	PatchBody            PatchKind = 3 // makes Value the body
	PatchSetAttribute    PatchKind = 4
	PatchDeleteAttribute PatchKind = 5
	PatchSeverity        PatchKind = 6
	PatchRoute           PatchKind = 7 // sets the routing attribute
)

// Patch is one change that a guest wants. Whether it fits its record is for the caller to check.
type Patch struct {
	Record     int // of the batch
	Kind       PatchKind
	Severity   uint8
	Rule       RuleID
	Text       int // of PatchMatch: which one, as Records.Texts counts them; -1 where the record has no such match
	Start, End int // of PatchMatch and PatchBodyRange, in bytes
	Key        string
	Value      string
}

const (
	patchSize      = 24 // bytes, key and value left out
	maxPatchesSize = 16 << 20
)

// decodePatches decodes what a guest returned for the chunk of an encoder, and appends it to out. Records are those of
// the chunk, in their order. Rules are still the guest's numbers.
func decodePatches(out []Patch, b string, rules int, allowed []Change, e *encoder) ([]Patch, error) {
	bad := func(format string, args ...any) ([]Patch, error) {
		return nil, failure(KindOutput, exportPatches, "patch %d "+format, append([]any{len(out)}, args...)...)
	}
	last := 0
	for len(b) > 0 {
		if len(b) < patchSize {
			return bad("has %d bytes: %d are due", len(b), patchSize)
		}
		h := []byte(b[:patchSize])
		key, value := uint64(le.Uint32(h[16:])), uint64(le.Uint32(h[20:]))
		size := patchSize + (key+value+7)&^7
		if size > uint64(len(b)) {
			return bad("goes on behind the end of the patches")
		}
		p := Patch{
			Record: int(le.Uint32(h)), Kind: PatchKind(h[4]), Severity: h[5], Rule: RuleID(le.Uint16(h[6:])),
			Key: b[patchSize : patchSize+key], Value: b[patchSize+key : patchSize+key+value],
		}
		at, length := int(le.Uint32(h[8:])), int(le.Uint32(h[12:]))
		switch {
		case p.Record < last || p.Record >= len(e.records):
			return bad("is for record %d: records are 0 to %d, in their order", p.Record, len(e.records)-1)
		case int(p.Rule) > rules:
			return bad("is by rule %d: there are %d", p.Rule, rules)
		}
		change, ok := p.locate(at, length, e.matches)
		switch {
		case !ok:
			return bad("is of kind %d, with severity %d, range %d of %d, and a key of %d bytes, which the ABI does not know", p.Kind, p.Severity, at, length, key)
		case !slices.Contains(allowed, change):
			return bad("is of kind %d: the manifest does not have %q among its `patches`", p.Kind, change)
		}
		last, b = p.Record, b[size:]
		out = append(out, p)
	}
	return out, nil
}

// locate fills in the place of the patch, and returns what it changes. Fields that its kind does not use must be zero.
func (p *Patch) locate(at, length int, m *matches) (Change, bool) {
	keyed := p.Kind == PatchSetAttribute || p.Kind == PatchDeleteAttribute
	if !keyed && p.Key != "" || p.Kind != PatchSeverity && p.Severity != 0 {
		return "", false
	}
	switch p.Kind {
	case PatchMatch:
		where, ok := m.of(p.Record, at)
		if !ok {
			where.text = -1
		}
		p.Text, p.Start, p.End = where.text, where.start, where.end
		if where.attribute {
			return ChangeAttributes, length == 0
		}
		return ChangeBody, length == 0
	case PatchBodyRange:
		p.Start, p.End = at, at+length
		return ChangeBody, true
	case PatchSeverity:
		return ChangeSeverity, at == 0 && length == 0 && p.Value == ""
	case PatchBody:
		return ChangeBody, at == 0 && length == 0
	case PatchSetAttribute, PatchRoute:
		return ChangeAttributes, at == 0 && length == 0
	case PatchDeleteAttribute:
		return ChangeAttributes, at == 0 && length == 0 && p.Value == ""
	}
	return "", false
}
