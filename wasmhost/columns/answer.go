// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import "unicode/utf8"

// answer says whether the number from p to e is an answer, which stays. It has at most five digits and an optional sign,
// or is hexadecimal of at most eight digits, or is a code of at most six characters. A number with a fraction, a unit or a percent sign is a measure.
func (m *Masker) answer(p, e int) bool {
	b := m.body
	if e == p+1 && b[p] == '0' && fails(b, e) {
		return true
	}
	k := p
	if k > m.lit && (b[k-1] == '-' || b[k-1] == '+') {
		k--
	}
	i := k
	for i > m.lit && k-i < 8 && is(b[i-1], introduce) {
		i--
	}
	if i == 0 {
		return m.answers && small(b, p, e) && !measured(b, e)
	}
	if i == m.lit || i == k && !is(b[i-1], wide) || !mayEndKey(b, i) || !small(b, p, e) {
		return false
	}
	kind := answerKey(b[m.lit:i])
	if kind == noAnswer || kind != anyAnswer && e-p > 3 || kind == zeroAnswer && string(b[p:e]) != "0" {
		return false
	}
	return !measured(b, e) && (kind != verbAnswer || !counts(b, e))
}

// small says whether the number has few enough digits for an answer.
func small(b []byte, p, e int) bool {
	switch n := e - p; {
	case is(b[p], wide):
		return n <= 15
	case n > 2 && b[p+1]|0x20 == 'x':
		return n <= 10
	case n == 6 && !digitsOnly(b[p:e]):
		return true
	default:
		return n <= 5
	}
}

// fails says whether a word that tells of failures or of successes follows the number that ends at e: 0 failed.
func fails(b []byte, e int) bool {
	if e == len(b) || b[e] != ' ' {
		return false
	}
	e++
	end := e
	for end < len(b) && end-e < 12 && is(b[end], word) {
		end++
	}
	switch string(b[e:end]) {
	case "error", "errors", "fail", "failed", "failing", "failure", "failures", "unreachable", "exceptions", "lost", "rejected", "received",
		"passed", "succeeded", "successful", "healthy", "available", "alive":
		return true
	}
	return false
}

func digitsOnly(w []byte) bool {
	for _, c := range w {
		if !is(c, digit) {
			return false
		}
	}
	return true
}

// measured says whether a unit or a percent sign follows the number that ends at e.
func measured(b []byte, e int) bool { return e < len(b) && (b[e] == '%' || unit(b, e) > e) }

// counts says whether a noun follows the number that ends at e: returned 12 rows, 返回3条. Where a preposition follows,
// the number is no count: returned 1 for x.
func counts(b []byte, e int) bool {
	if e < len(b) && b[e] == ' ' {
		e++
	}
	if e == len(b) {
		return false
	}
	if is(b[e], wide) {
		switch r, _ := utf8.DecodeRune(b[e:]); r {
		case '条', '條', '个', '個', '行', '次', '项', '項', '件', '页', '頁', '字', '秒', '毫', '分', '元', '名', '位', '种', '種', '组', '組', '건', '개':
			return true
		}
		return false
	}
	if b[e]-'a' >= 26 {
		return false
	}
	end := e
	for end < len(b) && end-e < 12 && is(b[end], word) {
		end++
	}
	switch string(b[e:end]) {
	case "for", "from", "on", "in", "at", "to", "by", "of", "with", "when", "while", "after", "before", "but", "and", "or",
		"instead", "because":
		return false
	}
	return true
}
