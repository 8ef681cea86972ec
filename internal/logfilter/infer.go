// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfilter

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/severity"
)

// Infer says what is done for records that state no severity number.
type Infer uint8

const (
	// InferOff leaves their severity unknown.
	InferOff Infer = iota
	// InferGuard finds it for the guard and for the filter.
	InferGuard
	// InferSet also writes it to the record.
	InferSet
)

// severityOf is the inferred severity of a record.
type severityOf struct {
	number uint8
	severe bool
	known  bool // this was found out already
	text   string
}

// stated is the severity number that record i states, 0 if it states none that OTLP has.
func (b *Batch) stated(i int) uint8 {
	if n := b.logs[i].SeverityNumber(); n > 0 && n <= plog.SeverityNumberFatal4 {
		return uint8(n)
	}
	return 0
}

// inferred is the severity of record i, which states none. It is found out once.
func (b *Batch) inferred(i int) *severityOf {
	if len(b.severities) == 0 {
		b.severities = zeroed(b.severities, len(b.logs))
	}
	s := &b.severities[i]
	if !s.known {
		*s = severityOf{known: true}
		if b.view.Infer != InferOff {
			*s = b.infer(b.logs[i])
		}
	}
	return s
}

func (b *Batch) infer(r plog.LogRecord) severityOf {
	f := &b.finder
	f.Reset()
	if text := r.SeverityText(); text != "" {
		f.String("severity_text", text)
	}
	find(f, "", r.Attributes())
	switch body := r.Body(); body.Type() {
	case pcommon.ValueTypeEmpty:
	case pcommon.ValueTypeStr:
		if f.Idle() && len(b.logs) >= leastRepeats {
			return b.inferText(body.Str())
		}
		f.Text(body.Str())
	case pcommon.ValueTypeMap:
		f.In(severity.Field)
		find(f, "", body.Map())
		if text := message(body.Map()); text != "" {
			f.Text(text)
		}
	default:
		f.Text(body.AsString())
	}
	return found(f)
}

// leastRepeats is how many records a batch has where it pays to read equal bodies once.
const leastRepeats = 32

// inferText is infer for a record that says nothing but its body.
func (b *Batch) inferText(body string) severityOf {
	n, known := b.repeats.Number(body)
	if known {
		return b.ofBody[n]
	}
	b.finder.Text(body)
	s := found(&b.finder)
	if n >= 0 {
		b.ofBody = append(b.ofBody, s)
	}
	return s
}

func found(f *severity.Finder) severityOf {
	r := f.Result()
	return severityOf{number: r.Number, severe: r.Severe, known: true, text: r.Text}
}

// find shows the fields of a map to the finder, and those one level below under joined names.
func find(f *severity.Finder, parent string, fields pcommon.Map) {
	for name, v := range fields.All() {
		if parent != "" {
			name = parent + "." + name
		}
		switch v.Type() {
		case pcommon.ValueTypeStr:
			f.String(name, v.Str())
		case pcommon.ValueTypeInt:
			f.Number(name, float64(v.Int()))
		case pcommon.ValueTypeDouble:
			f.Number(name, v.Double())
		case pcommon.ValueTypeMap:
			if parent == "" {
				find(f, name, v.Map())
			}
		}
	}
}

// message is the text of a body that is a map.
func message(body pcommon.Map) string {
	for _, name := range [...]string{"message", "msg", "log", "body", "event"} {
		if v, ok := body.Get(name); ok && v.Type() == pcommon.ValueTypeStr {
			return v.Str()
		}
	}
	return ""
}

// setSeverities writes inferred severities to the kept records.
func (b *Batch) setSeverities() {
	if b.view.Infer != InferSet {
		return
	}
	for i, r := range b.logs {
		if b.Verdicts[i].Action != keep || r.SeverityNumber() != plog.SeverityNumberUnspecified {
			continue
		}
		s := b.inferred(i)
		if s.number == 0 {
			continue
		}
		r.SetSeverityNumber(plog.SeverityNumber(s.number))
		if r.SeverityText() == "" {
			r.SetSeverityText(s.text)
		}
	}
}
