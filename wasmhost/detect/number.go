// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import "strconv"

// minNumber is how many digits the shortest number with a meaning has.
const minNumber = 8

// maxDigits is one more than the longest number with a meaning has: a card has up to 19.
const maxDigits = 20

// digits are the digits of a number and where its groups begin.
type digits struct {
	at     [maxDigits]int // of each digit in the text
	value  [maxDigits]byte
	n      int
	groups [maxDigits]int8 // digits of each group
	ngroup int
	end    int
}

// number looks at what begins at i with a digit, a plus sign or a parenthesis. A number that is found ends at a byte that
// is no part of a word.
func (s *Set) number(text string, i, done int) (Match, int) {
	if i > done && wordBefore(text, i) {
		if !isDigit(text[i]) {
			return Match{}, i + 1
		}
		return Match{}, run(text, i)
	}
	if i > done+1 && text[i-1] == '.' && isDigit(text[i-2]) { // the rest of a version or a fraction
		return Match{}, run(text, i)
	}
	first := i
	for first < len(text) && !isDigit(text[first]) { // ( and +
		if first-i == 2 || text[first] != '+' && text[first] != '(' {
			return Match{}, i + 1
		}
		first++
	}
	if first == len(text) {
		return Match{}, len(text)
	}
	end := run(text, first)
	if first == i && s.dotted && end-first <= 3 && end < len(text) && text[end] == '.' {
		if end := ipv4(text, i); end > 0 {
			if s.ip >= 0 {
				return Match{s.ip, i, end}, end
			}
			return Match{}, end
		}
	}
	if end-first < s.leastGroup || end-first < minNumber && separator(text, end) == 0 {
		return Match{}, end
	}
	var d digits
	d.read(text, first)
	if m := s.numbered(text, i, first, &d); m.End > 0 {
		return m, m.End
	}
	if first > i { // look at the digits alone
		return Match{}, i + 1
	}
	return Match{}, end
}

// numbered is the longest number with a meaning that the digits begin with.
func (s *Set) numbered(text string, i, first int, d *digits) Match {
	if s.cnID >= 0 && first == i {
		if end := residentID(text, i); end > 0 {
			return Match{s.cnID, i, end}
		}
	}
	if d.n < minNumber {
		return Match{}
	}
	if s.card >= 0 && first == i {
		if end := d.card(text); end > 0 {
			return Match{s.card, i, end}
		}
	}
	if s.phone >= 0 {
		if end := d.phone(text, i, first); end > 0 {
			return Match{s.phone, i, end}
		}
	}
	return Match{}
}

// run is the end of the digits at i.
func run(text string, i int) int {
	for i++; i < len(text) && isDigit(text[i]); i++ {
	}
	return i
}

// read reads digits that single spaces, dashes, dots and parentheses may part into groups.
func (d *digits) read(text string, i int) {
	for d.n < maxDigits && i < len(text) {
		c := text[i]
		if isDigit(c) {
			if d.n == 0 || d.at[d.n-1] != i-1 {
				d.ngroup++
			}
			d.groups[d.ngroup-1]++
			d.at[d.n], d.value[d.n] = i, c-'0'
			d.n++
			i++
			continue
		}
		step := separator(text, i)
		if step == 0 {
			return
		}
		i += step
	}
}

// separator is the length of what parts two groups at i, 0 if nothing does.
func separator(text string, i int) int {
	n := 0
	for n < 2 && i+n < len(text) {
		switch text[i+n] {
		case ' ', '-', '.', ')', '(':
			n++
			continue
		}
		break
	}
	if n > 0 && i+n < len(text) && isDigit(text[i+n]) && (n == 1 || text[i] == ')' || text[i+1] == '(') {
		return n
	}
	return 0
}

// endAt is the end of the first n digits, if a group and a word end there, or else 0.
func (d *digits) endAt(text string, n int) int {
	if n > d.n {
		return 0
	}
	end := d.at[n-1] + 1
	if wordAt(text, end) || end+1 < len(text) && text[end] == '.' && isDigit(text[end+1]) {
		return 0
	}
	return end
}

// card is the end of the longest card number that the digits begin with. Groups are of four digits, or of 4, 6 and 5, as they
// are printed, or there is one alone.
func (d *digits) card(text string) int {
	for n := min(d.n, 19); n >= 13; n-- {
		if end := d.endAt(text, n); end > 0 && d.isPrinted(n) && d.hasIssuer(n) && luhn(d.value[:n]) {
			return end
		}
	}
	return 0
}

// isPrinted reports whether the first n digits are grouped as on a card.
func (d *digits) isPrinted(n int) bool {
	if int(d.groups[0]) == n {
		return true
	}
	if n == 15 || n == 14 {
		return d.groups[0] == 4 && d.groups[1] == 6 && int(d.groups[2]) == n-10
	}
	for k, left := 0, n; left > 0; k++ {
		if size := int(d.groups[k]); size != min(4, left) {
			return false
		}
		left -= int(d.groups[k])
	}
	return true
}

// hasIssuer checks prefix and length as ISO/IEC 7812 has them assigned: American Express, Diners, JCB, Visa, Mastercard,
// Discover, UnionPay, Maestro, Mir, RuPay, Troy.
func (d *digits) hasIssuer(n int) bool {
	p := 0
	for _, v := range d.value[:4] {
		p = p*10 + int(v)
	}
	switch {
	case p/100 == 34, p/100 == 37:
		return n == 15
	case p >= 3000 && p <= 3059, p/100 == 36, p/100 == 38, p/100 == 39:
		return n >= 14
	case p >= 3528 && p <= 3589:
		return n >= 16
	case p/1000 == 4:
		return n == 13 || n == 16 || n == 19
	case p >= 2221 && p <= 2720, p >= 5100 && p <= 5599:
		return n == 16
	case p >= 2200 && p <= 2204, p == 9792:
		return n >= 16
	case p/100 == 62, p/100 == 81, p == 6011, p/100 == 65, p >= 6440 && p <= 6499, p/100 == 60, p == 8171:
		return n >= 16
	case p/100 == 50, p/100 >= 56 && p/100 <= 58, p/100 == 63, p/100 == 67:
		return true
	}
	return false
}

// luhn checks the check digit, ISO/IEC 7812-1 annex B.
func luhn(value []byte) bool {
	sum := 0
	for k := range value {
		v := int(value[len(value)-1-k])
		if k%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

// idWeights are those of GB 11643-1999, ISO 7064 MOD 11-2.
var idWeights = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}

// residentID is the end of a Chinese resident id that begins at i, or 0.
func residentID(text string, i int) int {
	if len(text)-i < 18 || wordAt(text, i+18) {
		return 0
	}
	id, sum := text[i:i+18], 0
	for k, weight := range idWeights {
		if !isDigit(id[k]) {
			return 0
		}
		sum += weight * int(id[k]-'0')
	}
	check := "10X98765432"[sum%11]
	if id[17] != check && (check != 'X' || id[17] != 'x') {
		return 0
	}
	year, month, day := atoi(id[6:10]), atoi(id[10:12]), atoi(id[12:14])
	if id[0] < '1' || id[0] > '9' || year < 1880 || year > 2100 || month < 1 || month > 12 || day < 1 || day > 31 {
		return 0
	}
	return i + 18
}

// atoi is the number of some digits.
func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// phone is the end of a phone number whose first digit is at first. What is before it from i on is a plus sign or a
// parenthesis.
func (d *digits) phone(text string, i, first int) int {
	if text[i] == '+' || first > i && text[i+1] == '+' {
		return d.international(text)
	}
	v := &d.value
	switch {
	case (d.groups[0] == 4 || d.groups[0] == 15) && v[0] == 0 && v[1] == 0 && v[2] == 8 && v[3] == 6 && d.isMobile(4):
		return d.endAt(text, 15)
	case d.n >= 13 && v[0] == 8 && v[1] == 6 && d.isMobile(2) && (d.groups[0] == 13 || d.groups[0] == 2):
		return d.endAt(text, 13)
	case d.isMobile(0) && (d.groups[0] == 11 || d.groups[0] == 3 && d.groups[1] == 4 && d.groups[2] == 4):
		return d.endAt(text, 11)
	case v[0] == 0 && d.ngroup >= 2 && (d.groups[0] == 3 || d.groups[0] == 4) && (d.groups[1] == 7 || d.groups[1] == 8) && v[1] != 0:
		return d.endAt(text, int(d.groups[0]+d.groups[1]))
	case d.isNorthAmerican(0):
		return d.endAt(text, 10)
	case d.groups[0] == 1 && v[0] == 1 && d.isNorthAmerican(1):
		return d.endAt(text, 11)
	}
	return 0
}

// isMobile reports whether a Chinese mobile number begins at digit k: 11 digits, of 130 to 199.
func (d *digits) isMobile(k int) bool {
	return d.n >= k+11 && d.value[k] == 1 && d.value[k+1] >= 3
}

// isNorthAmerican reports whether groups of 3, 3 and 4 digits begin at group k, as the North American Numbering Plan has them.
func (d *digits) isNorthAmerican(k int) bool {
	return d.ngroup >= k+3 && d.groups[k] == 3 && d.groups[k+1] == 3 && d.groups[k+2] == 4 && d.value[k] >= 2 && d.value[k+3] >= 2
}

// international takes all groups of a number with a plus sign, ITU-T E.164: 8 to 15 digits.
func (d *digits) international(text string) int {
	n := 0
	end := 0
	for k := range d.ngroup {
		if n += int(d.groups[k]); n > 15 {
			break
		}
		if n >= 8 {
			end = max(end, d.endAt(text, n))
		}
	}
	if d.value[0] == 0 {
		return 0
	}
	return end
}
