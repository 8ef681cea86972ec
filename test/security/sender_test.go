// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/sealgate/sealgate/test/harness"
)

// sender is who sends, and what it has to show.
type sender struct {
	roots  *x509.CertPool   // whom it trusts; nil: it sends without TLS
	cert   *tls.Certificate // what it shows, if asked
	header string           // Authorization
	oldTLS bool             // it speaks TLS 1.1 at most
}

// send is one of the two ways to send a span.
type send func(s sender, ctx context.Context, to *harness.Gateway, span string) error

// protocols are the ways.
var protocols = map[string]send{"grpc": sender.overGRPC, "http": sender.overHTTP}

// sendTimeout is more than a request within this host takes.
const sendTimeout = 20 * time.Second

func (s sender) tls() *tls.Config {
	config := &tls.Config{RootCAs: s.roots}
	if s.cert != nil {
		// Whatever the gateway says that it accepts: a liar does not care.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return s.cert, nil }
	}
	if s.oldTLS {
		config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	}
	return config
}

func (s sender) overGRPC(ctx context.Context, to *harness.Gateway, span string) error {
	creds := insecure.NewCredentials()
	if s.roots != nil {
		creds = credentials.NewTLS(s.tls())
	}
	conn, err := grpc.NewClient(to.GRPC, grpc.WithTransportCredentials(creds))
	if err != nil {
		return err
	}
	defer conn.Close()
	if s.header != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", s.header)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	_, err = ptraceotlp.NewGRPCClient(conn).Export(ctx, request(span))
	return err
}

// overHTTP returns errors with the codes that gRPC has for them.
func (s sender) overHTTP(ctx context.Context, to *harness.Gateway, span string) error {
	body, err := request(span).MarshalProto()
	if err != nil {
		return err
	}
	scheme, transport := "http", &http.Transport{DisableKeepAlives: true}
	if s.roots != nil {
		scheme, transport.TLSClientConfig = "https", s.tls()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, scheme+"://"+to.HTTP+"/v1/traces", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	if s.header != "" {
		req.Header.Set("Authorization", s.header)
	}
	resp, err := (&http.Client{Transport: transport, Timeout: sendTimeout}).Do(req)
	if err != nil {
		return status.Error(codes.Unavailable, err.Error())
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusUnauthorized:
		return status.Error(codes.Unauthenticated, resp.Status)
	default: // that of plain HTTP on a port of TLS, for one
		return status.Error(codes.Unavailable, resp.Status)
	}
}

func request(span string) ptraceotlp.ExportRequest {
	td := ptrace.NewTraces()
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetName(span)
	s.SetTraceID(pcommon.TraceID{1})
	s.SetSpanID(pcommon.SpanID{1})
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	s.SetEndTimestamp(s.StartTimestamp())
	return ptraceotlp.NewExportRequestFromTraces(td)
}

// How a request ends.
const (
	accepted       = codes.OK
	refusedByTLS   = codes.Unavailable // no connection comes about
	refusedByToken = codes.Unauthenticated
)

// admission is what becomes of what somebody sends.
type admission struct {
	who    string
	sender sender
	want   codes.Code
}

// assertAdmissions sends as each, over gRPC and HTTP. What is accepted reaches the
// sink, and nothing else does.
func assertAdmissions(ctx context.Context, t *testing.T, g *harness.Gateway, behind sink, admissions []admission) {
	t.Helper()
	var reach []string
	for _, a := range admissions {
		for protocol, send := range protocols {
			span := fmt.Sprintf("%s over %s", a.who, protocol)
			err := send(a.sender, ctx, g, span)
			assert.Equal(t, a.want, status.Code(err), "%s: %v", span, err)
			if a.want == accepted {
				reach = append(reach, span)
			}
		}
	}
	behind.await(ctx, t, reach...)
	assert.ElementsMatch(t, reach, behind.received())
}
