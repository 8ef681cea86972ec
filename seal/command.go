// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"time"
)

// Command wraps and unwraps with an external program, which is how an HSM or a
// KMS is attached. It is a provider, a recipient and an identity.
//
// To wrap, the program is run with the argument "wrap"; it reads the data key
// from standard input, 32 hexadecimal digits and a newline, and prints the wrapped
// key in base64. With the argument "unwrap" it does the reverse. It ends with
// status 0, or else says why on standard error.
type Command struct {
	ID      string        // names the key; it is written into what is sealed
	Argv    []string      // the program and its first arguments
	Timeout time.Duration // for one run; 0 means 10 s
}

const (
	commandTimeout = 10 * time.Second
	maxStderr      = 300      // bytes of it that an error shows
	maxOutput      = 64 << 10 // bytes that are kept of what it prints
)

// String returns the kind and the id.
func (c *Command) String() string { return recipientName(KindCommand, []byte(c.ID)) }

// Recipients returns the command itself.
func (c *Command) Recipients(context.Context) ([]Recipient, error) { return []Recipient{c}, nil }

// Wrap runs the program with "wrap".
func (c *Command) Wrap(ctx context.Context, dataKey []byte) (Wrapped, error) {
	out, err := c.run(ctx, "wrap", hex.EncodeToString(dataKey))
	if err != nil {
		return Wrapped{}, err
	}
	key, err := base64.StdEncoding.DecodeString(string(out))
	if err != nil || len(key) == 0 || len(key) > maxWrapped {
		return Wrapped{}, fmt.Errorf("%s wrap: it must print the wrapped key in base64, at most %d bytes", c.Argv[0], maxWrapped)
	}
	if shows(key, dataKey) {
		return Wrapped{}, fmt.Errorf("%s wrap: it printed the data key itself, not wrapped", c.Argv[0])
	}
	return Wrapped{Kind: KindCommand, ID: []byte(c.ID), Key: key}, nil
}

// Unwrap runs the program with "unwrap".
func (c *Command) Unwrap(ctx context.Context, w Wrapped) ([]byte, error) {
	if w.Kind != KindCommand || string(w.ID) != c.ID {
		return nil, ErrOtherRecipient
	}
	out, err := c.run(ctx, "unwrap", base64.StdEncoding.EncodeToString(w.Key))
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(string(out))
	if err != nil || len(key) != KeySize {
		return nil, fmt.Errorf("%s unwrap: it must print the data key as %d hexadecimal digits", c.Argv[0], 2*KeySize)
	}
	return key, nil
}

func (c *Command) run(ctx context.Context, action, input string) ([]byte, error) {
	if len(c.Argv) == 0 {
		return nil, errors.New("no program is configured")
	}
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = commandTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Argv[0], append(c.Argv[1:len(c.Argv):len(c.Argv)], action)...)
	cmd.Stdin = bytes.NewReader([]byte(input + "\n"))
	cmd.WaitDelay = time.Second // for what it leaves behind
	var stdout, stderr outputHead
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	answer := bytes.TrimSpace(stdout.kept)
	switch {
	case err == nil:
		return answer, nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, fmt.Errorf("%s %s: no answer within %s; check that the device or service behind it can be reached", c.Argv[0], action, timeout)
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%s %s: %w", c.Argv[0], action, ctx.Err())
	}
	said := complaint(stderr.kept, input, string(answer))
	if len(said) == 0 {
		said = []byte("it says nothing on standard error; run it by hand to see why")
	}
	return nil, fmt.Errorf("%s %s: %w: %s", c.Argv[0], action, err, said)
}

// shows tells whether a wrapped key has the data key in it, as it is or in one of
// the forms that a program which does nothing would give it.
func shows(wrapped, dataKey []byte) bool {
	return bytes.Contains(wrapped, dataKey) ||
		bytes.Contains(bytes.ToLower(wrapped), []byte(hex.EncodeToString(dataKey))) ||
		bytes.Contains(wrapped, []byte(base64.StdEncoding.EncodeToString(dataKey)))
}

// outputHead keeps the first maxOutput bytes of what a program prints, and takes
// the rest without keeping it.
type outputHead struct{ kept []byte }

// Write never fails.
func (h *outputHead) Write(b []byte) (int, error) {
	h.kept = append(h.kept, b[:min(len(b), maxOutput-len(h.kept))]...)
	return len(b), nil
}

// hexKey is what a data key looks like, as in the trace of a shell script.
var hexKey = regexp.MustCompile(`[0-9A-Fa-f]{32,}`)

// complaint is the first part of what a program said, without any key in it.
func complaint(stderr []byte, keys ...string) []byte {
	said := hexKey.ReplaceAll(bytes.TrimSpace(stderr), []byte("[key]"))
	for _, key := range keys {
		raw, _ := hex.DecodeString(key)
		for _, form := range []string{key, string(raw), base64.StdEncoding.EncodeToString(raw)} {
			if len(form) > 3 { // not what anything may have in it
				said = bytes.ReplaceAll(said, []byte(form), []byte("[key]"))
			}
		}
	}
	return said[:min(len(said), maxStderr)]
}
