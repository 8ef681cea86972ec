// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sealgate/sealgate/test/harness"
)

func TestTLSIsOnByOneInclude(t *testing.T) {
	t.Parallel()
	ctx, behind, ca := testContext(t), startSink(t), newAuthority(t)
	own := ca.issue(t)
	g := startGateway(ctx, t, behind, "embedded:gateway\nembedded:tls", newTLSDir(t, own, ca).env())
	assertAdmissions(ctx, t, g, behind, []admission{
		{"without TLS", sender{}, refusedByTLS},
		{"with TLS 1.1", sender{roots: ca.pool(), oldTLS: true}, refusedByTLS},
		{"who trusts another CA", sender{roots: newAuthority(t).pool()}, refusedByTLS},
		{"who trusts this CA", sender{roots: ca.pool()}, accepted},
	})
	assertNotLogged(t, g.Process, own.keyBody())
}

func TestMutualTLSIsOnByOneInclude(t *testing.T) {
	t.Parallel()
	ctx, behind, ca := testContext(t), startSink(t), newAuthority(t)
	own := ca.issue(t)
	g := startGateway(ctx, t, behind, "embedded:gateway\nembedded:mtls", newTLSDir(t, own, ca).env())
	assertAdmissions(ctx, t, g, behind, []admission{
		{"without TLS", sender{}, refusedByTLS},
		{"without a certificate", sender{roots: ca.pool()}, refusedByTLS},
		{"with a certificate of another CA", sender{roots: ca.pool(), cert: newAuthority(t).issue(t).certificate(t)}, refusedByTLS},
		{"with an expired certificate", sender{roots: ca.pool(), cert: ca.issueUntil(t, time.Now().Add(-time.Minute)).certificate(t)}, refusedByTLS},
		{"with a certificate", sender{roots: ca.pool(), cert: ca.issue(t).certificate(t)}, accepted},
	})
	assertNotLogged(t, g.Process, own.keyBody())
}

// A gateway that has a certificate of the old CA, and senders of the old CA, get to
// the new one without a restart.
func TestCertificatesAreReplacedWithoutARestart(t *testing.T) {
	t.Parallel()
	ctx, behind, before, after := testContext(t), startSink(t), newAuthority(t), newAuthority(t)
	dir := newTLSDir(t, before.issue(t), before)
	g := startGateway(ctx, t, behind, "embedded:gateway\nembedded:mtls\n"+
		"yaml:receivers::otlp::protocols::grpc::tls::reload_interval: 10ms\n"+
		"yaml:receivers::otlp::protocols::http::tls::reload_interval: 10ms", dir.env())
	old := before.issue(t).certificate(t)
	assertAdmissions(ctx, t, g, behind, []admission{{"of the old CA", sender{roots: before.pool(), cert: old}, accepted}})

	dir.set(t, after.issue(t))
	awaitAdmission(ctx, t, g, sender{roots: after.pool(), cert: old}, accepted)
	dir.trust(t, after)
	awaitAdmission(ctx, t, g, sender{roots: after.pool(), cert: after.issue(t).certificate(t)}, accepted)
	awaitAdmission(ctx, t, g, sender{roots: after.pool(), cert: old}, refusedByTLS)
}

// awaitAdmission sends again and again, until it ends so over gRPC and HTTP.
func awaitAdmission(ctx context.Context, t *testing.T, g *harness.Gateway, s sender, want codes.Code) {
	t.Helper()
	for protocol, send := range protocols {
		require.NoError(t, g.Await(ctx, "a change over "+protocol, func(ctx context.Context) (bool, error) {
			return status.Code(send(s, ctx, g, "after a change over "+protocol)) == want, nil
		}))
	}
}

// An edge node reaches a gateway that it trusts and that trusts it; another one gets
// nothing.
func TestAnEdgeNodeAndAGatewayKnowEachOther(t *testing.T) {
	t.Parallel()
	ctx, behind, ca, other := testContext(t), startSink(t), newAuthority(t), newAuthority(t)
	g := startGateway(ctx, t, behind, "embedded:gateway\nembedded:mtls", newTLSDir(t, ca.issue(t), ca).env())

	t.Run("strangers reach nothing", func(t *testing.T) {
		for _, stranger := range []struct {
			who  string
			dir  tlsDir
			says string
		}{
			{"a node that the gateway does not trust", newTLSDir(t, other.issue(t), ca), "tls: "},
			{"a node that does not trust the gateway", newTLSDir(t, ca.issue(t), other), "certificate signed by unknown authority"},
			{"a node whose certificate has expired", newTLSDir(t, ca.issueUntil(t, time.Now().Add(-time.Minute)), ca), "tls: expired certificate"},
		} {
			t.Run(stranger.who, func(t *testing.T) {
				t.Parallel()
				// That TLS is off in its environment does not help it.
				edge := startEdge(ctx, t, g, "client-mtls", stranger.dir.env(), "SEALGATE_GATEWAY_INSECURE=true")
				require.NoError(t, sender{}.overGRPC(ctx, edge, stranger.who))
				awaitLog(ctx, t, edge, stranger.says)
			})
		}
	})
	t.Run("a node with a certificate does", func(t *testing.T) {
		own := ca.issue(t)
		edge := startEdge(ctx, t, g, "client-mtls", newTLSDir(t, own, ca).env())
		require.NoError(t, sender{}.overGRPC(ctx, edge, "through the edge"))
		behind.await(ctx, t, "through the edge")
		require.Equal(t, []string{"through the edge"}, behind.received())
		assertNotLogged(t, edge.Process, own.keyBody())
	})
}

func TestAnEdgeNodeTrustsACAOfOurOwn(t *testing.T) {
	t.Parallel()
	ctx, behind, ca := testContext(t), startSink(t), newAuthority(t)
	dir := newTLSDir(t, ca.issue(t), ca)
	g := startGateway(ctx, t, behind, "embedded:gateway\nembedded:tls", dir.env())
	edge := startEdge(ctx, t, g, "client-tls", dir.env())
	require.NoError(t, sender{}.overGRPC(ctx, edge, "through the edge"))
	behind.await(ctx, t, "through the edge")
}

func awaitLog(ctx context.Context, t *testing.T, g *harness.Gateway, text string) {
	t.Helper()
	require.NoError(t, g.Await(ctx, text+" in its log", func(context.Context) (bool, error) {
		return strings.Contains(g.Log(), text), nil
	}))
}
