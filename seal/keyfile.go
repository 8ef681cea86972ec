// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

// maxKeyFile is more than any key takes, PEM or not.
const maxKeyFile = 64 << 10

// access says who else may do what with a key file.
type access struct {
	forbidden os.FileMode
	problem   string
	mend      string
}

var (
	// A Kubernetes secret that a group may read is how a pod without root gets it.
	secretFile = access{0o037, "others can read or change it", "it must have mode 0600 or 0400, or 0440 where only the gateway's group may read it too: chmod 600 %s"}
	publicFile = access{0o022, "others can change it, and with it who reads what is sealed", "it must have mode 0644 or less: chmod 644 %s"}
)

// readKeyFile reads a key file whose mode and owner are as they must be. It looks at
// the file that it has open, so that no other can be put in its place.
func readKeyFile(path string, a access) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("key file %s is not a regular file", path)
	}
	if mode := info.Mode().Perm(); mode&a.forbidden != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("key file %s has mode %04o: %s; "+a.mend, path, mode, a.problem, path)
	}
	if err := checkOwner(path, info); err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if len(content) > maxKeyFile {
		return nil, fmt.Errorf("key file %s is larger than %d bytes; it is not a key", path, maxKeyFile)
	}
	return content, nil
}

var errKeyText = errors.New("it must hold 32 hexadecimal digits (16 bytes), as `sealctl keygen --symmetric` writes them; lines that begin with # are comments")

// ParseKey parses a symmetric key: 32 hexadecimal digits on a line of their own.
// Lines that begin with # are comments.
func ParseKey(text []byte) ([]byte, error) {
	var line string
	for l := range strings.Lines(string(bytes.TrimSpace(text))) {
		l = strings.TrimSpace(l)
		if l == "" || strings.HasPrefix(l, "#") {
			continue
		}
		if line != "" {
			return nil, fmt.Errorf("there is more than one line that is not a comment: %w", errKeyText)
		}
		line = l
	}
	if strings.HasPrefix(line, "-----BEGIN") {
		return nil, fmt.Errorf("it is PEM, not a symmetric key: %w", errKeyText)
	}
	key, err := hex.DecodeString(line)
	if err != nil {
		return nil, errKeyText // not err: it quotes the text
	}
	if len(key) != KeySize {
		return nil, fmt.Errorf("it has %d bytes: %w", len(key), errKeyText)
	}
	return key, nil
}

// ReadKeyFile reads a symmetric key from a file that nobody else may read.
func ReadKeyFile(path string) ([]byte, error) {
	text, err := readKeyFile(path, secretFile)
	if err != nil {
		return nil, err
	}
	key, err := ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return key, nil
}

// ReadKeyEnv reads a symmetric key from an environment variable.
func ReadKeyEnv(variable string) ([]byte, error) {
	text, ok := os.LookupEnv(variable)
	if !ok || text == "" {
		return nil, fmt.Errorf("environment variable %s is not set; it must hold the key", variable)
	}
	key, err := ParseKey([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("environment variable %s: %w", variable, err)
	}
	return key, nil
}
