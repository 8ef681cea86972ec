// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sealgate/sealgate/seal"
)

// Secrets writes every file that the shipped configurations read at a start to a folder, at the paths
// that they have below /etc/sealgate. It returns the variables that name them.
func Secrets(dir string) (env []string, err error) {
	certificate, private, err := SelfSigned()
	if err != nil {
		return nil, err
	}
	_, reader, _, err := seal.GenerateSM2(nil)
	if err != nil {
		return nil, err
	}
	for name, content := range map[string][]byte{
		"tls/tls.crt": certificate, "tls/ca.crt": certificate, "tls/tls.key": private,
		"kafka/client.pem": certificate, "kafka/ca.pem": certificate, "kafka/client.key": private,
		"keys/reader.pub.pem": reader, "keys/search.key": []byte(strings.Repeat("0f", seal.KeySize) + "\n"),
		"queue/queue.key": []byte(strings.Repeat("1e", seal.KeySize) + "\n"),
		"tokens":          []byte("a-token\n"), "token": []byte("a-token\n"), "htpasswd": []byte("shop:$2y$05$hash\n"),
	} {
		path := filepath.Join(dir, name)
		err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, content, 0o600))
	}
	for variable, name := range map[string]string{
		"SEALGATE_TLS_DIR": "tls", "SEALGATE_RECIPIENT": "keys/reader.pub.pem", "SEALGATE_SEARCH_KEY": "keys/search.key", "SEALGATE_QUEUE_KEY": "queue/queue.key",
		"SEALGATE_TOKENS": "tokens", "SEALGATE_TOKEN": "token", "SEALGATE_HTPASSWD": "htpasswd",
	} {
		env = append(env, variable+"="+filepath.Join(dir, name))
	}
	return env, err
}

// SelfSigned returns a certificate that is its own CA, valid for an hour, and its key, both in PEM.
func SelfSigned() (certificate, private []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	certificate, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	private, err = x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	return certificate, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), nil
}
