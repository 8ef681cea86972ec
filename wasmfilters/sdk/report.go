// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// Report tells of records that were dropped with the verdict Count.
type Report struct {
	Key         uint64 // a template id, a hash, or what the filter likes
	Count       uint64 // records since the last report of this key
	First, Last uint64 // time of the first and of the last, nanoseconds since 1970
	Rule        uint16
	Kind        KeyKind
	Severity    uint8  // of the records; 0 if they differ
	Text        string // for people; cut at MaxReportText
}

// KeyKind is what the key of a report is.
type KeyKind uint8

const (
	KeyOther    KeyKind = 0
	KeyTemplate KeyKind = 1
	KeyBodyHash KeyKind = 2
	// KeyIdentity lets the host say in the summary whose records these were.
	KeyIdentity KeyKind = 3
)

const (
	reportSize = 48
	// MaxReportText is the longest text of a report in bytes.
	MaxReportText = 4096
)

// appendReports appends the reports and then their texts to dst, which is empty.
// Texts are named by their offset until addresses makes addresses of them. Room is
// made once, and each report is written in one piece: in a module, every branch of
// an append costs fuel, and there may be thousands of reports.
func appendReports(dst []byte, reports []Report) []byte {
	size := len(reports) * reportSize
	text := size
	for i := range reports {
		size += len(cutText(reports[i].Text))
	}
	dst = slices.Grow(dst, size)[:size]
	for i := range reports {
		n := copy(dst[text:], cutText(reports[i].Text))
		reports[i].put((*[reportSize]byte)(dst[i*reportSize:]), uint32(text), uint32(n))
		text += n
	}
	return dst
}

// cutText cuts a text that is too long before a rune.
func cutText(s string) string {
	if len(s) <= MaxReportText {
		return s
	}
	end := MaxReportText
	for end > MaxReportText-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

func (r *Report) put(b *[reportSize]byte, text, size uint32) {
	binary.LittleEndian.PutUint64(b[0:], r.Key)
	binary.LittleEndian.PutUint64(b[8:], r.Count)
	binary.LittleEndian.PutUint64(b[16:], r.First)
	binary.LittleEndian.PutUint64(b[24:], r.Last)
	binary.LittleEndian.PutUint16(b[32:], r.Rule)
	b[34], b[35] = byte(r.Kind), r.Severity
	binary.LittleEndian.PutUint32(b[36:], text)
	binary.LittleEndian.PutUint32(b[40:], size)
	binary.LittleEndian.PutUint32(b[44:], 0)
}

// addresses adds base to the offset of each text, or clears it where there is none.
func addresses(encoded []byte, n int, base uint32) {
	for i := range n {
		at := encoded[i*reportSize+36:]
		address := base + binary.LittleEndian.Uint32(at)
		if binary.LittleEndian.Uint32(at[4:]) == 0 {
			address = 0
		}
		binary.LittleEndian.PutUint32(at, address)
	}
}
