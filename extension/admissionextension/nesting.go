// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package admissionextension

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"reflect"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"github.com/sealgate/sealgate/internal/nesting"
	"github.com/sealgate/sealgate/internal/wire"
)

// refuse counts a request that must not be decoded, and returns the error for its sender.
func (m *middleware) refuse(ctx context.Context, refusal error, transport string) error {
	reason := "malformed"
	if errors.Is(refusal, nesting.ErrTooDeep) {
		reason = "too_deep"
	}
	m.tel.ExtensionAdmissionRefusedRequests.Add(ctx, 1, metric.WithAttributeSet(attribute.NewSet(
		attribute.String("reason", reason), attribute.String("transport", transport))))
	return status.Error(codes.InvalidArgument, refusal.Error())
}

// byName has what the path of a request over HTTP, or the type of one over gRPC, has in it.
var byName = []struct {
	word    string
	message nesting.Message
}{{"trace", nesting.Traces}, {"log", nesting.Logs}, {"metric", nesting.Metrics}, {"profile", nesting.Profiles}}

// messageOf returns the type of a request. It is false for a name that says nothing.
func messageOf(name string) (nesting.Message, bool) {
	name = strings.ToLower(path.Base(name))
	for _, known := range byName {
		if strings.Contains(name, known.word) {
			return known.message, true
		}
	}
	return 0, false
}

// scanners returns the scanners of a request over HTTP: all of them for a path that says nothing.
func scanners(url string, json bool) (all []nesting.Scanner) {
	if json {
		return []nesting.Scanner{new(nesting.JSON)}
	}
	if message, ok := messageOf(url); ok {
		return []nesting.Scanner{nesting.NewProto(message)}
	}
	for _, known := range byName {
		all = append(all, nesting.NewProto(known.message))
	}
	return all
}

// guard is a body that ends with an error where it is too deep. The receiver reads all of a body
// before it decodes it, and answers with the error.
type guard struct {
	io.ReadCloser
	scanners []nesting.Scanner
	refuse   func(error) error
}

// Read reads and scans the next part.
func (g *guard) Read(p []byte) (int, error) {
	n, err := g.ReadCloser.Read(p)
	for _, s := range g.scanners {
		if refusal := s.Scan(p[:n]); refusal != nil {
			// A connection lives on only if the body was read to its end. The receiver's
			// `max_request_body_size` limits how much that is.
			_, _ = io.Copy(io.Discard, g.ReadCloser)
			return 0, g.refuse(refusal)
		}
	}
	return n, err
}

// buffers has the sizes that the data model's codec uses.
var buffers = mem.NewTieredBufferPool(256, 4<<10, 16<<10, 32<<10, 512<<10, 1<<20, 4<<20, 16<<20)

// codec scans requests over gRPC before it has them decoded. gRPC answers an error of a codec with
// Internal, so the codec only notes a refusal, and the interceptor answers with it.
type codec struct {
	encoding.CodecV2
	refused sync.Map // by the request, which stays empty
}

func newCodec() *codec { return &codec{CodecV2: encoding.GetCodecV2("proto")} }

// Unmarshal decodes a message unless it is a request that is too deep.
func (c *codec) Unmarshal(data mem.BufferSlice, v any) error {
	if _, ok := v.(wire.Message); !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	whole := data.MaterializeToBuffer(buffers)
	defer whole.Free()
	message, ok := messageOf(reflect.TypeOf(v).String())
	if !ok {
		return c.CodecV2.Unmarshal(mem.BufferSlice{whole}, v)
	}
	if refusal := nesting.Check(message, whole.ReadOnlyData()); refusal != nil {
		c.refused.Store(v, refusal)
		return nil
	}
	return c.CodecV2.Unmarshal(mem.BufferSlice{whole}, v)
}

// intercept answers a refused request.
func (c *codec) intercept(refuse func(context.Context, error) error) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		if refusal, ok := c.refused.LoadAndDelete(req); ok {
			return nil, refuse(ctx, refusal.(error))
		}
		return handle(ctx, req)
	}
}

// The extension is an encoding, too, for receivers such as Kafka's that have no middlewares. It
// takes OTLP in protobuf and in JSON.
var (
	_ ptrace.Unmarshaler  = (*middleware)(nil)
	_ plog.Unmarshaler    = (*middleware)(nil)
	_ pmetric.Unmarshaler = (*middleware)(nil)
)

// UnmarshalTraces decodes traces unless they are too deep.
func (m *middleware) UnmarshalTraces(b []byte) (ptrace.Traces, error) {
	return decode(m, nesting.Traces, b, new(ptrace.ProtoUnmarshaler).UnmarshalTraces, new(ptrace.JSONUnmarshaler).UnmarshalTraces)
}

// UnmarshalLogs decodes logs unless they are too deep.
func (m *middleware) UnmarshalLogs(b []byte) (plog.Logs, error) {
	return decode(m, nesting.Logs, b, new(plog.ProtoUnmarshaler).UnmarshalLogs, new(plog.JSONUnmarshaler).UnmarshalLogs)
}

// UnmarshalMetrics decodes metrics unless they are too deep.
func (m *middleware) UnmarshalMetrics(b []byte) (pmetric.Metrics, error) {
	return decode(m, nesting.Metrics, b, new(pmetric.ProtoUnmarshaler).UnmarshalMetrics, new(pmetric.JSONUnmarshaler).UnmarshalMetrics)
}

func decode[T any](m *middleware, message nesting.Message, b []byte, proto, json func([]byte) (T, error)) (data T, err error) {
	var refusal error
	unmarshal := proto
	// No message of OTLP in protobuf begins with a brace, which would be the start of a group.
	if bytes.HasPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte("{")) {
		refusal, unmarshal = nesting.CheckJSON(b), json
	} else {
		refusal = nesting.Check(message, b)
	}
	if refusal != nil {
		return data, m.refuse(context.Background(), refusal, "encoding")
	}
	return unmarshal(b)
}
