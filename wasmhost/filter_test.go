// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmhost

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRecordsBelowInfoAreDroppedUnderTheirRule(t *testing.T) {
	f := filterOf(t, guestParts{}, Options{})
	out := judge(t, f, mixed(5000, 1))
	for i, v := range out {
		if i%2 == 0 {
			assert.Equal(t, Verdict{Action: Drop, Rule: 1}, v)
		} else {
			assert.Equal(t, Verdict{}, v)
		}
	}
	st := f.Stats()
	assert.EqualValues(t, 5000, st.In)
	assert.EqualValues(t, 2500, st.Dropped)
	assert.EqualValues(t, 10, st.Chunks)
	assert.Equal(t, []RuleCount{{1, "noise", 2500}}, st.ByRule)
	assert.Equal(t, "test", st.Name)
	assert.NotZero(t, st.FuelUsed)
}

func TestAnInstanceIsStartedWhenThereIsSomethingForItToJudge(t *testing.T) {
	f := filterOf(t, guestParts{}, Options{Instances: 2})
	if len(f.slots) < 2 {
		t.Skip("there is one processor")
	}
	assert.Equal(t, 1, f.Stats().Instances)
	judge(t, f, mixed(100, 20))
	assert.Equal(t, 2, f.Stats().Instances)
	assert.EqualValues(t, 2, f.Stats().Started)
	assert.EqualValues(t, 50, f.Stats().Dropped)
}

// An int of 32 bits is negative from this turn on: it shows where the test runs on 32 bits.
func TestAFilterJudgesBeyondTwoToThe31Batches(t *testing.T) {
	f := filterOf(t, guestParts{}, Options{Instances: 2})
	f.turn.Store(math.MaxInt32 - 1)
	for range 4 {
		judge(t, f, mixed(100, 20))
	}
	assert.EqualValues(t, 200, f.Stats().Dropped)
}

func TestTheHostHasTheLastWordOnProtectedRecords(t *testing.T) {
	f := filterOf(t, guestParts{filter: verdictsFor(dropRule1, dropAll)}, Options{})
	b := mixed(10, 1)
	b.records[3].protected = true
	out := judge(t, f, b)
	assert.Equal(t, Verdict{Reason: ByProtected, Rule: 1}, out[3])
	assert.EqualValues(t, 9, f.Stats().Dropped)
	assert.EqualValues(t, 1, f.Stats().Protected)
}

func TestWhatIsRepresentedIsReportedOnce(t *testing.T) {
	f := filterOf(t, counting(), Options{})
	judge(t, f, mixed(3000, 1))
	assert.EqualValues(t, 1500, f.Stats().Outstanding)
	reports := f.Flush(t.Context())
	assert.Equal(t, []Report{{Key: 42, Count: 1500, Rule: 1}}, reports)
	assert.Empty(t, f.Flush(t.Context()))
	assert.Zero(t, f.Stats().Outstanding)

	judge(t, f, mixed(100, 1))
	reports, err := f.Close(t.Context())
	assert.NoError(t, err)
	assert.Equal(t, []Report{{Key: 42, Count: 50, Rule: 1}}, reports)
	assert.Zero(t, f.Stats().Mismatch)
}
