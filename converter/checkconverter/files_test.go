// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package checkconverter

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/harness"
)

// newTLS writes a certificate, its key and its CA to a new folder.
func newTLS(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	certificate, private, err := harness.SelfSigned()
	require.NoError(t, err)
	for name, content := range map[string][]byte{"tls.crt": certificate, "ca.crt": certificate, "tls.key": private} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	return dir
}

func newFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// withExtensions makes components of every kind of file start.
func withFiles(settings string) []string {
	return []string{minimal, `yaml:
extensions: {bearertokenauth: {}, basicauth: {}, oidc: {}}
service::extensions: [queue_storage, health_check, bearertokenauth, basicauth, oidc]`, "yaml:" + settings}
}

func TestFilesThatAreRightAreAccepted(t *testing.T) {
	dir := newTLS(t)
	for _, settings := range []string{
		"receivers::otlp::protocols::grpc::tls: {cert_file: " + dir + "/tls.crt, key_file: " + dir + "/tls.key, client_ca_file: " + dir + "/ca.crt}",
		"exporters::otlp_http::tls: {ca_file: " + dir + "/ca.crt}",
		"exporters::otlp_http::tls: {ca_file: ''}",
		"extensions::bearertokenauth::filename: " + newFile(t, "token\n"),
		"extensions::basicauth::htpasswd::file: " + newFile(t, "user:hash\n"),
		"extensions::oidc::providers: [{issuer_ca_path: ''}, {issuer_ca_path: " + dir + "/ca.crt}]",
		"exporters::unused::tls::ca_file: /nowhere",
	} {
		_, _, err := convert(t, withFiles(settings)...)
		assert.NoError(t, err, settings)
	}
}

func TestFilesThatCannotWorkAreRefused(t *testing.T) {
	dir, other := newTLS(t), newTLS(t)
	text, empty, missing := newFile(t, "no PEM"), newFile(t, " \n"), filepath.Join(t.TempDir(), "missing")
	for settings, wants := range map[string][]string{
		"receivers::otlp::protocols::grpc::tls: {cert_file: " + missing + ", key_file: " + dir + "/tls.key}":            {"`receivers::otlp::protocols::grpc::tls::cert_file`", missing, "put the file there"},
		"receivers::otlp::protocols::grpc::tls: {cert_file: " + dir + "/tls.crt, key_file: " + missing + "}":            {"`key_file`", missing},
		"receivers::otlp::protocols::grpc::tls: {cert_file: " + dir + "/tls.crt, key_file: " + other + "/tls.key}":      {"private key", "does not match"},
		"receivers::otlp::protocols::grpc::tls: {cert_file: " + dir + "/tls.key, key_file: " + dir + "/tls.crt}":        {"in PEM"},
		"receivers::otlp::protocols::grpc::tls: {cert_file: " + text + ", key_file: " + dir + "/tls.key}":               {"in PEM"},
		"receivers::otlp::protocols::http::tls: {client_ca_file: " + text + "}":                                         {"`receivers::otlp::protocols::http::tls::client_ca_file`", "no certificate in PEM"},
		"exporters::otlp_http::tls::ca_file: " + dir + "/tls.key":                                                       {"`exporters::otlp_http::tls::ca_file`", "no certificate in PEM"},
		"exporters::otlp_grpc::tls::ca_file: " + missing:                                                                {"`exporters::otlp_grpc::tls::ca_file`", missing},
		"exporters::otlp_grpc::tls::ca_file: " + dir:                                                                    {"is a directory"},
		"extensions::bearertokenauth::filename: " + missing:                                                             {"`extensions::bearertokenauth::filename`", missing},
		"extensions::bearertokenauth::filename: " + empty:                                                               {"is empty"},
		"extensions::basicauth::htpasswd::file: " + missing:                                                             {"`extensions::basicauth::htpasswd::file`", missing},
		"extensions::basicauth::htpasswd::file: " + text:                                                                {"user:hash"},
		"extensions::oidc::providers: [{issuer_ca_path: " + missing + "}]":                                              {"`extensions::oidc::providers::0::issuer_ca_path`", missing},
		"{exporters: {x: {password_file: " + missing + "}}, service: {pipelines: {logs: {exporters: [otlp_http, x]}}}}": {"`exporters::x::password_file`", missing},
	} {
		_, _, err := convert(t, withFiles(settings)...)
		require.Error(t, err, settings)
		for _, want := range wants {
			assert.ErrorContains(t, err, want)
		}
	}
}

func TestAFileThatMayNotBeReadIsRefused(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads every file")
	}
	path := newFile(t, "token")
	require.NoError(t, os.Chmod(path, 0))
	_, _, err := convert(t, withFiles("extensions::bearertokenauth::filename: "+path)...)
	assert.ErrorContains(t, err, "has to be able to read it")
}
