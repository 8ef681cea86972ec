// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"

	"go.uber.org/zap"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/sealgate/sealgate/segmentlog"
)

// Keys of the Collector's persistent queue. The key of an item is its decimal number.
const (
	stateKey = "qmv0"

	oldReadKey       = "ri" // keys of older versions, which stateKey replaces
	oldWriteKey      = "wi"
	oldDispatchedKey = "di"
)

// state is what a persistent queue notes of itself, the protobuf message PersistentMetadata
// of exporterhelper.
type state struct {
	items, bytes int64
	read, write  uint64   // numbers of the next item to be read, and to be written
	dispatched   []uint64 // items that are being sent
	unknown      []byte   // fields of later versions
}

func (s *state) encode() (b []byte) {
	for i, v := range []uint64{uint64(s.items), uint64(s.bytes), s.read, s.write} {
		if v != 0 {
			b = protowire.AppendFixed64(protowire.AppendTag(b, protowire.Number(i+1), protowire.Fixed64Type), v)
		}
	}
	if len(s.dispatched) > 0 {
		b = protowire.AppendTag(b, 5, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(8*len(s.dispatched)))
		for _, n := range s.dispatched {
			b = protowire.AppendFixed64(b, n)
		}
	}
	return append(b, s.unknown...)
}

var errState = errors.New("the state of the queue cannot be decoded")

func decodeState(b []byte) (*state, error) {
	s := &state{}
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, errState
		}
		whole := b
		b = b[n:]
		switch {
		case field <= 4 && kind == protowire.Fixed64Type:
			v, n := protowire.ConsumeFixed64(b)
			if n < 0 {
				return nil, errState
			}
			b = b[n:]
			switch field {
			case 1:
				s.items = int64(v)
			case 2:
				s.bytes = int64(v)
			case 3:
				s.read = v
			case 4:
				s.write = v
			}
		case field == 5 && kind == protowire.BytesType:
			packed, n := protowire.ConsumeBytes(b)
			if n < 0 || len(packed)%8 != 0 {
				return nil, errState
			}
			for b = b[n:]; len(packed) > 0; packed = packed[8:] {
				s.dispatched = append(s.dispatched, binary.LittleEndian.Uint64(packed))
			}
		default:
			n := protowire.ConsumeFieldValue(field, kind, b)
			if n < 0 {
				return nil, errState
			}
			b = b[n:]
			s.unknown = append(s.unknown, whole[:len(whole)-len(b)]...)
		}
	}
	return s, nil
}

// loadState returns what the queue has noted of itself, also in the way of older versions,
// or nil.
func (c *client) loadState() (*state, error) {
	values := map[string][]byte{}
	for _, key := range []string{stateKey, oldReadKey, oldWriteKey, oldDispatchedKey} {
		value, err := c.log.Get(key)
		var damage *segmentlog.Damage
		if errors.As(err, &damage) {
			c.logger.Error("what the queue has noted of itself is damaged; it is made again of the batches that are there", zap.Error(err))
			err = nil
		}
		if err != nil {
			return nil, err
		}
		values[key] = value
	}
	if s, err := decodeState(values[stateKey]); err == nil && len(values[stateKey]) > 0 {
		return s, nil
	}
	if len(values[oldReadKey]) < 8 || len(values[oldWriteKey]) < 8 {
		return nil, nil
	}
	s := &state{read: binary.LittleEndian.Uint64(values[oldReadKey]), write: binary.LittleEndian.Uint64(values[oldWriteKey])}
	if b := values[oldDispatchedKey]; len(b) >= 4 {
		for b = b[4:]; len(b) >= 8; b = b[8:] {
			s.dispatched = append(s.dispatched, binary.LittleEndian.Uint64(b))
		}
	}
	return s, nil
}

// repair makes what a queue has noted agree with the items that are there, before the queue
// sees either. What was being sent when the process ended, and what the notes do not know
// of, is put in front of the queue. So the queue need not read it all at once and store it
// again, for which a full disk would have no room.
func (c *client) repair() error {
	noted, err := c.loadState()
	if err != nil {
		return err
	}
	var items []uint64
	size := int64(0)
	c.log.Each(func(key string, n int) {
		if number, err := strconv.ParseUint(key, 10, 64); err == nil && strconv.FormatUint(number, 10) == key {
			items = append(items, number)
			size += int64(n)
		}
	})
	if noted == nil && len(items) == 0 {
		return nil
	}
	slices.Sort(items)
	s := c.agree(noted, items, size)
	changes := moveToFront(s, items)
	if len(changes) > 0 || noted != nil && len(noted.dispatched) > 0 {
		c.logger.Info("batches that were being sent when the process ended are sent first")
	}
	for _, key := range []string{oldReadKey, oldWriteKey, oldDispatchedKey} {
		if old, err := c.log.Get(key); err != nil || old != nil {
			changes = append(changes, segmentlog.Op{Kind: segmentlog.Delete, Key: key})
		}
	}
	if len(changes) == 0 && noted != nil && bytes.Equal(s.encode(), noted.encode()) {
		return nil
	}
	return c.log.Note(append(changes, segmentlog.Op{Kind: segmentlog.Put, Key: stateKey, Value: s.encode()})...)
}

// sayLost counts batches that are no longer there.
func (c *client) sayLost() {
	lost := c.missing + c.log.Missing()
	if lost == 0 {
		return
	}
	damaged := min(lost, c.damages)
	c.tel.damaged(damaged)
	c.tel.missing(lost - damaged)
	c.logger.Error("batches were stored and are no longer on the disk: they are lost", zap.Int("damaged", damaged), zap.Int("missing", lost-damaged))
}

// agree returns a state that has a place for all items, which are sorted. Items that it has a
// place for may not be there: storing them was refused.
func (c *client) agree(noted *state, items []uint64, size int64) *state {
	if noted == nil {
		c.logger.Error("the queue has noted nothing of itself; its state is made again of the batches that are there", zap.Int("batches", len(items)))
		return &state{bytes: size, read: items[0], write: items[len(items)-1] + 1}
	}
	s := &state{items: noted.items, bytes: min(noted.bytes, size), read: min(noted.read, noted.write), write: noted.write, unknown: noted.unknown}
	if s.bytes <= 0 {
		s.bytes = size
	}
	if n := len(items); n > 0 {
		s.write = max(s.write, items[n-1]+1)
	}
	return s
}

// moveToFront gives the items before the next one to be read the numbers right in front of
// it, in order, and makes the first item the next one.
func moveToFront(s *state, items []uint64) (moves []segmentlog.Op) {
	before, _ := slices.BinarySearch(items, s.read)
	key := func(n uint64) string { return strconv.FormatUint(n, 10) }
	for i, to := before-1, s.read-1; i >= 0; i, to = i-1, to-1 {
		if items[i] != to {
			moves = append(moves, segmentlog.Op{Kind: segmentlog.Move, Key: key(to), Value: []byte(key(items[i]))})
		}
	}
	switch {
	case before > 0:
		s.read -= uint64(before)
	case len(items) > 0:
		s.read = items[0] // what is missing in front of it need not be looked for
	default:
		s.read = s.write
	}
	return moves
}
