// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// grpcSender sends OTLP over gRPC.
type grpcSender struct {
	conn    *grpc.ClientConn
	timeout time.Duration
	headers metadata.MD
	traces  ptraceotlp.GRPCClient
	logs    plogotlp.GRPCClient
	metrics pmetricotlp.GRPCClient
}

func (t *target) dialGRPC() (sender, error) {
	transport := insecure.NewCredentials()
	if t.tls() {
		config, err := t.tlsConfig()
		if err != nil {
			return nil, err
		}
		transport = credentials.NewTLS(config)
	}
	conn, err := grpc.NewClient(t.address.Host,
		grpc.WithTransportCredentials(transport),
		grpc.WithUserAgent(userAgent()),
		grpc.WithDefaultCallOptions(grpc.UseCompressor(gzip.Name)))
	if err != nil {
		return nil, err
	}
	return &grpcSender{
		conn: conn, timeout: t.timeout, headers: metadata.New(t.headers),
		traces: ptraceotlp.NewGRPCClient(conn), logs: plogotlp.NewGRPCClient(conn), metrics: pmetricotlp.NewGRPCClient(conn),
	}, nil
}

func (s *grpcSender) close() error { return s.conn.Close() }

func (s *grpcSender) send(ctx context.Context, b batch) (answer, error) {
	ctx, cancel := context.WithTimeout(metadata.NewOutgoingContext(ctx, s.headers), s.timeout)
	defer cancel()
	a, err := s.export(ctx, b)
	return a, judgeStatus(err)
}

func (s *grpcSender) export(ctx context.Context, b batch) (answer, error) {
	switch b := b.(type) {
	case traceBatch:
		r, err := s.traces.Export(ctx, ptraceotlp.NewExportRequestFromTraces(b.Traces))
		if err != nil {
			return answer{}, err
		}
		return answer{int(r.PartialSuccess().RejectedSpans()), r.PartialSuccess().ErrorMessage()}, nil
	case logBatch:
		r, err := s.logs.Export(ctx, plogotlp.NewExportRequestFromLogs(b.Logs))
		if err != nil {
			return answer{}, err
		}
		return answer{int(r.PartialSuccess().RejectedLogRecords()), r.PartialSuccess().ErrorMessage()}, nil
	case metricBatch:
		r, err := s.metrics.Export(ctx, pmetricotlp.NewExportRequestFromMetrics(b.Metrics))
		if err != nil {
			return answer{}, err
		}
		return answer{int(r.PartialSuccess().RejectedDataPoints()), r.PartialSuccess().ErrorMessage()}, nil
	}
	return answer{}, errors.New("there is no such signal")
}

// judgeStatus tells errors that pass from others, as the specification of OTLP
// does. ResourceExhausted passes even without a RetryInfo: backends answer so to
// whoever is too fast.
func judgeStatus(err error) error {
	if err == nil {
		return nil
	}
	s := status.Convert(err)
	said := fmt.Errorf("the endpoint answered %s: %s", s.Code(), s.Message())
	switch s.Code() {
	case codes.ResourceExhausted:
		if strings.Contains(s.Message(), "larger than max") { // grpc-go's own words
			return fmt.Errorf("%w: %s", errTooLarge, s.Message())
		}
	case codes.Unavailable:
		if strings.Contains(s.Message(), "authentication handshake failed") {
			return fmt.Errorf("%w (is it TLS, and is --ca the right one?)", said)
		}
	case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.DataLoss:
	case codes.Unimplemented:
		return fmt.Errorf("%w (does it take OTLP of this signal over gRPC?)", said)
	default:
		return said
	}
	return passing{said, retryDelay(s)}
}

// retryDelay returns how long the endpoint asks to wait.
func retryDelay(s *status.Status) time.Duration {
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return max(0, info.GetRetryDelay().AsDuration())
		}
	}
	return 0
}

func userAgent() string { return "sealctl/" + version }
