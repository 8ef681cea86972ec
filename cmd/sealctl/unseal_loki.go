// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
)

// loki opens an answer of Loki: of query and query_range, or of tail.
func (o *opener) loki(top map[string]json.RawMessage) (inClear []byte, errs []error, err error) {
	holder, key := top, "streams"
	var data map[string]json.RawMessage
	if inner, ok := top["data"]; ok {
		if err := json.Unmarshal(inner, &data); err != nil || data == nil {
			return nil, nil, errors.New("the data of the answer is no JSON object; is it of query or query_range?")
		}
		var kind string
		_ = json.Unmarshal(data["resultType"], &kind)
		if kind != "streams" {
			return nil, nil, fmt.Errorf("the answer is of type %q, and has no lines to open; ask for lines, not for a metric", kind)
		}
		holder, key = data, "result"
	}
	var streams []lokiStream
	if err := json.Unmarshal(holder[key], &streams); err != nil {
		return nil, nil, fmt.Errorf("the streams of the answer: %w", err)
	}
	opened := []*lokiStream{} // not nil: it is an array in JSON
	for i := range streams {
		more, problems := o.stream(&streams[i])
		opened, errs = append(opened, more...), append(errs, problems...)
	}
	if holder[key], err = marshal(opened); err != nil {
		return nil, nil, err
	}
	if data != nil {
		if top["data"], err = marshal(data); err != nil {
			return nil, nil, err
		}
	}
	inClear, err = marshal(top)
	return inClear, errs, err
}

// lokiStream is a stream of lines with common labels.
type lokiStream struct {
	Labels map[string]string `json:"stream"`
	Values []*lokiLine       `json:"values"`
}

// lokiLine is a line: a time in nanoseconds, the text, and, where the answer tells
// labels by where they are from, those of its own.
type lokiLine struct {
	time, text string
	own        *lokiOwn
}

type lokiOwn struct {
	Metadata map[string]string `json:"structuredMetadata,omitempty"`
	Parsed   json.RawMessage   `json:"parsed,omitempty"`
}

// parsedLabels returns the labels that the query has made of the line. They are in the
// clear, as others are.
func (o *lokiOwn) parsedLabels() (labels map[string]string) {
	_ = json.Unmarshal(o.Parsed, &labels) // Loki writes a map of texts; anything else is left out
	return labels
}

func (o *lokiOwn) setParsed(labels map[string]string) {
	if o.Parsed == nil {
		return
	}
	o.Parsed, _ = marshal(labels) // texts can always be written
	if len(labels) == 0 {
		o.Parsed = nil
	}
}

// UnmarshalJSON reads an array of two or three.
func (l *lokiLine) UnmarshalJSON(text []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return err
	}
	if len(parts) != 2 && len(parts) != 3 {
		return fmt.Errorf("a line has %d parts; it has a time, a text, and perhaps labels", len(parts))
	}
	if err := errors.Join(json.Unmarshal(parts[0], &l.time), json.Unmarshal(parts[1], &l.text)); err != nil {
		return err
	}
	if len(parts) == 3 {
		l.own = &lokiOwn{}
		return json.Unmarshal(parts[2], l.own)
	}
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads.
func (l *lokiLine) MarshalJSON() ([]byte, error) {
	if l.own == nil {
		return marshal([]any{l.time, l.text})
	}
	return marshal([]any{l.time, l.text, l.own})
}

// stream opens the lines of a stream. Where labels are the stream's alone, lines
// that differ in what was sealed become streams of their own.
func (o *opener) stream(s *lokiStream) (opened []*lokiStream, errs []error) {
	groups := make(map[string]*lokiStream)
	for _, line := range s.Values {
		if line == nil {
			line = &lokiLine{}
		}
		streamLabels, keep, problems := o.line(s.Labels, line)
		errs = append(errs, problems...)
		if !keep {
			continue
		}
		key, err := marshal(streamLabels) // its keys are sorted
		if err != nil {
			errs = append(errs, err)
			continue
		}
		group := groups[string(key)]
		if group == nil {
			group = &lokiStream{Labels: streamLabels}
			groups[string(key)] = group
			opened = append(opened, group)
		}
		group.Values = append(group.Values, line)
	}
	if len(s.Values) == 0 {
		s.Values = []*lokiLine{}
		return []*lokiStream{s}, nil
	}
	return opened, errs
}
