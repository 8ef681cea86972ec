// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package redundancy

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/wasmfilters/internal/filtertest"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/sdktest"
)

func TestASuccessorKnowsWhatWasKeptAndOwesWhatWasCounted(t *testing.T) {
	filtertest.Each(t, "redundancy", New, func(t *testing.T, m sdktest.Module) {
		old, successor := sdktest.Start(t, m, `{"max_templates":16}`), sdktest.Start(t, m, `{"max_templates":16}`)
		at(old, 0, line("a"), line("a"), line("b"))
		for n := range 15 { // pushes out the one that owes
			at(old, 1, line(word(n)))
		}
		assert.Equal(t, []bool{false, false}, at(old, 2, line("b"), line("b")))
		state, err := old.Driver.SaveState()
		require.NoError(t, err)
		again, err := old.Driver.SaveState()
		require.NoError(t, err)
		assert.Equal(t, state, again, "saving changes nothing")

		require.NoError(t, successor.Driver.RestoreState(state))
		assert.Equal(t, []bool{false, false, true}, at(successor, 3, line("b"), line(word(0)), line("a")), "in their order of use")
		reports := successor.Flush(start+4*second, true)
		assert.EqualValues(t, 5, counts(reports))
		assert.Equal(t, []uint64{start, start}, []uint64{reports[0].First, reports[0].Last}, "of the one that was pushed out")
	})
}

func TestAStateThatIsNoneLeavesTheFilterAsItWas(t *testing.T) {
	run := sdktest.Start(t, native(), `{"max_templates":16}`)
	at(run, 0, line("a"), line("a"), line("b"), line("b"))
	good, err := run.Driver.SaveState()
	require.NoError(t, err)
	twice := append([]byte{}, good...)
	copy(twice[stateHead+stateEntry:], good[stateHead:stateHead+stateEntry])
	changed := func(at int, to byte) []byte {
		b := append([]byte{}, good...)
		b[at] = to
		return b
	}
	for name, bad := range map[string][]byte{
		"empty": nil, "another format": changed(3, '1'), "cut off": good[:len(good)-1], "too long": append(good[:len(good):len(good)], 0),
		"more entries than there are": changed(4, 3), "more entries than it may have": changed(5, 1), "an entry twice": twice,
		"a severity that is none": changed(stateHead+44, 25), "a flag that is none": changed(stateHead+46, 2), "no zero": changed(stateHead+47, 1),
		"a last before its first": changed(stateHead+24+7, 0xff),
	} {
		fresh := sdktest.Start(t, native(), `{"max_templates":16}`)
		require.ErrorIs(t, fresh.Driver.RestoreState(bad), sdktest.ErrNoState, name)
		assert.Equal(t, []bool{true, false}, at(fresh, 0, line("a"), line("a")), name)
		assert.EqualValues(t, 1, counts(fresh.Flush(0, true)), name)
	}
}

func FuzzConfigure(f *testing.F) { filtertest.FuzzConfigure(f, New, accepted...) }

func FuzzState(f *testing.F) {
	filtertest.FuzzState(f, New, `{"max_templates":16}`, append(distinct(0, 40), line("a"), line("a"), sdktest.Record{Body: "ERROR"})...)
}

// FuzzFilter finds that no chunk makes the filter panic, and that its counts add up.
func FuzzFilter(f *testing.F) {
	m := sdktest.Start(f, native(), everyKey).Manifest
	f.Add(sdktest.Encode(&m, sdktest.Options{Now: start}, append(distinct(0, 40), line("a"), line("a"))...))
	f.Fuzz(func(t *testing.T, chunk []byte) {
		g := sdk.NewGuest(New())
		g.Configure([]byte(everyKey))
		var owed uint64
		for range 2 {
			for _, v := range g.Filter(chunk) {
				require.True(t, v.Valid(2))
				owed += uint64(v.Action()) / sdk.ActionCount
			}
		}
		require.Equal(t, owed, counts(g.Flush(1, true)))
	})
}
