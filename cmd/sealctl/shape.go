// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"

	"github.com/sealgate/sealgate/seal/archive"
)

// Bounds of a payload, above everything that a gateway accepts. Anyone with a public key can
// make a frame, so an authentic payload can still be hostile. The decoder of OTLP recurses
// once for each level, and allocates about 64 bytes for each message.
const (
	maxDepth    = 10_000  // messages in each other
	maxMessages = 8 << 20 // in one payload; the largest has 64 MiB
)

// message is a type of OTLP: the types of its fields that are messages.
type message map[uint32]*message

// The messages of OTLP 1 that can be deep or many. Others are fields without a type here.
var (
	anyValue, leaf = &message{}, &message{}
	keyValue       = &message{2: anyValue}
	resource       = &message{1: keyValue, 3: leaf}
	scope          = &message{3: keyValue}
	exemplar       = &message{7: keyValue}
	numberPoints   = &message{1: {7: keyValue, 5: exemplar}}
	payloads       = map[archive.Signal]*message{
		archive.Traces: {1: {1: resource, 2: {1: scope, 2: {
			9: keyValue, 11: {3: keyValue}, 13: {4: keyValue}, 15: leaf,
		}}}},
		archive.Logs: {1: {1: resource, 2: {1: scope, 2: {5: anyValue, 6: keyValue}}}},
		archive.Metrics: {1: {1: resource, 2: {1: scope, 2: {
			5: numberPoints, 7: numberPoints, 12: keyValue,
			9:  {1: {8: exemplar, 9: keyValue}},
			10: {1: {1: keyValue, 8: leaf, 9: leaf, 11: exemplar}},
			11: {1: {6: leaf, 7: keyValue}},
		}}}},
	}
)

func init() {
	*anyValue = message{5: {1: anyValue}, 6: {1: keyValue}} // a type that contains itself
}

// checkShape returns an error for a payload that must not be decoded. Other errors are left
// to the decoder.
func checkShape(signal archive.Signal, payload []byte) error {
	s := shape{}
	return s.walk(payloads[signal], payload, 0)
}

type shape struct{ messages int }

func (s *shape) walk(m *message, b []byte, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("it is nested more than %d deep, which no gateway writes", maxDepth)
	}
	if s.messages++; s.messages > maxMessages {
		return fmt.Errorf("it has more than %d messages, which no gateway writes", maxMessages)
	}
	for len(b) > 0 {
		field, content, rest, err := nextField(b)
		if errors.Is(err, errGroup) {
			return err
		}
		if err != nil {
			return nil // the decoder stops here too, and says why
		}
		if child := (*m)[field]; child != nil && content != nil {
			if err := s.walk(child, content, depth+1); err != nil {
				return err
			}
		}
		b = rest
	}
	return nil
}

var (
	errField = errors.New("no field begins here")
	errGroup = errors.New("it has a group, which OTLP does not have")
)

// nextField splits the first field off an encoded message, as the decoder of OTLP does it.
// content is nil where the field cannot be a message.
func nextField(b []byte) (field uint32, content, rest []byte, err error) {
	tag, b, ok := varint(b)
	if !ok {
		return 0, nil, nil, errField
	}
	size := uint64(0)
	switch tag & 7 {
	case 0:
		_, rest, ok = varint(b)
		return 0, nil, rest, notIf(ok)
	case 1:
		size = 8
	case 2:
		if size, b, ok = varint(b); !ok {
			return 0, nil, nil, errField
		}
	case 3, 4:
		return 0, nil, nil, errGroup
	case 5:
		size = 4
	default:
		return 0, nil, nil, errField
	}
	if size > uint64(len(b)) {
		return 0, nil, nil, errField
	}
	if tag&7 == 2 {
		content = b[:size:size]
	}
	return uint32(tag >> 3), content, b[size:], nil
}

func notIf(ok bool) error {
	if ok {
		return nil
	}
	return errField
}

// varint reads a number as the decoder of OTLP does it: bits beyond the 64th are ignored.
func varint(b []byte) (v uint64, rest []byte, ok bool) {
	for i, c := range b[:min(len(b), 10)] {
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return v, b[i+1:], true
		}
	}
	return 0, nil, false
}
