// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/internal/smalldisk"
	"github.com/sealgate/sealgate/test/load"
)

// A queue that is bounded in bytes is full before its disk is.
func TestAQueueOfBytesFitsItsDisk(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	s := prepareSite(t, queues("{sizer: bytes, queue_size: 2_000_000}")...)
	smalldisk.Mount(t, s.queue(), "32m")
	s.start(ctx, t)
	s.sink.Vanish()
	streams := s.send(ctx, t, load.Options{HTTP: true, Patience: time.Second})
	await(ctx, t, "a full queue", func() bool { return streams[0].Report().Refused > 0 && streams[1].Report().Refused > 0 })
	require.NoError(t, s.sink.Return())
	stop(streams)
	s.settled(ctx, t, streams...)
	assert.NotContains(t, s.Log(), "no space left on device")
}

// While there is no room on the disk the gateway refuses, and keeps what it has.
func TestADiskThatOthersFillMakesTheGatewayRefuse(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	s, streams, makeRoom := onFullDisk(ctx, t)
	makeRoom()
	require.NoError(t, s.sink.Return())
	taken := streams[0].Report().Accepted
	await(ctx, t, "items taken again", func() bool { return streams[0].Report().Accepted > taken+1000 })
	stop(streams)
	s.settled(ctx, t, streams...)
}

// A backend that returns gets what the gateway took, also while others keep the disk
// full: that it was sent cannot be noted there.
func TestWhatIsInTheQueueArrivesWhileTheDiskIsFull(t *testing.T) {
	t.Parallel()
	for name, killed := range map[string]bool{"the gateway goes on": false, "the gateway was killed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := within(t)
			s, streams, makeRoom := onFullDisk(ctx, t)
			stop(streams)
			for _, of := range streams {
				_ = of.Wait()
			}
			if killed {
				s.Kill()
				s.start(ctx, t)
			}
			require.NoError(t, s.sink.Return())
			s.settled(ctx, t, streams...)
			makeRoom()
			streams = s.send(ctx, t, load.Options{Items: 1000})
			s.settled(ctx, t, streams...)
			for _, of := range streams {
				assert.Equal(t, of.Report().Sent, of.Report().Accepted, of.items)
			}
		})
	}
}

// onFullDisk starts a gateway with a disk for its queue that others have filled, while
// its backend is away, and streams that it has begun to refuse.
func onFullDisk(ctx context.Context, t *testing.T) (s *site, streams []stream, makeRoom func()) {
	t.Helper()
	s = prepareSite(t, queues("{batch: {min_size: 10_000, max_size: 100_000}}")...)
	smalldisk.Mount(t, s.queue(), "32m")
	s.start(ctx, t)
	s.sink.Vanish()
	streams = s.send(ctx, t, load.Options{HTTP: true, Rate: 2000, Patience: time.Second})
	await(ctx, t, "items in the queue", func() bool { return s.counter(ctx, t, "otelcol_exporter_queue_size") > 100_000 })
	others := filepath.Join(s.queue(), "others")
	require.ErrorIs(t, os.WriteFile(others, make([]byte, 32<<20), 0o600), syscall.ENOSPC)
	await(ctx, t, "refusals", func() bool { return streams[0].Report().Refused > 0 && streams[1].Report().Refused > 0 })
	assert.Contains(t, s.Log(), "no space left on device")
	return s, streams, func() { require.NoError(t, os.Remove(others)) }
}

func (s *site) queue() string { return filepath.Join(s.dir, "gateway", "data", "queue") }
