// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package seal

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// script writes a program of sh and returns the command that runs it.
func script(t testing.TB, body string) *Command {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kms.sh")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o700))
	return &Command{ID: "kms-1", Argv: []string{"/bin/sh", path}}
}

// turnKMS turns every hexadecimal digit by eight, which stands for a cipher.
const turnKMS = `
turn() { tr 0123456789abcdef 89abcdef01234567; }
case "$1" in
wrap) read -r key; printf %s "$key" | turn | base64 | tr -d '\n' ;;
unwrap) read -r key; printf %s "$key" | base64 -d | turn ;;
*) echo "unknown action $1" >&2; exit 2 ;;
esac
`

func TestACommandUnwrapsWhatItWrapped(t *testing.T) {
	c := script(t, turnKMS)
	w, err := c.Wrap(t.Context(), testKey)
	require.NoError(t, err)
	assert.Equal(t, Wrapped{Kind: KindCommand, ID: []byte("kms-1"), Key: []byte("89abcdef01234567" + "76543210fedcba98")}, w)
	assert.Equal(t, "command:kms-1", c.String())
	got, err := c.Unwrap(t.Context(), w)
	require.NoError(t, err)
	assert.Equal(t, testKey, got)
}

func TestACommandIsProviderRecipientAndIdentity(t *testing.T) {
	c := script(t, turnKMS)
	k, err := NewKeeper(t.Context(), c, KeeperOptions{})
	require.NoError(t, err)
	defer k.Close()
	key, err := Unwrap(t.Context(), k.Current().Wrapped, []Identity{c})
	require.NoError(t, err)
	assert.Equal(t, k.Current().Key.secret, key.secret)
}

func TestACommandDoesNotUnwrapForAnother(t *testing.T) {
	c := &Command{ID: "kms-1", Argv: []string{"/nonexistent"}}
	for _, w := range []Wrapped{{Kind: KindCommand, ID: []byte("kms-2")}, {Kind: KindSM4, ID: []byte("kms-1")}} {
		_, err := c.Unwrap(t.Context(), w)
		require.ErrorIs(t, err, ErrOtherRecipient)
	}
}

func TestACommandThatFailsIsQuotedWithoutTheKey(t *testing.T) {
	for _, tt := range []struct{ name, body, says string }{
		{"with a reason", `echo "token is locked" >&2; exit 3`, "exit status 3: token is locked"},
		{"showing what it read", `read -r key; echo "bad key: $key" >&2; exit 1`, "bad key: [key]"},
		{"as a traced script", "set -x\nread -r key\nother=$key\nfalse", "[key]"},
		{"showing it in upper case", `read -r key; echo "BAD: $key" | tr a-f A-F >&2; exit 1`, "BAD: [key]"},
		{"showing it in base64", `read -r key; echo "bad: ASNFZ4mrze/+3LqYdlQyEA==" >&2; exit 1`, "bad: [key]"},
		{"showing a key of its own", `echo "master 00112233445566778899AABBCCDDEEFF" >&2; exit 1`, "master [key]"},
		{"killed", `kill -9 $$`, "signal: killed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := script(t, tt.body)
			_, err := c.Wrap(t.Context(), testKey)
			requireError(t, err, "wrap", tt.says)
			assert.NotContains(t, strings.ToLower(err.Error()), testKeyText)
			assert.NotContains(t, err.Error(), "ASNFZ4mrze/+3LqYdlQyEA==")
		})
	}
}

func TestACommandThatFailsToUnwrapDoesNotShowWhatItUnwrapped(t *testing.T) {
	c := script(t, `echo `+testKeyText+`; echo "got `+testKeyText+`" >&2; exit 1`)
	_, err := c.Unwrap(t.Context(), Wrapped{Kind: KindCommand, ID: []byte("kms-1"), Key: []byte("wrapped")})
	requireError(t, err, "unwrap: exit status 1: got [key]")
}

func TestOfALongComplaintTheFirstPartIsShown(t *testing.T) {
	c := script(t, `i=0; while [ $i -lt 20000 ]; do echo complaint; i=$((i+1)); done >&2; exit 1`)
	_, err := c.Wrap(t.Context(), testKey)
	requireError(t, err, "complaint")
	assert.Less(t, len(err.Error()), 600)
}

func TestWhatACommandPrintsInsteadOfAKeyIsRefused(t *testing.T) {
	for _, tt := range []struct{ name, body, says string }{
		{"nothing", ``, "it must print the wrapped key in base64"},
		{"garbage", `echo '%%%'`, "it must print the wrapped key in base64"},
		{"too much", `head -c 9000 /dev/zero | base64 -w0`, "at most 4096 bytes"},
		{"far too much", `head -c 9000000 /dev/zero | base64 -w0`, "at most 4096 bytes"},
		{"the data key", `echo ASNFZ4mrze/+3LqYdlQyEA==`, "it printed the data key itself, not wrapped"},
		{"the data key in hexadecimal", `base64 -w0`, "it printed the data key itself, not wrapped"},
		{"the data key in upper case", `tr a-f A-F | base64 -w0`, "it printed the data key itself, not wrapped"},
		{"the data key in base64 twice", `printf ASNFZ4mrze/+3LqYdlQyEA== | base64 -w0`, "it printed the data key itself, not wrapped"},
	} {
		t.Run("wrap/"+tt.name, func(t *testing.T) {
			_, err := script(t, tt.body).Wrap(t.Context(), testKey)
			requireError(t, err, "wrap", tt.says)
		})
	}
	for _, tt := range []struct{ name, body string }{
		{"nothing", ``},
		{"garbage", `echo xyz`},
		{"too short", `echo ` + testKeyText[2:]},
		{"too long", `echo ` + testKeyText + `00`},
	} {
		t.Run("unwrap/"+tt.name, func(t *testing.T) {
			_, err := script(t, tt.body).Unwrap(t.Context(), Wrapped{Kind: KindCommand, ID: []byte("kms-1"), Key: []byte{1}})
			requireError(t, err, "it must print the data key as 32 hexadecimal digits")
			assert.NotContains(t, err.Error(), testKeyText[2:])
		})
	}
}

func TestACommandThatHangsIsGivenUp(t *testing.T) {
	c := script(t, `exec sleep 600`)
	c.Timeout = 50 * time.Millisecond
	_, err := c.Wrap(t.Context(), testKey)
	requireError(t, err, "no answer within 50ms")
}

func TestACommandIsStoppedWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := script(t, `exec sleep 600`).Wrap(ctx, testKey)
	require.ErrorIs(t, err, context.Canceled)
	assert.NotContains(t, err.Error(), "no answer")
}

func TestACommandThatIsNotThereIsNamed(t *testing.T) {
	_, err := (&Command{ID: "kms-1", Argv: []string{"/nonexistent/kms"}}).Wrap(t.Context(), testKey)
	requireError(t, err, "/nonexistent/kms")
	_, err = (&Command{ID: "kms-1"}).Wrap(t.Context(), testKey)
	requireError(t, err, "no program is configured")
}

func TestACommandGetsItsOwnArguments(t *testing.T) {
	c := script(t, `[ "$1" = --slot ] && [ "$2" = 3 ] && [ "$3" = wrap ] && echo d3JhcHBlZA==`)
	c.Argv = append(c.Argv, "--slot", "3")
	w, err := c.Wrap(t.Context(), testKey)
	require.NoError(t, err)
	assert.Equal(t, "wrapped", string(w.Key))
}
