// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

// keyByte maps each byte of a key to what the backends make of it: letters and
// digits stay, everything else is an underscore. A control character is 0: no
// spelling has one, and a key with one is passed on as it came.
var keyByte = byteTable(func(c byte) byte {
	switch {
	case isAlnum(c):
		return c
	case c < ' ' || c == 0x7f:
		return 0
	default:
		return '_'
	}
})

// valueByte maps each byte of a value to the form in which aliases are
// compared: lower case, with space, dot and hyphen as underscore.
var valueByte = byteTable(func(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	case c == ' ' || c == '-' || c == '.':
		return '_'
	default:
		return c
	}
})

func byteTable(f func(byte) byte) (table [256]byte) {
	for i := range table {
		table[i] = f(byte(i))
	}
	return table
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// fold returns the label name that key folds to in Prometheus and Loki:
// anything outside [a-zA-Z0-9] becomes an underscore and repeated underscores
// become one, as github.com/prometheus/otlptranslator does it. It returns ""
// for a key with a control character.
func fold(key string) string {
	out, ok := foldInto(make([]byte, 0, len(key)), key)
	if !ok {
		return ""
	}
	return string(out)
}

// foldInto appends the folded key to buf. It gives up, without allocating,
// when the result would exceed the capacity of buf or key holds a control
// character.
func foldInto(buf []byte, key string) ([]byte, bool) {
	for i := range len(key) {
		c := keyByte[key[i]]
		if c == 0 {
			return nil, false
		}
		if c == '_' && len(buf) > 0 && buf[len(buf)-1] == '_' {
			continue
		}
		if len(buf) == cap(buf) {
			return nil, false
		}
		buf = append(buf, c)
	}
	return buf, true
}

// foldValue returns the form in which values are compared with aliases.
func foldValue(value string) string {
	out, _ := foldValueInto(make([]byte, 0, len(value)), value)
	return string(out)
}

// foldValueInto appends the folded value to buf and gives up, without
// allocating, when it does not fit. Surrounding spaces are dropped.
func foldValueInto(buf []byte, value string) ([]byte, bool) {
	for len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	for len(value) > 0 && value[len(value)-1] == ' ' {
		value = value[:len(value)-1]
	}
	if len(value) > cap(buf) {
		return nil, false
	}
	for i := range len(value) {
		buf = append(buf, valueByte[value[i]])
	}
	return buf, true
}
