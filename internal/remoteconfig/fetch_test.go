// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package remoteconfig

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func answer(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
}

func TestAConfigurationIsReadFromThisHost(t *testing.T) {
	server := serve(t, answer("exporters: {debug: }"))
	provider := NewFactory("http").Create(confmap.ProviderSettings{})
	assert.Equal(t, "http", provider.Scheme())
	retrieved, err := provider.Retrieve(t.Context(), server.URL, nil)
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	assert.True(t, conf.IsSet("exporters::debug"))
	_, err = provider.Retrieve(t.Context(), "https://localhost", nil)
	assert.ErrorContains(t, err, `does not begin with "http:"`)
	require.NoError(t, provider.Shutdown(t.Context()))
}

func TestOtherHostsAreReadInTheClearOnlyIfAllowed(t *testing.T) {
	const uri = "http://user:secret@config.invalid/gateway.yaml"
	_, err := newClient().fetch(t.Context(), uri)
	assert.ErrorContains(t, err, "in the clear")
	assert.ErrorContains(t, err, clearVariable)
	assert.NotContains(t, err.Error(), "secret")
	t.Setenv(clearVariable, "true")
	u, err := url.Parse(uri)
	require.NoError(t, err)
	assert.NoError(t, mayRead(u))
}

func TestLoopbackIsThisHost(t *testing.T) {
	for uri, allowed := range map[string]bool{
		"http://localhost/x": true, "http://127.0.0.2:80/x": true, "http://[::1]:80/x": true, "https://config.example.org/x": true,
		"http://127.0.0.1.example.org/x": false, "http://localhost.example.org/x": false, "http://10.0.0.1/x": false,
	} {
		u, err := url.Parse(uri)
		require.NoError(t, err)
		assert.Equal(t, allowed, mayRead(u) == nil, uri)
	}
}

func TestHTTPSNeedsATrustedCertificate(t *testing.T) {
	server := httptest.NewTLSServer(answer("a: b"))
	defer server.Close()
	_, err := newClient().fetch(t.Context(), server.URL)
	assert.ErrorContains(t, err, "certificate")
	trusted := newClient()
	trusted.Transport = server.Client().Transport
	body, err := trusted.fetch(t.Context(), server.URL)
	require.NoError(t, err)
	assert.Equal(t, "a: b", string(body))
}

func TestARedirectDoesNotLeaveHTTPS(t *testing.T) {
	plain := serve(t, answer("a: b"))
	server := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer server.Close()
	c := newClient()
	c.Transport = server.Client().Transport
	_, err := c.fetch(t.Context(), server.URL)
	assert.ErrorContains(t, err, "not https")
}

func TestARedirectDoesNotLeaveThisHost(t *testing.T) {
	server := serve(t, http.RedirectHandler("http://config.invalid/", http.StatusFound).ServeHTTP)
	_, err := newClient().fetch(t.Context(), server.URL)
	assert.ErrorContains(t, err, "in the clear")
}

func TestBadAnswersAreRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		wants   string
	}{
		"status":   {http.NotFound, "404"},
		"too long": {answer(strings.Repeat("#", maxBytes+1)), "too large"},
		"endless redirects": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/", http.StatusFound)
		}, "redirects"},
		"torn": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("a: b"))
		}, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newClient().fetch(t.Context(), serve(t, tt.handler).URL)
			assert.ErrorContains(t, err, tt.wants)
		})
	}
	for _, uri := range []string{"http:", "http://", "http:///x", "http://%zz"} {
		_, err := newClient().fetch(t.Context(), uri)
		assert.ErrorContains(t, err, "has to be a URL", uri)
	}
}

func TestAServerThatDoesNotAnswerIsGivenUp(t *testing.T) {
	asked := make(chan struct{})
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { close(asked); <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	_, err := newClient().fetch(ctx, server.URL)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 30*time.Second, newClient().Timeout)
}
