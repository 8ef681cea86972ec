// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// authority is a CA that lives as long as a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber:          newSerial(t),
		Subject:               pkix.Name{CommonName: "test CA"},
		NotBefore:             time.Now().Add(-24 * time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{cert: cert, key: key, pem: toPEM("CERTIFICATE", der)}
}

// pool is what trusts this CA alone.
func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// credential is a certificate and its private key, in PEM.
type credential struct{ cert, key string }

// issue makes a certificate for both ends of a connection on this host.
func (a *authority) issue(t *testing.T) credential { return a.issueUntil(t, time.Now().Add(time.Hour)) }

func (a *authority) issueUntil(t *testing.T, end time.Time) credential {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: newSerial(t),
		Subject:      pkix.Name{CommonName: "test"},
		NotBefore:    end.Add(-2 * time.Hour),
		NotAfter:     end,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return credential{cert: toPEM("CERTIFICATE", der), key: toPEM("PRIVATE KEY", pkcs8)}
}

func (c credential) certificate(t *testing.T) *tls.Certificate {
	t.Helper()
	cert, err := tls.X509KeyPair([]byte(c.cert), []byte(c.key))
	require.NoError(t, err)
	return &cert
}

// keyBody is the first line of the private key in base64, which any copy of the PEM has.
func (c credential) keyBody() string { return strings.Split(c.key, "\n")[1] }

// tlsDir is what SEALGATE_TLS_DIR names.
type tlsDir string

func newTLSDir(t *testing.T, own credential, others *authority) tlsDir {
	t.Helper()
	dir := tlsDir(t.TempDir())
	dir.set(t, own)
	dir.trust(t, others)
	return dir
}

func (d tlsDir) env() string { return "SEALGATE_TLS_DIR=" + string(d) }

// set replaces the collector's own certificate.
func (d tlsDir) set(t *testing.T, own credential) {
	t.Helper()
	replaceFile(t, filepath.Join(string(d), "tls.crt"), own.cert)
	replaceFile(t, filepath.Join(string(d), "tls.key"), own.key)
}

// trust replaces the CA of the other end.
func (d tlsDir) trust(t *testing.T, others *authority) {
	t.Helper()
	replaceFile(t, filepath.Join(string(d), "ca.crt"), others.pem)
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func newSerial(t *testing.T) *big.Int {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(t, err)
	return serial
}

func toPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
