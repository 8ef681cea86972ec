// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package filterbench

import (
	"cmp"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/internal/logfilter"
	"github.com/sealgate/sealgate/wasmhost"
	"github.com/sealgate/sealgate/wasmhost/columns"
)

const (
	maxTemplates = 1 << 14 // that are told apart
	maxText      = 512     // bytes of an example, and of a template
)

// tally adds up what became of records, in bounded memory.
type tally struct {
	opts      Options
	outcomes  map[reason]*outcome
	masker    columns.Masker
	masked    []byte
	templates map[uint64]*templateCount
	from, to  uint64
	bytes     uint64
	timeless  uint64
	unranked  uint64
	reports   Reports
}

type reason struct {
	fate Fate
	rule string
}

type outcome struct {
	Outcome
	shown []uint64 // templates of the examples: more of one tells nothing new
}

type templateCount struct {
	text          string
	kept, dropped uint64
}

func newTally(o Options) tally {
	return tally{opts: o, outcomes: map[reason]*outcome{}, templates: map[uint64]*templateCount{}}
}

func (t *tally) add(b *logfilter.Batch, ruleName func(wasmhost.RuleID) string) {
	for i, v := range b.Verdicts {
		t.record(b, i, fateOf(v), ruleName(v.Rule))
	}
}

func fateOf(v wasmhost.Verdict) Fate {
	switch {
	case v.Action == wasmhost.Drop:
		return Dropped
	case v.Action == wasmhost.Represent:
		return Represented
	case v.Reason == wasmhost.ByProtected:
		return Protected
	case v.Reason == wasmhost.ByGuest:
		return Kept
	}
	return Failed
}

func (t *tally) record(b *logfilter.Batch, i int, fate Fate, rule string) {
	if t.opts.Each != nil {
		t.opts.Each(b.Log(i), fate)
	}
	body, severity := b.Body(i), b.Severity(i)
	t.bytes += uint64(len(body))
	t.times(timeOf(b.Log(i)))
	if severity == 0 {
		t.unranked++
	}
	id := t.template(body, fate)
	o := t.outcomes[reason{fate, rule}]
	if o == nil {
		o = &outcome{Outcome: Outcome{Outcome: fate, Rule: rule, Examples: []Example{}}}
		t.outcomes[reason{fate, rule}] = o
	}
	o.Records++
	o.Bytes += uint64(len(body))
	if len(o.shown) < t.opts.Examples && !slices.Contains(o.shown, id) {
		o.shown = append(o.shown, id)
		o.Examples = append(o.Examples, Example{severity, clip(body)})
	}
}

func (t *tally) times(at uint64) {
	if at == 0 {
		t.timeless++
		return
	}
	t.to = max(t.to, at)
	if t.from == 0 || at < t.from {
		t.from = at
	}
}

// template counts the template of a body, and returns its id.
func (t *tally) template(body string, fate Fate) (id uint64) {
	t.masked, id = t.masker.Append(t.masked[:0], body)
	c := t.templates[id]
	if c == nil {
		if len(t.templates) == maxTemplates {
			return id
		}
		c = &templateCount{text: clip(string(t.masked[:min(len(t.masked), maxText+utf8.UTFMax)]))}
		t.templates[id] = c
	}
	if fate == Dropped || fate == Represented {
		c.dropped++
	} else {
		c.kept++
	}
	return id
}

// clip copies the begin of a text, so that the rest can go.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	n := maxText
	for n > maxText-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

func (t *tally) report(reports []wasmhost.Report, ruleName func(wasmhost.RuleID) string) {
	for _, r := range reports {
		t.reports.Reports++
		if r.ByHost {
			t.reports.ByHost++
		}
		if len(t.reports.Examples) < t.opts.Examples {
			t.reports.Examples = append(t.reports.Examples, describe(r, ruleName(r.Rule)))
		}
	}
}

// summaries counts summary records, and the bytes that they take in OTLP.
func (t *tally) summaries(all []logfilter.Summary) {
	for _, s := range all {
		t.reports.Summaries += uint64(s.Logs.LogRecordCount())
		t.reports.SummaryBytes += uint64((&plog.ProtoMarshaler{}).LogsSize(s.Logs))
	}
}

// describe is a report in words.
func describe(r wasmhost.Report, rule string) string {
	text := cmp.Or(r.Text, r.Template, "records of one kind")
	span := time.Duration(r.Last - r.First)
	return clip(fmt.Sprintf("%d times in %s by rule %q: %s", r.Count, span.Round(time.Millisecond), rule, text))
}

// fill puts what was added up into the result.
func (t *tally) fill(r *Result) {
	r.Bytes, r.Timeless, r.Unranked = t.bytes, t.timeless, t.unranked
	if t.from > 0 {
		r.From, r.To = time.Unix(0, int64(t.from)).UTC(), time.Unix(0, int64(t.to)).UTC()
	}
	r.Outcomes = []Outcome{}
	for _, o := range t.outcomes {
		r.Outcomes = append(r.Outcomes, o.Outcome)
	}
	slices.SortFunc(r.Outcomes, func(a, b Outcome) int {
		return cmp.Or(cmp.Compare(rank(a.Outcome), rank(b.Outcome)), cmp.Compare(b.Records, a.Records), cmp.Compare(a.Rule, b.Rule))
	})
	r.Reports.Reports, r.Reports.ByHost = t.reports.Reports, t.reports.ByHost
	r.Reports.Summaries, r.Reports.SummaryBytes = t.reports.Summaries, t.reports.SummaryBytes
	r.Reports.Examples = append([]string{}, t.reports.Examples...)
	r.KeptTemplates = t.top(func(c *templateCount) uint64 { return c.kept })
	r.DroppedTemplates = t.top(func(c *templateCount) uint64 { return c.dropped })
}

// rank is the place of a fate in lists.
func rank(f Fate) int {
	return slices.Index([]Fate{Kept, Protected, Failed, Dropped, Represented}, f)
}

func (t *tally) top(count func(*templateCount) uint64) []Template {
	list := []Template{}
	for _, c := range t.templates {
		if n := count(c); n > 0 {
			list = append(list, Template{c.text, n})
		}
	}
	slices.SortFunc(list, func(a, b Template) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(a.Template, b.Template))
	})
	return list[:min(len(list), t.opts.Top)]
}
