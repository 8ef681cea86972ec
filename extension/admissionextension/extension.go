// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package admissionextension

import (
	"context"
	"io"
	"mime"
	"net/http"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	"github.com/sealgate/sealgate/admission"
	"github.com/sealgate/sealgate/extension/admissionextension/internal/metadata"
	"github.com/sealgate/sealgate/internal/wire"
)

// middleware is the extension. It gives each request a ticket, and puts into the answer
// what the processors noted on it. It refuses requests that are too deep to be decoded.
type middleware struct {
	component.StartFunc
	component.ShutdownFunc
	tel *metadata.TelemetryBuilder
}

var (
	_ extensionmiddleware.HTTPServer = (*middleware)(nil)
	_ extensionmiddleware.GRPCServer = (*middleware)(nil)
)

// GetHTTPHandler serves a receiver over HTTP.
func (m *middleware) GetHTTPHandler(context.Context) (extensionmiddleware.WrapHTTPHandlerFunc, error) {
	return func(_ context.Context, next http.Handler) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, ticket := admission.NewContext(r.Context())
			r = r.WithContext(ctx)
			json := mediaType(r.Header) == "application/json"
			refuse := func(err error) error { return m.refuse(ctx, err, "http") }
			r.Body = &guard{ReadCloser: r.Body, scanners: scanners(r.URL.Path, json), refuse: refuse}
			r.Body = &meter{ReadCloser: r.Body, ticket: ticket, json: json}
			next.ServeHTTP(&answer{ResponseWriter: w, ticket: ticket}, r)
		}), nil
	}, nil
}

// jsonToProto is how many times longer a request can be in protobuf than in JSON: a number
// such as a bucket's count takes eight bytes there, and two here.
const jsonToProto = 4

// meter notes how much was read of a body, which the receiver has decompressed.
type meter struct {
	io.ReadCloser
	ticket *admission.Ticket
	json   bool
	read   int
}

// Read notes the size at the end of the body.
func (m *meter) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	m.read += n
	switch {
	case err != io.EOF:
	case m.json:
		m.ticket.SetSize(jsonToProto * m.read)
	default:
		m.ticket.SetSize(m.read)
	}
	return n, err
}

// answer is the answer to a request over HTTP.
type answer struct {
	http.ResponseWriter
	ticket *admission.Ticket
	taken  bool
}

// WriteHeader answers that a request is too large for ever with the status that says so.
func (a *answer) WriteHeader(code int) {
	a.taken = code == http.StatusOK
	if code == http.StatusBadRequest && a.ticket.TooLarge() {
		code = http.StatusRequestEntityTooLarge
	}
	a.ResponseWriter.WriteHeader(code)
}

// Write replaces the receiver's answer, of which the whole is written at once, if items
// were refused.
func (a *answer) Write(full []byte) (int, error) {
	refused, signal, message := a.ticket.Refused()
	if !a.taken || refused == 0 {
		return a.ResponseWriter.Write(full)
	}
	partial, err := encode(signal, refused, message, mediaType(a.Header()) == "application/json")
	if err != nil {
		return a.ResponseWriter.Write(full)
	}
	if _, err := a.ResponseWriter.Write(partial); err != nil {
		return 0, err
	}
	return len(full), nil
}

// encode returns the answer that some items were refused.
func encode(signal admission.Signal, refused int, message string, json bool) ([]byte, error) {
	var e interface {
		MarshalProto() ([]byte, error)
		MarshalJSON() ([]byte, error)
	}
	switch signal {
	case admission.Traces:
		r := ptraceotlp.NewExportResponse()
		r.PartialSuccess().SetRejectedSpans(int64(refused))
		r.PartialSuccess().SetErrorMessage(message)
		e = r
	case admission.Logs:
		r := plogotlp.NewExportResponse()
		r.PartialSuccess().SetRejectedLogRecords(int64(refused))
		r.PartialSuccess().SetErrorMessage(message)
		e = r
	default:
		r := pmetricotlp.NewExportResponse()
		r.PartialSuccess().SetRejectedDataPoints(int64(refused))
		r.PartialSuccess().SetErrorMessage(message)
		e = r
	}
	if json {
		return e.MarshalJSON()
	}
	return e.MarshalProto()
}

func mediaType(h http.Header) string {
	t, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return t
}

// GetGRPCServerOptions serves a receiver over gRPC.
func (m *middleware) GetGRPCServerOptions(context.Context) ([]grpc.ServerOption, error) {
	c := newCodec()
	refuse := func(ctx context.Context, err error) error { return m.refuse(ctx, err, "grpc") }
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(c), grpc.StatsHandler(tickets{}), grpc.ChainUnaryInterceptor(c.intercept(refuse), intercept),
	}, nil
}

// tickets gives each call over gRPC a ticket with its size.
type tickets struct{}

var _ stats.Handler = tickets{}

// TagRPC gives a call its ticket.
func (tickets) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	ctx, _ = admission.NewContext(ctx)
	return ctx
}

// HandleRPC notes the size of the decompressed request.
func (tickets) HandleRPC(ctx context.Context, event stats.RPCStats) {
	if in, ok := event.(*stats.InPayload); ok {
		admission.FromContext(ctx).SetSize(in.Length)
	}
}

// TagConn does nothing.
func (tickets) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn does nothing.
func (tickets) HandleConn(context.Context, stats.ConnStats) {}

func intercept(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	full, err := handle(ctx, req)
	ticket := admission.FromContext(ctx)
	if err != nil || ticket == nil {
		return full, err
	}
	refused, signal, message := ticket.Refused()
	if refused == 0 {
		return full, nil
	}
	partial, err := encode(signal, refused, message, false)
	if err != nil {
		return full, nil
	}
	raw := wire.Raw(partial)
	return &raw, nil
}
