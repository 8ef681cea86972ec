// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAPrintedConfigurationShowsNoSecret(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	own := ca.issue(t)
	out, err := runToEnd(t, []string{newTLSDir(t, own, ca).env(), "SEALGATE_TOKENS=" + writeFile(t, token), "TEST_SYMMETRIC_KEY=000102030405060708090a0b0c0d0e0f"},
		"print-config", "--config", "embedded:sealed", "--config", "embedded:mtls", "--config", "embedded:bearer",
		"--config", "yaml:exporters::sm4/tempo::otlp_grpc::headers::authorization: Bearer "+otherToken,
		"--config", "yaml:exporters::sm4/loki::otlp_http::headers::authorization: Bearer "+otherToken,
		"--config", "yaml:exporters::sm4/tempo::keys::env::variable: TEST_SYMMETRIC_KEY")
	require.NoError(t, err, out)
	require.Contains(t, out, "search.key", "a key is named by its file")
	require.Contains(t, out, "TEST_SYMMETRIC_KEY", "or by its variable")
	require.Contains(t, out, "value: '[REDACTED]'", "what has no file is not shown")
	for _, secret := range []string{token, otherToken, "000102030405060708090a0b0c0d0e0f", own.keyBody()} {
		assert.NotContains(t, out, secret)
	}
}

// A key can be named in a configuration and cannot stand in it.
func TestAKeyCannotBePartOfAConfiguration(t *testing.T) {
	t.Parallel()
	const key = "000102030405060708090a0b0c0d0e0f"
	for _, setting := range []string{
		"exporters::sm4/tempo::keys::file::key: '" + key + "'",
		"exporters::sm4/tempo::keys::env::key: '" + key + "'",
		"exporters::sm4/tempo::keys::sm2::key: '" + key + "'",
		"exporters::sm4/tempo::seal::search_key::key: '" + key + "'",
	} {
		out, err := runToEnd(t, nil, "validate", "--config", "embedded:sealed", "--config", "yaml:"+setting)
		require.Error(t, err, setting)
		assert.Contains(t, out, "invalid keys: key", setting)
		assert.NotContains(t, out, key, setting)
	}
}
