// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package dedup is a filter that passes the first of equal log records in a
// window and counts the others: see README.md.
package dedup

import (
	"slices"
	"unicode/utf8"
	"unsafe"

	"github.com/sealgate/sealgate/internal/lru"
	"github.com/sealgate/sealgate/wasmfilters/internal/debt"
	"github.com/sealgate/sealgate/wasmfilters/internal/kept"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

// New makes one.
func New() sdk.Filter { return &filter{} }

// rule is the only one of the manifest.
const rule = 1

type filter struct {
	settings
	lines   *lru.Table[line]
	crowded debt.Crowded // of lines that made room for others
	body    int          // the column, where there is one
	reports []sdk.Report
}

// line is what is known of equal records.
type line struct {
	since    uint64 // when the window began
	owed     debt.Debt
	identity uint64
	severity uint8
	due      bool // what is owed is of a window that has ended
	size     uint8
	text     [textSize]byte
}

// textSize is how much of a body a report shows, in bytes: with all reports of a
// flush that is less than the 4 MiB of texts that the ABI allows.
const textSize = 100

func (f *filter) Configure(config []byte) (sdk.Manifest, error) {
	m := sdk.Manifest{Name: "dedup", Version: "1.0.0", Rules: []string{"repeats"}}
	s, err := parse(config)
	if err != nil {
		return m, err
	}
	*f = filter{settings: s, lines: lru.New[line](s.maxLines)}
	m.Columns = append([]string{sdk.ColumnTime, sdk.ColumnIdentity}, kept.Columns...)
	m.Identity = s.identity
	if s.text {
		f.body = len(m.Columns)
		m.Columns = append(m.Columns, sdk.ColumnBody)
	}
	return m, nil
}

func (f *filter) Judge(c *sdk.Chunk, v []sdk.Verdict) {
	severity, protected := c.Severity()[:len(v)], c.Protected()[:len(v)]
	for i := range v {
		if !f.keep.Keeps(severity[i], protected[i]) && f.repeats(c, i) {
			v[i] = sdk.Count(rule)
		}
	}
}

// repeats says whether record i is the repeat of another in a window, and counts
// it if so.
func (f *filter) repeats(c *sdk.Chunk, i int) bool {
	l := f.lines.Use(c.Identity()[i])
	switch {
	case l == nil:
		f.add(f.newLine(c, i))
	case f.over(l, c.Now()):
		l.since, l.due = c.Now(), l.owed.Count > 0
	default:
		l.owed.Add(debt.Time(c.Time()[i], c.Now()))
		return true
	}
	return false
}

// over says whether the window has ended. One that began in the future has, too.
func (f *filter) over(l *line, now uint64) bool { return now-l.since >= f.window }

func (f *filter) newLine(c *sdk.Chunk, i int) line {
	l := line{since: c.Now(), identity: c.Identity()[i], severity: c.Severity()[i]}
	if l.severity > conf.MaxSeverity {
		l.severity = 0
	}
	if f.text {
		body, _ := c.Texts(f.body).Get(i)
		l.size = uint8(copy(l.text[:], cut(body)))
	}
	return l
}

// cut is the beginning of a body that fits into a report, and ends with a character.
func cut(body []byte) []byte {
	if len(body) <= textSize {
		return body
	}
	n := textSize
	for n > textSize-utf8.UTFMax && !utf8.RuneStart(body[n]) {
		n--
	}
	return body[:n]
}

// add remembers a line. One that makes room for it is still counted.
func (f *filter) add(l line) {
	if f.lines.Full() {
		oldest := f.lines.Oldest()
		f.crowded.Add(oldest.owed, oldest.report(""))
	}
	f.lines.Add(l.identity, l)
}

func (l *line) report(text string) sdk.Report {
	return sdk.Report{Key: l.identity, Kind: sdk.KeyIdentity, Rule: rule, Severity: l.severity, Text: text}
}

// Flush reports the repeats of windows that have ended.
func (f *filter) Flush(now uint64, last bool) []sdk.Report {
	f.reports = slices.Grow(f.reports[:0], 1+f.crowded.Len()+f.lines.Len()) // once, not by and by
	f.reports = f.crowded.Settle(f.reports, sdk.Report{Rule: rule, Text: "repeats of lines that made room for others; raise max_lines"})
	for _, l := range f.lines.All() {
		if last || l.due || f.over(l, now) {
			f.reports = l.owed.Settle(f.reports, l.report(unsafe.String(&l.text[0], l.size))) // read before the next call
			l.due = false
		}
	}
	return f.reports
}
