// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package segmentlog

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// Options configure a Log.
type Options struct {
	// Fsync makes every batch durable before it is acknowledged.
	Fsync bool
	// Cipher encrypts keys and values. Nil stores them in the clear.
	Cipher Cipher
	// MaxBytes is the most bytes that live values may have together. 0 means no limit.
	MaxBytes int64
	// LockPatience is how long Open waits for another process that has the folder.
	LockPatience time.Duration
	// OnDamage is called for each damaged place that Open finds, and OnTorn for each batch
	// that was never written as a whole. They may be nil.
	OnDamage, OnTorn func(*Damage)
	// FS replaces the file system, without a lock. Tests use it.
	FS FS

	minSegment int64 // for tests
}

var (
	// ErrLocked says that another process has the folder.
	ErrLocked = errors.New("another process has it")
	// ErrFull says that Options.MaxBytes are in use.
	ErrFull = errors.New("the log has reached its size")
	// ErrKey says that a segment cannot be decrypted with the keys at hand.
	ErrKey = errors.New("it cannot be decrypted")
	// ErrClosed says that the log is closed.
	ErrClosed = errors.New("the log is closed")
)

// Damage is a place in a file where a record cannot be read. It is an error.
type Damage struct {
	File   string
	Offset int64
	Err    error
}

func (d *Damage) Error() string {
	return fmt.Sprintf("%s: the record at offset %d: %v", d.File, d.Offset, d.Err)
}

func (d *Damage) Unwrap() error { return d.Err }

// Sizes in bytes, and times.
const (
	minSegment = 1 << 20  // a segment takes batches up to this size, or up to an eighth of
	maxSegment = 16 << 20 // the live bytes if that is more, and at most up to this size
	fewItems   = 3        // if more wait, a segment takes values up to a 64th of the live bytes,
	minLive    = 64 << 10 // or this: so a file that is lost costs a small part of them
	slack      = 4        // dead bytes that are always allowed, in units of minSegment
	manyFiles  = 512      // segments that are always allowed
	smallLog   = 64 << 10 // live bytes that Shrink copies
	copyBatch  = 1 << 20  // bytes of values that are copied at once
	openFiles  = 8        // segments that are open at once, besides the last

	// Patience is how long nothing is written after the disk has refused notes.
	Patience = time.Second
)

const reserveName = "reserve"

// Stats describe a log.
type Stats struct {
	Bytes    int64 // of all segments
	Live     int64 // bytes of live records
	Segments int
	Items    int   // keys that are numbers, as those of the items of a queue
	Notes    int   // operations that the disk has not taken yet
	Left     int   // files that could not be read or removed, and stay behind
	Failure  error // why the disk does not take what is to be written, or nil
}

// Log stores values by key. It is safe for concurrent use.
type Log struct {
	dir    string // names the folder in errors
	fs     FS
	o      Options
	unlock func() error

	mu       sync.Mutex
	closed   bool
	segments []*segment // oldest first
	index    index
	nextID   uint32
	live     int64    // bytes of records that the index leads to
	values   int64    // bytes of their values
	expected int      // keys that are numbers, as the last record says
	missing  int      // those that were not found
	unsure   bool     // some may be in a segment that could not be read now
	spare    *segment // that could not be written; its data key is used for the next
	uses     uint64
	batch    uint64
	buffer   []byte
	reserve  bool            // the reserved file is there
	reserved time.Time       // when that was tried
	copied   time.Time       // when copying failed
	left     map[string]bool // files that stay behind
	failure  error           // of the last batch that stored

	notes   []Op           // that the disk has not taken
	noteOf  map[string]int // the last note of a key, except moves
	refused error          // why it did not take them
	again   time.Time      // when to try again
}

// Open opens the log in a folder, and makes the folder if it does not exist. It fails if the
// system refuses to read a file, and changes nothing then. Damaged records are reported, and
// are no reason to fail.
func Open(dir string, o Options) (_ *Log, err error) {
	if o.minSegment == 0 {
		o.minSegment = minSegment
	}
	l := &Log{dir: dir, fs: o.FS, o: o, index: newIndex(), left: map[string]bool{}, noteOf: map[string]int{}, unlock: func() error { return nil }}
	if l.fs == nil {
		l.fs = Dir(dir)
		if err = os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		if l.unlock, err = lock(dir, o.LockPatience); err != nil {
			return nil, fmt.Errorf("folder %s: %w", dir, err)
		}
	}
	if err = l.load(); err != nil {
		l.closeFiles()
		return nil, errors.Join(fmt.Errorf("folder %s: %w", dir, err), l.unlock())
	}
	return l, nil
}

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
	slices.SortFunc(l.segments, func(a, b *segment) int { return int(int64(a.id) - int64(b.id)) })
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

// apply takes an operation into the index.
func (l *Log) apply(op Op, p place) {
	switch op.Kind {
	case Put:
		l.drop(op.Key)
		l.index.set(op.Key, p)
		s := l.segment(p.seg)
		s.live += p.size()
		if _, ok := number(op.Key); ok {
			s.items = true
		}
		l.live += p.size()
		l.values += int64(p.value)
	case Delete:
		l.drop(op.Key)
	case Move:
		if old, ok := l.index.get(string(op.Value)); ok {
			l.drop(op.Key)
			l.index.remove(string(op.Value))
			l.index.set(op.Key, old)
		}
	}
}

// drop takes a key out of the index.
func (l *Log) drop(key string) {
	if p, ok := l.index.get(key); ok {
		l.segment(p.seg).live -= p.size()
		l.live -= p.size()
		l.values -= int64(p.value)
		l.index.remove(key)
	}
}

// segment returns the segment with an id.
func (l *Log) segment(id uint32) *segment {
	i, ok := slices.BinarySearchFunc(l.segments, id, func(s *segment, id uint32) int { return int(int64(s.id) - int64(id)) })
	if !ok {
		return &segment{} // it was unreadable
	}
	return l.segments[i]
}

func (l *Log) path(name string) string { return l.dir + string(os.PathSeparator) + name }

func (l *Log) damaged(s *segment, off int64, err error) {
	if l.o.OnDamage != nil {
		l.o.OnDamage(&Damage{l.path(s.name), off, err})
	}
}

// Get returns the value of a key, or nil if there is none. It returns a *Damage if the value
// is not what was written. Any other error says nothing of the value: it may be read later.
func (l *Log) Get(key string) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, ErrClosed
	}
	if i, ok := l.noteOf[key]; ok {
		if l.notes[i].Kind == Delete {
			return nil, nil
		}
		return append([]byte{}, l.notes[i].Value...), nil
	}
	p, ok := l.index.get(key)
	if !ok {
		return nil, nil
	}
	return l.read(p)
}

func (l *Log) read(p place) ([]byte, error) {
	s := l.segment(p.seg)
	if err := l.use(s); err != nil {
		if errors.Is(err, os.ErrNotExist) { // somebody removed it
			return nil, &Damage{l.path(s.name), int64(p.off), err}
		}
		return nil, err
	}
	value, err := s.read(p)
	if errors.Is(err, errSum) {
		return nil, &Damage{l.path(s.name), int64(p.off), err}
	}
	return value, err
}

// use makes sure that the file of a segment is open.
func (l *Log) use(s *segment) error {
	l.uses++
	s.used = l.uses
	if s.file != nil {
		return nil
	}
	l.limitOpen(openFiles - 1)
	err := s.open(l.fs)
	if err == nil || errors.Is(err, os.ErrNotExist) {
		return err
	}
	l.limitOpen(0) // the process may have too many open
	return s.open(l.fs)
}

// limitOpen closes the files that were not used for longest, besides the last segment.
func (l *Log) limitOpen(most int) {
	var open []*segment
	for _, s := range l.segments {
		if s.file != nil && s != l.current() {
			open = append(open, s)
		}
	}
	slices.SortFunc(open, func(a, b *segment) int { return cmp.Compare(a.used, b.used) })
	for _, s := range open[:max(0, len(open)-most)] {
		s.close()
	}
}

func (s *segment) open(fs FS) (err error) {
	if s.file == nil {
		var f File
		if f, err = fs.OpenFile(s.name, 0); err == nil {
			s.file = f
		}
	}
	return err
}

func (s *segment) close() {
	if s.file != nil {
		_ = s.file.Close()
		s.file = nil
	}
}

func (l *Log) closeFiles() {
	for _, s := range l.segments {
		s.close()
	}
}

// Each calls do for every key, with the size of its value in bytes, as stored.
func (l *Log) Each(do func(key string, size int)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.index.each(func(key string, p place) { do(key, int(p.value)) })
}

// Missing returns how many keys that are numbers should have been there when the log was opened,
// and were not. Those whose records are damaged are among them.
func (l *Log) Missing() int { return l.missing }

// Commit does operations in order, all or none. What it returned nil for is there after a
// crash of the process, and with Options.Fsync also after one of the machine.
func (l *Log) Commit(ops ...Op) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.check(ops); err != nil {
		return err
	}
	if l.o.MaxBytes > 0 && l.values+l.growth(ops) > l.o.MaxBytes {
		return ErrFull
	}
	return l.commit(ops, true)
}

// growth is how many bytes of values operations add.
func (l *Log) growth(ops []Op) (n int64) {
	for _, op := range ops {
		if p, ok := l.index.get(op.Key); ok && op.Kind != Move {
			n -= int64(p.value)
		}
		if op.Kind == Put {
			n += int64(len(op.Value))
		}
	}
	return n
}

// Note does operations in order, as Commit, but does not fail if the disk refuses them: it
// remembers them then, and writes them with what comes later. They are lost if the process
// ends before. Values are held in memory until then, so they should be small.
func (l *Log) Note(ops ...Op) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.check(ops); err != nil {
		return err
	}
	err := l.commit(ops, false)
	if err != nil && l.takeReserve() == nil {
		l.again = time.Time{}
		err = l.commit(ops, false)
	}
	if err != nil {
		l.remember(ops, err)
		l.tidy()
	}
	return nil
}

func (l *Log) check(ops []Op) error {
	if l.closed {
		return ErrClosed
	}
	for i := range ops {
		if err := ops[i].check(); err != nil {
			return err
		}
	}
	return nil
}

// commit writes what is remembered and then operations.
func (l *Log) commit(ops []Op, stores bool) error {
	if len(l.notes) > 0 && time.Now().Before(l.again) {
		return l.refused
	}
	err := l.write(slices.Concat(l.notes, ops), stores)
	if err != nil {
		l.failure = err
		if len(l.notes) > 0 {
			l.refused, l.again = err, time.Now().Add(Patience)
		}
		return err
	}
	if stores {
		l.failure = nil
	}
	l.forget()
	l.tidy()
	return nil
}

func (l *Log) forget() {
	l.notes, l.refused = nil, nil
	clear(l.noteOf)
}

// remember does operations in memory.
func (l *Log) remember(ops []Op, why error) {
	if len(l.notes) == 0 {
		l.again = time.Now().Add(Patience)
	}
	l.refused = why
	for _, op := range ops {
		if op.Kind == Move {
			l.apply(op, place{})
			l.notes = append(l.notes, op)
			continue
		}
		op.Value = slices.Clone(op.Value)
		if i, ok := l.noteOf[op.Key]; ok {
			l.notes[i] = op
		} else {
			l.noteOf[op.Key] = len(l.notes)
			l.notes = append(l.notes, op)
		}
		if op.Kind == Delete { // the old value of a Put stays until the new one is written
			l.drop(op.Key)
		}
	}
}

// Owes returns why the disk does not take what is to be noted, or nil.
func (l *Log) Owes() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused
}

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
			l.copied = time.Now() // a disk that fails is left in peace
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
	slices.SortFunc(items, func(a, b item) int { return int(int64(a.p.off) - int64(b.p.off)) })
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

// Reserve reserves room for notes. It does nothing if the disk has none.
func (l *Log) Reserve() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.makeReserve()
}

// Items returns how many keys are numbers, as those of the items of a queue.
func (l *Log) Items() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.index.numbers)
}

// Stats returns the state of the log.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Stats{
		Bytes: l.bytes(), Live: l.live, Segments: len(l.segments), Items: len(l.index.numbers),
		Notes: len(l.notes), Left: len(l.left), Failure: errors.Join(l.refused, l.failure),
	}
}

// Close tries a last time to write what is remembered, and closes the log. It returns why
// something is still not written. It may be called again.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	var err error
	if len(l.notes) > 0 {
		l.again = time.Time{}
		if err = l.commit(nil, false); err != nil && l.takeReserve() == nil {
			l.again = time.Time{}
			err = l.commit(nil, false)
		}
	}
	if err == nil {
		_ = l.shrink() // what it cannot do now is done later
	}
	l.closed = true
	l.closeFiles()
	return errors.Join(err, l.unlock())
}
