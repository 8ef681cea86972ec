// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

import "encoding/binary"

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
)

const (
	reportSize = 48
	// MaxReportText is the longest text of a report in bytes.
	MaxReportText = 4096
)

// appendReports appends the reports and then their texts to dst, which is empty.
// Texts are named by their offset until addresses makes addresses of them.
func appendReports(dst []byte, reports []Report) []byte {
	text := len(reports) * reportSize
	for i := range reports {
		r := &reports[i]
		dst = binary.LittleEndian.AppendUint64(dst, r.Key)
		dst = binary.LittleEndian.AppendUint64(dst, r.Count)
		dst = binary.LittleEndian.AppendUint64(dst, r.First)
		dst = binary.LittleEndian.AppendUint64(dst, r.Last)
		dst = binary.LittleEndian.AppendUint16(dst, r.Rule)
		dst = append(dst, byte(r.Kind), r.Severity)
		n := min(len(r.Text), MaxReportText)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(text))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(n))
		dst = binary.LittleEndian.AppendUint32(dst, 0)
		text += n
	}
	for i := range reports {
		dst = append(dst, reports[i].Text[:min(len(reports[i].Text), MaxReportText)]...)
	}
	return dst
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
