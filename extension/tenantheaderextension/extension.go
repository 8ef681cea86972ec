// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package tenantheaderextension

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/extensionauth"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
)

// tenantHeader is the extension. It is safe for concurrent use.
type tenantHeader struct {
	component.StartFunc
	component.ShutdownFunc
	id     component.ID
	header string
}

var (
	_ extensionauth.HTTPClient      = (*tenantHeader)(nil)
	_ extensionauth.GRPCClient      = (*tenantHeader)(nil)
	_ credentials.PerRPCCredentials = (*tenantHeader)(nil)
)

// tenant returns the tenant of the data that is being sent. Batches in which tenants
// were mixed have none. Without one nothing is sent, and the exporter tries again: a
// queue on disk loses nothing until the configuration has been put right.
func (h *tenantHeader) tenant(ctx context.Context) (string, error) {
	values := client.FromContext(ctx).Metadata.Get(h.header)
	if len(values) != 1 {
		return "", fmt.Errorf("%s: data has no tenant; set `tenant` in a `cloudlabels` processor that is the last of the pipeline, and `sending_queue::batch::partition::metadata_keys: [%s]` in the exporter", h.id, h.header)
	}
	return values[0], nil
}

// RoundTripper adds the header to requests over HTTP.
func (h *tenantHeader) RoundTripper(base http.RoundTripper) (http.RoundTripper, error) {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		tenant, err := h.tenant(r.Context())
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context()) // a RoundTripper must not change what it is given
		r.Header.Set(h.header, tenant)
		return base.RoundTrip(r)
	}), nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// PerRPCCredentials adds the header to requests over gRPC.
func (h *tenantHeader) PerRPCCredentials() (credentials.PerRPCCredentials, error) { return h, nil }

// GetRequestMetadata returns the header.
func (h *tenantHeader) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	tenant, err := h.tenant(ctx)
	if err != nil {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	return map[string]string{strings.ToLower(h.header): tenant}, nil
}

// RequireTransportSecurity returns false: the header is no secret.
func (h *tenantHeader) RequireTransportSecurity() bool { return false }
