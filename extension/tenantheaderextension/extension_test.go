// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package tenantheaderextension

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/extension"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestConfigurationsAreUnderstood(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	for name, want := range map[string]string{
		"tenant_header": "X-Scope-OrgID", "tenant_header/default": "X-Scope-OrgID", "tenant_header/everything": "X-Tenant",
	} {
		sub, err := conf.Sub(name)
		require.NoError(t, err)
		cfg := NewFactory().CreateDefaultConfig()
		require.NoError(t, sub.Unmarshal(cfg))
		require.NoError(t, confmap.Validate(cfg))
		assert.Equal(t, &Config{Header: want}, cfg)
	}
}

func TestAHeaderThatCannotBeOneIsRefused(t *testing.T) {
	for _, header := range []string{"", "X Y", "X:", "X\n"} {
		assert.ErrorContains(t, confmap.Validate(&Config{Header: header}), "`header`", header)
	}
}

func started(t *testing.T) *tenantHeader {
	t.Helper()
	f, ctx, host := NewFactory(), t.Context(), componenttest.NewNopHost()
	e, err := f.Create(ctx, extension.Settings{
		ID: component.NewID(f.Type()), TelemetrySettings: componenttest.NewNopTelemetrySettings(),
	}, f.CreateDefaultConfig())
	require.NoError(t, err)
	require.NoError(t, e.Start(ctx, host))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.WithoutCancel(ctx))) })
	return e.(*tenantHeader)
}

func asTenant(ctx context.Context, tenants ...string) context.Context {
	return client.NewContext(ctx, client.Info{Metadata: client.NewMetadata(map[string][]string{"x-scope-orgid": tenants})})
}

// request sends a request by way of the extension, and returns the tenants that its
// header names.
func request(ctx context.Context, t *testing.T) ([]string, error) {
	t.Helper()
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Values("X-Scope-OrgID") }))
	t.Cleanup(server.Close)
	transport, err := started(t).RoundTripper(http.DefaultTransport)
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, http.NoBody)
	require.NoError(t, err)
	r.Header.Set("X-Scope-OrgID", "configured")
	response, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return nil, err
	}
	assert.Equal(t, []string{"configured"}, r.Header.Values("X-Scope-OrgID"), "the request itself is not changed")
	return got, response.Body.Close()
}

func TestTheTenantIsAHeaderOverHTTP(t *testing.T) {
	got, err := request(asTenant(t.Context(), "ack.shop"), t)
	require.NoError(t, err)
	assert.Equal(t, []string{"ack.shop"}, got)
}

func TestTheTenantIsAHeaderOverGRPC(t *testing.T) {
	credentials, err := started(t).PerRPCCredentials()
	require.NoError(t, err)
	got, err := credentials.GetRequestMetadata(asTenant(t.Context(), "ack.shop"))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"x-scope-orgid": "ack.shop"}, got)
	assert.False(t, credentials.RequireTransportSecurity())
}

func TestWithoutOneTenantNothingIsSentAndItIsSaidWhatToDo(t *testing.T) {
	for name, ctx := range map[string]context.Context{
		"none": t.Context(),
		"two":  asTenant(t.Context(), "a", "b"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := request(ctx, t)
			require.ErrorContains(t, err, "tenant_header: data has no tenant")
			require.ErrorContains(t, err, "`sending_queue::batch::partition::metadata_keys: [X-Scope-OrgID]`")

			_, err = started(t).GetRequestMetadata(ctx)
			require.ErrorContains(t, err, "tenant_header: data has no tenant")
			assert.Equal(t, codes.Unavailable, status.Code(err), "the exporter tries again")
		})
	}
}
