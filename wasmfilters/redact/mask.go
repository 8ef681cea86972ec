// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"bytes"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// appendMasked appends a text with a part of it masked by asterisks, so that somebody who knows it can recognise it:
//
//	card     the last four digits stay
//	cn_id    the first and the last character stay
//	phone    the first three digits, a country's code included, and the last four stay
//	email    the first character and the domain stay
//	ip       the first two groups stay
//
// Of the others nothing stays: a mask as long as a secret would tell its length.
func appendMasked(b []byte, name string, text []byte) []byte {
	switch name {
	case sdk.DetectCard:
		return keepEnds(b, text, 0, 4)
	case sdk.DetectCNID:
		return keepEnds(b, text, 1, 1)
	case sdk.DetectPhone:
		return keepEnds(b, text, 3, 4)
	case sdk.DetectEmail:
		at := bytes.LastIndexByte(text, '@')
		if at < 1 {
			break
		}
		return append(append(append(b, text[0]), "***"...), text[at:]...)
	case sdk.DetectIP:
		return keepGroups(b, text)
	}
	return append(b, "********"...)
}

// leastMasked is how many characters are masked: of a shorter text nothing stays.
const leastMasked = 4

// keepEnds masks the letters and digits of a text except for the first and the last ones.
func keepEnds(b, text []byte, first, last int) []byte {
	n := 0
	for _, c := range text {
		if isMasked(c) {
			n++
		}
	}
	if n < first+last+leastMasked {
		first, last = 0, 0
	}
	at := 0
	for _, c := range text {
		if isMasked(c) {
			if at++; at > first && at <= n-last {
				c = '*'
			}
		}
		b = append(b, c)
	}
	return b
}

func isMasked(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' }

// keepGroups keeps the first two groups of an address.
func keepGroups(b, text []byte) []byte {
	separator := byte('.')
	if bytes.IndexByte(text, ':') >= 0 {
		separator = ':'
	}
	groups := 0
	for _, c := range text {
		if c == separator {
			groups++
		}
		b = append(b, c)
		if groups == 2 {
			break
		}
	}
	if separator == '.' {
		return append(b, "*.*"...)
	}
	return append(b, '*')
}
