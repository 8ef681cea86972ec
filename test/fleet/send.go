// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// SendGRPC sends the batches over OTLP/gRPC to addr, a host:port.
func SendGRPC(ctx context.Context, addr string, batches ...Batch) error {
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	traces, logs, metrics := ptraceotlp.NewGRPCClient(conn), plogotlp.NewGRPCClient(conn), pmetricotlp.NewGRPCClient(conn)
	for _, b := range batches {
		if _, err := traces.Export(ctx, ptraceotlp.NewExportRequestFromTraces(b.Traces)); err != nil {
			return fmt.Errorf("sending traces of %s: %w", b.Cluster.Name, err)
		}
		if _, err := logs.Export(ctx, plogotlp.NewExportRequestFromLogs(b.Logs)); err != nil {
			return fmt.Errorf("sending logs of %s: %w", b.Cluster.Name, err)
		}
		if _, err := metrics.Export(ctx, pmetricotlp.NewExportRequestFromMetrics(b.Metrics)); err != nil {
			return fmt.Errorf("sending metrics of %s: %w", b.Cluster.Name, err)
		}
	}
	return nil
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
