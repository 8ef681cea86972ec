// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/status"

	"github.com/sealgate/sealgate/test/fleet"
	"github.com/sealgate/sealgate/test/harness"
)

// A request that is small on the wire and huge behind it costs neither memory nor the
// service of others.
func TestACompressionBombIsRefused(t *testing.T) {
	t.Parallel()
	ctx, behind := testContext(t), startSink(t)
	g := startGateway(ctx, t, behind, "embedded:gateway")
	require.NoError(t, sender{}.overGRPC(ctx, g, "before"))
	before := peakMiB(t, g.PID())

	assert.Equal(t, http.StatusBadRequest, postZeros(ctx, t, g, 512<<20))
	conn, err := fleet.Dial(g.GRPC)
	require.NoError(t, err)
	defer conn.Close()
	_, err = ptraceotlp.NewGRPCClient(conn).Export(ctx, request(strings.Repeat("x", 64<<20)), grpc.UseCompressor(gzip.Name))
	assert.Equal(t, codes.ResourceExhausted, status.Code(err), "%v", err)

	assert.Less(t, peakMiB(t, g.PID())-before, 128)
	require.NoError(t, sender{}.overGRPC(ctx, g, "after"))
	behind.await(ctx, t, "before", "after")
}

// postZeros posts so many zeros, compressed to some thousandth.
func postZeros(ctx context.Context, t *testing.T, g *harness.Gateway, n int64) (code int) {
	t.Helper()
	var body bytes.Buffer
	w, err := zstd.NewWriter(&body, zstd.WithEncoderLevel(zstd.SpeedFastest))
	require.NoError(t, err)
	_, err = io.CopyN(w, zeros{}, n)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Less(t, body.Len(), 1<<20)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+g.HTTP+"/v1/traces", &body)
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "zstd")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	return resp.StatusCode
}

type zeros struct{}

// Read fills p with zeros.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// peakMiB is the most memory that a process has had; see proc_pid_status(5).
func peakMiB(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(text), "VmHWM:")
	require.True(t, found)
	var kib int
	_, err = fmt.Sscan(rest, &kib)
	require.NoError(t, err)
	return kib >> 10
}
