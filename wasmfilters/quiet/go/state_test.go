// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

func saved(t *testing.T, run *sdktest.Run) []byte {
	state, err := run.Driver.SaveState()
	require.NoError(t, err)
	return state
}

func TestTheStateOfOneLanguageIsTakenByAnother(t *testing.T) {
	modules := all(t)
	for from, predecessor := range modules {
		old := sdktest.Start(t, predecessor, textsOnly)
		old.Judge(sdktest.Record{Time: 5, Severity: 9, Body: "GET"}, sdktest.Record{Time: 3, Severity: 9, Body: "GET"})
		state := saved(t, old)
		for to, successor := range modules {
			run := sdktest.Start(t, successor, textsOnly)
			require.NoError(t, run.Driver.RestoreState(state), "%s to %s", from, to)
			run.Judge(sdktest.Record{Time: 4, Severity: 9, Body: "GET"})
			want := sdk.Report{Key: 2, Count: 3, First: 3, Last: 5, Rule: 2, Severity: 9, Text: "GET"}
			assert.Equal(t, []sdk.Report{want}, run.Flush(6, true), "%s to %s", from, to)
		}
	}
}

func TestToSaveTheStateChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, m sdktest.Module) {
		run := sdktest.Start(t, m, textsOnly)
		run.Judge(sdktest.Record{Time: 5, Body: "GET"})
		assert.Equal(t, saved(t, run), saved(t, run))
		assert.Len(t, run.Flush(6, true), 1)
	})
}

func TestAStateThatDoesNotCountTheSameTextsIsNotTaken(t *testing.T) {
	each(t, func(t *testing.T, m sdktest.Module) {
		old := sdktest.Start(t, m, textsOnly)
		old.Judge(sdktest.Record{Time: 5, Body: "GET"})
		state := saved(t, old)
		for _, config := range []string{`{}`, severityOnly, `{"contains":["z1","GET","took"]}`, `{"contains":["GETz","1","took"]}`} {
			run := sdktest.Start(t, m, config)
			require.ErrorIs(t, run.Driver.RestoreState(state), sdktest.ErrNoState, config)
			assert.Empty(t, run.Flush(6, true))
		}
	})
}

func TestADamagedStateIsNotTaken(t *testing.T) {
	each(t, func(t *testing.T, m sdktest.Module) {
		run := sdktest.Start(t, m, textsOnly)
		state := saved(t, run)
		put := func(at int, v uint64) []byte {
			b := append([]byte(nil), state...)
			binary.LittleEndian.PutUint64(b[at:], v)
			return b
		}
		for _, bad := range [][]byte{
			nil, state[:len(state)-1], append([]byte{0}, state...), append(append([]byte(nil), state...), make([]byte, 32)...),
			put(0, 0), put(8, 0),
			put(16+8, 1),        // first after last
			put(16+64+24, 25),   // a severity that is none
			put(16+24, 1<<32|9), // the same, to one who reads half of it
		} {
			require.ErrorIs(t, run.Driver.RestoreState(bad), sdktest.ErrNoState)
		}
		require.NoError(t, run.Driver.RestoreState(state))
	})
}

func TestAStateOfMegabytesOfAnotherFilterIsDeclined(t *testing.T) {
	each(t, func(t *testing.T, m sdktest.Module) {
		run := sdktest.Start(t, m, textsOnly)
		require.ErrorIs(t, run.Driver.RestoreState(make([]byte, 16<<20)), sdktest.ErrNoState)
		assert.Equal(t, []sdk.Verdict{sdk.Count(2)}, run.Judge(sdktest.Record{Body: "GET"}))
	})
}
