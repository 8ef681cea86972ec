// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

// maxBacklog is the most kinds of report that wait.
const maxBacklog = 1 << 14

// backlog has the reports of instances that are gone until the next flush, one of each kind: many instances
// may go until then.
type backlog struct {
	reports []Report
	at      map[Report]int // a kind is a report without its counts and times
}

// add makes what there is no room for one report of the host's.
func (b *backlog) add(r Report) {
	kind := r
	kind.Count, kind.First, kind.Last, kind.Bytes = 0, 0, 0, 0
	k, known := b.at[kind]
	switch {
	case known:
		old := &b.reports[k]
		old.Count += r.Count
		old.Bytes += r.Bytes
		old.First, old.Last = min(old.First, r.First), max(old.Last, r.Last)
	case len(b.reports) >= maxBacklog && !r.ByHost:
		b.add(Report{Count: r.Count, First: r.First, Last: r.Last, ByHost: true})
	default:
		if b.at == nil {
			b.at = map[Report]int{}
		}
		b.at[kind] = len(b.reports)
		b.reports = append(b.reports, r)
	}
}

func (b *backlog) take() []Report {
	all := b.reports
	*b = backlog{}
	return all
}
