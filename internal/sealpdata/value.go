// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sealgate/sealgate/seal/compact"
)

// tooDeep is what becomes of a value that is deeper within others than a Decoder
// goes. Nothing but an attack nests a thousand lists.
const tooDeep = "nested too deep: removed by Sealgate"

// putValue writes a value.
func (b *batch) putValue(v pcommon.Value, depth int) {
	e := b.enc
	switch v.Type() {
	case pcommon.ValueTypeStr:
		e.Str(v.Str())
	case pcommon.ValueTypeInt:
		e.Int(v.Int())
	case pcommon.ValueTypeDouble:
		e.Double(v.Double())
	case pcommon.ValueTypeBool:
		e.Bool(v.Bool())
	case pcommon.ValueTypeBytes:
		b.putBytes(v.Bytes())
	case pcommon.ValueTypeSlice:
		b.putSlice(v.Slice(), depth+1)
	case pcommon.ValueTypeMap:
		b.putMap(v.Map(), depth+1)
	default:
		e.Empty()
	}
}

func (b *batch) putBytes(v pcommon.ByteSlice) {
	b.enc.BytesLen(v.Len())
	for i := range v.Len() {
		b.enc.AppendByte(v.At(i))
	}
}

func (b *batch) putSlice(s pcommon.Slice, depth int) {
	if depth > compact.MaxDepth {
		b.enc.Str(tooDeep)
		return
	}
	b.enc.List(s.Len())
	for i := range s.Len() {
		b.putValue(s.At(i), depth)
	}
}

func (b *batch) putMap(m pcommon.Map, depth int) {
	if depth > compact.MaxDepth {
		b.enc.Str(tooDeep)
		return
	}
	b.enc.Map(m.Len())
	for name, v := range m.All() {
		b.enc.Key(b.keys.get(name).key, name)
		b.putValue(v, depth)
	}
}

// putAttributes writes all attributes, and leaves them.
func (b *batch) putAttributes(m pcommon.Map) {
	for name, v := range m.All() {
		b.enc.Key(b.keys.get(name).key, name)
		b.putValue(v, 0)
	}
	b.enc.End()
}
