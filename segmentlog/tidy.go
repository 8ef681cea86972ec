// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package segmentlog

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// tidy removes segments in which nothing is live, and copies live values that keep too many
// dead bytes on the disk.
func (l *Log) tidy() {
	removed := l.removeDead()
	if removed && len(l.notes) > 0 { // there is room now
		l.again = time.Time{}
		if l.write(l.notes, false) == nil {
			l.forget()
		}
	}
	if len(l.notes) > 0 {
		return
	}
	if l.wasteful() && time.Since(l.copied) >= Patience {
		if l.copyOldest() {
			l.removeDead()
		} else {
			l.copied = time.Now() // not with every batch
		}
	}
	l.makeReserve()
}

// removeDead removes the oldest segments while nothing in them is live.
func (l *Log) removeDead() (removed bool) {
	for len(l.segments) > 0 {
		s := l.segments[0]
		if s.live > 0 || s == l.current() {
			break
		}
		if err := l.erase(s); err != nil {
			l.left[s.name] = true
			break // younger segments may hold the deletions of its values
		}
		delete(l.left, s.name)
		l.segments = l.segments[1:]
		removed = true
	}
	return removed
}

// erase removes the file of a segment, and first the data key that is in it.
func (l *Log) erase(s *segment) error {
	if s.aead != nil && l.use(s) == nil {
		_, _ = s.file.WriteAt(append([]byte(erasedMagic), make([]byte, max(0, s.start-4))...), 0) // it is removed in any case
		if l.o.Fsync {
			_ = s.file.Sync()
		}
	}
	s.close()
	if err := l.fs.Remove(s.name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if l.o.Fsync {
		return l.fs.SyncDir() // else an older segment might come back without a younger one
	}
	return nil
}

// wasteful tells whether there are too many dead bytes, or files.
func (l *Log) wasteful() bool {
	return l.bytes()-l.live > max(l.live, slack*l.o.minSegment) || int64(len(l.segments)) > manyFiles+2*l.live/l.o.minSegment
}

func (l *Log) bytes() (n int64) {
	for _, s := range l.segments {
		n += max(s.size, s.room)
	}
	return n
}

// copyOldest copies the live values of the oldest segment behind all others.
func (l *Log) copyOldest() bool {
	if len(l.segments) == 0 || l.segments[0] == l.current() {
		return false
	}
	return l.copyLive(l.segments[0])
}

func (l *Log) copyLive(s *segment) bool {
	type item struct {
		key string
		p   place
	}
	var items []item
	l.index.each(func(key string, p place) {
		if p.seg == s.id {
			items = append(items, item{key, p})
		}
	})
	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.p.off, b.p.off) })
	var batch []Op
	size := 0
	for n, i := range items {
		value, err := l.read(i.p)
		if err != nil {
			return false // it stays where it is
		}
		batch = append(batch, Op{Put, i.key, value})
		if size += len(value); size < copyBatch && n < len(items)-1 {
			continue
		}
		if l.write(batch, true) != nil {
			return false
		}
		batch, size = batch[:0], 0
	}
	return true
}

// Shrink removes all deleted values from the disk, if no key is a number, and few bytes are
// live. It copies the live values into a new segment and removes all others.
func (l *Log) Shrink() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.shrink()
}

func (l *Log) shrink() error {
	held := slices.ContainsFunc(l.segments, func(s *segment) bool { return s.items })
	if l.closed || len(l.notes) > 0 || l.live > smallLog || len(l.index.numbers) > 0 || !held && l.bytes() <= 2*smallLog {
		return l.refused
	}
	current := l.current()
	if current != nil {
		current.writable = false
	}
	for _, s := range slices.Clone(l.segments) {
		if s.live > 0 && !l.copyLive(s) {
			if l.current() == nil && current != nil {
				current.writable = true
			}
			return errors.New("the live values cannot be copied")
		}
	}
	l.removeDead()
	return nil
}

// Reencrypt copies the live values of segments that are in the clear, if there is a cipher,
// and removes those segments.
func (l *Log) Reencrypt() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range slices.Clone(l.segments) {
		if s.aead == nil && l.o.Cipher != nil && s.live > 0 {
			if !l.copyLive(s) {
				return fmt.Errorf("%s stays in the clear: its values cannot be copied", l.path(s.name))
			}
		}
		l.removeDead()
	}
	return nil
}
