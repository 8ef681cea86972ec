// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sealpdata

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/seal"
)

// FuzzUnseal opens blobs whose content may be anything, as if a later or a broken
// version had sealed it, and texts that may be anything.
func FuzzUnseal(f *testing.F) {
	s, o := fieldPair(f)
	td := traces(secret)
	require.NoError(f, policyOf(f, Options{}).SealTraces(s, td))
	text, _ := joinChunks(firstSpan(td).Attributes(), nameSpan)
	blob, _ := base64.RawURLEncoding.DecodeString(text)
	plain, err := o.Open(nil, seal.PlaceSpan, boundSpan(td), blob)
	require.NoError(f, err)
	f.Add(plain, text)
	f.Add([]byte{0, 0, 0x81, 0x0f, 0}, "AQ")
	f.Add([]byte{0, 0, 0xFF, 0xFF, 0xFF, 0x0F}, "")
	f.Fuzz(func(t *testing.T, plain []byte, text string) {
		span := ptrace.NewTraces()
		rs := span.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr(nameKey, "")
		ss := rs.ScopeSpans().AppendEmpty()
		nonces, err := s.Reserve(4)
		require.NoError(t, err)
		putBlob(rs.Resource().Attributes(), nameResource, s.Seal(nil, &nonces, seal.PlaceResource, nil, plain))
		putBlob(ss.Scope().Attributes(), nameScope, s.Seal(nil, &nonces, seal.PlaceScope, nil, plain))
		one := ss.Spans().AppendEmpty()
		one.Events().AppendEmpty()
		putBlob(one.Attributes(), nameSpan, s.Seal(nil, &nonces, seal.PlaceSpan, boundSpan(span), plain))
		ss.Spans().AppendEmpty().Attributes().PutStr(nameSpan, text)
		stats, _ := UnsealTraces(openWith(o), span)
		require.Equal(t, 2, stats.Unsealed+stats.Failed)
		require.Equal(t, 2, span.SpanCount())

		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr(nameKey, "")
		sl := rl.ScopeLogs().AppendEmpty()
		r := sl.LogRecords().AppendEmpty()
		r.Body().SetStr(base64.RawURLEncoding.EncodeToString(s.Seal(nil, &nonces, seal.PlaceLog, logBinding(new(context).appendTo(nil), r, 0), plain)))
		sl.LogRecords().AppendEmpty().Body().SetStr(text)
		stats, _ = UnsealLogs(openWith(o), ld)
		require.Equal(t, 2, stats.Unsealed+stats.Failed)
		require.Equal(t, 2, ld.LogRecordCount())
	})
}

func putBlob(m pcommon.Map, name string, blob []byte) {
	putChunks(m, name, base64.RawURLEncoding.EncodeToString(blob))
}
