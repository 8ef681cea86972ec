// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package eventdigest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// The state is a sequence of chunks. Each is
//
//	4 bytes  "evd1", the format
//	entries
//	u32      CRC-32C of all before it
//
// Integers are little endian, "v" is an unsigned varint, and a text is its length as v and its bytes. An entry is an
// object of the ledger, or a kind in the order in which windows end:
//
//	byte 'e', u64 key, u64 hash of the UID, v count
//	byte 'k', 16 bytes key, u64 end, v before, v window, v owed, u64 first, u64 last, v number of examples, texts,
//	          v length of the packed event, the packed event
//
// Times are nanoseconds since 1970. A packed event is its texts in the order of [Event.texts], v count, u64 first, u64 last.
const (
	stateFormat = "evd1"
	chunkBytes  = 1 << 18 // a chunk ends with the entry that reaches it
	entryEvent  = 'e'
	entryKind   = 'k'
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Save hands the state to put in chunks of some 256 KiB. A chunk is good until put returns. An error of put ends it.
func (d *Digest) Save(put func(chunk []byte) error) error {
	b := []byte(stateFormat)
	flush := func(least int) error {
		if len(b) < least {
			return nil
		}
		b = le.AppendUint32(b, crc32.Checksum(b, castagnoli))
		err := put(b)
		b = append(b[:0], stateFormat...)
		return err
	}
	for key, s := range d.ledger.All() {
		b = le.AppendUint64(append(b, entryEvent), key)
		b = binary.AppendUvarint(le.AppendUint64(b, s.uid), s.count)
		if err := flush(chunkBytes); err != nil {
			return err
		}
	}
	for _, k := range d.queue {
		b = k.append(append(b, entryKind))
		if err := flush(chunkBytes); err != nil {
			return err
		}
	}
	return flush(len(stateFormat) + 1)
}

func (k *kind) append(b []byte) []byte {
	b = le.AppendUint64(append(b, k.key[:]...), uint64(k.end))
	for _, n := range []uint64{k.before, k.window, k.owed.count} {
		b = binary.AppendUvarint(b, n)
	}
	b = le.AppendUint64(le.AppendUint64(b, uint64(k.owed.first)), uint64(k.owed.last))
	b = binary.AppendUvarint(b, uint64(len(k.owed.objects)))
	for _, object := range k.owed.objects {
		b = appendText(b, object)
	}
	return append(binary.AppendUvarint(b, uint64(len(k.sample))), k.sample...)
}

// Load adds a chunk of a state to a Digest that has taken no event. After an error the Digest is of no use.
func (d *Digest) Load(chunk []byte) error {
	body := len(chunk) - 4
	if body < len(stateFormat) || string(chunk[:len(stateFormat)]) != stateFormat {
		return fmt.Errorf("the state is not of the format %s", stateFormat)
	}
	if crc32.Checksum(chunk[:body], castagnoli) != le.Uint32(chunk[body:]) {
		return errors.New("the checksum of the state is wrong")
	}
	r := reader{rest: chunk[len(stateFormat):body]}
	for len(r.rest) > 0 {
		switch r.bytes(1)[0] {
		case entryEvent:
			d.loadEvent(&r)
		case entryKind:
			d.loadKind(&r)
		default:
			r.err = errDamaged
		}
		if r.err != nil {
			return fmt.Errorf("the state: %w", r.err)
		}
	}
	return nil
}

func (d *Digest) loadEvent(r *reader) {
	key, s := r.uint64(), seen{r.uint64(), r.uvarint()}
	if r.err == nil && !d.ledger.Has(key) {
		d.ledger.Add(key, s)
	}
}

func (d *Digest) loadKind(r *reader) {
	k := new(kind)
	copy(k.key[:], r.bytes(uint64(len(k.key))))
	k.end, k.before, k.window = int64(r.uint64()), r.uvarint(), r.uvarint()
	k.owed = owed{count: r.uvarint(), first: int64(r.uint64()), last: int64(r.uint64())}
	size := 0
	for n := r.uvarint(); n > 0 && r.err == nil; n-- {
		object := r.text()
		size += len(object)
		k.owed.objects = append(k.owed.objects, object)
	}
	k.sample = append(k.sample, r.bytes(r.uvarint())...)
	sample := reader{rest: k.sample}
	sample.event(new(Event))
	if sample.err != nil || len(sample.rest) > 0 || d.kinds[k.key] != nil {
		r.err = errDamaged
	}
	if r.err != nil {
		return
	}
	d.raise(k)
	d.kinds[k.key] = k
	d.queue = append(d.queue, k)
	d.stats.Bytes += kindBytes + len(k.sample) + size
}
