// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package segmentlog

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// load reads all segments.
func (l *Log) load() error {
	files, err := l.fs.List()
	if err != nil {
		return err
	}
	for name, size := range files {
		s, ok := parseName(name)
		if !ok {
			continue
		}
		s.size = size
		l.segments = append(l.segments, s)
		l.nextID = max(l.nextID, s.id+1)
	}
	slices.SortFunc(l.segments, func(a, b *segment) int { return cmp.Compare(a.id, b.id) })
	l.reserve = files[reserveName] == l.reserveSize()
	kept := l.segments[:0:0]
	for _, s := range l.segments {
		if err := l.loadSegment(s); err != nil {
			if !errors.Is(err, errUnreadable) {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			l.left[s.name] = true
			continue
		}
		kept = append(kept, s)
	}
	l.segments = kept
	if !l.unsure {
		l.missing = max(0, l.expected-len(l.index.numbers))
	}
	return nil
}

// errUnreadable says that a segment stays behind as it is.
var errUnreadable = errors.New("it cannot be read")

func (l *Log) loadSegment(s *segment) error {
	if err := s.open(l.fs); err != nil {
		return err
	}
	defer s.close()
	err := l.readHeader(s)
	if err == nil {
		err = l.scan(s)
	}
	if isBadSector(err) {
		l.unsure = true
		err = fmt.Errorf("%w: %w", errUnreadable, err)
	}
	if errors.Is(err, errUnreadable) {
		l.damaged(s, s.start, err)
	}
	return err
}

// scan takes the records of a segment into the index.
func (l *Log) scan(s *segment) error {
	damaged := func(off int64) { l.damaged(s, off, errSum) }
	torn := func(off int64) {
		if l.o.OnTorn != nil {
			l.o.OnTorn(&Damage{l.path(s.name), off, errors.New("its batch is not whole")})
		}
	}
	return s.scan(func(r *found) { l.replay(s, r) }, damaged, torn)
}

// readHeader finds out where the records of a segment begin, and their data key.
func (l *Log) readHeader(s *segment) error {
	s.start = min(2*segmentHeader, s.size)
	if !s.sealed || s.size == 0 {
		return nil
	}
	b := make([]byte, min(s.size, 2*(segmentHeader+maxWrapped)))
	if _, err := s.file.ReadAt(b, 0); err != nil {
		return err
	}
	wrapped, start, err := parseSegmentHeader(b, s.marker)
	switch {
	case errors.Is(err, errErased):
		s.start = s.size
		return nil
	case errors.Is(err, errNoHeader):
		w := &window{file: s.file, size: s.size}
		if first, failed := w.next(0, s.marker); failed != nil || first < s.size {
			return errors.Join(fmt.Errorf("%w: %w", errUnreadable, err), failed)
		}
		s.start = s.size // nothing was written into it yet
		return nil
	case err != nil:
		return err
	case l.o.Cipher == nil:
		return fmt.Errorf("%w: it is encrypted, and no key is configured", ErrKey)
	}
	if s.start = start; s.start > s.size {
		s.start = s.size
	}
	if s.aead, err = l.o.Cipher.OpenKey(wrapped); err != nil {
		return fmt.Errorf("%w: %w", ErrKey, err)
	}
	return nil
}

// replay takes a record into the index.
func (l *Log) replay(s *segment, r *found) {
	l.expected = int(r.items)
	p := place{seg: s.id, off: uint32(r.off), key: uint16(r.header.key), value: uint32(r.value)}
	l.apply(Op{Kind: r.kind, Key: r.key, Value: []byte(r.old)}, p)
}
