// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import "github.com/klauspost/compress/zstd"

// isOneFrame tells whether b is exactly one zstd frame (RFC 8878). Decompressors differ in what
// they do with a second frame or a skippable one, so two readers could see two contents.
func isOneFrame(b []byte) bool {
	var h zstd.Header
	if h.Decode(b) != nil || h.Skippable {
		return false
	}
	for at := h.HeaderSize; len(b)-at >= 3; {
		block := int(b[at]) | int(b[at+1])<<8 | int(b[at+2])<<16
		size := block >> 3
		if block>>1&3 == 1 { // one byte, repeated
			size = 1
		}
		at += 3 + size
		if block&1 == 0 {
			continue
		}
		if h.HasCheckSum {
			at += 4
		}
		return at == len(b)
	}
	return false
}
