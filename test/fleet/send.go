// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// SendGRPC sends the batches over OTLP/gRPC to addr, a host:port.
func SendGRPC(ctx context.Context, addr string, batches ...Batch) error {
	return overGRPC(addr, func(conn *grpc.ClientConn) error {
		for _, b := range batches {
			if err := sendBatch(ctx, conn, b); err != nil {
				return fmt.Errorf("sending telemetry of %s: %w", b.Cluster.Name, err)
			}
		}
		return nil
	})
}

func sendBatch(ctx context.Context, conn *grpc.ClientConn, b Batch) error {
	if err := SendTraces(ctx, conn, b.Traces); err != nil {
		return err
	}
	if err := SendLogs(ctx, conn, b.Logs); err != nil {
		return err
	}
	_, err := pmetricotlp.NewGRPCClient(conn).Export(ctx, pmetricotlp.NewExportRequestFromMetrics(b.Metrics))
	return err
}

// SendTraces sends one request.
func SendTraces(ctx context.Context, conn *grpc.ClientConn, td ptrace.Traces) error {
	_, err := ptraceotlp.NewGRPCClient(conn).Export(ctx, ptraceotlp.NewExportRequestFromTraces(td))
	return err
}

// SendLogs sends one request.
func SendLogs(ctx context.Context, conn *grpc.ClientConn, ld plog.Logs) error {
	_, err := plogotlp.NewGRPCClient(conn).Export(ctx, plogotlp.NewExportRequestFromLogs(ld))
	return err
}

// Dial returns a connection to addr, a host:port, without TLS.
func Dial(addr string) (*grpc.ClientConn, error) {
	return grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
}

func overGRPC(addr string, send func(*grpc.ClientConn) error) error {
	conn, err := Dial(addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	return send(conn)
}

// SendHTTP sends the batches over OTLP/HTTP, as protobuf, to addr, a host:port.
func SendHTTP(ctx context.Context, addr string, batches ...Batch) error {
	for _, b := range batches {
		for _, request := range []struct {
			path string
			body interface{ MarshalProto() ([]byte, error) }
		}{
			{"/v1/traces", ptraceotlp.NewExportRequestFromTraces(b.Traces)},
			{"/v1/logs", plogotlp.NewExportRequestFromLogs(b.Logs)},
			{"/v1/metrics", pmetricotlp.NewExportRequestFromMetrics(b.Metrics)},
		} {
			body, err := request.body.MarshalProto()
			if err != nil {
				return err
			}
			if err := post(ctx, "http://"+addr+request.path, body); err != nil {
				return fmt.Errorf("sending telemetry of %s: %w", b.Cluster.Name, err)
			}
		}
	}
	return nil
}

func post(ctx context.Context, url string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s: %s", url, resp.Status, answer)
	}
	return nil
}
