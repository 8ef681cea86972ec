// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sealgate/sealgate/wasmhost"
)

func TestTheLogSaysWhatHappensToTheFilterInAFewLines(t *testing.T) {
	core, lines := observer.New(zapcore.InfoLevel)
	j := newJournal(zap.New(core), "drop")
	now := time.Unix(1_800_000_000, 0)
	j.now = func() time.Time { return now }
	fails := func(times int) {
		for range times {
			j.event(wasmhost.Event{Kind: wasmhost.EventFailed, Err: errors.New("it loops")})
		}
	}
	writes := func(times int) {
		for range times {
			j.event(wasmhost.Event{Kind: wasmhost.EventOutput, Output: "debug"})
		}
	}
	fails(100)
	writes(100)
	assert.Equal(t, 1, lines.FilterMessage("the filter failed").Len())
	assert.Equal(t, 10, lines.FilterMessage("the filter writes").Len())
	first := lines.All()[0].ContextMap()
	assert.Equal(t, "it loops", first["error"])
	assert.Equal(t, "drop", first["on_error"])

	now = now.Add(logPeriod)
	fails(1)
	writes(1)
	all := lines.AllUntimed()
	assert.EqualValues(t, 99, all[len(all)-2].ContextMap()["failures_not_logged"])
	assert.EqualValues(t, 90, all[len(all)-1].ContextMap()["outputs_not_logged"])

	j.event(wasmhost.Event{Kind: wasmhost.EventBreakerOpened, Err: errors.New("it loops")})
	j.event(wasmhost.Event{Kind: wasmhost.EventBreakerClosed})
	all = lines.AllUntimed()
	assert.Equal(t, zapcore.ErrorLevel, all[len(all)-2].Level)
	assert.Equal(t, "the filter works again", all[len(all)-1].Message)
}
