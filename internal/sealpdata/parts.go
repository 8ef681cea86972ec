// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import "go.opentelemetry.io/collector/pdata/pcommon"

// anySealed returns 1 if an attribute is to be sealed.
func (b *batch) anySealed(m pcommon.Map) int {
	for name, v := range m.All() {
		if b.keys.seals(b.keys.get(name), v) {
			return 1
		}
	}
	return 0
}

// stripPart strips the attributes of an event or a link, if any is to be sealed.
// Its position comes first.
func (b *batch) stripPart(i int, m pcommon.Map) {
	if b.anySealed(m) == 0 {
		return
	}
	b.enc.Uint(uint64(i))
	b.stripAttributes(m, false)
}
