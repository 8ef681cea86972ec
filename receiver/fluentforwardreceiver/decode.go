// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fluentforwardreceiver

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/tinylib/msgp/msgp"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Attributes of a record beside those that its sender gives it.
const (
	tagAttribute      = "fluent.tag"
	metadataAttribute = "fluent.metadata" // what Fluent Bit keeps about a record beside its body
)

// maxDepth is how many lists and maps may be around a value, as the extension `admission` has it.
const maxDepth = 128

var errDepth = fmt.Errorf("a value is in more than %d lists and maps", maxDepth)

// message is a decoded message of the forward protocol.
type message struct {
	logs  plog.Logs
	chunk string // what an acknowledgement names; "" where the sender wants none
}

// decode decodes one whole message: [tag, time, record, options], [tag, [[time, record]...], options]
// or [tag, entries as bytes, options]. Nothing is allocated by a length that a message only claims.
// Source: Forward Protocol Specification v1.
func decode(b []byte, maxBytes int64) (m message, err error) {
	size, b, err := msgp.ReadArrayHeaderBytes(b)
	if err != nil {
		return m, err
	}
	if size < 2 || size > 4 {
		return m, fmt.Errorf("a message is a list of 2 to 4, not of %d", size)
	}
	tag, b, err := readText(b)
	if err != nil {
		return m, fmt.Errorf("tag: %w", err)
	}
	m.logs = plog.NewLogs()
	d := decoder{tag: tag, to: m.logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()}
	left := size - 2 // elements after the entries
	var packed []byte
	switch msgp.NextType(b) {
	case msgp.ArrayType:
		b, err = d.entries(b)
	case msgp.BinType, msgp.StrType:
		packed, b, err = readBytes(b)
	default:
		left--
		b, err = d.record(b)
	}
	if err != nil {
		return m, err
	}
	if left > 1 { // less than none, too: a record without its time
		return m, fmt.Errorf("a message of this kind is not a list of %d", size)
	}
	var compressed string
	if left == 1 {
		if m.chunk, compressed, err = options(b); err != nil {
			return m, fmt.Errorf("options: %w", err)
		}
	}
	if packed != nil {
		err = d.packed(packed, compressed, maxBytes)
	}
	return m, err
}

// decoder appends log records.
type decoder struct {
	tag string
	to  plog.LogRecordSlice
}

// entries decodes a list of [time, record].
func (d *decoder) entries(b []byte) ([]byte, error) {
	size, b, err := msgp.ReadArrayHeaderBytes(b)
	for ; err == nil && size > 0; size-- {
		b, err = d.entry(b)
	}
	return b, err
}

// packed decodes entries one after the other.
func (d *decoder) packed(b []byte, compressed string, maxBytes int64) (err error) {
	switch compressed {
	case "", "text":
	case "gzip":
		if b, err = gunzip(b, maxBytes); err != nil {
			return fmt.Errorf("compressed entries: %w", err)
		}
	default:
		return fmt.Errorf("entries are compressed with %q; only gzip is known", compressed)
	}
	for len(b) > 0 && err == nil {
		b, err = d.entry(b)
	}
	return err
}

// gunzip decompresses all members of b, up to a limit in bytes.
func gunzip(b []byte, limit int64) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(plain)) > limit {
		err = errTooLarge(limit)
	}
	return plain, err
}

func (d *decoder) entry(b []byte) ([]byte, error) {
	size, b, err := msgp.ReadArrayHeaderBytes(b)
	if err != nil {
		return b, err
	}
	if size != 2 {
		return b, fmt.Errorf("an entry is [time, record], not a list of %d", size)
	}
	return d.record(b)
}

// record decodes a time and a map.
func (d *decoder) record(b []byte) ([]byte, error) {
	record := d.to.AppendEmpty()
	attributes := record.Attributes()
	attributes.PutStr(tagAttribute, d.tag)
	b, err := readTimeAndMetadata(b, record)
	if err != nil {
		return b, fmt.Errorf("time: %w", err)
	}
	return readMap(b, func(key string, b []byte) ([]byte, error) {
		if key == "message" || key == "log" { // Fluentd's and Fluent Bit's
			return readValue(b, record.Body(), 1)
		}
		value, _ := attributes.GetOrPutEmpty(key)
		return readValue(b, value, 1)
	})
}

// readTimeAndMetadata decodes a time, or Fluent Bit's [time, metadata].
func readTimeAndMetadata(b []byte, record plog.LogRecord) ([]byte, error) {
	withMetadata := msgp.NextType(b) == msgp.ArrayType
	if withMetadata {
		size, rest, err := msgp.ReadArrayHeaderBytes(b)
		if err != nil {
			return b, err
		}
		if size != 2 {
			return b, fmt.Errorf("time with metadata is a list of 2, not of %d", size)
		}
		b = rest
	}
	at, b, err := readTime(b)
	if err != nil {
		return b, err
	}
	record.SetTimestamp(pcommon.NewTimestampFromTime(at))
	if !withMetadata {
		return b, nil
	}
	metadata := pcommon.NewValueEmpty()
	if b, err = readValue(b, metadata, 1); err != nil {
		return b, err
	}
	if metadata.Type() == pcommon.ValueTypeMap && metadata.Map().Len() > 0 {
		metadata.MoveTo(record.Attributes().PutEmpty(metadataAttribute))
	}
	return b, nil
}

// readTime decodes seconds, or EventTime: the extension 0 of seconds and nanoseconds, 32 bits each.
func readTime(b []byte) (at time.Time, rest []byte, err error) {
	switch msgp.NextType(b) {
	case msgp.IntType, msgp.UintType:
		seconds, b, err := msgp.ReadInt64Bytes(b)
		return time.Unix(seconds, 0), b, err
	case msgp.Float64Type:
		seconds, b, err := msgp.ReadFloat64Bytes(b)
		whole, part := math.Modf(seconds)
		return time.Unix(int64(whole), int64(part*1e9)), b, err
	case msgp.ExtensionType:
		if claimsMore(b) {
			return at, b, msgp.ErrShortBytes
		}
		var raw msgp.RawExtension // of type 0
		b, err = msgp.ReadExtensionBytes(b, &raw)
		if err == nil && len(raw.Data) != 8 {
			err = fmt.Errorf("EventTime has 8 bytes, not %d", len(raw.Data))
		}
		if err != nil {
			return at, b, err
		}
		return time.Unix(int64(binary.BigEndian.Uint32(raw.Data)), int64(binary.BigEndian.Uint32(raw.Data[4:]))), b, nil
	}
	return at, b, fmt.Errorf("%s is neither seconds nor EventTime", msgp.NextType(b))
}

// options returns what a sender asks for.
func options(b []byte) (chunk, compressed string, err error) {
	if msgp.NextType(b) == msgp.NilType {
		return "", "", nil
	}
	_, err = readMap(b, func(key string, b []byte) ([]byte, error) {
		switch key {
		case "chunk":
			chunk, b, err = readText(b)
		case "compressed":
			compressed, b, err = readText(b)
		default:
			return readValue(b, pcommon.NewValueEmpty(), 1)
		}
		return b, err
	})
	return chunk, compressed, err
}

// readMap calls value with each key of a map and what follows it.
func readMap(b []byte, value func(key string, b []byte) ([]byte, error)) ([]byte, error) {
	size, b, err := msgp.ReadMapHeaderBytes(b)
	for ; err == nil && size > 0; size-- {
		var key string
		if key, b, err = readText(b); err == nil {
			b, err = value(key, b)
		}
	}
	return b, err
}

// readValue decodes any value.
func readValue(b []byte, to pcommon.Value, depth int) (rest []byte, err error) {
	if depth > maxDepth {
		return b, errDepth
	}
	switch msgp.NextType(b) {
	case msgp.NilType:
		return msgp.ReadNilBytes(b)
	case msgp.BoolType:
		v, b, err := msgp.ReadBoolBytes(b)
		to.SetBool(v)
		return b, err
	case msgp.IntType:
		v, b, err := msgp.ReadInt64Bytes(b)
		to.SetInt(v)
		return b, err
	case msgp.UintType:
		v, b, err := msgp.ReadUint64Bytes(b)
		if v > math.MaxInt64 {
			to.SetStr(strconv.FormatUint(v, 10))
		} else {
			to.SetInt(int64(v))
		}
		return b, err
	case msgp.Float32Type:
		v, b, err := msgp.ReadFloat32Bytes(b)
		to.SetDouble(float64(v))
		return b, err
	case msgp.Float64Type:
		v, b, err := msgp.ReadFloat64Bytes(b)
		to.SetDouble(v)
		return b, err
	case msgp.StrType, msgp.BinType: // Fluentd sends texts as bytes, too
		v, b, err := readText(b)
		to.SetStr(v)
		return b, err
	case msgp.MapType:
		m := to.SetEmptyMap()
		return readMap(b, func(key string, b []byte) ([]byte, error) {
			value, _ := m.GetOrPutEmpty(key)
			return readValue(b, value, depth+1)
		})
	case msgp.ArrayType:
		list := to.SetEmptySlice()
		size, b, err := msgp.ReadArrayHeaderBytes(b)
		for ; err == nil && size > 0; size-- {
			if len(b) == 0 {
				return b, msgp.ErrShortBytes
			}
			b, err = readValue(b, list.AppendEmpty(), depth+1)
		}
		return b, err
	}
	if claimsMore(b) {
		return b, msgp.ErrShortBytes
	}
	rest, err = msgp.Skip(b) // an extension: kept as it is
	if err == nil {
		to.SetEmptyBytes().FromRaw(b[:len(b)-len(rest)])
	}
	return rest, err
}

// readText decodes a text, which may be given as bytes.
func readText(b []byte) (string, []byte, error) {
	text, b, err := readBytes(b)
	return string(text), b, err
}

// readBytes returns a part of b.
func readBytes(b []byte) (v, rest []byte, err error) {
	if claimsMore(b) {
		return nil, b, msgp.ErrShortBytes
	}
	return msgp.ReadMapKeyZC(b)
}

// claimsMore tells whether a value with a length of 32 bits is longer than b. The library computes
// such lengths in an int, which overflows where an int has 32 bits.
func claimsMore(b []byte) bool {
	const bin32, ext32, str32 = 0xc6, 0xc9, 0xdb
	if len(b) < 5 || b[0] != bin32 && b[0] != ext32 && b[0] != str32 {
		return false
	}
	return uint64(binary.BigEndian.Uint32(b[1:])) > uint64(len(b)-5)
}

func errTooLarge(limit int64) error {
	return fmt.Errorf("a message is larger than `max_message_bytes`, %d", limit)
}
