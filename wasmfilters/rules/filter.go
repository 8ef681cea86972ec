// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package rules is a filter that drops or keeps log records by rules: see
// README.md.
package rules

import (
	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

// New makes one.
func New() sdk.Filter { return &filter{} }

// filter is the state of the module. It changes in Configure, but for memo.
type filter struct {
	steps    []step
	entry    int32
	verdicts []sdk.Verdict
	matchers []matcher
	memo     []settled
	// Where no needle is looked for, the severity leads to a step, and if no
	// text is tested either, to a verdict.
	bySeverity [256]int32
	direct     [256]sdk.Verdict
	isDirect   bool
	hasNeedles bool
}

// settled is where severity and needles lead, remembered: logs have few
// combinations of them. A program of 4096 rules costs as much as one of two
// until it comes to a text.
type settled struct {
	word     uint64 // of the needles
	severity uint32 // plus one; 0 is an empty entry
	pc       int32
	verdict  sdk.Verdict // if that is the end
}

const (
	memoBits = 8 // 256 entries of 24 bytes: they stay in the first cache
	memoSize = 1 << memoBits
)

func (f *filter) Configure(config []byte) (sdk.Manifest, error) {
	m := sdk.Manifest{Name: "rules", Version: "1.0.0", Memoryless: true}
	b := &builder{columns: []string{sdk.ColumnSeverity}}
	rs, err := parse(config, b)
	if err != nil {
		return m, err
	}
	*f = filter{verdicts: rs.verdicts, matchers: b.matchers, hasNeedles: len(b.needles) > 0}
	f.steps, f.entry = compile(rs.conditions)
	if f.hasNeedles {
		b.column(sdk.ColumnNeedles)
		f.memo = make([]settled, memoSize*((len(b.needles)+63)/64))
	} else {
		f.settleSeverities()
	}
	m.Columns, m.Needles, m.Rules = b.columns, b.needles, rs.names
	return m, nil
}

// known is the severity number, or 0 for one that OTLP does not have.
func known(severity uint8) uint8 {
	if severity > conf.MaxSeverity {
		return 0
	}
	return severity
}

func (f *filter) settleSeverities() {
	f.isDirect = true
	for s := range f.bySeverity {
		pc := settle(f.steps, f.entry, known(uint8(s)), nil)
		f.bySeverity[s] = pc
		if pc < 0 {
			f.direct[s] = f.verdicts[^pc]
		} else {
			f.isDirect = false
		}
	}
}

func (f *filter) Judge(c *sdk.Chunk, v []sdk.Verdict) {
	switch {
	case f.isDirect:
		f.judgeDirect(c, v)
	case !f.hasNeedles:
		f.judgeSeverity(c, v)
	case c.NeedleWords() == 1:
		f.judgeWord(c, v)
	default:
		f.judgeWords(c, v)
	}
}

func (f *filter) judgeDirect(c *sdk.Chunk, v []sdk.Verdict) {
	severity := c.Severity()[:len(v)]
	for i := range v {
		v[i] = f.direct[severity[i]]
	}
}

func (f *filter) judgeSeverity(c *sdk.Chunk, v []sdk.Verdict) {
	severity := c.Severity()[:len(v)]
	for i := range v {
		pc := f.bySeverity[severity[i]]
		if pc >= 0 {
			pc = f.run(c, i, pc)
		}
		v[i] = f.verdicts[^pc]
	}
}
