// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

const (
	// large is the least size in bytes of a value that has a file of its own: a page of
	// the inner storage, which copies a page when anything on it changes.
	large = 4 << 10

	// referencePrefix and a key are the key of the reference to that key's file.
	referencePrefix = "\x00file/"
)

// transaction is a batch of operations in terms of the inner storage.
type transaction struct {
	values *values
	ops    []*storage.Operation

	gets    []get
	written []written
	former  []*storage.Operation // Gets of references to files that are to go
	deletes bool
}

// get is a Get and those of the inner storage that answer it.
type get struct {
	op, small, reference *storage.Operation
}

// begin translates operations, and writes the files of large values. If there is an error
// the transaction is to be undone.
func (v *values) begin(ops []*storage.Operation) (*transaction, error) {
	t := &transaction{values: v}
	for _, op := range ops {
		reference := referencePrefix + op.Key
		switch op.Type {
		case storage.Get:
			t.gets = append(t.gets, get{op, t.do(storage.GetOperation(op.Key)), t.do(storage.GetOperation(reference))})
		case storage.Delete:
			t.deletes = true
			t.drop(reference)
			t.do(storage.DeleteOperation(op.Key))
		case storage.Set:
			t.drop(reference)
			if len(op.Value) < large {
				t.do(storage.SetOperation(op.Key, op.Value))
				continue
			}
			w, err := v.write(op.Value)
			if err != nil {
				return t, err
			}
			t.written = append(t.written, w)
			t.do(storage.DeleteOperation(op.Key))
			t.do(storage.SetOperation(reference, w.encode()))
		default:
			return t, fmt.Errorf("unknown type of operation %d", op.Type)
		}
	}
	return t, nil
}

func (t *transaction) do(op *storage.Operation) *storage.Operation {
	t.ops = append(t.ops, op)
	return op
}

// drop deletes a reference with its file.
func (t *transaction) drop(reference string) {
	t.former = append(t.former, t.do(storage.GetOperation(reference)))
	t.do(storage.DeleteOperation(reference))
}

// stores tells whether t is about storing values, and not reading or deleting others.
func (t *transaction) stores() bool {
	return len(t.written) > 0 || len(t.gets) == 0 && !t.deletes
}

// reads returns the operations that change nothing.
func (t *transaction) reads() (ops []*storage.Operation) {
	for _, op := range t.ops {
		if op.Type == storage.Get {
			ops = append(ops, op)
		}
	}
	return ops
}

// undo removes the files of a transaction that was not executed.
func (t *transaction) undo() (err error) {
	for _, w := range t.written {
		err = errors.Join(err, t.values.undo(w))
	}
	return err
}

// answer gives the Gets their values.
func (t *transaction) answer() (errs error) {
	for _, g := range t.gets {
		g.op.Value = g.small.Value
		if g.reference.Value == nil {
			continue
		}
		r, err := decodeReference(g.reference.Value)
		if err == nil {
			g.op.Value, err = t.values.read(r)
		}
		errs = errors.Join(errs, err)
	}
	return errs
}

// tidy removes the files that are no longer referred to.
func (t *transaction) tidy() error {
	var gone []reference
	for _, op := range t.former {
		if r, err := decodeReference(op.Value); err == nil {
			gone = append(gone, r)
		}
	}
	return t.values.remove(gone)
}
