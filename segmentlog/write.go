// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package segmentlog

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"
)

// write appends a batch to the last segment, or to a new one. A batch that stores does not
// take what is reserved for notes.
func (l *Log) write(ops []Op, stores bool) error {
	if len(ops) == 0 {
		return nil
	}
	s, err := l.last(ops, stores)
	if err != nil {
		return err
	}
	l.batch++
	buffer, places, err := s.append(l.buffer, l.batch, l.itemsAfter(ops), ops, l.o.Fsync)
	if l.buffer = buffer; cap(buffer) > maxBuffer {
		l.buffer = nil
	}
	if err != nil {
		l.discard(s)
		return err
	}
	for i, op := range ops {
		l.apply(op, places[i])
	}
	return nil
}

// itemsAfter returns how many keys are numbers after operations.
func (l *Log) itemsAfter(ops []Op) int {
	n, changed := len(l.index.numbers), make(map[string]bool, len(ops))
	set := func(key string, there bool) (before bool) {
		before, ok := changed[key]
		if !ok {
			_, before = l.index.get(key)
		}
		changed[key] = there
		if _, ok := number(key); ok && before != there {
			if n--; there {
				n += 2
			}
		}
		return before
	}
	for _, op := range ops {
		switch op.Kind {
		case Put:
			set(op.Key, true)
		case Delete:
			set(op.Key, false)
		case Move:
			if set(string(op.Value), false) {
				set(op.Key, true)
			}
		}
	}
	return n
}

// discard removes the last segment if nothing was written into it, so that the one before it
// takes more.
func (l *Log) discard(s *segment) {
	if s.size > s.start || s.room > 0 {
		return
	}
	s.close()
	if l.fs.Remove(s.name) == nil {
		l.segments = l.segments[:len(l.segments)-1]
		l.spare = s
	} else {
		s.writable = false
	}
}

const maxBuffer = 1 << 20 // bytes that stay allocated between batches

// current returns the segment that takes batches, or nil.
func (l *Log) current() *segment {
	if n := len(l.segments); n > 0 && l.segments[n-1].writable {
		return l.segments[n-1]
	}
	return nil
}

// last returns the segment for a batch.
func (l *Log) last(ops []Op, stores bool) (*segment, error) {
	s := l.current()
	if s != nil && stores && s.room > 0 {
		s = nil
	}
	if s != nil {
		size := s.codec.size(ops)
		if !l.full(s, size, stores) {
			return s, checkEnd(s.size + size)
		}
	}
	next, err := l.begin(func(name string) (File, error) { return l.fs.OpenFile(name, os.O_CREATE|os.O_EXCL) })
	if err != nil {
		if s == nil {
			return nil, err
		}
		next = s // it can take more: a new segment is not worth a failure
	}
	return next, checkEnd(next.size + next.codec.size(ops))
}

func checkEnd(end int64) error {
	if end > 1<<32-1 {
		return errors.New("a batch is too large: at most 4 GiB")
	}
	return nil
}

// reserveSize is the size in bytes of the file that is reserved for notes.
func (l *Log) reserveSize() int64 { return l.o.minSegment / 4 }

// full tells whether a batch of a size in bytes belongs into a new segment.
func (l *Log) full(s *segment, size int64, stores bool) bool {
	if s.size == s.start {
		return false
	}
	if stores && len(l.index.numbers) > fewItems && s.live >= max(l.o.minSegment*minLive/minSegment, l.live/64) {
		return true
	}
	return s.size+size > min(max(l.live/8, l.o.minSegment), maxSegment)
}

// begin makes the next segment of the file that open returns for its name.
func (l *Log) begin(open func(name string) (File, error)) (_ *segment, err error) {
	s := &segment{id: l.nextID, writable: true, sealed: l.o.Cipher != nil}
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails: it ends the process instead
	s.marker = binary.BigEndian.Uint64(random[:])
	if err := l.newKey(s); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			l.spare = s
		}
	}()
	s.name = segmentName(s.id, s.marker, s.sealed)
	if s.file, err = open(s.name); err != nil {
		return nil, err
	}
	b := appendSegmentHeader(nil, s.marker, s.wrapped)
	s.start, s.size = int64(len(b)), int64(len(b))
	_, err = s.file.WriteAt(b, 0)
	if err == nil && l.o.Fsync {
		err = l.fs.SyncDir()
	}
	if err != nil {
		s.close()
		if l.fs.Remove(s.name) != nil {
			l.nextID++ // it is taken
		}
		return nil, err
	}
	l.nextID++
	l.segments = append(l.segments, s)
	l.limitOpen(openFiles)
	return s, nil
}

// newKey gives an encrypted segment a data key. It takes the one of a segment that could not be
// written: a key may cost a run of a program. No nonce is used twice for that, as batches have
// ascending numbers.
func (l *Log) newKey(s *segment) (err error) {
	if l.o.Cipher == nil {
		return nil
	}
	if l.spare != nil {
		s.aead, s.wrapped, l.spare = l.spare.aead, l.spare.wrapped, nil
		return nil
	}
	if s.aead, s.wrapped, err = l.o.Cipher.NewKey(); err != nil {
		return fmt.Errorf("a new data key: %w", err)
	}
	if len(s.wrapped) > maxWrapped {
		return fmt.Errorf("a wrapped data key has %d bytes; at most %d", len(s.wrapped), maxWrapped)
	}
	return nil
}

// takeReserve makes the reserved file the next segment.
func (l *Log) takeReserve() error {
	if !l.reserve {
		return errors.New("nothing is reserved")
	}
	l.reserve = false
	s, err := l.begin(func(name string) (File, error) {
		if err := l.fs.Rename(reserveName, name); err != nil {
			return nil, err
		}
		f, err := l.fs.OpenFile(name, 0)
		if err != nil && l.fs.Remove(name) != nil {
			l.nextID++ // it is taken
		}
		return f, err
	})
	if err == nil {
		s.room = l.reserveSize()
	}
	return err
}

// makeReserve reserves room for notes, if the disk has it.
func (l *Log) makeReserve() {
	if l.reserve || time.Since(l.reserved) < Patience {
		return
	}
	l.reserved = time.Now()
	f, err := l.fs.OpenFile(reserveName, os.O_CREATE)
	if err != nil {
		return
	}
	_, err = f.WriteAt(make([]byte, l.reserveSize()), 0)
	if err == nil {
		err = f.Truncate(l.reserveSize())
	}
	if err == nil && l.o.Fsync {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = l.fs.Remove(reserveName)
		return
	}
	l.reserve = true
}
