// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package divideextension

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// codec compresses and decompresses bodies.
type codec struct {
	reader func(io.Reader) (io.ReadCloser, error)
	writer func(io.Writer) (io.WriteCloser, error)
}

// codecs are those of confighttp's client, except for lz4 and raw snappy. Requests with
// these are not divided.
var codecs = map[string]codec{
	"": {
		func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(r), nil },
		func(w io.Writer) (io.WriteCloser, error) { return nopWriteCloser{w}, nil },
	},
	"gzip": {
		func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) },
		func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
	},
	"zlib":    deflate,
	"deflate": deflate, // confighttp means zlib by it, as HTTP does
	"zstd": {
		func(r io.Reader) (io.ReadCloser, error) {
			d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
			if err != nil {
				return nil, err
			}
			return d.IOReadCloser(), nil
		},
		func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1)) },
	},
	"x-snappy-framed": {
		func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(snappy.NewReader(r)), nil },
		func(w io.Writer) (io.WriteCloser, error) { return snappy.NewBufferedWriter(w), nil },
	},
}

var deflate = codec{
	zlib.NewReader,
	func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil },
}

type nopWriteCloser struct{ io.Writer }

func (nopWriteCloser) Close() error { return nil }

func (c codec) decode(body io.Reader) ([]byte, error) {
	r, err := c.reader(body)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func (c codec) encode(plain []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := c.writer(&b)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	err = w.Close() // writes what is left
	return b.Bytes(), err
}
