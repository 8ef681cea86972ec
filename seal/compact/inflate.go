// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package compact

import (
	"compress/flate"
	"fmt"
	"io"
	"sync"
)

// inflater gives DEFLATE its constant start back and decompresses it.
type inflater struct {
	reader io.ReadCloser
	source source
	text   []byte
}

var inflaters = sync.Pool{New: func() any { return new(inflater) }}

// source is the prelude, then the rest of a record. DEFLATE says itself where it
// ends, and reads no byte further, since source is an io.ByteReader.
type source struct {
	rest []byte
	read int // bytes of prelude and rest
}

func (s *source) ReadByte() (byte, error) {
	at := s.read
	if at < len(prelude) {
		s.read++
		return prelude[at], nil
	}
	if at -= len(prelude); at < len(s.rest) {
		s.read++
		return s.rest[at], nil
	}
	return 0, io.ErrUnexpectedEOF
}

func (s *source) Read(p []byte) (int, error) {
	for i := range p {
		c, err := s.ReadByte()
		if err != nil {
			return i, err
		}
		p[i] = c
	}
	return len(p), nil
}

// inflate returns the text, and what is behind it.
func inflate(compressed []byte) (text string, rest []byte, err error) {
	f := inflaters.Get().(*inflater)
	defer f.release()
	f.source = source{rest: compressed}
	if f.reader == nil {
		f.reader = flate.NewReaderDict(&f.source, []byte(dictionary))
	} else if err := f.reader.(flate.Resetter).Reset(&f.source, []byte(dictionary)); err != nil {
		return "", nil, err
	}
	if err := f.readAll(); err != nil {
		return "", nil, err
	}
	return string(f.text), compressed[f.source.read-len(prelude):], nil
}

// readAll grows only as text really comes, whatever the record claims.
func (f *inflater) readAll() error {
	f.text = f.text[:0]
	for {
		if len(f.text) == cap(f.text) {
			f.text = append(f.text, 0)[:len(f.text)]
		}
		n, err := f.reader.Read(f.text[len(f.text):cap(f.text)])
		f.text = f.text[:len(f.text)+n]
		switch {
		case len(f.text) > MaxText:
			return fmt.Errorf("the text of the record is longer than %d bytes", MaxText)
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("the text of the record does not decompress: %w", err)
		}
	}
}

func (f *inflater) release() {
	f.source = source{}
	if cap(f.text) > maxKept {
		f.text = nil
	}
	inflaters.Put(f)
}
