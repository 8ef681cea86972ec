// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sealgate/sealgate/severity"
)

// maxLine is the longest line in bytes.
const maxLine = 16 << 20

// lines reads a record from each line.
type lines struct {
	in       *bufio.Scanner
	o        Options
	number   int
	resource *Resource
}

func newLines(r io.Reader, o Options) *lines {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, peekSize), maxLine)
	return &lines{in: in, o: o, resource: &Resource{}}
}

func (l *lines) next() (Record, error) {
	for l.in.Scan() {
		l.number++
		line := l.in.Text()
		if strings.TrimSpace(line) == "" {
			continue
		}
		record := Record{Resource: l.resource}
		if err := l.read(&record, line); err != nil {
			return record, fmt.Errorf("line %d: %w", l.number, err)
		}
		return record, nil
	}
	switch err := l.in.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return Record{}, fmt.Errorf("line %d: it has more than %d MiB; is this a log file?", l.number+1, maxLine>>20)
	case err != nil:
		return Record{}, fmt.Errorf("after line %d: %w", l.number, err)
	}
	return Record{}, io.EOF
}

func (l *lines) read(r *Record, line string) error {
	switch l.o.Format {
	case FormatPlain:
		l.plain(r, line)
	case FormatJSON:
		if !readObject(r, line) {
			return errors.New("it is no JSON object; leave out --format, and lines that are none are taken as they are")
		}
	default:
		l.any(r, line)
	}
	return nil
}

// any unwraps what a container runtime has put around a line.
func (l *lines) any(r *Record, line string) {
	if inner, ok := cutCRI(r, line); ok {
		line = inner
	} else if inner, ok := cutDocker(r, line); ok {
		line = inner
	}
	outer := r.Time
	if !readObject(r, line) {
		l.plain(r, line)
	}
	if outer != 0 {
		r.Time = outer
	}
}

// cutCRI unwraps a line of containerd or CRI-O: time, stream, F or P, text.
func cutCRI(r *Record, line string) (string, bool) {
	stamp, rest, _ := strings.Cut(line, " ")
	stream, rest, _ := strings.Cut(rest, " ")
	if stream != "stdout" && stream != "stderr" {
		return "", false
	}
	tag, text, ok := strings.Cut(rest, " ")
	if !ok || tag != "F" && tag != "P" {
		return "", false
	}
	at, ok := ParseTime(stamp)
	if !ok {
		return "", false
	}
	r.Time = at
	r.Attributes = append(r.Attributes, Attribute{streamAttribute, stream})
	return text, true
}

// streamAttribute is that of the semantic conventions.
const streamAttribute = "log.iostream"

// plain takes the line for the body.
func (l *lines) plain(r *Record, line string) {
	r.Body = line
	r.Time = TimeIn(line)
	if !l.o.NoSeverity {
		r.Severity = severity.Infer(line).Number
	}
}
