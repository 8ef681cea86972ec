// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/sealgate/sealgate/segmentlog"
)

// client is the storage of one component. It is safe for concurrent use.
type client struct {
	logger  *zap.Logger
	tel     clientInstruments
	log     *segmentlog.Log
	damages int // records that were found damaged when the log was opened
	missing int // batches that were missing when older files were taken over

	mu     sync.Mutex
	unread map[string]bool // keys whose values could not be read: they are not deleted
	owes   bool            // it was logged that the disk takes no notes
	idle   *time.Timer     // erases what is left of sent values; nil: nothing is left
	closed bool
}

var _ storage.Client = (*client)(nil)

const (
	// large is the least size in bytes of a value that is not held in memory while the disk is full.
	large = 4 << 10

	// idleTime is how long a queue is empty before the files of what was sent are removed.
	idleTime = time.Second

	// readRetries and readPause say how often, and after how long, a failed read is tried again.
	readRetries = 3
	readPause   = 20 * time.Millisecond
)

// errMissing says that the value of an item of a queue is not there.
var errMissing = errors.New("the batch is not on the disk")

// Get returns the value of key, or nil.
func (c *client) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := c.Batch(ctx, op)
	return op.Value, err
}

// Set stores a value.
func (c *client) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

// Delete removes a key with its value.
func (c *client) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

// Close closes the storage. It tries a last time to write the notes that the disk has refused.
// Notes that the disk refuses again are lost, and the queue sends their batches again.
func (c *client) Close(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	c.tel.remove(c)
	if c.idle != nil {
		c.idle.Stop()
	}
	return c.log.Close()
}

// Batch executes the operations in order, all or none. A batch that only stores values fails
// if the disk refuses it. A batch that reads or deletes values does not: the small values that
// it sets, as a queue notes what it sends, are remembered and written later.
//
// A Get of a damaged value returns nil, so that the caller can use the other values. But where
// a queue takes its next item, a damaged or missing value is an error, and the queue goes on
// with the item behind it.
func (c *client) Batch(_ context.Context, ops ...*storage.Operation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := batch{client: c, ops: ops, takesNext: takesNext(ops)}
	for _, op := range ops {
		if err := b.add(op); err != nil {
			return err
		}
	}
	defer c.watchIdle()
	if b.stores() {
		err := c.log.Commit(b.changes...)
		if errors.Is(err, segmentlog.ErrFull) {
			return fmt.Errorf("%w: `max_size` is reached", storage.ErrStorageFull)
		}
		c.sayOwes()
		return err
	}
	if len(b.changes) == 0 {
		return nil
	}
	err := c.log.Note(b.changes...)
	c.sayOwes()
	return err
}

// sayOwes logs once that the disk takes no notes, and once that it does again.
func (c *client) sayOwes() {
	err := c.log.Owes()
	switch {
	case err != nil && !c.owes:
		c.logger.Error("the disk refuses notes of what was sent: sending goes on, and the notes are written when there is room; if the process is killed before that, some batches are sent again", zap.Error(err))
	case err == nil && c.owes:
		c.logger.Info("the disk has all notes of what was sent again")
	}
	c.owes = err != nil
}

// watchIdle has the files of what was sent removed when the queue stays empty.
func (c *client) watchIdle() {
	if c.log.Items() > 0 {
		return
	}
	if c.idle == nil {
		c.idle = time.AfterFunc(idleTime, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			if !c.closed && c.log.Items() == 0 {
				_ = c.log.Shrink() // what it cannot do now is done later
			}
		})
		return
	}
	c.idle.Reset(idleTime)
}

// left is how many values could not be read.
func (c *client) left() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return int64(len(c.unread))
}

// batch turns operations into changes of the log.
type batch struct {
	*client
	ops       []*storage.Operation
	changes   []segmentlog.Op
	takesNext bool
	leaves    bool // it reads or deletes
	big       bool // it stores a large value
}

// takesNext tells whether a queue notes that it sends the item that it reads.
func takesNext(ops []*storage.Operation) bool {
	notes, gets := false, false
	for _, op := range ops {
		notes = notes || op.Type == storage.Set && op.Key == stateKey
		gets = gets || op.Type == storage.Get
	}
	return notes && gets
}

func (b *batch) add(op *storage.Operation) (err error) {
	switch op.Type {
	case storage.Get:
		b.leaves = true
		op.Value, err = b.get(op.Key)
	case storage.Set:
		b.big = b.big || len(op.Value) >= large
		b.changes = append(b.changes, segmentlog.Op{Kind: segmentlog.Put, Key: op.Key, Value: op.Value})
		delete(b.unread, op.Key)
	case storage.Delete:
		b.leaves = true
		if b.unread[op.Key] {
			b.logger.Warn("a batch that could not be read is kept, and sent after the next start", zap.String("key", op.Key))
			return nil
		}
		b.changes = append(b.changes, segmentlog.Op{Kind: segmentlog.Delete, Key: op.Key})
	default:
		return fmt.Errorf("unknown type of operation %d", op.Type)
	}
	return err
}

// stores tells whether the batch is about storing values, and not reading or deleting others.
func (b *batch) stores() bool { return b.big || !b.leaves }

// get returns the value that a key has after the changes so far.
func (b *batch) get(key string) ([]byte, error) {
	for i := len(b.changes) - 1; i >= 0; i-- {
		if change := b.changes[i]; change.Key == key {
			if change.Kind == segmentlog.Delete {
				return nil, nil
			}
			return append([]byte{}, change.Value...), nil
		}
	}
	value, err := b.read(key)
	var damage *segmentlog.Damage
	switch {
	case errors.As(err, &damage):
		b.lost(key, damage)
		if b.takesNext {
			return nil, err
		}
		return nil, nil
	case err != nil:
		b.keepAll()
		b.logger.Error("a batch cannot be read; it is kept", zap.String("key", key), zap.Error(err))
		return nil, err
	case value == nil && b.takesNext:
		return nil, fmt.Errorf("%w: key %s", errMissing, key)
	}
	return value, nil
}

// read tries several times: the process may have too many files open for a moment.
func (b *batch) read(key string) (value []byte, err error) {
	var damage *segmentlog.Damage
	for try := range readRetries {
		if try > 0 {
			time.Sleep(readPause)
		}
		if value, err = b.log.Get(key); err == nil || errors.As(err, &damage) || errors.Is(err, segmentlog.ErrClosed) {
			break
		}
	}
	return value, err
}

// keepAll has no value deleted that the batch was to read: a queue deletes all of them if
// one cannot be read.
func (b *batch) keepAll() {
	for _, op := range b.ops {
		if op.Type == storage.Get {
			b.unread[op.Key] = true
		}
	}
}

// lost counts a value that is not what was written.
func (c *client) lost(key string, damage *segmentlog.Damage) {
	if errors.Is(damage, fs.ErrNotExist) {
		c.tel.missing(1)
		c.logger.Error("a batch is lost: its file was removed", zap.String("key", key), zap.Error(damage))
		return
	}
	c.tel.damaged(1)
	c.logger.Error("a batch is lost: its bytes on the disk have changed", zap.String("key", key), zap.Error(damage))
}
