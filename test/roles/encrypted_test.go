// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package roles

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/harness"
)

// What an agent keeps on its node says nothing of the logs, before and after it is delivered.
func TestAnEncryptedAgentKeepsNothingInTheClear(t *testing.T) {
	const secret = "card 4111 1111 1111 1111 was refused"
	s := newSite(t)
	file := filepath.Join(s.dir, "pods", "shop_"+pod+"_"+podUID, "app", "0.log")
	s.write(file, written("ERROR before the agent's first start "+secret))
	key := filepath.Join(s.dir, "queue.key")
	require.NoError(t, os.WriteFile(key, []byte("000102030405060708090a0b0c0d0e0f\n"), 0o600))
	env := append(s.agentEnv(), "SEALGATE_QUEUE_KEY="+key)
	kept := filepath.Join(s.dir, "sender")

	// Without a key the text is there: in the positions, if it is not in the queue. Both are encrypted by the next start,
	// and the positions are those of an earlier version.
	agent := s.start("SEALGATE_AGENT_BIN", strings.Join([]string{
		"embedded:agent",
		"yaml:extensions::file_storage/positions: {directory: '${env:SEALGATE_DATA}/positions', create_directory: true}",
		"yaml:service::extensions: [health_check, queue_storage, file_storage/positions, admission, divide]",
		"yaml:receivers::file_log::storage: file_storage/positions",
	}, "\n"), env...)
	s.await("ERROR before the agent's first start " + secret)
	require.NoError(t, agent.Stop())
	require.NotEmpty(t, harness.FilesWith(t, kept, secret), "or this test looks in the wrong place")

	const encrypted = "embedded:agent\nembedded:client-encrypted"
	require.NoError(t, s.gateway.Stop())
	agent = s.start("SEALGATE_AGENT_BIN", encrypted, env...)
	s.write(file, written("ERROR while the gateway is away "+secret))
	require.NoError(t, harness.Poll(s.ctx, "a queued request", func(ctx context.Context) (bool, error) {
		found, err := harness.Scrape(ctx, agent.Metrics, "data_type", "logs")
		return found["otelcol_exporter_queue_size"] > 0, err
	}))
	assert.Empty(t, harness.FilesWith(t, kept, secret))
	require.NoError(t, agent.Stop())
	assert.Empty(t, harness.FilesWith(t, kept, secret))

	s.gateway = s.startGateway("gateway", harness.Addresses{GRPC: s.gateway.GRPC, HTTP: s.gateway.HTTP})
	s.start("SEALGATE_AGENT_BIN", encrypted, env...)
	counts, _ := s.await("ERROR while the gateway is away " + secret)
	assert.Equal(t, 1, counts["ERROR before the agent's first start "+secret], "the positions were taken over")
	assert.Empty(t, harness.FilesWith(t, kept, secret))
}
