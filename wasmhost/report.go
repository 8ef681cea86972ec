// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

// KeyKind says what the key of a report is.
type KeyKind uint8

// The kinds of key; the values are the ABI's.
const (
	KeyNone     KeyKind = 0
	KeyTemplate KeyKind = 1
	KeyBodyHash KeyKind = 2
	KeyIdentity KeyKind = 3
)

// Report accounts for records that were dropped with the action Represent.
type Report struct {
	Key         uint64
	Count       uint64
	First, Last uint64 // nanoseconds since 1970
	Rule        RuleID
	Kind        KeyKind
	Severity    uint8 // 0 if they differ, or it is not known
	// ByHost says that the guest died, or forgot these records: the host made the report in its
	// stead, so that counts stay exact. Key and Rule are not known.
	ByHost bool
	// Text is the guest's, for people, in valid UTF-8: strict receivers refuse a batch with other text.
	Text string
	// Template is the masked text of a KeyTemplate or a KeyIdentity; empty where it is no longer
	// remembered.
	Template string
	// Resource is the key of the resource of the records, and Bytes about their size in OTLP. Both are
	// known for a KeyIdentity alone, and 0 for others.
	Resource, Bytes uint64
}

const (
	reportSize = 48
	maxReports = 1 << 16 // of one flush
	maxText    = 4096
	maxTexts   = 4 << 20 // bytes, of one flush
	maxLevel   = 24      // OTLP's highest severity number
)

// decodeReports checks what a guest returned, and decodes it. Texts are read from its memory.
func decodeReports(b []byte, rules int, read func(address, size uint32) ([]byte, bool)) ([]Report, error) {
	if len(b)%reportSize != 0 || len(b) > maxReports*reportSize {
		return nil, failure(KindOutput, exportFlush, "the guest returned %d bytes of reports: each has %d, and at most %d are allowed",
			len(b), reportSize, maxReports)
	}
	reports := make([]Report, len(b)/reportSize)
	texts := 0
	for k := range reports {
		raw := b[reportSize*k:][:reportSize]
		r, ok := decodeReport(raw, rules)
		size := le.Uint32(raw[40:])
		texts += int(min(size, maxText))
		if !ok || size > maxText || texts > maxTexts {
			return nil, failure(KindOutput, exportFlush, "report %d is not one that the ABI allows", k)
		}
		view, ok := read(le.Uint32(raw[36:]), size)
		if !ok {
			return nil, failure(KindOutput, exportFlush, "the text of report %d is beyond the memory of the guest", k)
		}
		r.Text = clip(string(view), maxText)
		reports[k] = r
	}
	return reports, nil
}

func decodeReport(raw []byte, rules int) (Report, bool) {
	r := Report{
		Key: le.Uint64(raw), Count: le.Uint64(raw[8:]), First: le.Uint64(raw[16:]), Last: le.Uint64(raw[24:]),
		Rule: RuleID(le.Uint16(raw[32:])), Kind: KeyKind(raw[34]), Severity: raw[35],
	}
	ok := int(r.Rule) <= rules && r.Kind <= KeyIdentity && r.Severity <= maxLevel && le.Uint32(raw[44:]) == 0
	return r, ok
}
