// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import "fmt"

// ReadIdentity reads the key of a reader from a file that nobody else may read: an
// SM2 private key in PEM, or a symmetric key. The passphrase is asked for only
// where the private key is encrypted; it may be nil.
func ReadIdentity(path string, passphrase func() ([]byte, error)) (Identity, error) {
	text, err := readKeyFile(path, secretFile)
	if err != nil {
		return nil, err
	}
	identity, err := parseIdentity(text, passphrase)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return identity, nil
}

func parseIdentity(text []byte, passphrase func() ([]byte, error)) (Identity, error) {
	if !isPEM(text) {
		key, err := ParseKey(text)
		if err != nil {
			return nil, fmt.Errorf("it is neither an SM2 private key in PEM nor a symmetric key; the latter: %w", err)
		}
		return NewKEK(key)
	}
	identity, err := ParseSM2Identity(text, nil)
	if err == nil || passphrase == nil || !isEncrypted(text) {
		return identity, err
	}
	secret, err := passphrase()
	if err != nil {
		return nil, err
	}
	return ParseSM2Identity(text, secret)
}

// ReadRecipient reads the key of a recipient from a file: an SM2 public key in
// PEM, or a symmetric key that nobody else may read.
func ReadRecipient(path string) (Recipient, error) {
	text, err := readKeyFile(path, publicFile)
	if err != nil {
		return nil, err
	}
	if isPEM(text) {
		r, err := ParseSM2Recipient(text)
		if err != nil {
			return nil, fmt.Errorf("key file %s: %w", path, err)
		}
		return r, nil
	}
	key, err := ReadKeyFile(path)
	if err != nil {
		return nil, err
	}
	return NewKEK(key)
}
