// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package debt

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

func TestADebtIsReportedOnceWithItsFirstAndLastTime(t *testing.T) {
	var d, other Debt
	for _, time := range []uint64{5, 3, 9} {
		d.Add(time)
	}
	other.Add(2)
	d.Merge(other)
	d.Merge(Debt{})
	reports := d.Settle(nil, sdk.Report{Key: 7})
	assert.Equal(t, []sdk.Report{{Key: 7, Count: 4, First: 2, Last: 9}}, reports)
	assert.Empty(t, d.Settle(nil, sdk.Report{Key: 7}))
}

func TestADebtIsReadAsItWasWritten(t *testing.T) {
	d := Debt{3, 5, 9}
	read, ok := Read(d.Append(nil))
	assert.True(t, ok)
	assert.Equal(t, d, read)
	d.First = 10
	_, ok = Read(d.Append(nil))
	assert.False(t, ok, "the first is not after the last")
}

func TestTheTimeOfARecordWithoutOneIsThatOfItsArrival(t *testing.T) {
	assert.EqualValues(t, 5, Time(5, 9))
	assert.EqualValues(t, 9, Time(0, 9))
}
