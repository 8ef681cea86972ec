// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

// dayBefore takes in the name of a month or of a day that stands before a number: "Fri Jul 01 08:16:53".
func (m *Masker) dayBefore(p int) int {
	b := m.body
	s := p
	for s > m.lit && p-s < 4 && (b[s-1] == ' ' || b[s-1] == ',') {
		s--
	}
	if s == p || s-3 < m.lit || !dateName(b[s-3:s]) {
		return p
	}
	if s-4 >= m.lit && is(b[s-4], word) {
		return p
	}
	return s - 3
}

func dateName(w []byte) bool {
	switch string(w) {
	case "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
		"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
		return true
	}
	return false
}
