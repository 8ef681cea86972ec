// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package remoteconfig reads configurations over HTTP and HTTPS.
//
// The Collector's own providers wait for a server without end, read an answer of any size, follow a
// redirect from HTTPS to HTTP, and read over HTTP from anywhere. Whoever can change a configuration
// on its way chooses where data goes and under which keys it is sealed. The providers of this
// package do none of that.
package remoteconfig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"go.opentelemetry.io/collector/confmap"

	"github.com/sealgate/sealgate/internal/reload"
)

// Bounds of one read.
const (
	timeout      = 30 * time.Second
	maxBytes     = 4 << 20
	maxRedirects = 5
)

// clearVariable set to true allows configurations from other hosts over HTTP.
const clearVariable = "SEALGATE_CONFIG_HTTP"

// NewFactory returns the factory of a provider for a scheme, http or https. A reload takes exactly
// the configuration that was validated.
func NewFactory(scheme string) confmap.ProviderFactory {
	return reload.Remote(scheme, newClient().fetch)
}

type client http.Client

// newClient returns a client that takes certificates of the system's pool, SSL_CERT_FILE included.
func newClient() *client {
	return &client{
		Timeout:   timeout,
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("more than %d redirects", maxRedirects)
			}
			if via[0].URL.Scheme == "https" && req.URL.Scheme != "https" {
				return fmt.Errorf("the server redirects to %s, which is not https", req.URL.Redacted())
			}
			return mayRead(req.URL)
		},
	}
}

// fetch returns what is at uri. Its errors hold no password.
func (c *client) fetch(ctx context.Context, uri string) ([]byte, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("a configuration's address has to be a URL, such as https://config.example.org/gateway.yaml")
	}
	if err := mayRead(u); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return nil, fmt.Errorf("read the configuration %s: %w", u.Redacted(), err)
	}
	resp, err := (*http.Client)(c).Do(req)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err) // it names the URL
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read the configuration %s: the server answers %s", u.Redacted(), resp.Status)
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, resp.Body, maxBytes))
	if err != nil {
		return nil, fmt.Errorf("read the configuration %s: %w", u.Redacted(), err)
	}
	return body, nil
}

// mayRead reports a configuration that others could change on its way.
func mayRead(u *url.URL) error {
	switch {
	case u.Scheme == "https", isLoopback(u.Hostname()), os.Getenv(clearVariable) == "true":
		return nil
	}
	return fmt.Errorf("the configuration %s would be read in the clear: whoever can change it on its way chooses where data goes and which keys seal it; "+
		"use https, or set %s=true if you trust the network", u.Redacted(), clearVariable)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
