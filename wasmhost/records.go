// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

// Records is what a caller shows of a batch. Methods are called for the columns that the guest
// asks for and no others, by one goroutine at a time for one batch. Strings have to stay valid
// until Judge returns.
type Records interface {
	// Len is the number of records.
	Len() int
	// Resources is the number of resources.
	Resources() int
	// ResourceKey is the same for the same resource in every batch: records of one key are judged
	// by one instance, so that what it remembers of them is coherent. Forget asks for those that Judge
	// has asked for.
	ResourceKey(resource int) uint64
	// ResourceAttribute is an attribute as text; false if there is none of that name.
	ResourceAttribute(resource int, name string) (string, bool)

	// Resource is the resource of record i. Records of one resource should be neighbours.
	Resource(i int) int
	// Time is nanoseconds since 1970; 0 if it is not known.
	Time(i int) uint64
	// Severity is OTLP's number, 0 to 24.
	Severity(i int) uint8
	// Body is the body as text: JSON where it is no string. Asked once for a record.
	Body(i int) string
	// TraceID is zero if there is none.
	TraceID(i int) [16]byte
	// EventName is empty if there is none.
	EventName(i int) string
	// Attribute is an attribute as text; false if there is none of that name.
	Attribute(i int, name string) (string, bool)
	// Attributes calls visit for every attribute of record i.
	Attributes(i int, visit func(name string, v Value))
	// Texts calls visit for every text of record i, in an order that stays the same while the record does: those of the
	// body first. Asked where the guest has detectors.
	Texts(i int, visit func(Text))
	// ScopeKey is the same for the same instrumentation scope in every batch.
	ScopeKey(i int) uint64
	// Protected records are kept whatever the guest says. Asked for those that it wants to drop,
	// or for all where it has the column `protected`.
	Protected(i int) bool
}

// Text is a string in a record, or a number in its text form: the body, an attribute, or one within either.
type Text struct {
	Name      string // of the attribute or of the entry of a map, empty where it has none
	Value     string
	Attribute bool // it belongs to an attribute, and not to the body
}

// Value is the value of an attribute. It is cheaper than a text for a number, which is seldom looked at.
type Value struct {
	Kind ValueKind
	Text string // of ValueText
	Bits uint64 // of the others: the integer, the bits of the float, 0 or 1
}

// ValueKind says what a Value is.
type ValueKind uint8

// The kinds of value.
const (
	ValueText   ValueKind = iota // a string, or any other value in its text form
	ValueNumber                  // an integer or a float
	ValueBool
)
