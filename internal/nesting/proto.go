// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package nesting

import (
	"encoding/binary"
	"math"
)

// Proto scans one request in protobuf. It reads fields as the decoder does, so that both see the
// same messages. It refuses whatever the decoder may read differently.
type Proto struct {
	stack [maxFrames]frame
	top   int

	pos  int // bytes scanned
	skip int // bytes to pass over

	state  state
	number uint64 // the varint so far
	shift  uint8  // its bits so far
	field  int32  // of the length that follows
}

// frame is a message that is open.
type frame struct {
	end     int // position behind it
	message Message
	levels  uint8 // lists and maps around it
}

const (
	endless = math.MaxInt

	// maxFrames are the messages of the deepest value: nine to the value of an exemplar's
	// attribute, then three for each map.
	maxFrames = 9 + 3*MaxLevels + 1
)

// shortest has the length of the shortest value with that many levels, in bytes: lists with one
// element each.
var shortest = func() (bytes [MaxLevels + 2]int) {
	field := func(content int) int { return 1 + len(binary.AppendUvarint(nil, uint64(content))) + content }
	list := 0
	for levels := 1; levels < len(bytes); levels++ {
		bytes[levels] = field(list)
		list = field(bytes[levels])
	}
	return bytes
}()

type state uint8

const (
	inTag state = iota
	inValue
	inLength
)

// The wire types of protobuf. Groups are refused: decoders differ in how they skip them.
const (
	wireVarint = iota
	wire64
	wireLength
	wireStartGroup
	wireEndGroup
	wire32
)

// NewProto returns a scanner of one message.
func NewProto(m Message) *Proto {
	s := &Proto{}
	s.stack[0] = frame{end: endless, message: m}
	return s
}

// Scan looks at the next part of the request.
func (s *Proto) Scan(part []byte) error {
	for i := 0; i < len(part); {
		if s.skip > 0 {
			n := min(s.skip, len(part)-i)
			i, s.pos, s.skip = i+n, s.pos+n, s.skip-n
			continue
		}
		if s.state == inTag && s.shift == 0 {
			if n := s.passShort(part[i:]); n > 0 {
				i += n
				continue
			}
		}
		b := part[i]
		i++
		s.pos++
		s.number |= uint64(b&0x7f) << s.shift
		if b >= 0x80 {
			if s.shift += 7; s.shift >= 64 {
				return ErrMalformed
			}
			continue
		}
		number := s.number
		s.number, s.shift = 0, 0
		if err := s.take(number); err != nil {
			return err
		}
	}
	return nil
}

// passShort passes over fields that are too short to hold a forbidden depth, such as most
// attributes and spans, and returns their length. It is the fast way to do what take does.
func (s *Proto) passShort(part []byte) (n int) {
	in := &s.stack[s.top]
	short := shortest[MaxLevels-int(in.levels)]
	end := min(len(part), in.end-s.pos)
	for n+2 < end {
		tag, length, content := part[n], int(part[n+1]), n+2
		if length >= 0x80 {
			length, content = length&0x7f|int(part[n+2])<<7, n+3 // a third byte makes it too long
		}
		if tag&0x87 != wireLength || tag < 8 || length >= short || length > end-content {
			break
		}
		n = content + length
	}
	s.pos += n
	s.leave()
	return n
}

// take takes the next varint, which is a tag, a value or a length.
func (s *Proto) take(number uint64) error {
	if s.pos > s.stack[s.top].end {
		return ErrMalformed
	}
	switch s.state {
	case inTag:
		return s.tag(number)
	case inLength:
		return s.length(int(number))
	}
	s.state = inTag
	s.leave()
	return nil
}

func (s *Proto) tag(number uint64) error {
	s.field = int32(number >> 3) // cut off as the decoder cuts it off
	if s.field <= 0 {
		return ErrMalformed
	}
	switch number & 7 {
	case wireVarint:
		s.state = inValue
	case wireLength:
		s.state = inLength
	case wire64:
		return s.pass(8)
	case wire32:
		return s.pass(4)
	case wireStartGroup, wireEndGroup:
		return errGroup
	default:
		return ErrMalformed
	}
	return nil
}

// length opens a message, or passes over a field that needs no scan.
func (s *Proto) length(n int) error {
	s.state = inTag
	in := &s.stack[s.top]
	child, levels := in.message.child(s.field), int(in.levels)
	if child == opaque {
		return s.pass(n)
	}
	if in.message == anyValue {
		levels++
	}
	if levels > MaxLevels {
		return errLevels
	}
	if n < 0 || n > in.end-s.pos {
		return ErrMalformed
	}
	if n < shortest[MaxLevels+1-levels] {
		return s.pass(n)
	}
	s.top++
	s.stack[s.top] = frame{end: s.pos + n, message: child, levels: uint8(levels)}
	return nil
}

// pass passes over n bytes.
func (s *Proto) pass(n int) error {
	if n < 0 || n > s.stack[s.top].end-s.pos {
		return ErrMalformed
	}
	s.skip = n
	s.leave()
	return nil
}

// leave closes the messages that end behind the field.
func (s *Proto) leave() {
	for s.top > 0 && s.stack[s.top].end == s.pos+s.skip {
		s.top--
	}
}
