// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sealgate/sealgate/seal"
)

// What is in the blob of a resource besides attributes.
const (
	resourceDropped = 1 << iota
	resourceSchema
)

// schema is a resource or a scope of any signal: it has a schema URL.
type schema interface {
	SchemaUrl() string
	SetSchemaUrl(string)
}

// sealResource seals what is to be sealed of a resource, and puts the key there.
func (b *batch) sealResource(r pcommon.Resource, s schema) {
	b.enc.Reset()
	has := uint64(0)
	if b.record && r.DroppedAttributesCount() != 0 {
		has |= resourceDropped
	}
	if b.record && s.SchemaUrl() != "" {
		has |= resourceSchema
	}
	b.enc.Uint(has)
	if has&resourceDropped != 0 {
		b.enc.Uint(uint64(r.DroppedAttributesCount()))
		r.SetDroppedAttributesCount(0)
	}
	if has&resourceSchema != 0 {
		b.enc.Str(s.SchemaUrl())
		s.SetSchemaUrl("")
	}
	b.found = has != 0
	b.stripShared(r.Attributes(), true)
	size := len(b.sealer.Header())
	b.around = context{}
	if b.found {
		blob := b.sharedBlob(seal.PlaceResource)
		putChunks(r.Attributes(), nameResource, blob.text)
		b.around.resource = blob.tag
		size += len(blob.text)
	}
	putChunks(r.Attributes(), nameKey, b.sealer.Header())
	b.sizes.Resource = max(b.sizes.Resource, size)
}

// stripShared strips the attributes of a resource or a scope, and puts the tokens
// there at once: they are few, and not part of what a record is given.
func (b *batch) stripShared(m pcommon.Map, tokens bool) {
	puts, text := len(b.puts), len(b.text)
	b.stripAttributes(m, tokens)
	for _, p := range b.puts[puts:] {
		m.PutStr(p.name, string(b.text[p.start:p.end]))
	}
	b.puts, b.text = b.puts[:puts], b.text[:text]
}

// What is in the blob of a scope besides attributes.
const (
	scopeName = 1 << iota // name and version
	scopeDropped
	scopeSchema
)

// scopeMark is how many characters of a blob become the version of its scope.
const scopeMark = 12

// sealScope seals what is to be sealed of a scope. Tempo puts the spans together
// whose scopes have the same name and version, and forgets all but one of the
// scopes: so the version becomes something that is different for each blob.
func (b *batch) sealScope(scope pcommon.InstrumentationScope, s schema) {
	b.enc.Reset()
	has := b.scopeParts(scope, s)
	b.enc.Uint(has)
	if has&scopeName != 0 {
		b.enc.Str(scope.Name())
		b.enc.Str(scope.Version())
	}
	if has&scopeDropped != 0 {
		b.enc.Uint(uint64(scope.DroppedAttributesCount()))
		scope.SetDroppedAttributesCount(0)
	}
	if has&scopeSchema != 0 {
		b.enc.Str(s.SchemaUrl())
		s.SetSchemaUrl("")
	}
	b.found = has != 0
	b.stripShared(scope.Attributes(), false)
	b.around.scope = [16]byte{}
	if !b.found {
		return
	}
	blob := b.sharedBlob(seal.PlaceScope)
	putChunks(scope.Attributes(), nameScope, blob.text)
	b.around.scope = blob.tag
	mark := blob.text[len(blob.text)-scopeMark:]
	if !b.record { // the name stays
		scope.SetVersion(scope.Version() + "+" + mark)
		return
	}
	scope.SetName(hiddenName)
	scope.SetVersion(mark)
}

// scopeParts returns what is sealed. Name and version are, if anything of the scope
// is: else two scopes might come to look the same.
func (b *batch) scopeParts(scope pcommon.InstrumentationScope, s schema) (has uint64) {
	if !b.record {
		return uint64(b.anySealed(scope.Attributes())) * scopeName
	}
	if scope.DroppedAttributesCount() != 0 {
		has |= scopeDropped
	}
	if s.SchemaUrl() != "" {
		has |= scopeSchema
	}
	if has != 0 || scope.Name() != "" || scope.Version() != "" || scope.Attributes().Len() != 0 {
		has |= scopeName
	}
	return has
}
