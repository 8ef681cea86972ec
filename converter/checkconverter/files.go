// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package checkconverter

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
)

// checkFiles reports files that components read at their start and that are missing, unreadable, or
// of another kind than the component expects.
func (s *settings) checkFiles() error {
	var errs error
	s.started(func(at setting) {
		read := readerOf(at)
		if read == nil {
			return
		}
		path := s.text(at)
		if path == "" {
			return
		}
		if err := read(path, at); err != nil {
			errs = errors.Join(errs, fmt.Errorf("`%s`: %w", at.path, err))
		}
	})
	return errs
}

// readerOf returns what reads the file that a setting names as the component will, nil where it
// names no file.
func readerOf(at setting) func(path string, at setting) error {
	if _, isText := at.value.(string); !isText {
		return nil
	}
	switch at.key {
	case "ca_file", "client_ca_file", "issuer_ca_path":
		return readCertificates
	case "cert_file":
		return readPair
	case "key_file":
		if at.in["cert_file"] != nil {
			return nil // read with the certificate
		}
		return readText
	case "filename":
		if at.owner.typ == "bearertokenauth" {
			return readToken
		}
		return nil
	case "file":
		if at.owner.typ == "basicauth" {
			return readPasswords
		}
		return nil
	}
	if strings.HasSuffix(at.key, "_file") {
		return readText
	}
	return nil
}

// read returns what is in a file. Its error says whose fault it is and what to do.
func read(path string) ([]byte, error) {
	content, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w; put the file there, or name another", err)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%w; the user that the collector runs as has to be able to read it", err)
	}
	return content, err
}

func readText(path string, _ setting) error {
	_, err := read(path)
	return err
}

func readCertificates(path string, _ setting) error {
	content, err := read(path)
	if err != nil {
		return err
	}
	if !x509.NewCertPool().AppendCertsFromPEM(content) {
		return fmt.Errorf("%s has no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----", path)
	}
	return nil
}

// readPair reads a certificate and its private key.
func readPair(path string, at setting) error {
	keyPath, _ := at.in["key_file"].(string)
	certificate, err := read(path)
	if err != nil {
		return err
	}
	if onTPM, _ := mapAt(at.in, "tpm")["enabled"].(bool); onTPM || keyPath == "" {
		return nil
	}
	key, err := read(keyPath)
	if err != nil {
		return fmt.Errorf("`key_file`: %w", err)
	}
	if _, err := tls.X509KeyPair(certificate, key); err != nil {
		return fmt.Errorf("%s and `key_file` %s have to be a certificate and its private key in PEM: %w", path, keyPath, err)
	}
	return nil
}

// lateness is how long a file may be missing that a component waits for.
const lateness = 3 * time.Second

func readToken(path string, at setting) error {
	if waits, _ := at.in["wait_for_token_file"].(bool); waits {
		await(path)
	}
	content, err := read(path)
	if err == nil && strings.TrimSpace(string(content)) == "" {
		return fmt.Errorf("%s is empty; it has to hold a token", path)
	}
	return err
}

// await returns once a file is there, or is too late.
func await(path string) {
	for end := time.Now().Add(lateness); time.Now().Before(end); time.Sleep(lateness / 100) {
		if _, err := os.Stat(path); err == nil {
			return
		}
	}
}

func readPasswords(path string, _ setting) error {
	content, err := read(path)
	if err == nil && !strings.Contains(string(content), ":") {
		return fmt.Errorf("%s has no line user:hash, as htpasswd writes them", path)
	}
	return err
}
