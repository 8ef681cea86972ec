// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/sealgate/sealgate/seal"
)

// SyncPolicy says when what was acknowledged is on the disk.
type SyncPolicy string

// The policies.
const (
	// SyncFrame: before it is acknowledged. It survives SIGKILL and a power loss.
	SyncFrame SyncPolicy = "frame"
	// SyncInterval: within Options.SyncInterval. It survives SIGKILL.
	SyncInterval SyncPolicy = "interval"
	// SyncNever: when the system likes. It survives SIGKILL.
	SyncNever SyncPolicy = "never"
)

// Options configure an Archive.
type Options struct {
	Dir    string
	Signal Signal
	Keeper *seal.Keeper

	MaxFileBytes int64         // a file is finished once it is larger; 0 means 256 MiB
	MaxFileAge   time.Duration // a file is finished once it is older; 0 means 1 h
	FrameBytes   int           // commits are filled up to this many bytes before compression; 0 means 4 MiB
	Budget       int64         // most bytes of sealed files in Dir, of all signals; 0 means no limit
	Sync         SyncPolicy    // empty means SyncFrame
	SyncInterval time.Duration // for SyncInterval; 0 means 1 s

	// OnFrame is told of every frame on its way to the disk, OnFile of every file
	// begun, OnWarning of what went wrong without losing anything. All may be nil.
	OnFrame   func(FrameInfo)
	OnFile    func(path string)
	OnWarning func(error)

	switches switches

	open  opener
	now   func() time.Time
	newID func() [16]byte
}

// FrameInfo tells of one sealed frame.
type FrameInfo struct {
	Items                     int
	Plain, Compressed, Sealed int           // bytes
	Compress, Seal            time.Duration // time spent
}

func (o *Options) setDefaults() error {
	o.switches.read()
	if o.MaxFileBytes <= 0 {
		o.MaxFileBytes = 256 << 20
	}
	if o.MaxFileAge <= 0 {
		o.MaxFileAge = time.Hour
	}
	if o.FrameBytes <= 0 {
		o.FrameBytes = 4 << 20
	}
	o.FrameBytes = min(o.FrameBytes, MaxFrame)
	if o.Sync == "" {
		o.Sync = SyncFrame
	}
	if o.SyncInterval <= 0 {
		o.SyncInterval = time.Second
	}
	if o.OnFrame == nil {
		o.OnFrame = func(FrameInfo) {}
	}
	if o.OnFile == nil {
		o.OnFile = func(string) {}
	}
	if o.OnWarning == nil {
		o.OnWarning = func(error) {}
	}
	if o.open == nil {
		o.open = createFile
	}
	if o.now == nil {
		o.now = time.Now
	}
	if o.newID == nil {
		o.newID = randomID
	}
	if o.Sync != SyncFrame && o.Sync != SyncInterval && o.Sync != SyncNever {
		return fmt.Errorf("sync policy %q is not one of %q, %q, %q", o.Sync, SyncFrame, SyncInterval, SyncNever)
	}
	return nil
}

// Why an Archive refuses data. All but ErrTooLarge pass.
var (
	ErrBudget   = errors.New("the archive is full")
	ErrDisk     = errors.New("the archive cannot be written")
	ErrClosed   = errors.New("the archive is closed")
	ErrTooLarge = errors.New("the batch is too large for a frame")
)

// Record is one batch of telemetry.
type Record struct {
	Payload  []byte // encoded; batches may be concatenated to one, as those of OTLP in protobuf may
	Items    int
	From, To uint64 // time range, nanoseconds since 1970; From > To where there is none
}

// Archive is a directory of sealed files of one signal that is being written. It
// is safe for concurrent use. What concurrent senders hand in is committed
// together: one frame, one sync.
type Archive struct {
	opts Options
	lock *dirLock
	enc  *zstd.Encoder

	mu      sync.Mutex
	pending *commit
	closed  bool

	wake    chan struct{} // there is a pending commit
	quit    chan struct{} // closed by Close
	packed  chan packed   // from the compressor to the sealer
	buffers chan []byte   // back, for what is packed
	written chan syncJob  // from the sealer to the syncer
	done    chan struct{} // closed when all three have ended

	plain []byte // of the compressor alone

	// Of the sealer alone.
	file     *fileWriter
	previous Link
	sequence uint64
	created  time.Time // of the previous file
	budget   budget
	dirty    bool // written since the last sync, under SyncInterval
}

// Open makes the directory where it is not there, locks it against other writers
// of the signal, and continues its chain with a new file once there is data. An
// existing file is never appended to.
func Open(opts Options) (*Archive, error) {
	if err := opts.setDefaults(); err != nil {
		return nil, err
	}
	if err := makeDir(filepath.Clean(opts.Dir)); err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	lock, err := lockDir(opts.Dir, opts.Signal)
	if err != nil {
		return nil, err
	}
	a := &Archive{
		opts: opts, lock: lock,
		wake: make(chan struct{}, 1), quit: make(chan struct{}),
		packed: make(chan packed), buffers: make(chan []byte, 2),
		written: make(chan syncJob), done: make(chan struct{}),
		budget: budget{dir: opts.Dir, limit: opts.Budget, now: opts.now},
	}
	if a.previous, a.sequence, err = lastOfChain(opts.Dir, opts.Signal, opts.OnWarning); err == nil {
		a.enc, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true), zstd.WithLowerEncoderMem(false))
	}
	if err != nil {
		lock.release()
		return nil, err
	}
	a.buffers <- nil
	a.buffers <- nil
	go a.run()
	return a, nil
}

// commit is what is sealed and synced together.
type commit struct {
	payloads [][]byte
	size     int
	items    int
	from, to uint64
	taken    chan struct{} // closed when nothing more can be added
	done     chan struct{} // closed when it is safe, or has failed
	err      error         // read after done
}

func newCommit() *commit {
	return &commit{from: 1, taken: make(chan struct{}), done: make(chan struct{})}
}

func (c *commit) add(r Record) {
	c.payloads = append(c.payloads, r.Payload)
	c.size += len(r.Payload)
	c.items += r.Items
	switch {
	case r.From > r.To:
	case c.from > c.to:
		c.from, c.to = r.From, r.To
	default:
		c.from, c.to = min(c.from, r.From), max(c.to, r.To)
	}
}

func (c *commit) complete(err error) {
	c.err = err
	close(c.done)
}

// Append returns nil once the record is as safe as the sync policy promises. An
// error means that it is not known to be there: hand it in again. Where ctx ends
// first, it may still be written, so its payload is not to be changed even then.
func (a *Archive) Append(ctx context.Context, r Record) error {
	if len(r.Payload) > MaxFrame {
		return fmt.Errorf("%w: %d bytes; at most %d", ErrTooLarge, len(r.Payload), MaxFrame)
	}
	c, err := a.join(ctx, r)
	if err != nil {
		return err
	}
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join adds the record to the pending commit, and waits for the next one while
// that is full.
func (a *Archive) join(ctx context.Context, r Record) (*commit, error) {
	for {
		a.mu.Lock()
		if a.closed {
			a.mu.Unlock()
			return nil, ErrClosed
		}
		c := a.pending
		if c == nil {
			c = newCommit()
			a.pending = c
			a.wake <- struct{}{} // has room: there is one token for each pending commit
		}
		if c.size == 0 || c.size+len(r.Payload) <= a.opts.FrameBytes {
			c.add(r)
			a.mu.Unlock()
			return c, nil
		}
		a.mu.Unlock()
		select {
		case <-c.taken:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take returns the pending commit, if there is one.
func (a *Archive) take() *commit {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.pending
	a.pending = nil
	if c != nil {
		close(c.taken)
	}
	return c
}

// Close finishes what has been handed in, and the file. It may be called more
// than once.
func (a *Archive) Close(ctx context.Context) error {
	a.mu.Lock()
	if !a.closed {
		a.closed = true
		close(a.quit)
	}
	a.mu.Unlock()
	select {
	case <-a.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Path returns the directory.
func (a *Archive) Path() string { return filepath.Clean(a.opts.Dir) }
