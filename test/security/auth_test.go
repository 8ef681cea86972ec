// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	token      = "planted-token-6b1f0c55"
	otherToken = "planted-token-93ad7e21"
	password   = "planted-password-c0ffee11"
	// hashed is password as `htpasswd -B` hashes it.
	hashed = "$2a$05$.CzGe2o3mP.m.ZslFJF.FuoRQguF0UnWC7vu8YFy4yJ23L/B4fG1K"
)

func TestBearerTokensAreOnByOneInclude(t *testing.T) {
	t.Parallel()
	ctx, behind, ca := testContext(t), startSink(t), newAuthority(t)
	tokens := writeFile(t, "first-of-two\n"+token+" # of a sender\n")
	g := startGateway(ctx, t, behind, "embedded:gateway\nembedded:bearer",
		newTLSDir(t, ca.issue(t), ca).env(), "SEALGATE_TOKENS="+tokens)
	with := func(header string) sender { return sender{roots: ca.pool(), header: header} }
	assertAdmissions(ctx, t, g, behind, []admission{
		{"without TLS", sender{header: "Bearer " + token}, refusedByTLS},
		{"without a token", with(""), refusedByToken},
		{"with an empty token", with("Bearer "), refusedByToken},
		{"with another token", with("Bearer " + otherToken), refusedByToken},
		{"with the begin of a token", with("Bearer " + token[:len(token)-1]), refusedByToken},
		{"with the comment", with("Bearer #"), refusedByToken},
		{"with another scheme", with("Basic " + token), refusedByToken},
		{"with a token", with("Bearer " + token), accepted},
	})
	t.Run("a token is replaced without a restart", func(t *testing.T) {
		replaceFile(t, tokens, otherToken)
		awaitAdmission(ctx, t, g, with("Bearer "+otherToken), accepted)
		awaitAdmission(ctx, t, g, with("Bearer "+token), refusedByToken)
	})
	assertNotLogged(t, g.Process, token, otherToken)
}

func TestACertificateAndATokenAreBothNeeded(t *testing.T) {
	t.Parallel()
	ctx, behind, ca := testContext(t), startSink(t), newAuthority(t)
	cert := ca.issue(t).certificate(t)
	g := startGateway(ctx, t, behind, "embedded:gateway\nembedded:mtls\nembedded:bearer",
		newTLSDir(t, ca.issue(t), ca).env(), "SEALGATE_TOKENS="+writeFile(t, token))
	assertAdmissions(ctx, t, g, behind, []admission{
		{"with a token alone", sender{roots: ca.pool(), header: "Bearer " + token}, refusedByTLS},
		{"with a certificate alone", sender{roots: ca.pool(), cert: cert}, refusedByToken},
		{"with both", sender{roots: ca.pool(), cert: cert, header: "Bearer " + token}, accepted},
	})
}

func TestPasswordsAreOnByOneInclude(t *testing.T) {
	t.Parallel()
	ctx, behind, ca := testContext(t), startSink(t), newAuthority(t)
	g := startGateway(ctx, t, behind, "embedded:gateway\nembedded:basic",
		newTLSDir(t, ca.issue(t), ca).env(), "SEALGATE_HTPASSWD="+writeFile(t, "shop:"+hashed+"\n"))
	basic := func(user, password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	with := func(header string) sender { return sender{roots: ca.pool(), header: header} }
	assertAdmissions(ctx, t, g, behind, []admission{
		{"without TLS", sender{header: basic("shop", password)}, refusedByTLS},
		{"without a password", with(""), refusedByToken},
		{"with another password", with(basic("shop", password+"x")), refusedByToken},
		{"with an empty password", with(basic("shop", "")), refusedByToken},
		{"with the hash", with(basic("shop", hashed)), refusedByToken},
		{"who is another", with(basic("bank", password)), refusedByToken},
		{"with what is no base64", with("Basic ***"), refusedByToken},
		{"with a password", with(basic("shop", password)), accepted},
	})
	assertNotLogged(t, g.Process, password, hashed, basic("shop", password), basic("shop", password+"x"), basic("bank", password))
}

func TestAnEdgeNodeSendsItsToken(t *testing.T) {
	t.Parallel()
	ctx, behind, ca := testContext(t), startSink(t), newAuthority(t)
	dir := newTLSDir(t, ca.issue(t), ca)
	g := startGateway(ctx, t, behind, "embedded:gateway\nembedded:bearer", dir.env(), "SEALGATE_TOKENS="+writeFile(t, token))

	file := writeFile(t, otherToken)
	edge := startEdge(ctx, t, g, "client-bearer", dir.env(), "SEALGATE_TOKEN="+file, "SEALGATE_GATEWAY_INSECURE=true")
	require.NoError(t, sender{}.overGRPC(ctx, edge, "with another token"))
	awaitLog(ctx, t, edge, "Unauthenticated")

	replaceFile(t, file, token)
	awaitLog(ctx, t, edge, "refresh token")
	require.NoError(t, sender{}.overGRPC(ctx, edge, "with the token"))
	behind.await(ctx, t, "with the token")
	require.Equal(t, []string{"with the token"}, behind.received())
	assertNotLogged(t, edge.Process, token, otherToken)
	assertNotLogged(t, g.Process, token, otherToken)
}

// Whatever is missing, the gateway says so and ends; it never serves without what it
// was told to ask for.
func TestWithoutItsSecretsTheGatewayDoesNotStart(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	good := newTLSDir(t, ca.issue(t), ca).env()
	noCA := newTLSDir(t, ca.issue(t), ca)
	require.NoError(t, os.Remove(filepath.Join(string(noCA), "ca.crt")))
	tokens := "SEALGATE_TOKENS=" + writeFile(t, token)
	missing := filepath.Join(t.TempDir(), "missing")
	for _, tt := range []struct {
		name    string
		configs []string
		env     []string
		says    string
	}{
		{"no certificate", []string{"embedded:tls"}, []string{"SEALGATE_TLS_DIR=" + missing}, missing + "/tls.crt"},
		{"no CA of the senders", []string{"embedded:mtls"}, []string{noCA.env()}, "ca.crt"},
		{"an empty folder of certificates", []string{"embedded:mtls"}, []string{"SEALGATE_TLS_DIR="}, "/tls.crt"},
		{"no file of tokens", []string{"embedded:bearer"}, []string{good, "SEALGATE_TOKENS=" + missing}, missing},
		{"an empty name of the file of tokens", []string{"embedded:bearer"}, []string{good, "SEALGATE_TOKENS="}, "no bearer token provided"},
		{"an empty file of tokens", []string{"embedded:bearer"}, []string{good, "SEALGATE_TOKENS=" + writeFile(t, "\n")}, "empty"},
		{"no file of passwords", []string{"embedded:basic"}, []string{good, "SEALGATE_HTPASSWD=" + missing}, missing},
		{"an empty name of the file of passwords", []string{"embedded:basic"}, []string{good, "SEALGATE_HTPASSWD="}, "no credential source"},
		{"no issuer", []string{"embedded:oidc"}, []string{good}, "no IssuerURL"},
		{"no audience", []string{"embedded:oidc"}, []string{good, "SEALGATE_OIDC_ISSUER=https://127.0.0.1:1", "SEALGATE_OIDC_AUDIENCE="}, "no Audience"},
		{"an issuer that does not answer", []string{"embedded:oidc"}, []string{good, "SEALGATE_OIDC_ISSUER=https://127.0.0.1:1"}, "https://127.0.0.1:1"},
		// Lists are replaced when configurations are merged.
		{"the authenticator lost by a later configuration", []string{"embedded:bearer", "yaml:service::extensions: [health_check, queue_storage]"}, []string{good, tokens}, "bearertokenauth"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := []string{"--config", "embedded:gateway"}
			for _, config := range tt.configs {
				args = append(args, "--config", config)
			}
			out, err := runToEnd(t, tt.env, args...)
			require.Error(t, err, "it started")
			require.Contains(t, out, tt.says)
			require.NotContains(t, out, token)
		})
	}
}
