// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Format is how records are written.
type Format string

// The formats. FormatAuto is OTLP where the file begins with a document of it; of
// other files each line is judged by itself.
const (
	FormatAuto  Format = "auto"
	FormatPlain Format = "plain" // each line is a body, whatever it looks like
	FormatJSON  Format = "json"  // each line is a JSON object; another is an error
	FormatOTLP  Format = "otlp"
)

// Formats are all of them.
func Formats() []Format { return []Format{FormatAuto, FormatPlain, FormatJSON, FormatOTLP} }

// Options of a Reader. The zero value is usable.
type Options struct {
	Format Format // empty is FormatAuto
	// NoSeverity leaves the severity of lines that are no JSON unknown.
	NoSeverity bool
}

// Reader reads records one after the other. It is for one goroutine.
type Reader struct {
	next func() (Record, error)
	done error

	documents *Documents
}

// Documents returns what reads the documents of a file of OTLP, in the place of Read; nil for other files.
func (r *Reader) Documents() *Documents { return r.documents }

// NewReader tells the format. Gzip is unpacked.
func NewReader(r io.Reader, o Options) (*Reader, error) {
	in, err := unpacked(bufio.NewReaderSize(r, peekSize))
	if err != nil {
		return nil, err
	}
	head, err := in.Peek(peekSize)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")):
		return nil, errors.New("it is UTF-16; make it UTF-8: iconv -f UTF-16 -t UTF-8")
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")): // a byte order mark
		_, _ = in.Discard(3)
		head = head[3:]
	}
	if o.Format == "" || o.Format == FormatAuto {
		if o.Format, err = detect(head); err != nil {
			return nil, err
		}
	}
	if o.Format == FormatOTLP {
		d := NewDocuments(in)
		return &Reader{next: (&flattened{documents: d}).next, documents: d}, nil
	}
	return &Reader{next: newLines(in, o).next}, nil
}

// Read returns the next record, or io.EOF. Any error is the last: it names the
// line.
func (r *Reader) Read() (Record, error) {
	if r.done != nil {
		return Record{}, r.done
	}
	record, err := r.next()
	r.done = err
	return record, err
}

// peekSize is how far the format is looked for.
const peekSize = 64 << 10

func unpacked(in *bufio.Reader) (*bufio.Reader, error) {
	if magic, _ := in.Peek(2); string(magic) != "\x1f\x8b" {
		return in, nil
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	return bufio.NewReaderSize(z, peekSize), nil
}

// detect tells lines from documents of OTLP by the first key.
func detect(head []byte) (Format, error) {
	text := strings.TrimLeft(string(head[:min(len(head), 256)]), " \t\r\n")
	if rest, ok := strings.CutPrefix(text, "["); ok && strings.HasPrefix(strings.TrimLeft(rest, " \t\r\n"), "{") {
		return "", errors.New("it is one JSON array; put its entries on lines of their own: jq -c '.[]'")
	}
	rest, ok := strings.CutPrefix(text, "{")
	if !ok {
		return FormatAuto, nil
	}
	switch rest = strings.TrimLeft(rest, " \t\r\n"); {
	case strings.HasPrefix(rest, `"resourceLogs"`):
		return FormatOTLP, nil
	case strings.HasPrefix(rest, `"resourceSpans"`), strings.HasPrefix(rest, `"resourceMetrics"`):
		return "", errors.New("it is OTLP, but traces or metrics, and not logs")
	}
	return FormatAuto, nil
}
