// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/sealgate/sealgate/seal"
)

// frameType tells data from the final frame. It is part of the nonce.
type frameType byte

const (
	dataFrame  frameType = 1
	finalFrame frameType = 2
)

// Layout of a frame's head, offsets in bytes, numbers big endian. All of it is
// associated data of the seal.
const (
	offFrameType   = 4
	offFrameIndex  = 8
	offFrameFile   = 16 // the first eight bytes of the file's id
	offFramePlain  = 24
	offFrameSealed = 28
	frameHead      = 32
	tagSize        = 16
)

// MaxFrame is the most bytes that a frame has before compression.
const MaxFrame = 64 << 20

// maxSealed is the most bytes that a frame can have sealed: zstd makes what
// cannot be compressed a little larger.
const maxSealed = MaxFrame + MaxFrame/128 + 1024

var frameMagic = [4]byte{'S', 'G', 'F', '1'}

// frame is the head of a frame.
type frame struct {
	kind   frameType
	index  uint64 // from 0; the final frame has the number of data frames
	file   [8]byte
	plain  uint32 // bytes before compression
	sealed uint32 // bytes that follow: ciphertext and tag
}

func (f *frame) put(b []byte) {
	copy(b, frameMagic[:])
	b[offFrameType] = byte(f.kind)
	b[5], b[6], b[7] = 0, 0, 0
	binary.BigEndian.PutUint64(b[offFrameIndex:], f.index)
	copy(b[offFrameFile:], f.file[:])
	binary.BigEndian.PutUint32(b[offFramePlain:], f.plain)
	binary.BigEndian.PutUint32(b[offFrameSealed:], f.sealed)
}

var errNoFrame = errors.New("no frame begins here")

// decode decodes a head of frameHead bytes. That it makes sense does not mean
// that it is authentic.
func (f *frame) decode(b []byte) error {
	if [4]byte(b) != frameMagic {
		return errNoFrame
	}
	f.kind = frameType(b[offFrameType])
	f.index = binary.BigEndian.Uint64(b[offFrameIndex:])
	f.file = [8]byte(b[offFrameFile:])
	f.plain = binary.BigEndian.Uint32(b[offFramePlain:])
	f.sealed = binary.BigEndian.Uint32(b[offFrameSealed:])
	switch {
	case f.kind != dataFrame && f.kind != finalFrame:
		return fmt.Errorf("there is no frame type %d", f.kind)
	case b[5]|b[6]|b[7] != 0:
		return errors.New("reserved bytes are not zero")
	case f.sealed < tagSize || f.sealed > maxSealed:
		return fmt.Errorf("it claims %d sealed bytes; a frame has %d to %d", f.sealed, tagSize, maxSealed)
	case f.plain > MaxFrame:
		return fmt.Errorf("it claims %d bytes before compression; a frame has at most %d", f.plain, MaxFrame)
	}
	return nil
}

// nonce is the type, three zero bytes and the index. The key is the file's own,
// so no nonce comes twice.
func (f *frame) nonce() (n [12]byte) {
	n[0] = byte(f.kind)
	binary.BigEndian.PutUint64(n[4:], f.index)
	return n
}

// appendFrame seals compressed, and appends the frame's head and what it sealed.
func appendFrame(dst []byte, keys *seal.FileKeys, f frame, compressed []byte) []byte {
	f.sealed = uint32(len(compressed) + tagSize)
	var head [frameHead]byte
	f.put(head[:])
	n := f.nonce()
	return keys.AEAD.Seal(append(dst, head[:]...), n[:], compressed, head[:])
}

var errAltered = errors.New("it was altered")

// open opens the sealed part of a frame in place.
func (f *frame) open(keys *seal.FileKeys, head, sealed []byte) ([]byte, error) {
	n := f.nonce()
	compressed, err := keys.AEAD.Open(sealed[:0], n[:], sealed, head)
	if err != nil {
		return nil, errAltered
	}
	return compressed, nil
}
