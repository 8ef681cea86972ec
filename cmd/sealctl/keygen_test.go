// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/seal"
)

func kekName(t *testing.T) string {
	t.Helper()
	key, err := seal.ParseKey([]byte(testKey))
	require.NoError(t, err)
	kek, err := seal.NewKEK(key)
	require.NoError(t, err)
	return kek.String()
}

func requireMode(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, mode, info.Mode().Perm())
}

func TestKeygenMakesAPairOfWhichThePublicPartSealsAndThePrivatePartReads(t *testing.T) {
	dir := t.TempDir()
	r := sealctl(t, "keygen", "--out", dir, "--name", "audit")
	require.Equal(t, exitDone, r.code, r.stderr)
	private, public := filepath.Join(dir, "audit.pem"), filepath.Join(dir, "audit.pub.pem")
	requireMode(t, private, 0o600)
	requireMode(t, public, 0o644)
	recipient, err := seal.ReadRecipient(public)
	require.NoError(t, err)
	require.Contains(t, r.stdout, recipient.String())
	require.Contains(t, r.stdout, "copy it to the gateway")
	require.Contains(t, r.stdout, "never on the gateway")

	archive := t.TempDir()
	tracesIn(t, archive, seal.SM2Provider{Paths: []string{public}}, 1)
	require.Equal(t, namesFrom(0, 10), names(t, sealctl(t, "decrypt", "--key", private, archive).stdout))
	require.Equal(t, exitNot, sealctl(t, "decrypt", "--key", public, archive).code)
}

func TestKeygenMakesASymmetricKeyThatSaysWhatItIs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new") + string(filepath.Separator)
	r := sealctl(t, "keygen", "--symmetric", "--out", dir)
	require.Equal(t, exitDone, r.code, r.stderr)
	path := filepath.Join(dir, "sealgate.key")
	requireMode(t, path, 0o600)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	key, err := seal.ReadKeyFile(path)
	require.NoError(t, err)
	kek, err := seal.NewKEK(key)
	require.NoError(t, err)
	require.Contains(t, string(text), "# created ")
	require.Contains(t, string(text), kek.String())
	require.Contains(t, r.stdout, kek.String())
}

func TestKeygenPrintsNoKey(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{"keygen", "--out", dir}, {"keygen", "--out", dir, "--symmetric"}} {
		r := sealctl(t, args...)
		require.Equal(t, exitDone, r.code)
		require.NotContains(t, r.stdout, "BEGIN")
		require.NotRegexp(t, `[0-9a-f]{32}`, r.stdout+r.stderr)
	}
}

func TestKeygenTakesTheNameOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine")
	require.Equal(t, exitDone, sealctl(t, "keygen", "--out", path).code)
	requireMode(t, path, 0o600)
	requireMode(t, path+".pub.pem", 0o644)
}

func TestKeygenOverwritesNothingAndLeavesNoHalfOfAPair(t *testing.T) {
	for _, there := range []string{"sealgate.pem", "sealgate.pub.pem"} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, there), []byte("precious"), 0o600))
		r := sealctl(t, "keygen", "--out", dir)
		require.Equal(t, exitNot, r.code)
		require.Contains(t, r.stderr, "never overwritten")
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 1)
		content, err := os.ReadFile(filepath.Join(dir, there))
		require.NoError(t, err)
		require.Equal(t, "precious", string(content))
	}
}

func TestAKeyWithAPassphraseIsReadWithItAlone(t *testing.T) {
	dir, archive := t.TempDir(), t.TempDir()
	t.Setenv("SEALCTL_TEST_PASSPHRASE", "correct horse")
	t.Setenv("SEALCTL_TEST_WRONG", "wrong donkey")
	r := sealctl(t, "keygen", "--out", dir, "--passphrase-env", "SEALCTL_TEST_PASSPHRASE")
	require.Equal(t, exitDone, r.code, r.stderr)
	private := filepath.Join(dir, "sealgate.pem")
	tracesIn(t, archive, seal.SM2Provider{Paths: []string{filepath.Join(dir, "sealgate.pub.pem")}}, 1)

	require.Equal(t, exitDone, sealctl(t, "verify", "--key", private, "--passphrase-env", "SEALCTL_TEST_PASSPHRASE", archive).code)
	for want, args := range map[string][]string{
		"--passphrase-env":                     {},
		"SEALCTL_TEST_UNSET is not set":        {"--passphrase-env", "SEALCTL_TEST_UNSET"},
		"the passphrase does not open it":      {"--passphrase-env", "SEALCTL_TEST_WRONG"},
		"put its passphrase into an environme": {},
	} {
		r := sealctl(t, append([]string{"verify", "--key", private, archive}, args...)...)
		require.Equal(t, exitNot, r.code)
		require.Contains(t, r.stderr, want)
		require.NotContains(t, r.stderr, "donkey")
	}
}

func TestKeygenRefusesWhatCannotBe(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "a.pem")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for want, args := range map[string][]string{
		"is not the name of a file":  {"--out", dir, "--name", "../x"},
		"--name is for the files":    {"--out", file, "--name", "b"},
		"no such file or directory":  {"--out", filepath.Join(dir, "missing", "a.pem")},
		"SEALCTL_TEST_UNSET is not ": {"--out", dir, "--passphrase-env", "SEALCTL_TEST_UNSET"},
	} {
		r := sealctl(t, append([]string{"keygen"}, args...)...)
		require.Equal(t, exitNot, r.code)
		require.Contains(t, r.stderr, want)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}
