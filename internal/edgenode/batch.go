// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

import (
	"iter"

	"go.opentelemetry.io/collector/pdata/plog"
)

// Batch is what an agent sends at once.
type Batch struct {
	Logs    plog.Logs // grouped by resource, so not wholly in the order of time
	Records []Record  // the same records, in the order in which they are in Logs
}

// Batches makes the records in batches of size, the last one smaller. Where numberAs is not empty, each record has its
// Number as an attribute of that name, so that it is known again at the other end.
func (n *Node) Batches(size int, numberAs string) iter.Seq[Batch] {
	return func(yield func(Batch) bool) {
		p := packer{numberAs: numberAs}
		for r := range n.All() {
			p.add(r)
			if p.count >= size && !yield(p.pack()) {
				return
			}
		}
		if p.count > 0 {
			yield(p.pack())
		}
	}
}

// packer collects records by resource.
type packer struct {
	numberAs string
	order    []*Resource // as they came
	records  map[*Resource][]Record
	count    int
}

func (p *packer) add(r Record) {
	if p.count == 0 {
		p.records = make(map[*Resource][]Record)
	}
	if p.records[r.Resource] == nil {
		p.order = append(p.order, r.Resource)
	}
	p.records[r.Resource] = append(p.records[r.Resource], r)
	p.count++
}

func (p *packer) pack() Batch {
	b := Batch{Logs: plog.NewLogs(), Records: make([]Record, 0, p.count)}
	for _, of := range p.order {
		records := p.records[of]
		rl := b.Logs.ResourceLogs().AppendEmpty()
		put(rl.Resource().Attributes(), of.Attributes)
		to := rl.ScopeLogs().AppendEmpty().LogRecords()
		to.EnsureCapacity(len(records))
		for i := range records {
			records[i].put(to.AppendEmpty(), p.numberAs)
		}
		b.Records = append(b.Records, records...)
	}
	p.order, p.count = p.order[:0], 0
	return b
}
