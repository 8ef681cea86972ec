// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package redundancy is a filter that passes the first record of each template in a
// window and counts the others: see README.md.
package redundancy

import (
	"github.com/sealgate/sealgate/internal/lru"
	"github.com/sealgate/sealgate/wasmfilters/internal/debt"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// The rules of the manifest.
const (
	ruleRepeats       = 1
	ruleSevereRepeats = 2
)

// New makes one.
func New() sdk.Filter { return &filter{} }

type filter struct {
	settings
	entries *lru.Table[entry]
	evicted []entry // made room for others while they owed a report
	reports []sdk.Report

	arrived uint64 // time of the last chunk
	latest  uint64 // time of the last record, by the clock that is configured
	told    uint64 // when all was reported last, where windows have no end
	period  uint8  // counts entries that were added, and begins again
}

// maxEvicted bounds what is remembered until the next flush.
const maxEvicted = 4096

// entry is what is known of records of one identity.
type entry struct {
	identity uint64
	since    uint64    // when its window began
	owed     debt.Debt // records that were dropped and not reported yet
	kept     uint32    // records of this window that were kept
	level    level
	due      bool // what is owed is of a window that has ended
	// touched is the period in which the entry became the newest. Within a period no entry makes room
	// for another, so once is enough: to move an entry reads and writes its neighbours.
	touched uint8
}

func (f *filter) Configure(config []byte) (sdk.Manifest, error) {
	m := sdk.Manifest{Name: "redundancy", Version: "1.0.0", Rules: []string{"repeats", "severe repeats"}}
	s, err := parse(config)
	if err != nil {
		return m, err
	}
	*f = filter{settings: s, entries: lru.New[entry](s.maxTemplates)}
	m.Columns = []string{sdk.ColumnTime, sdk.ColumnSeverity, sdk.ColumnIdentity, sdk.ColumnProtected}
	m.Identity = s.identity
	return m, nil
}
