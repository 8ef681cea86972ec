// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/sealgate/sealgate/seal"
)

// packed is a commit that has been compressed.
type packed struct {
	*commit
	data  []byte
	plain int           // bytes before
	took  time.Duration // to compress
}

// compress is the compressor. It takes one commit after the other and compresses it,
// while the sealer seals the one before: else sealing would make the slowest step
// slower.
func (a *Archive) compress() {
	defer close(a.packed)
	for {
		select {
		case <-a.wake:
			a.pack(a.take())
		case <-a.quit:
			a.pack(a.take())
			return
		}
	}
}

func (a *Archive) pack(c *commit) {
	if c == nil {
		return
	}
	buf := <-a.buffers // there are two: one is being sealed
	start := time.Now()
	plain := a.concat(c)
	data := a.enc.EncodeAll(plain, buf[:0])
	if cap(a.plain) > 2*a.opts.FrameBytes {
		a.plain = nil
	}
	a.packed <- packed{commit: c, data: data, plain: len(plain), took: time.Since(start)}
}

// run is the sealer. It seals and writes one compressed commit after the other; the
// compressor is ahead of it, and the syncer makes safe what it wrote. At most one
// commit is pending and one with each of the three, which bounds the memory.
func (a *Archive) run() {
	var others sync.WaitGroup
	others.Go(a.sync)
	others.Go(a.compress)
	defer close(a.done)
	defer a.lock.release()
	defer others.Wait()
	defer close(a.written)

	tick := time.NewTicker(min(a.opts.MaxFileAge, a.opts.SyncInterval))
	defer tick.Stop()
	for {
		select {
		case p, more := <-a.packed:
			if !more {
				a.finishFile()
				return
			}
			a.commit(p)
			a.release(p.data)
		case <-tick.C:
			a.tend()
		}
	}
}

// tend does what is due without data: it syncs, and finishes a file that is too
// old.
func (a *Archive) tend() {
	if a.file == nil {
		return
	}
	if a.tooOld(a.file) {
		a.finishFile()
		return
	}
	if a.dirty {
		a.dirty = false
		a.written <- syncJob{file: a.file}
	}
}

func (a *Archive) tooOld(f *fileWriter) bool {
	return a.opts.now().Sub(f.began) >= a.opts.MaxFileAge
}

// commit seals and writes one commit, and hands it to the syncer.
func (a *Archive) commit(c packed) {
	if err := a.write(c); err != nil {
		c.complete(err)
		return
	}
	switch a.opts.Sync {
	case SyncFrame:
		a.written <- syncJob{file: a.file, commit: c.commit}
		return
	case SyncInterval:
		a.dirty = true
	}
	c.complete(nil)
}

// write seals a compressed commit and writes the frame, to a new file where the
// current one may not take it.
func (a *Archive) write(c packed) error {
	period, err := a.opts.Keeper.Acquire()
	if err != nil {
		return err
	}
	if f := a.file; f != nil && (f.period != period || f.broken.Load() || f.size >= a.opts.MaxFileBytes || a.tooOld(f)) {
		a.finishFile()
	}
	if err := a.begin(period, int64(len(c.data))); err != nil {
		return err
	}
	f := a.file
	sealing := time.Now()
	sealed := f.seal(c.data, c.plain)
	info := FrameInfo{
		Items: c.items, Plain: c.plain, Compressed: len(c.data), Sealed: len(sealed),
		Compress: c.took, Seal: time.Since(sealing),
	}
	if err := f.writeFrame(sealed, entry{items: uint64(c.items), from: c.from, to: c.to}, c.plain); err != nil {
		a.giveUp()
		return fmt.Errorf("%w: %w", ErrDisk, err)
	}
	if f.next == 1 { // only now: a file without a frame may be removed again
		a.remember(f.header.Sequence, Link{ID: f.header.ID, MAC: f.header.MAC})
	}
	a.budget.used += int64(len(sealed))
	a.opts.OnFrame(info)
	return nil
}

// remember writes the head of the chain beside the files.
func (a *Archive) remember(sequence uint64, last Link) {
	if err := writeChainHead(a.opts.Dir, a.opts.Signal, sequence, last); err != nil {
		a.opts.OnWarning(fmt.Errorf("remembering the newest file of the chain: %w; do not move the files away before the gateway has begun another", err))
	}
}

// concat returns the payloads of a commit as one.
func (a *Archive) concat(c *commit) []byte {
	if len(c.payloads) == 1 {
		return c.payloads[0]
	}
	a.plain = a.plain[:0]
	for _, p := range c.payloads {
		a.plain = append(a.plain, p...)
	}
	return a.plain
}

// release gives a buffer back, but for one that a large batch has made large.
func (a *Archive) release(buf []byte) {
	if cap(buf) > 2*a.opts.FrameBytes {
		buf = nil
		if a.file != nil {
			a.file.buf = nil
		}
	}
	a.buffers <- buf
}

// begin makes sure that there is a file, and room for a frame of so many
// compressed bytes and for what finishing the file takes.
func (a *Archive) begin(period *seal.Period, compressed int64) error {
	need := compressed + frameHead + tagSize
	if a.file != nil {
		need += a.file.finalSize()
	} else {
		need += int64(headerSize(period.Wrapped)) + new(fileWriter).finalSize()
	}
	if err := a.budget.check(need); err != nil {
		return err
	}
	if a.file != nil {
		return nil
	}
	f, err := newFile(&a.opts, period, Header{
		Created: createdAfter(a.opts.now(), a.created), Sequence: a.sequence + 1, Previous: a.previous,
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDisk, err)
	}
	a.file = f
	a.budget.used += f.size
	if err := syncDir(a.opts.Dir); err != nil {
		a.giveUp()
		return fmt.Errorf("%w: %w", ErrDisk, err)
	}
	a.opts.OnFile(f.path)
	return nil
}

// finishFile ends the current file, if there is one. The syncer closes it.
func (a *Archive) finishFile() {
	f := a.file
	if f == nil {
		return
	}
	a.file, a.dirty = nil, false
	if !f.broken.Load() {
		before := f.size
		if err := f.finish(a.enc); err != nil {
			a.opts.OnWarning(fmt.Errorf("%s has no final frame and will be reported as truncated, though nothing is missing: %w", f.path, err))
		}
		a.budget.used += f.size - before
	}
	a.previous, a.sequence, a.created = f.link(), f.header.Sequence, f.header.Created
	a.remember(a.sequence, a.previous)
	a.written <- syncJob{file: f, last: true}
}

// giveUp ends a file that failed. One that has no frame yet is removed.
func (a *Archive) giveUp() {
	f := a.file
	if f.next > 0 {
		a.finishFile()
		return
	}
	a.file, a.dirty = nil, false
	a.budget.used -= f.size
	_ = f.f.Close()
	if err := os.Remove(f.path); err != nil {
		a.opts.OnWarning(err)
	}
}

// syncJob asks the syncer to sync a file, to complete a commit, if there is one,
// and to close the file, if it is the last job for it.
type syncJob struct {
	file   *fileWriter
	commit *commit
	last   bool
}

// sync is the syncer.
func (a *Archive) sync() {
	for job := range a.written {
		err := a.syncFile(job)
		if job.commit != nil {
			job.commit.complete(err)
		}
		if job.last {
			if err := job.file.f.Close(); err != nil {
				a.opts.OnWarning(err)
			}
		}
	}
}

// syncFile makes a file safe. After one failure the system may have forgotten what
// it could not write and report success the next time, so the file stays broken.
func (a *Archive) syncFile(job syncJob) error {
	f := job.file
	if job.last && a.opts.Sync == SyncNever {
		return nil
	}
	if f.broken.Load() {
		return fmt.Errorf("%w: %s failed before", ErrDisk, f.path)
	}
	if err := f.f.Sync(); err != nil {
		f.broken.Store(true)
		err = fmt.Errorf("%w: %s: %w", ErrDisk, f.path, err)
		a.opts.OnWarning(err)
		return err
	}
	return nil
}
