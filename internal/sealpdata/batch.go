// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"encoding/base64"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/compact"
)

// batch is the work on one request, in memory that is used again. Sealing goes over
// the records twice. First each is encoded, stripped and sealed; the text of all
// blobs is one string. Then the records get their part of it.
type batch struct {
	keys   *keyTable
	record bool // ModeRecord
	sealer *seal.FieldSealer
	blobs  *blobCache
	nonces seal.Nonces
	around context // of the record that is being sealed

	enc     *compact.Encoder
	plain   []byte
	sealed  []byte
	binding []byte
	text    []byte // of all blobs and tokens
	all     string // the same, once it is complete
	puts    []put
	done    int // puts that are in their records
	sizes   Sizes

	// Of the attributes that are being stripped:
	strip  func(string, pcommon.Value) bool
	found  bool            // one was sealed
	tokens bool            // tokens are wanted
	trace  pcommon.TraceID // of the log record, if it is one
	span   pcommon.SpanID
}

// put is an attribute that a record gets. The name "" ends a record.
type put struct {
	name       string
	start, end int
}

var batches = sync.Pool{New: func() any {
	b := &batch{enc: compact.NewEncoder()}
	b.strip = b.stripAttribute
	return b
}}

// begin returns a batch for n seals. Nothing of the data has been changed if the key
// is exhausted.
func (p *Policy) begin(s *seal.FieldSealer, n int) (*batch, error) {
	nonces, err := s.Reserve(n)
	if err != nil {
		return nil, err
	}
	b := batches.Get().(*batch)
	b.keys, b.record = p.keys, p.record
	b.sealer, b.blobs, b.nonces = s, p.caches.of(s), nonces
	return b, nil
}

// maxKept is how much memory a batch keeps for the next one, in bytes.
const maxKept = 8 << 20

func (b *batch) end() {
	b.keys, b.sealer, b.blobs, b.all = nil, nil, nil, ""
	b.text, b.puts, b.done, b.sizes = b.text[:0], b.puts[:0], 0, Sizes{}
	if cap(b.text) > maxKept {
		b.text = nil
	}
	if cap(b.plain)+cap(b.sealed) > maxKept {
		b.plain, b.sealed = nil, nil
	}
	b.enc.Reset()
	batches.Put(b)
}

// stripAttribute is called with each attribute of a record. It writes and removes
// those that are sealed, and makes tokens.
func (b *batch) stripAttribute(name string, v pcommon.Value) bool {
	info := b.keys.get(name)
	if info.token != "" && b.tokens {
		b.addToken(info.token, name, v)
	}
	if !b.keys.seals(info, v) && (info.label == "" || !b.shadowsID(info.label, v)) {
		return false
	}
	b.found = true
	b.enc.Key(info.key, name)
	b.putValue(v, 0)
	return true
}

func (b *batch) addToken(as, name string, v pcommon.Value) {
	start := len(b.text)
	b.text = b.keys.tokens.Append(b.text, name, v.AsString())
	b.puts = append(b.puts, put{as, start, len(b.text)})
	b.found = true
}

// stripAttributes writes and removes the attributes that are sealed. It leaves
// tokens of others in the text only if tokens is true.
func (b *batch) stripAttributes(m pcommon.Map, tokens bool) {
	b.tokens = tokens
	m.RemoveIf(b.strip)
	b.enc.End()
}

// addBlob seals the record that was encoded, and plans its attributes. With the name
// "" it is one text of any length.
func (b *batch) addBlob(name string, place seal.Place) {
	b.plain = b.enc.AppendRecord(b.plain[:0])
	b.sealed = b.sealer.Seal(b.sealed[:0], &b.nonces, place, b.binding, b.plain)
	start := len(b.text)
	b.text = base64.RawURLEncoding.AppendEncode(b.text, b.sealed)
	b.sizes.Plain += b.enc.Len()
	b.sizes.Compressed += len(b.plain)
	b.sizes.Sealed += len(b.text) - start
	if name == "" {
		b.puts = append(b.puts, put{"", start, len(b.text)})
		return
	}
	for i := 0; start < len(b.text); i++ {
		end := min(start+chunkSize, len(b.text))
		b.puts = append(b.puts, put{chunkName(name, i), start, end})
		start = end
	}
}

// sharedBlob returns the blob of the resource or scope that was encoded.
func (b *batch) sharedBlob(place seal.Place) sharedBlob {
	// The place is part of the content: a resource and a scope have no common blob.
	b.plain = b.enc.AppendRecord(append(b.plain[:0], byte(place)))
	return b.blobs.get(b.plain, func() sharedBlob {
		sealed := b.sealer.Seal(nil, &b.nonces, place, nil, b.plain[1:])
		return sharedBlob{base64.RawURLEncoding.EncodeToString(sealed), seal.Tag(sealed)}
	})
}

// endRecord separates the attributes of a record from those of the next.
func (b *batch) endRecord() { b.puts = append(b.puts, put{start: -1}) }

// complete makes the text a string. All attributes are parts of it.
func (b *batch) complete() { b.all = string(b.text) }

// fill puts the next record's attributes into it.
func (b *batch) fill(m pcommon.Map) (body string, ok bool) {
	for {
		p := &b.puts[b.done]
		b.done++
		switch {
		case p.start < 0:
			return body, ok
		case p.name == "":
			body, ok = b.all[p.start:p.end], true
		default:
			m.PutStr(p.name, b.all[p.start:p.end])
		}
	}
}
