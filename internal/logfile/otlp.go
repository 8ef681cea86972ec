// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// maxDocument is the most bytes of a document.
const maxDocument = 64 << 20

// Documents reads OTLP as JSON, one document after the other. It is for one goroutine.
type Documents struct {
	in      *source
	decoder *json.Decoder
	done    error
}

// NewDocuments reads documents with resourceLogs.
func NewDocuments(r io.Reader) *Documents {
	in := &source{r: r}
	return &Documents{in: in, decoder: json.NewDecoder(in)}
}

// Next returns the next document, or io.EOF. Any error is the last: it names the line.
func (d *Documents) Next() (plog.Logs, error) {
	if d.done != nil {
		return plog.Logs{}, d.done
	}
	ld, err := d.document()
	d.done = err
	return ld, err
}

func (d *Documents) document() (plog.Logs, error) {
	d.in.left = maxDocument
	var text json.RawMessage
	err := d.decoder.Decode(&text)
	switch {
	case err == io.EOF:
		return plog.Logs{}, err
	case errors.Is(err, errTooLong):
		return plog.Logs{}, fmt.Errorf("line %d: the document that begins here has more than %d MiB; write one resource to a line: jq -c '.resourceLogs[] | {resourceLogs: [.]}'", d.line(), maxDocument>>20)
	case err != nil:
		return plog.Logs{}, fmt.Errorf("line %d: the document that begins here is no JSON, or cut off: %w", d.line(), err)
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(text, &keys); err != nil || keys["resourceLogs"] == nil {
		return plog.Logs{}, fmt.Errorf("line %d: the document that ends here is not OTLP logs: it has no resourceLogs", d.line())
	}
	ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(text)
	if err != nil {
		what, _, _ := strings.Cut(err.Error(), ", error found in") // and then a part of the document
		return plog.Logs{}, fmt.Errorf("line %d: the document that ends here is not OTLP: %s", d.line(), what)
	}
	return ld, nil
}

// flattened reads the records of documents.
type flattened struct {
	documents *Documents
	records   []Record // of the document that was read last, which are to come
}

func (f *flattened) next() (Record, error) {
	for len(f.records) == 0 {
		ld, err := f.documents.Next()
		if err != nil {
			return Record{}, err
		}
		f.records = flatten(f.records[:0], ld)
	}
	r := f.records[0]
	f.records = f.records[1:]
	return r, nil
}

// line is that of the first byte that no document has taken.
func (d *Documents) line() int {
	rest, _ := io.ReadAll(d.decoder.Buffered())
	blank := len(rest) - len(bytes.TrimLeft(rest, " \t\r\n"))
	return 1 + d.in.lines - bytes.Count(rest[blank:], []byte("\n"))
}

// source counts lines, and ends with an error where a document is too long.
type source struct {
	r     io.Reader
	left  int
	lines int
}

var errTooLong = errors.New("too long")

func (s *source) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, errTooLong
	}
	n, err := s.r.Read(p[:min(len(p), s.left)])
	s.left -= n
	s.lines += bytes.Count(p[:n], []byte("\n"))
	return n, err
}

// flatten appends the records of ld.
func flatten(out []Record, ld plog.Logs) []Record {
	for _, rl := range ld.ResourceLogs().All() {
		resource := &Resource{Attributes: attributes(rl.Resource().Attributes())}
		for _, sl := range rl.ScopeLogs().All() {
			for _, l := range sl.LogRecords().All() {
				out = append(out, flat(l, resource))
			}
		}
	}
	return out
}

func flat(l plog.LogRecord, resource *Resource) Record {
	r := Record{
		Time: uint64(l.Timestamp()), TraceID: l.TraceID(), Body: l.Body().AsString(),
		EventName: l.EventName(), Attributes: attributes(l.Attributes()), Resource: resource,
	}
	if r.Time == 0 {
		r.Time = uint64(l.ObservedTimestamp())
	}
	if s := l.SeverityNumber(); s >= 0 && s <= maxSeverity {
		r.Severity = uint8(s)
	}
	return r
}

func attributes(m pcommon.Map) (out Attributes) {
	for name, v := range m.All() {
		out = append(out, Attribute{name, v.AsString()})
	}
	return out
}
