// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command go is the filter quiet in Go, and what those in other languages are
// compared with: see ../README.md.
package main

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
	"math/bits"
	"slices"
	"strconv"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

func init() { sdk.Register(newFilter()) }

func main() {}

const (
	maxTexts = 64 // so that the column of needles is one word a record
	maxText  = 200
)

const severityRule = 1 // those of the texts follow

// filter counts what contains its texts.
type filter struct {
	below   int // severity number
	texts   []string
	tallies []tally // one for each text
	reports []sdk.Report
}

// tally is what was counted since the last report. The severity is 0 if they differ.
type tally struct{ count, first, last, severity uint64 }

func newFilter() sdk.Filter { return &filter{} }

func (f *filter) Configure(config []byte) (sdk.Manifest, error) {
	m := sdk.Manifest{Name: "quiet", Version: "1.0.0", Columns: []string{sdk.ColumnSeverity}, Rules: []string{"severity"}}
	*f = filter{below: 9, texts: []string{"GET /healthz", "GET /readyz"}} // INFO is 9
	if err := f.read(config); err != nil {
		return m, err
	}
	f.tallies = make([]tally, len(f.texts))
	if len(f.texts) > 0 {
		m.Columns = append(m.Columns, sdk.ColumnNeedles, sdk.ColumnTime, sdk.ColumnProtected)
	}
	for _, text := range f.texts {
		m.Needles = append(m.Needles, sdk.Needle{Text: text})
		m.Rules = append(m.Rules, "contains: "+text)
	}
	return m, nil
}

func (f *filter) read(config []byte) error {
	v, err := conf.Parse(config)
	if err != nil {
		return err
	}
	if v.Kind != conf.Object {
		return errors.New("configuration: it must be an object with the keys `below` and `contains`")
	}
	for _, m := range v.Members {
		switch m.Key {
		case "below":
			err = f.readBelow(&m.Value)
		case "contains":
			err = f.readContains(&m.Value)
		default:
			if len(m.Key) > maxText {
				m.Key = "..."
			}
			err = errors.New("configuration: key `" + m.Key + "` is not known; `below` and `contains` are")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *filter) readBelow(v *conf.Value) (err error) {
	if f.below, _, err = v.AsSeverity(); err != nil || f.below == 0 {
		return errors.New("`below`: it must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL, one of them with 2, 3 or 4, or a number from 1 to 24")
	}
	return nil
}

func (f *filter) readContains(v *conf.Value) error {
	if v.Kind != conf.List || len(v.List) > maxTexts {
		return errors.New("`contains`: it must be a list of at most 64 texts")
	}
	f.texts = nil
	for i := range v.List {
		text, err := v.List[i].AsText()
		if err != nil || text == "" || len(text) > maxText || slices.Contains(f.texts, text) {
			return errors.New("`contains`: entry " + strconv.Itoa(i+1) + " must be a text of 1 to 200 bytes that is not there already")
		}
		f.texts = append(f.texts, text)
	}
	return nil
}

func (f *filter) Judge(c *sdk.Chunk, v []sdk.Verdict) {
	for i, s := range c.Severity() {
		if s > 0 && int(s) < f.below {
			v[i] = sdk.Drop(severityRule)
		}
	}
	if len(f.texts) > 0 {
		f.count(c, v)
	}
}

// count judges those that contain a text, and keeps those that are protected:
// what is counted is told of, and the host would keep them all the same.
func (f *filter) count(c *sdk.Chunk, v []sdk.Verdict) {
	known := uint64(1)<<len(f.texts) - 1
	protected := c.Protected()
	for i, found := range c.Needles() {
		if protected[i] != 0 {
			v[i] = sdk.Keep
		} else if found &= known; found != 0 && v[i] == sdk.Keep {
			k := bits.TrailingZeros64(found)
			v[i] = sdk.Count(ruleOf(k))
			f.tallies[k].add(timeOf(c, i), uint64(c.Severity()[i]))
		}
	}
}

func ruleOf(text int) uint16 { return uint16(severityRule + 1 + text) }

// timeOf is the time of a record, or else that of the chunk.
func timeOf(c *sdk.Chunk, i int) uint64 {
	if at := c.Time()[i]; at != 0 {
		return at
	}
	return c.Now()
}

func (t *tally) add(at, severity uint64) {
	if severity > conf.MaxSeverity {
		severity = 0
	}
	if t.count == 0 {
		*t = tally{first: at, last: at, severity: severity}
	}
	t.count++
	t.first, t.last = min(t.first, at), max(t.last, at)
	if t.severity != severity {
		t.severity = 0
	}
}

// Flush reports all that was counted: all of it is due each time.
func (f *filter) Flush(uint64, bool) []sdk.Report {
	f.reports = f.reports[:0]
	for k, t := range f.tallies {
		if t.count > 0 {
			f.reports = append(f.reports, sdk.Report{
				Key: uint64(ruleOf(k)), Count: t.count, First: t.first, Last: t.last,
				Rule: ruleOf(k), Severity: uint8(t.severity), Text: f.texts[k],
			})
		}
	}
	clear(f.tallies)
	return f.reports
}

const stateMagic = "quiet 1\n"

// stateHead is what tells a state from those of other texts and other filters.
func (f *filter) stateHead() []byte {
	h := fnv.New64a()
	for _, text := range f.texts {
		_, _ = h.Write([]byte(text))
		_, _ = h.Write([]byte{0xff}) // which is never in UTF-8
	}
	return binary.LittleEndian.AppendUint64([]byte(stateMagic), h.Sum64())
}

func (f *filter) SaveState() []byte {
	b := f.stateHead()
	for _, t := range f.tallies {
		for _, n := range [...]uint64{t.count, t.first, t.last, t.severity} {
			b = binary.LittleEndian.AppendUint64(b, n)
		}
	}
	return b
}

// RestoreState takes a state that counts the same texts; any other is flushed by
// the one who had it.
func (f *filter) RestoreState(b []byte) error {
	head := f.stateHead()
	if len(b) != len(head)+32*len(f.tallies) || string(b[:len(head)]) != string(head) {
		return errors.New("state: it does not count the same texts")
	}
	tallies := make([]tally, len(f.tallies))
	for i := range tallies {
		at := b[len(head)+32*i:]
		n := func(k int) uint64 { return binary.LittleEndian.Uint64(at[8*k:]) }
		t := tally{count: n(0), first: n(1), last: n(2), severity: n(3)}
		if t.first > t.last || t.severity > conf.MaxSeverity {
			return errors.New("state: it is damaged")
		}
		tallies[i] = t
	}
	f.tallies = tallies
	return nil
}
