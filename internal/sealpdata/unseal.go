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

// DefaultMaxValues is far above what a trace or a line has that Tempo or Loki accepts.
// So many values need about 200 MB.
const DefaultMaxValues = 2 << 20

// Unsealer unseals traces and logs. Keys come from Open.
type Unsealer struct {
	Open  OpenKey
	Clear Clear // what becomes of values that were in the clear

	// MaxValues bounds the memory for what was sealed. It is the number of values,
	// events and links that one call may read; records above it stay sealed. Zero
	// means DefaultMaxValues.
	MaxValues int
}

// Stats counts spans or log records.
type Stats struct {
	Unsealed int // opened, and as they were before sealing
	Plain    int // nothing of them was sealed: they were in the clear
	Failed   int // altered, moved, or of a key that cannot be had: left sealed
}

// maxErrors bounds how many errors are reported one by one.
const maxErrors = 100

// unsealer opens the blobs of one request.
type unsealer struct {
	Unsealer
	openers map[string]*opened
	stats   Stats
	errs    []error
	more    int // errors above maxErrors
	left    int // how many more values may be read

	around  context // of the record that is being opened
	plain   []byte
	binding []byte
}

// opened is a key, and what is known of the records under it.
type opened struct {
	*seal.FieldOpener
	err   error
	whole bool // records under it were sealed in the record mode, as all of them are then
}

func (u Unsealer) begin() *unsealer {
	if u.MaxValues == 0 {
		u.MaxValues = DefaultMaxValues
	}
	return &unsealer{Unsealer: u, openers: map[string]*opened{}, left: u.MaxValues}
}

func (u *unsealer) fail(err error) {
	if len(u.errs) == maxErrors {
		u.more++
		return
	}
	u.errs = append(u.errs, err)
}

// forged reports values that were put beside sealed ones. They are left out.
func (u *unsealer) forged(names []string, what string) {
	if len(names) > 0 {
		u.fail(fmt.Errorf("%s has values in the clear that sealing does not leave there, and they are left out: %s; somebody has added them", what, joinNames(names)))
	}
}

// err returns all errors as one, nil if there are none.
func (u *unsealer) err() error {
	if u.more > 0 {
		return errors.Join(append(u.errs, fmt.Errorf("and %d more errors", u.more))...)
	}
	return errors.Join(u.errs...)
}

// opener returns what opens the blobs under a resource, nil if it has no key.
func (u *unsealer) opener(resource pcommon.Map) *opened {
	header, ok := joinChunks(resource, nameKey)
	if !ok {
		return nil
	}
	o, known := u.openers[header]
	if !known {
		o = &opened{}
		o.FieldOpener, o.err = u.Open(header)
		if o.err == nil && o.FieldOpener == nil {
			o.err = errors.New("there is no key for it")
		}
		u.openers[header] = o
	}
	return o
}

// bind appends the context that a record under o is bound to.
func (u *unsealer) bind(o *opened) []byte {
	if o.Version() == 1 {
		return u.binding[:0]
	}
	return u.around.appendTo(u.binding[:0])
}

// tagOf returns the tag of a blob in m, zero if there is none.
func tagOf(m pcommon.Map, name string) [16]byte {
	text, ok := joinChunks(m, name)
	if !ok {
		return [16]byte{}
	}
	blob, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return [16]byte{}
	}
	return seal.Tag(blob)
}

// explain adds to an error of a record of version 2 what else may be wrong.
func explain(o *opened, err error) error {
	if o.Version() == 1 {
		return err
	}
	return fmt.Errorf("%w; or the blob of its resource or scope is gone or is another", err)
}

// read opens a blob and reads it with each. It returns the names of clear values that
// were added to it.
func (u *unsealer) read(o *opened, place seal.Place, binding []byte, text string, each func(*reader)) (forged []string, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("the sealed text is not base64url; it was cut or altered")
	}
	u.plain, err = o.Open(u.plain[:0], place, binding, sealed)
	if err != nil {
		return nil, err
	}
	r := &reader{clear: u.Clear, whole: o.whole, left: u.left}
	if err := r.Reset(u.plain); err != nil {
		return nil, err
	}
	each(r)
	switch err := r.finish(); {
	case errors.Is(err, errValues):
		return nil, fmt.Errorf("%w: %d may be read in one document; read fewer records at once, or allow more with --max-values, which needs about 100 bytes of memory for each", err, u.MaxValues)
	case err != nil:
		return nil, err
	}
	u.left = r.left // a record that fails leaves nothing in memory
	o.whole = o.whole || r.whole
	return r.forged, nil
}

// resource unseals a resource. It returns an error, and leaves it sealed, if that
// fails.
func (u *unsealer) resource(o *opened, resource pcommon.Resource, s schema) error {
	tmp := pcommon.NewResource()
	resource.CopyTo(tmp)
	url := &url{s.SchemaUrl()}
	removeOwn(tmp.Attributes())
	var forged []string
	var err error
	if text, ok := joinChunks(resource.Attributes(), nameResource); ok {
		forged, err = u.read(o, seal.PlaceResource, nil, text, func(r *reader) { r.resource(tmp, url) })
	} else {
		forged = u.bare(o, tmp.Attributes(), resourceFields(tmp, url))
	}
	if err != nil {
		return fmt.Errorf("a resource stays sealed: %w", err)
	}
	u.forged(forged, "a resource")
	tmp.Attributes().MoveTo(resource.Attributes())
	resource.SetDroppedAttributesCount(tmp.DroppedAttributesCount())
	s.SetSchemaUrl(url.SchemaUrl())
	return nil
}

// bare deals with a resource or a scope that has no blob, below a key.
func (u *unsealer) bare(o *opened, m pcommon.Map, fields []field) (forged []string) {
	r := &reader{clear: u.Clear, whole: o.whole}
	stay := r.fields(fields)
	r.put(m, nil, pcommon.NewSlice(), stay)
	return r.forged
}

// url is the schema URL of a resource or a scope that is being unsealed.
type url struct{ text string }

func (u *url) SchemaUrl() string        { return u.text }
func (u *url) SetSchemaUrl(text string) { u.text = text }

// resource reads what was sealed of a resource.
func (r *reader) resource(to pcommon.Resource, s schema) {
	has := r.parts(resourceDropped | resourceSchema)
	r.whole = r.whole || has != 0
	stay := r.fields(resourceFields(to, s))
	if has&resourceDropped != 0 {
		to.SetDroppedAttributesCount(r.count())
	}
	if has&resourceSchema != 0 {
		s.SetSchemaUrl(r.str())
	}
	r.attributes(to.Attributes(), stay...)
}

// scope unseals a scope. It returns an error, and leaves it sealed, if that fails.
func (u *unsealer) scope(o *opened, scope pcommon.InstrumentationScope, s schema) error {
	tmp := pcommon.NewInstrumentationScope()
	scope.CopyTo(tmp)
	url := &url{s.SchemaUrl()}
	removeOwn(tmp.Attributes())
	var forged []string
	var err error
	if text, ok := joinChunks(scope.Attributes(), nameScope); ok {
		forged, err = u.read(o, seal.PlaceScope, nil, text, func(r *reader) { r.scope(tmp, url) })
	} else {
		forged = u.bare(o, tmp.Attributes(), append(scopeFields(tmp, url), scopeNames(tmp)))
	}
	if err != nil {
		return fmt.Errorf("a scope stays sealed: %w", err)
	}
	u.forged(forged, "a scope")
	tmp.MoveTo(scope)
	s.SetSchemaUrl(url.SchemaUrl())
	return nil
}

// scope reads what was sealed of a scope.
func (r *reader) scope(to pcommon.InstrumentationScope, s schema) {
	has := r.parts(scopeName | scopeDropped | scopeSchema)
	fields := scopeFields(to, s)
	if has&scopeName == 0 {
		fields = append(fields, scopeNames(to))
	}
	stay := r.fields(fields)
	if has&scopeName != 0 {
		to.SetName(r.str())
		to.SetVersion(r.str())
	}
	if has&scopeDropped != 0 {
		to.SetDroppedAttributesCount(r.count())
	}
	if has&scopeSchema != 0 {
		s.SetSchemaUrl(r.str())
	}
	r.attributes(to.Attributes(), stay...)
}
