// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// issuer is an OpenID Connect provider, as far as one is asked by those who check its tokens
// (OpenID Connect Discovery 1.0, RFC 7517, RFC 7519).
type issuer struct {
	url string
	key *ecdsa.PrivateKey
}

const keyID = "test-key"

// startIssuer starts one that serves TLS with a certificate of ca.
func startIssuer(t *testing.T, ca *authority) *issuer {
	t.Helper()
	i := &issuer{key: newKey(t)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"issuer": i.url, "jwks_uri": i.url + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		point, err := i.key.PublicKey.Bytes() // 04 || x || y
		if err != nil {
			panic(err)
		}
		answer(w, map[string]any{"keys": []any{map[string]string{
			"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": keyID,
			"x": encode(point[1:33]), "y": encode(point[33:]),
		}}})
	})
	server := httptest.NewUnstartedServer(mux)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{*ca.issue(t).certificate(t)}}
	server.StartTLS()
	t.Cleanup(server.Close)
	i.url = server.URL
	return i
}

// claims are what a good token says.
func (i *issuer) claims() map[string]any {
	return map[string]any{"iss": i.url, "aud": "sealgate", "sub": "shop", "exp": time.Now().Add(time.Hour).Unix()}
}

// with returns the claims with one of them changed.
func (i *issuer) with(name string, value any) map[string]any {
	claims := i.claims()
	claims[name] = value
	return claims
}

// es256 signs a token with a key (RFC 7518, section 3.4).
func es256(t *testing.T, key *ecdsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	signed := unsigned(t, "ES256", claims)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	require.NoError(t, err)
	return signed + "." + encode(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// hs256 takes the public key for a shared secret, as a forger does who hopes that the
// token says how it is to be checked.
func hs256(t *testing.T, i *issuer) string {
	t.Helper()
	point, err := i.key.PublicKey.Bytes()
	require.NoError(t, err)
	signed := unsigned(t, "HS256", i.claims())
	mac := hmac.New(sha256.New, point)
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

func unsigned(t *testing.T, algorithm string, claims map[string]any) string {
	t.Helper()
	header, err := json.Marshal(map[string]string{"alg": algorithm, "typ": "JWT", "kid": keyID})
	require.NoError(t, err)
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	return encode(header) + "." + encode(payload)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		panic(err)
	}
}

func TestOpenIDConnectIsOnByOneInclude(t *testing.T) {
	t.Parallel()
	ctx, behind, ca := testContext(t), startSink(t), newAuthority(t)
	i := startIssuer(t, ca)
	dir := newTLSDir(t, ca.issue(t), ca)
	env := []string{dir.env(), "SEALGATE_OIDC_ISSUER=" + i.url, "SEALGATE_OIDC_CA=" + filepath.Join(string(dir), "ca.crt")}
	g := startGateway(ctx, t, behind, "embedded:gateway\nembedded:oidc", env...)

	good := es256(t, i.key, i.claims())
	tokens := map[string]string{
		"with a token of another key":     es256(t, newKey(t), i.claims()),
		"with a token for another":        es256(t, i.key, i.with("aud", "billing")),
		"with a token that has ended":     es256(t, i.key, i.with("exp", time.Now().Add(-time.Minute).Unix())),
		"with a token of another issuer":  es256(t, i.key, i.with("iss", "https://issuer.example")),
		"with a token that is not signed": unsigned(t, "none", i.claims()) + ".",
		"with the public key as a secret": hs256(t, i),
		"with a token that is cut":        good[:len(good)-2],
		"with what is no token":           "planted-token",
	}
	with := func(token string) sender { return sender{roots: ca.pool(), header: "Bearer " + token} }
	admissions := []admission{
		{"without TLS", sender{header: "Bearer " + good}, refusedByTLS},
		{"without a token", sender{roots: ca.pool()}, refusedByToken},
		{"with a token", with(good), accepted},
		{"with a token for several", with(es256(t, i.key, i.with("aud", []string{"billing", "sealgate"}))), accepted},
	}
	secrets := []string{good}
	for who, token := range tokens {
		admissions = append(admissions, admission{who, with(token), refusedByToken})
		secrets = append(secrets, token)
	}
	assertAdmissions(ctx, t, g, behind, admissions)
	assertNotLogged(t, g.Process, secrets...)
}
