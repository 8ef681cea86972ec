// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfile

// Record is a log record.
type Record struct {
	Time       uint64 // nanoseconds since 1970; 0 if it is not known
	Severity   uint8  // OTLP's number, 0 to 24
	TraceID    [16]byte
	Body       string
	EventName  string
	Attributes Attributes
	Resource   *Resource
}

// Resource is what records have in common. Those of one have the same pointer.
type Resource struct{ Attributes Attributes }

// Attributes are names and values, as text.
type Attributes []Attribute

// Attribute is one of them.
type Attribute struct{ Name, Value string }

// Get returns the value of a name; false if there is none.
func (a Attributes) Get(name string) (string, bool) {
	for i := range a {
		if a[i].Name == name {
			return a[i].Value, true
		}
	}
	return "", false
}
