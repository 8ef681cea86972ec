// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

const verdictSize = 8

// decodeVerdicts checks what a guest returned for len(out) records, and decodes it. Rules are
// still the guest's numbers.
func decodeVerdicts(b []byte, rules int, out []Verdict) error {
	if len(b) != len(out)*verdictSize {
		return failure(KindOutput, exportFilter, "the guest returned %d bytes of verdicts for %d records: %d are due",
			len(b), len(out), len(out)*verdictSize)
	}
	var represented, claimed uint64
	for k := range out {
		word := le.Uint64(b[verdictSize*k:])
		if word == 0 {
			out[k] = Verdict{}
			continue
		}
		v := Verdict{Action: Action(word), Rule: RuleID(word >> 16), Represents: uint32(word >> 32)}
		if !v.valid(byte(word>>8), rules) {
			return failure(KindOutput, exportFilter, "verdict %d is %#016x, which the ABI does not know", k, word)
		}
		if v.Action == Represent {
			represented++
		}
		claimed += uint64(v.Represents)
		out[k] = v
	}
	if claimed > represented {
		return failure(KindOutput, exportFilter, "the guest says that records of a chunk represent %d others: it dropped %d that could be",
			claimed, represented)
	}
	return nil
}

func (v Verdict) valid(zero byte, rules int) bool {
	return v.Action <= Represent && zero == 0 && int(v.Rule) <= rules && (v.Represents == 0 || v.Action == Keep)
}
