// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package segmentlog stores values by key in a folder, so that a crash, a full disk or a
// damaged file costs as little as possible. It knows nothing of the Collector.
//
// A [Log] is a sequence of segments. A segment is a file that only grows. A batch of
// operations is appended to the last segment, and is there as a whole or not at all.
// An index in memory leads from each key to its record; it has some 40 bytes per key, holds
// no values, and is made again from the segments when the folder is opened. There is no other file
// that can be lost.
//
// # Removal
//
// The oldest segment is removed when no value in it is live. A record of a deletion is
// always younger than the value that it deletes, so a deletion is never removed before its
// value. When dead bytes outweigh live ones, the live values of the oldest segment are
// copied to the end.
//
// # Damage
//
// Every record has checksums, and a marker that is random for each segment. A reader that
// meets a damaged record looks for the next marker. So one damaged record costs one value.
// The marker is in the name of the file as well, so the header of a plain segment is not
// needed. A stored value cannot imitate a record, because it cannot contain the marker.
//
// # A full disk
//
// [Log.Commit] fails when the disk does not take the batch. [Log.Note] is for small
// operations that say what was done with values: it writes to a reserved file, and when
// that is full it remembers the operations in memory and writes them later.
//
// # Format
//
// All integers are big endian. A segment is named <id>-<marker>.segment, or .sealed if it is
// encrypted. Id and marker have 16 hexadecimal digits; ids ascend. A segment begins with two
// copies of a header:
//
//	"SGQS"  4 bytes
//	version 1 byte, 1
//	zero    1 byte
//	length  2 bytes, of the key
//	marker  8 bytes
//	key     the wrapped data key of the segment, empty in a plain one
//	CRC-32C 4 bytes, of all of the above
//
// An encrypted segment that is about to be removed has "SGQX" and zeros in place of both.
// Records follow:
//
//	marker       8 bytes
//	batch        8 bytes, number of the batch, ascending
//	kind         1 byte, 1: put, 2: delete, 3: move
//	last         1 byte, 1: the last record of its batch
//	key length   2 bytes, as stored
//	index        4 bytes, place in the batch from 0
//	value length 4 bytes, as stored
//	key sum      4 bytes, CRC-32C of the stored key
//	value sum    4 bytes, CRC-32C of the stored value
//	items        4 bytes, how many keys are decimal numbers after the batch
//	header sum   4 bytes, CRC-32C of all of the above
//	key, value
//
// The value of a move is the former key. In an encrypted segment key and value are sealed
// by the AEAD, each under the nonce batch (8 bytes), twice the index (4 bytes), plus one
// for the value; the additional data are the first 24 bytes of the record. A batch number
// is not used twice, even if the batch could not be written.
package segmentlog
