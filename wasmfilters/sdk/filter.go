// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

// Filter decides over chunks of log records. It is called by one caller at a
// time.
type Filter interface {
	// Configure reads the configuration, JSON text that is good until it
	// returns, and says what the filter wants to see. An error refuses the
	// configuration; its text is for the one who wrote it.
	Configure(config []byte) (Manifest, error)
	// Judge writes one verdict for each record of c into v, which comes filled
	// with Keep. Neither may be kept after it returns. To allocate here costs
	// collections of garbage on the path of every record.
	Judge(c *Chunk, v []Verdict)
}

// Flusher is a Filter that reports what it dropped with the verdict Count.
type Flusher interface {
	// Flush returns what was dropped since the last report of the same key,
	// now in nanoseconds since 1970; last says that no chunk will follow. The
	// reports are read before the filter is called again.
	Flush(now uint64, last bool) []Report
}

// Stateful is a Filter whose state outlives a change of its module.
type Stateful interface {
	// SaveState returns the state for a successor, at most 16 MiB.
	SaveState() []byte
	// RestoreState takes it. An error says that it was of no use, and leaves
	// the filter as it was after Configure.
	RestoreState(state []byte) error
}

// Func makes a filter without configuration of a function of one record, which
// sees the columns that m asks for.
func Func(m Manifest, judge func(Record) Verdict) Filter {
	return &funcFilter{manifest: m, judge: judge}
}

type funcFilter struct {
	manifest Manifest
	judge    func(Record) Verdict
}

func (f *funcFilter) Configure([]byte) (Manifest, error) { return f.manifest, nil }

func (f *funcFilter) Judge(c *Chunk, v []Verdict) {
	for i := range v {
		v[i] = f.judge(Record{c, i})
	}
}
