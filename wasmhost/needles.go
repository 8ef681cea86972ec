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
		x.set.Match(body, &hits)
		for w := range x.words {
			le.PutUint64(b, hits[w])
			b = b[8:]
		}
	}
}
