// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import "github.com/sealgate/sealgate/wasmhost/columns"

// needles looks for the needles of a manifest in bodies.
type needles struct {
	words int // of 64 bits, for each body
	set   *columns.Needles
}

func newNeedles(list []Needle) (*needles, error) {
	found := make([]columns.Needle, len(list))
	for k, n := range list {
		found[k] = columns.Needle(n)
	}
	set, err := columns.NewNeedles(found)
	return &needles{words: max(1, (len(list)+63)/64), set: set}, err
}

// write writes the words of each body.
func (x *needles) write(b []byte, bodies []string) {
	var hits columns.Hits
	for _, body := range bodies {
		b = x.writeOne(b, body, &hits)
	}
}

// writeUnspecified writes those of records without a severity; those of others are zero.
func (x *needles) writeUnspecified(b []byte, bodies []string, recs Records, records []int32) {
	var hits columns.Hits
	clear(b)
	for k, body := range bodies {
		if recs.Severity(int(records[k])) != 0 {
			b = b[8*x.words:]
		} else {
			b = x.writeOne(b, body, &hits)
		}
	}
}

func (x *needles) writeOne(b []byte, body string, hits *columns.Hits) (rest []byte) {
	x.set.Match(body, hits)
	for w := range x.words {
		le.PutUint64(b[8*w:], hits[w])
	}
	return b[8*x.words:]
}
