// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sm4exporter

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/grpc"

	"github.com/sealgate/sealgate/exporter/sm4exporter/internal/metadatatest"
	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
)

func readFile(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(content)
}

// keyPair is an SM2 pair on the disk.
type keyPair struct {
	public   string // path
	identity *seal.SM2Identity
}

func newKeyPair(t testing.TB) keyPair {
	t.Helper()
	private, public, _, err := seal.GenerateSM2(nil)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "reader.pub.pem")
	require.NoError(t, os.WriteFile(path, public, 0o644))
	identity, err := seal.ParseSM2Identity(private, nil)
	require.NoError(t, err)
	return keyPair{path, identity}
}

// yaml is the part of a configuration that names the pair.
func (k keyPair) yaml() string { return fmt.Sprintf("keys: {sm2: {recipients: [%s]}}\n", k.public) }

// settings have telemetry that can be read.
func settings(t testing.TB) (exporter.Settings, *componenttest.Telemetry) {
	t.Helper()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	return metadatatest.NewSettings(tel), tel
}

// count returns the sum of a counter or gauge of the exporter; 0 where nothing was
// recorded.
func count(t testing.TB, tel *componenttest.Telemetry, name string) (total int64) {
	t.Helper()
	m, err := tel.GetMetric("otelcol_exporter_sm4_" + name)
	if err != nil {
		return 0
	}
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, dp := range data.DataPoints {
			total += dp.Value
		}
	case metricdata.Gauge[int64]:
		for _, dp := range data.DataPoints {
			total += dp.Value
		}
	}
	return total
}

// payloads returns the frames of an archive that verifies clean. Its writer may
// still have it.
func payloads(t testing.TB, dir string, identity seal.Identity) (all [][]byte) {
	t.Helper()
	report, err := archive.VerifyDir(t.Context(), dir, []seal.Identity{identity}, nil)
	require.NoError(t, err)
	require.Empty(t, report.Problems)
	for _, file := range report.Files {
		f, err := archive.OpenFile(file.Path)
		require.NoError(t, err)
		require.NoError(t, f.Unlock(t.Context(), []seal.Identity{identity}))
		_, err = f.Read(archive.Between{}, func(fr archive.Frame) error {
			all = append(all, append([]byte(nil), fr.Payload...))
			return nil
		}, func(p archive.Problem) { assert.True(t, p.Truncated && file.BeingWritten, "%s", p) })
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	return all
}

// otlpServer is a real OTLP server over gRPC that keeps what it gets.
type otlpServer struct {
	ptraceotlp.UnimplementedGRPCServer
	addr string

	mu     sync.Mutex
	err    error
	traces []ptrace.Traces
	logs   *logServer
}

type logServer struct {
	plogotlp.UnimplementedGRPCServer
	mu   sync.Mutex
	logs []plog.Logs
}

func newOTLPServer(t testing.TB) *otlpServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &otlpServer{addr: l.Addr().String(), logs: &logServer{}}
	server := grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(server, s)
	plogotlp.RegisterGRPCServer(server, s.logs)
	var done sync.WaitGroup
	done.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() {
		server.Stop()
		done.Wait()
	})
	return s
}

func (s *otlpServer) Export(_ context.Context, r ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.traces = append(s.traces, r.Traces())
	}
	return ptraceotlp.NewExportResponse(), s.err
}

func (s *otlpServer) received() []ptrace.Traces {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.traces
}

func (s *logServer) Export(_ context.Context, r plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logs = append(s.logs, r.Logs())
	return plogotlp.NewExportResponse(), nil
}

func (s *logServer) received() []plog.Logs {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logs
}
