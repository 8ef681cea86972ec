// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package receiverlogs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"go.opentelemetry.io/collector/pdata/plog"
)

// maxDocument is the most bytes of a document.
const maxDocument = 64 << 20

// documents reads documents of OTLP, each a batch.
type documents struct {
	in      *limited
	decoder *json.Decoder
	number  int
	done    error
}

func newDocuments(in io.Reader) *documents {
	limit := &limited{r: in}
	return &documents{in: limit, decoder: json.NewDecoder(limit)}
}

func (d *documents) Next() (plog.Logs, error) {
	if d.done != nil {
		return plog.Logs{}, d.done
	}
	logs, err := d.next()
	d.done = err
	return logs, err
}

func (d *documents) next() (plog.Logs, error) {
	d.number++
	d.in.left = maxDocument
	var text json.RawMessage
	if err := d.decoder.Decode(&text); err == io.EOF {
		return plog.Logs{}, io.EOF
	} else if errors.Is(err, errTooLong) {
		return plog.Logs{}, fmt.Errorf("document %d has more than %d MiB; write one resource to a document", d.number, maxDocument>>20)
	} else if err != nil {
		return plog.Logs{}, fmt.Errorf("document %d is not JSON, or cut off: %w", d.number, err)
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(text, &keys); err != nil || keys["resourceLogs"] == nil {
		return plog.Logs{}, fmt.Errorf("document %d is not OTLP logs: it has no resourceLogs; lines of text are read as the agent or the edge reads them", d.number)
	}
	logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(text)
	if err != nil {
		return plog.Logs{}, fmt.Errorf("document %d is not OTLP", d.number) // the error has a part of the document
	}
	return logs, nil
}

func (d *documents) Close() error { return nil }

var errTooLong = errors.New("too long")

// limited ends with an error where a document is too long.
type limited struct {
	r    io.Reader
	left int
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errTooLong
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}
