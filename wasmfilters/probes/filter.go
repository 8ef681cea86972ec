// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package probes is a filter that counts successful health checks and scrapes
// instead of passing them on: see README.md.
package probes

import (
	"slices"
	"strings"

	"github.com/sealgate/sealgate/internal/lru"
	"github.com/sealgate/sealgate/wasmfilters/internal/debt"
	"github.com/sealgate/sealgate/wasmfilters/internal/kept"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// New makes one.
func New() sdk.Filter { return &filter{} }

// The rules of the manifest.
const (
	rulePath  = 1
	ruleAgent = 2
)

type filter struct {
	settings
	owed    *lru.Table[owed]
	crowded debt.Crowded // of entries that made room for others, and of patterns of a predecessor
	columns columns
	reports []sdk.Report
}

// maxOwed is how many pairs of a pattern and a source of records are counted apart.
const maxOwed = 2048

// owed is what is owed of probes by one pattern from one source, a resource.
type owed struct {
	debt     debt.Debt
	identity uint64 // of the source
	pattern  uint64 // its key
}

// columns are the positions of columns of text.
type columns struct{ body, method, path, route, status, agent, fault int }

func (f *filter) Configure(config []byte) (sdk.Manifest, error) {
	m := sdk.Manifest{Name: "probes", Version: "1.0.0", Rules: []string{"probe paths", "probe agents"}, Memoryless: true}
	s, err := parse(config)
	if err != nil {
		return m, err
	}
	*f = filter{settings: s, owed: lru.New[owed](maxOwed)}
	m.Columns = append([]string{sdk.ColumnTime, sdk.ColumnNeedles, sdk.ColumnIdentity}, kept.Columns...)
	add := func(name string) int {
		m.Columns = append(m.Columns, name)
		return len(m.Columns) - 1
	}
	f.columns.body = add(sdk.ColumnBody)
	if s.attributes {
		// https://opentelemetry.io/docs/specs/semconv/http/
		f.columns.method = add(sdk.Attr("http.request.method"))
		f.columns.path = add(sdk.Attr("url.path"))
		f.columns.route = add(sdk.Attr("http.route"))
		f.columns.status = add(sdk.Attr("http.response.status_code"))
		f.columns.agent = add(sdk.Attr("user_agent.original"))
		f.columns.fault = add(sdk.Attr("error.type"))
	}
	m.Needles, m.Identity = needles(s.patterns), sdk.Identity{Parts: []string{sdk.PartResource}}
	return m, nil
}

// needles are one of which at least is in a body that tells of a probe.
func needles(patterns []pattern) (list []sdk.Needle) {
	for i := range patterns {
		text := patterns[i].text
		if !slices.ContainsFunc(list, func(n sdk.Needle) bool { return strings.Contains(text, n.Text) }) {
			list = append(list, sdk.Needle{Text: text})
		}
	}
	return list
}

func (f *filter) Judge(c *sdk.Chunk, v []sdk.Verdict) {
	severity, protected := c.Severity()[:len(v)], c.Protected()[:len(v)]
	w := c.NeedleWords()
	for i := range v {
		if f.keep.Keeps(severity[i], protected[i]) {
			continue
		}
		p := f.probe(c, i, c.Needles()[i*w:i*w+w])
		switch {
		case p < 0:
		case f.report:
			v[i] = sdk.Count(f.patterns[p].rule())
			f.owe(c.Identity()[i], f.patterns[p].key).Add(debt.Time(c.Time()[i], c.Now()))
		default:
			v[i] = sdk.Drop(f.patterns[p].rule())
		}
	}
}

// none is the pattern of a record that is no successful probe.
const none = -1

// probe is which pattern record i is a successful probe by. Where there are
// attributes they decide, and else the body, if anything that is looked for is in it.
func (f *filter) probe(c *sdk.Chunk, i int, needles []uint64) int {
	if f.attributes {
		if status, ok := c.Texts(f.columns.status).Get(i); ok {
			return f.byAttributes(c, i, status)
		}
	}
	var found uint64
	for _, word := range needles {
		found |= word
	}
	if found == 0 {
		return none
	}
	body, _ := c.Texts(f.columns.body).Get(i)
	if len(body) == 0 || len(body) >= sdk.MaxText { // it may go on otherwise
		return none
	}
	a := access{patterns: f.patterns, pattern: none}
	if body[0] == '{' {
		a.readJSON(body)
	} else {
		a.readLine(body)
	}
	return a.probe()
}

func (f *filter) byAttributes(c *sdk.Chunk, i int, status []byte) int {
	a := access{patterns: f.patterns, pattern: none}
	a.seeStatus(status)
	if method, ok := c.Texts(f.columns.method).Get(i); ok {
		a.seeMethod(method)
	}
	path, ok := c.Texts(f.columns.path).Get(i)
	if !ok {
		path, _ = c.Texts(f.columns.route).Get(i)
	}
	a.seePath(path)
	agent, _ := c.Texts(f.columns.agent).Get(i)
	a.seeAgent(agent)
	fault, _ := c.Texts(f.columns.fault).Get(i)
	body, _ := c.Texts(f.columns.body).Get(i)
	a.not = a.not || len(fault) > 0 || a.pattern != none && (mentionsTrouble(body) || hasFailure(body, false))
	return a.probe()
}

// owe is the debt of a source and a pattern.
func (f *filter) owe(identity, pattern uint64) *debt.Debt {
	key := (identity ^ pattern) * 0x9e3779b97f4a7c15
	if o := f.owed.Use(key); o != nil {
		return &o.debt
	}
	if f.owed.Full() {
		oldest := f.owed.Oldest()
		f.crowded.Add(oldest.debt, f.reportOf(oldest))
	}
	return &f.owed.Add(key, owed{identity: identity, pattern: pattern}).debt
}

func (f *filter) reportOf(o *owed) sdk.Report {
	r := sdk.Report{Key: o.identity, Kind: sdk.KeyIdentity, Text: unknownPattern}
	for i := range f.patterns {
		if p := &f.patterns[i]; p.key == o.pattern {
			r.Rule, r.Text = p.rule(), p.title
		}
	}
	return r
}

const unknownPattern = "probes by patterns of an earlier configuration"

// Flush reports the probes since the last time.
func (f *filter) Flush(uint64, bool) []sdk.Report {
	f.reports = f.crowded.Settle(f.reports[:0], sdk.Report{Text: "probes of sources that made room for others"})
	for _, o := range f.owed.All() {
		f.reports = o.debt.Settle(f.reports, f.reportOf(o))
	}
	return f.reports
}
