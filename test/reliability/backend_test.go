// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/load"
)

// A backend that has a bad time gets everything in the end: what the gateway took it
// keeps until then.
func TestABackendThatRecoversGetsEverything(t *testing.T) {
	for name, b := range map[string]load.Behaviour{
		"answers 429":    {Refuse: load.Throttled, RetryAfter: time.Second},
		"answers 503":    {Refuse: load.Unavailable},
		"hangs":          {Hang: true},
		"takes its time": {Delay: 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := within(t)
			s := newSite(ctx, t, exporters("{timeout: 2s}")...) // so that one that hangs is tried again soon
			s.sink.Behave(b)
			streams := s.send(ctx, t, load.Options{Rate: 2000, Items: 4000})
			if b.Delay == 0 {
				const tries = 8
				await(ctx, t, "tries in vain", func() bool { return s.sink.Misbehaved() >= tries })
				s.sink.Behave(load.Behaviour{})
			}
			s.settled(ctx, t, streams...)
			for _, of := range streams {
				assert.Equal(t, 4000, of.Report().Delivered)
			}
		})
	}
}

func TestABackendThatDisappearsGetsEverythingWhenItReturns(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	s := newSite(ctx, t)
	streams := s.send(ctx, t, load.Options{Rate: 2000, Items: 6000})
	await(ctx, t, "the first items", func() bool { return streams[0].Report().Delivered > 0 })
	s.sink.Vanish()
	await(ctx, t, "items that wait in the queue", func() bool { return s.counter(ctx, t, "otelcol_exporter_queue_size") > 100_000 })
	require.NoError(t, s.sink.Return())
	s.settled(ctx, t, streams...)
	for _, of := range streams {
		assert.Equal(t, 6000, of.Report().Delivered)
	}
}

func TestWhatABackendRefusesForGoodIsCounted(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	s := newSite(ctx, t)
	streams := s.send(ctx, t, load.Options{Rate: 2000, Items: 4000})
	await(ctx, t, "the first items", func() bool { return streams[0].Report().Delivered > 0 })
	s.sink.Behave(load.Behaviour{Refuse: load.Invalid})
	await(ctx, t, "a loss that is counted", func() bool {
		return s.counter(ctx, t, "otelcol_extension_divide_refused") > 0
	})
	s.sink.Behave(load.Behaviour{})
	s.settled(ctx, t, streams...)
	lost := 0
	for _, of := range streams {
		lost += of.Report().Missing
	}
	assert.Positive(t, lost)
}

// A full queue refuses, so that the sender knows; it drops nothing that it took.
func TestAFullQueueRefuses(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	s := newSite(ctx, t, queues("{sizer: requests, queue_size: 20, batch: {min_size: 10_000, max_size: 100_000}}")...)
	s.sink.Behave(load.Behaviour{Refuse: load.Unavailable})
	streams := s.send(ctx, t, load.Options{HTTP: true, Items: 10_000, Patience: time.Second})
	await(ctx, t, "a full queue", func() bool { return streams[0].Report().Refused > 0 && streams[1].Report().Refused > 0 })
	s.sink.Behave(load.Behaviour{})
	s.settled(ctx, t, streams...)
	assert.Positive(t, s.counter(ctx, t, "otelcol_exporter_enqueue_failed_spans"))
}
