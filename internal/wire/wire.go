// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package wire has messages of OTLP over gRPC in encoded form. The Collector's codec of
// gRPC encodes and decodes whatever has the methods of Message.
package wire

// Message is a message of OTLP, as the Collector passes it to gRPC.
type Message interface {
	SizeProto() int
	MarshalProto([]byte) int
	UnmarshalProto([]byte) error
}

// Raw is an encoded message.
type Raw []byte

var _ Message = (*Raw)(nil)

// SizeProto returns the length of the message in bytes.
func (r *Raw) SizeProto() int { return len(*r) }

// MarshalProto copies the message, and returns its length in bytes.
func (r *Raw) MarshalProto(to []byte) int { return copy(to, *r) }

// UnmarshalProto keeps a copy of an encoded message.
func (r *Raw) UnmarshalProto(b []byte) error {
	*r = append((*r)[:0], b...)
	return nil
}

// Encode returns a message in encoded form.
func Encode(m Message) Raw {
	b := make(Raw, m.SizeProto())
	m.MarshalProto(b)
	return b
}
