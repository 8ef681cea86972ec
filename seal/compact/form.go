// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package compact

// A value's first byte has its form in the upper four bits. What the lower four
// are is said below; low is their value.
const (
	formText    = 0x0 // string; length: low, or 15 and a varint of length-15
	formStatic  = 0x1 // string of the static table; index like a length
	formHex     = 0x2 // string of lower-case hexadecimal digits; pairs-4 like a length, then the bytes
	formDecimal = 0x3 // string, an unsigned number without leading zeros; number
	formFixed   = 0x4 // low is one of the fixed forms
	formInt     = 0x5 // number
	formNegInt  = 0x6 // number n: the value is -1-n
	formDouble  = 0x7 // double of a whole value; number
	formNegDbl  = 0x8 // the same below zero: the value is -1-n
	formBytes   = 0x9 // bytes; length, then the bytes
	formList    = 0xA // list; length, then as many values
	formMap     = 0xB // map; length, then as many keys, each with its value
)

// Fixed forms. What follows has always the same length.
const (
	fixedEmpty   = 0 // a value that is not there
	fixedFalse   = 1
	fixedTrue    = 2
	fixedUUID    = 3 // string; 16 bytes
	fixedIPv4    = 4 // string; 4 bytes
	fixedFloat64 = 5 // 8 bytes, big endian
	fixedFloat32 = 6 // a double that a float is enough for; 4 bytes, big endian
)

// A number is low when low is below 8; else low-7 bytes follow, big endian.
const smallNumbers = 8

// A key's first byte: an index of the static table in one byte or in two, the end
// of a list of attributes, or the length of a name that is in the text.
const (
	keyTwoBytes = 224 // to 238: 224 + (first-224)*256 + second
	keyEnd      = 239
	keyText     = 240 // to 255: first-240 is the length; 15 and a varint of length-15
)

// Methods: how the text is kept. The first byte of a record.
const (
	methodStored  = 0 // a varint of its length, the text
	methodDeflate = 1 // DEFLATE without its constant start
)

// Limits of what is read, and so of what is written.
const (
	// MaxDepth is how deep lists and maps may be in each other.
	MaxDepth = 1000
	// MaxText is how much text may come of a compressed record, in bytes. More is
	// stored as it is.
	MaxText = 16 << 20
)

const minHexPairs = 4
