// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"encoding/base64"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sealgate/sealgate/seal"
)

// OpenKey returns the FieldOpener of a header, the text of an attribute sealed.key.
// It is called once for each header of a request.
type OpenKey func(header string) (*seal.FieldOpener, error)

// Stats counts spans or log records.
type Stats struct {
	Unsealed int // opened, and as they were before sealing
	Plain    int // nothing of them was sealed: left alone
	Failed   int // altered, moved, or of a key that cannot be had: left sealed
}

// maxErrors bounds how many errors are reported one by one.
const maxErrors = 100

// unsealer opens the blobs of one request.
type unsealer struct {
	open    OpenKey
	openers map[string]opened
	stats   Stats
	errs    []error
	more    int // errors above maxErrors

	plain   []byte
	binding []byte
}

type opened struct {
	*seal.FieldOpener
	err error
}

func newUnsealer(open OpenKey) *unsealer { return &unsealer{open: open, openers: map[string]opened{}} }

func (u *unsealer) fail(err error) {
	if len(u.errs) == maxErrors {
		u.more++
		return
	}
	u.errs = append(u.errs, err)
}

// err returns all errors as one, nil if there are none.
func (u *unsealer) err() error {
	if u.more > 0 {
		return errors.Join(append(u.errs, fmt.Errorf("and %d more errors", u.more))...)
	}
	return errors.Join(u.errs...)
}

// opener returns what opens the blobs under a resource, nil if it has no key.
func (u *unsealer) opener(resource pcommon.Map) (opened, bool) {
	header, ok := joinChunks(resource, nameKey)
	if !ok {
		return opened{}, false
	}
	o, known := u.openers[header]
	if !known {
		o.FieldOpener, o.err = u.open(header)
		if o.err == nil && o.FieldOpener == nil {
			o.err = errors.New("there is no key for it")
		}
		u.openers[header] = o
	}
	return o, true
}

// read opens a blob and reads it with each.
func (u *unsealer) read(o *seal.FieldOpener, place seal.Place, binding []byte, text string, each func(*reader)) error {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return errors.New("the sealed text is not base64url; it was cut or altered")
	}
	u.plain, err = o.Open(u.plain[:0], place, binding, sealed)
	if err != nil {
		return err
	}
	r := new(reader)
	if err := r.Reset(u.plain); err != nil {
		return err
	}
	each(r)
	return r.finish()
}

// resource unseals a resource. It returns an error, and leaves it sealed, if that
// fails.
func (u *unsealer) resource(o *seal.FieldOpener, resource pcommon.Resource, s schema) error {
	tmp := pcommon.NewResource()
	resource.CopyTo(tmp)
	url := s.SchemaUrl()
	removeOwn(tmp.Attributes())
	if text, ok := joinChunks(resource.Attributes(), nameResource); ok {
		err := u.read(o, seal.PlaceResource, nil, text, func(r *reader) {
			has := r.parts(resourceDropped | resourceSchema)
			if has&resourceDropped != 0 {
				tmp.SetDroppedAttributesCount(r.count())
			}
			if has&resourceSchema != 0 {
				url = r.str()
			}
			r.attributes(tmp.Attributes())
		})
		if err != nil {
			return fmt.Errorf("a resource stays sealed: %w", err)
		}
	}
	tmp.Attributes().MoveTo(resource.Attributes())
	resource.SetDroppedAttributesCount(tmp.DroppedAttributesCount())
	s.SetSchemaUrl(url)
	return nil
}

// scope unseals a scope. It returns an error, and leaves it sealed, if that fails.
func (u *unsealer) scope(o *seal.FieldOpener, scope pcommon.InstrumentationScope, s schema) error {
	text, ok := joinChunks(scope.Attributes(), nameScope)
	if !ok {
		return nil
	}
	tmp := pcommon.NewInstrumentationScope()
	scope.CopyTo(tmp)
	url := s.SchemaUrl()
	removeOwn(tmp.Attributes())
	err := u.read(o, seal.PlaceScope, nil, text, func(r *reader) {
		has := r.parts(scopeName | scopeDropped | scopeSchema)
		if has&scopeName != 0 {
			tmp.SetName(r.str())
			tmp.SetVersion(r.str())
		}
		if has&scopeDropped != 0 {
			tmp.SetDroppedAttributesCount(r.count())
		}
		if has&scopeSchema != 0 {
			url = r.str()
		}
		r.attributes(tmp.Attributes())
	})
	if err != nil {
		return fmt.Errorf("a scope stays sealed: %w", err)
	}
	tmp.MoveTo(scope)
	s.SetSchemaUrl(url)
	return nil
}
