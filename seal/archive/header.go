// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/sealgate/sealgate/seal"
)

// Version is the version of the file format that is written, and the highest
// that is read.
const Version = 1

var magic = [8]byte{'S', 'E', 'A', 'L', 'G', 'A', 'T', 'E'}

// Signal is the kind of telemetry in a file.
type Signal byte

// The signals.
const (
	Traces  Signal = 1
	Logs    Signal = 2
	Metrics Signal = 3
)

// String returns the name of the signal, as it stands in file names.
func (s Signal) String() string {
	switch s {
	case Traces:
		return "traces"
	case Logs:
		return "logs"
	case Metrics:
		return "metrics"
	}
	return fmt.Sprintf("signal-%d", byte(s))
}

// Encoding of what is in the frames.
type Encoding byte

// EncodingOTLP is a TracesData, LogsData or MetricsData message of OTLP 1.x in
// protobuf.
const EncodingOTLP Encoding = 1

// Compression of what is in the frames.
type Compression byte

// CompressionZstd is RFC 8878, one zstd frame for each of ours.
const CompressionZstd Compression = 1

const macSize = 32

// Link names the file before this one in the chain.
type Link struct {
	ID  [16]byte
	MAC [macSize]byte // the file MAC of its header
	// Size is how many bytes of frames it had when this file was begun.
	Size uint64
}

// Header is the first part of a file. All of it is readable without a key; that
// it is authentic is known only after File.Unlock.
type Header struct {
	ID          [16]byte
	Signal      Signal
	Encoding    Encoding
	Compression Compression
	Created     time.Time
	Sequence    uint64 // in the chain of its signal, from 1
	Previous    Link   // zero for the first of a chain
	Period      [16]byte
	Commitment  [seal.CommitmentSize]byte
	MAC         [macSize]byte // of everything above; names the file in the chain
	Wrapped     []seal.Wrapped
}

// Layout of the fixed part of a header, offsets in bytes, numbers big endian.
const (
	offVersion     = 8
	offSignal      = 10
	offEncoding    = 11
	offCompression = 12
	offReserved    = 13 // three bytes, zero
	offID          = 16
	offCreated     = 32
	offSequence    = 40
	offPrevID      = 48
	offPrevMAC     = 64
	offPrevSize    = 96
	offPeriod      = 104
	offCommitment  = 120
	offMAC         = 152
	fixedSize      = 184 // then: size of the header in four bytes, wrapped keys, header MAC
	maxHeader      = 2 << 20
)

// encode returns the header as it stands in the file. It sets h.MAC.
func (h *Header) encode(keys *seal.FileKeys) ([]byte, error) {
	b := make([]byte, offMAC, 512)
	copy(b, magic[:])
	binary.BigEndian.PutUint16(b[offVersion:], Version)
	b[offSignal], b[offEncoding], b[offCompression] = byte(h.Signal), byte(h.Encoding), byte(h.Compression)
	copy(b[offID:], h.ID[:])
	binary.BigEndian.PutUint64(b[offCreated:], uint64(h.Created.UnixNano()))
	binary.BigEndian.PutUint64(b[offSequence:], h.Sequence)
	copy(b[offPrevID:], h.Previous.ID[:])
	copy(b[offPrevMAC:], h.Previous.MAC[:])
	binary.BigEndian.PutUint64(b[offPrevSize:], h.Previous.Size)
	copy(b[offPeriod:], h.Period[:])
	copy(b[offCommitment:], h.Commitment[:])
	h.MAC = keys.MAC(b)
	b = append(b, h.MAC[:]...)

	b = append(b, 0, 0, 0, 0)
	b, err := seal.AppendWrapped(b, h.Wrapped)
	if err != nil {
		return nil, err
	}
	size := headerSize(h.Wrapped)
	if size > maxHeader {
		return nil, fmt.Errorf("a header of %d bytes is too large; at most %d: name fewer recipients", size, maxHeader)
	}
	binary.BigEndian.PutUint32(b[fixedSize:], uint32(size))
	mac := keys.MAC(b)
	return append(b, mac[:]...), nil
}

// headerSize returns the size of a header with those recipients.
func headerSize(keys []seal.Wrapped) int {
	const perKey = 4 // kind, length of the id, length of the key
	size := fixedSize + 4 + 1 + macSize
	for _, w := range keys {
		size += perKey + len(w.ID) + len(w.Key)
	}
	return size
}

// decodeFixed decodes the part that has the same size in every header of this
// version, and returns the size of the whole header.
func (h *Header) decodeFixed(b []byte) (size int, err error) {
	if !bytes.HasPrefix(b, magic[:min(len(b), len(magic))]) {
		return 0, errors.New("it is not a sealed archive file: it does not begin with SEALGATE")
	}
	if len(b) < offVersion+2 {
		return 0, errHeaderShort
	}
	if v := binary.BigEndian.Uint16(b[offVersion:]); v > Version {
		return 0, fmt.Errorf("it has format version %d; this version of Sealgate reads up to %d: use a newer sealctl", v, Version)
	} else if v != Version {
		return 0, fmt.Errorf("the header is damaged: format version %d does not exist", v)
	}
	if len(b) < fixedSize+4 {
		return 0, errHeaderShort
	}
	h.Signal, h.Encoding, h.Compression = Signal(b[offSignal]), Encoding(b[offEncoding]), Compression(b[offCompression])
	copy(h.ID[:], b[offID:])
	h.Created = time.Unix(0, int64(binary.BigEndian.Uint64(b[offCreated:]))).UTC()
	h.Sequence = binary.BigEndian.Uint64(b[offSequence:])
	copy(h.Previous.ID[:], b[offPrevID:])
	copy(h.Previous.MAC[:], b[offPrevMAC:])
	h.Previous.Size = binary.BigEndian.Uint64(b[offPrevSize:])
	copy(h.Period[:], b[offPeriod:])
	copy(h.Commitment[:], b[offCommitment:])
	copy(h.MAC[:], b[offMAC:])
	claimed := binary.BigEndian.Uint32(b[fixedSize:])
	if claimed < fixedSize+4+macSize || claimed > maxHeader {
		return 0, fmt.Errorf("the header is damaged: it claims %d bytes; it has %d to %d", claimed, fixedSize+4+macSize, maxHeader)
	}
	return int(claimed), nil
}

var errHeaderShort = errors.New("the file ends within its header: its writer was killed before anything was acknowledged, or it was cut")

// decode decodes a whole header.
func (h *Header) decode(b []byte) error {
	size, err := h.decodeFixed(b)
	if err != nil {
		return err
	}
	if len(b) < size {
		return errHeaderShort
	}
	var rest []byte
	if h.Wrapped, rest, err = seal.DecodeWrapped(b[fixedSize+4 : size-macSize]); err != nil {
		return fmt.Errorf("the header is damaged: %w", err)
	}
	if len(rest) > 0 {
		return fmt.Errorf("the header is damaged: %d bytes follow its recipients", len(rest))
	}
	return h.known()
}

// known tells whether this version can read what the header announces.
func (h *Header) known() error {
	switch {
	case h.Signal < Traces || h.Signal > Metrics:
		return fmt.Errorf("the header is damaged: there is no signal %d", h.Signal)
	case h.Encoding != EncodingOTLP:
		return fmt.Errorf("the header is damaged: there is no encoding %d", h.Encoding)
	case h.Compression != CompressionZstd:
		return fmt.Errorf("the header is damaged: there is no compression %d", h.Compression)
	}
	return nil
}

// unlock unwraps the data key, and checks that the header is the one that was
// written with it.
func (h *Header) unlock(ctx context.Context, raw []byte, identities []seal.Identity) (*seal.DataKey, *seal.FileKeys, error) {
	key, err := seal.Unwrap(ctx, h.Wrapped, identities)
	if err != nil {
		return nil, nil, err
	}
	if err := key.Check(h.ID[:], h.Commitment); err != nil {
		return nil, nil, err
	}
	keys, err := key.FileKeys(h.ID)
	if err != nil {
		return nil, nil, err
	}
	if mac := keys.MAC(raw[:offMAC]); !hmac.Equal(mac[:], h.MAC[:]) {
		return nil, nil, errors.New("the header was altered: its file MAC does not fit")
	}
	body, mac := raw[:len(raw)-macSize], raw[len(raw)-macSize:]
	if own := keys.MAC(body); !hmac.Equal(own[:], mac) {
		return nil, nil, errors.New("the header was altered: its list of recipients or its MAC does not fit")
	}
	return key, keys, nil
}

// extension of the names of sealed files.
const extension = ".sealed"

// FileName returns the name that a file with this header has.
func (h *Header) FileName() string {
	return fmt.Sprintf("%s-%s-%s%s", h.Signal, h.Created.UTC().Format("20060102T150405.000Z"), hex.EncodeToString(h.ID[:8]), extension)
}
