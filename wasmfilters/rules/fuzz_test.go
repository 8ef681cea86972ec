// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

// FuzzConfigure finds that a configuration is refused with a reason, or gives a
// filter that judges whatever comes, the second time as the first.
func FuzzConfigure(f *testing.F) {
	for _, tt := range conditions {
		f.Add(one(`"drop":true,` + tt.condition))
	}
	f.Add(several)
	f.Add(everyKey)
	f.Fuzz(func(t *testing.T, config string) {
		d, err := native().New()
		require.NoError(t, err)
		m, err := d.Configure([]byte(config))
		if err != nil {
			assert.NotEmpty(t, err.Error())
			return
		}
		records := []sdktest.Record{{}, {Severity: 255, Body: config, EventName: config}, attr("k", config), resource("k", "x")}
		chunk := sdktest.Encode(&m, sdktest.Options{Now: 1}, records...)
		first, err := d.Filter(chunk)
		require.NoError(t, err)
		require.Len(t, first, len(records))
		for _, v := range first {
			require.True(t, v.Valid(len(m.Rules)))
		}
		again := append([]sdk.Verdict(nil), first...)
		first, err = d.Filter(chunk)
		require.NoError(t, err)
		require.Equal(t, again, first)
	})
}

// FuzzFilter finds that no chunk makes the filter panic.
func FuzzFilter(f *testing.F) {
	guest := sdk.NewGuest(New())
	guest.Configure([]byte(everyKey))
	d, err := native().New()
	require.NoError(f, err)
	m, err := d.Configure([]byte(everyKey))
	require.NoError(f, err)
	f.Add(sdktest.Encode(&m, sdktest.Options{Now: 1}, sdktest.Record{Body: "GET z1 ms"}, attr("http.route", "/x")))
	f.Fuzz(func(t *testing.T, chunk []byte) {
		if v := guest.Filter(chunk); v == nil {
			require.Error(t, guest.Err())
		}
	})
}
