// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdk

// absent is the length of a text that is not there.
const absent = 0xffffffff

// MaxText is where the host cuts a text, in bytes.
const MaxText = 64 << 10

// Texts is a column of text. The zero value has none.
type Texts struct {
	refs []uint64 // offset, and length in the upper half
	data []byte   // what the offsets are relative to
}

// Get returns text i, and whether there is one. It is good until Judge returns.
func (t *Texts) Get(i int) ([]byte, bool) {
	if uint(i) >= uint(len(t.refs)) {
		return nil, false
	}
	ref := t.refs[i]
	length := ref >> 32
	if length == absent {
		return nil, false
	}
	offset := ref & 0xffffffff
	return t.data[offset : offset+length : offset+length], true
}

// Len is the number of texts, those that are not there included.
func (t *Texts) Len() int { return len(t.refs) }

// reset reads n texts of a column and says whether all lie in it.
func (t *Texts) reset(data []byte, n int) bool {
	*t = Texts{}
	if len(data)/8 < n {
		return false
	}
	refs := view[uint64](data[:8*n])
	size := uint64(len(data))
	for _, ref := range refs {
		if length := ref >> 32; length != absent && ref&0xffffffff+length > size {
			return false
		}
	}
	*t = Texts{refs: refs, data: data}
	return true
}
