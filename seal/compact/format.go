// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package compact

import "strconv"

const hexDigits = "0123456789abcdef"

func appendHex(dst, b []byte) []byte {
	if dst == nil {
		dst = make([]byte, 0, 2*len(b))
	}
	for _, c := range b {
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}

func formatUint(n uint64) string { return strconv.FormatUint(n, 10) }

func formatUUID(b []byte) string {
	dst := make([]byte, 0, uuidLen)
	for i, end := range [...]int{4, 6, 8, 10, 16} {
		start := [...]int{0, 4, 6, 8, 10}[i]
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = appendHex(dst, b[start:end])
	}
	return string(dst)
}

func formatIPv4(b []byte) string {
	dst := make([]byte, 0, maxIPv4)
	for i, part := range b {
		if i > 0 {
			dst = append(dst, '.')
		}
		dst = strconv.AppendUint(dst, uint64(part), 10)
	}
	return string(dst)
}
