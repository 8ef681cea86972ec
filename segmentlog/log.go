// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package segmentlog

import (
	"cmp"
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
	i, ok := slices.BinarySearchFunc(l.segments, id, func(s *segment, id uint32) int { return cmp.Compare(s.id, id) })
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
