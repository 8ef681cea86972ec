// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfilter

import (
	"math"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sealgate/sealgate/wasmhost"
)

// Texts visits the texts of record i: strings and numbers, in the body and in attributes, and in maps and lists within
// them. Other values are no texts: booleans, bytes, and numbers with a fraction.
func (b *Batch) Texts(i int, visit func(wasmhost.Text)) {
	if body := b.logs[i].Body(); body.Type() == pcommon.ValueTypeStr { // most are
		visit(wasmhost.Text{Value: body.Str()})
	} else {
		eachText("", body, func(name string, v pcommon.Value) { visit(wasmhost.Text{Name: name, Value: numberOrText(v)}) })
	}
	for name, v := range b.logs[i].Attributes().All() {
		if v.Type() == pcommon.ValueTypeStr {
			visit(wasmhost.Text{Name: name, Value: v.Str(), Attribute: true})
			continue
		}
		eachText(name, v, func(name string, v pcommon.Value) {
			visit(wasmhost.Text{Name: name, Value: numberOrText(v), Attribute: true})
		})
	}
}

// eachText visits v if it is a text, or the texts in it. Entries of a list have the name of the list.
func eachText(name string, v pcommon.Value, visit func(string, pcommon.Value)) {
	switch v.Type() {
	case pcommon.ValueTypeStr, pcommon.ValueTypeInt:
		visit(name, v)
	case pcommon.ValueTypeDouble:
		if isWhole(v.Double()) {
			visit(name, v)
		}
	case pcommon.ValueTypeMap:
		for name, entry := range v.Map().All() {
			eachText(name, entry, visit)
		}
	case pcommon.ValueTypeSlice:
		for _, entry := range v.Slice().All() {
			eachText(name, entry, visit)
		}
	}
}

// isWhole reports whether a float is a whole number that is written without an exponent: a parser of JSON makes floats of
// all numbers.
func isWhole(f float64) bool { return f == math.Trunc(f) && math.Abs(f) < 1e20 }

// numberOrText is the text form of a text.
func numberOrText(v pcommon.Value) string {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return strconv.FormatInt(v.Int(), 10)
	case pcommon.ValueTypeDouble:
		return strconv.FormatFloat(v.Double(), 'f', 0, 64)
	}
	return v.Str()
}
