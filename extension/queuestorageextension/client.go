// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// client is the storage of one component. It is safe for concurrent use.
type client struct {
	inner  storage.Client // for keys, small values and references to large ones
	logger *zap.Logger

	mu     sync.Mutex
	values *values
	debt   debt
}

var _ storage.Client = (*client)(nil)

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

// Close closes the storage. What is owed then is lost: a queue sends again what it does
// not know to have been sent.
func (c *client) Close(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.values.release(), c.inner.Close(ctx))
}

// Batch executes the operations in order, all or none. It fails if there is no room for
// what is to be stored, but not if a value is read or deleted: the small values that are
// set with it, as a queue notes what it sends, are then written later.
func (c *client) Batch(ctx context.Context, ops ...*storage.Operation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, err := c.values.begin(ops)
	if err == nil {
		err = c.commit(ctx, t)
	}
	if err != nil {
		return errors.Join(err, t.undo())
	}
	if err = t.answer(); err != nil {
		c.logger.Error("a value of the storage is lost", zap.Error(err)) // a queue does not say so
	}
	if err := t.tidy(); err != nil {
		c.logger.Warn("a file of the storage stays behind until the next start", zap.Error(err))
	}
	return err
}

// commit executes the operations of t.
func (c *client) commit(ctx context.Context, t *transaction) error {
	failure := c.settle(ctx)
	if failure == nil {
		if failure = c.inner.Batch(ctx, t.ops...); failure == nil {
			return nil
		}
	}
	if t.stores() {
		return failure
	}
	if err := c.inner.Batch(ctx, t.reads()...); err != nil {
		return err
	}
	if c.debt.ops == nil {
		c.debt = debt{ops: map[string]*storage.Operation{}, failure: failure, again: time.Now().Add(patience)}
		c.logger.Error("the disk does not take note of what leaves the queue: sending goes on, and it will be noted when there is room; if the process ends before that, some will be sent again", zap.Error(failure))
	}
	for _, op := range t.ops {
		c.debt.add(op)
	}
	return nil
}

// settle writes what is owed, or says why it cannot.
func (c *client) settle(ctx context.Context) error {
	if c.debt.ops == nil {
		return nil
	}
	if time.Now().Before(c.debt.again) {
		return c.debt.failure
	}
	if c.debt.failure = c.inner.Batch(ctx, slices.Collect(maps.Values(c.debt.ops))...); c.debt.failure != nil {
		c.debt.again = time.Now().Add(patience)
		return c.debt.failure
	}
	c.debt = debt{}
	c.logger.Info("the disk has taken note of all that left the queue")
	return nil
}

// patience is how long nothing is tried after the disk did not take what is owed.
const patience = time.Second

// debt is what a disk without room is owed.
type debt struct {
	ops     map[string]*storage.Operation // by key, the last Set or Delete; nil: nothing is owed
	failure error                         // of the last try
	again   time.Time                     // when to try again
}

// add makes a Get read what is owed, and adds another operation to that.
func (d *debt) add(op *storage.Operation) {
	if op.Type != storage.Get {
		d.ops[op.Key] = op
	} else if last, ok := d.ops[op.Key]; ok {
		op.Value = last.Value // nil if it was deleted
	}
}

// reserve makes inner so large, when there is room, that it can note later what was sent.
func (c *client) reserve(ctx context.Context) {
	const (
		key  = referencePrefix // of no value
		size = 256 << 10
	)
	err := c.inner.Set(ctx, key, make([]byte, size))
	if err == nil {
		err = c.inner.Delete(ctx, key)
	}
	if err != nil {
		c.logger.Warn("the disk has no room to set some aside", zap.Error(err))
	}
}
