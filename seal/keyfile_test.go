// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/pkcs"
	"github.com/emmansun/gmsm/pkcs8"
	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const testKeyText = "0123456789abcdeffedcba9876543210"

var testKey = unhex(testKeyText)

// writeKey writes a key file of that mode, whatever the umask.
func writeKey(t testing.TB, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	require.NoError(t, os.Chmod(path, mode))
	return path
}

type sm2Pair struct {
	private, public string
	recipient       *SM2Recipient
}

func newPair(t testing.TB) sm2Pair {
	t.Helper()
	private, public, r, err := GenerateSM2(nil)
	require.NoError(t, err)
	return sm2Pair{string(private), string(public), r}
}

func (p sm2Pair) identity(t testing.TB) *SM2Identity {
	t.Helper()
	i, err := ParseSM2Identity([]byte(p.private), nil)
	require.NoError(t, err)
	return i
}

// encryptedKey is a key whose passphrase is "correct horse", encrypted as those of
// GenerateSM2 are, but in a moment.
func encryptedKey(t testing.TB) string {
	t.Helper()
	const rounds = 100
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	der, err := pkcs8.MarshalPrivateKey(key, []byte("correct horse"), pkcs.NewSMPBESEncrypter(16, rounds))
	return pemOf(pemEncryptedPrivate, der, err)
}

func pemOf(kind string, der []byte, err error) string {
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// foreignKeys are keys that are sound, but not on the SM2 curve.
func foreignKeys(t testing.TB) (nistPublic, nistPrivate, rsaPublic, rsaPrivate string) {
	t.Helper()
	nist, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	r, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	public := func(key any) string { der, err := x509.MarshalPKIXPublicKey(key); return pemOf(pemPublic, der, err) }
	private := func(key any) string { der, err := x509.MarshalPKCS8PrivateKey(key); return pemOf(pemPrivate, der, err) }
	return public(&nist.PublicKey), private(nist), public(&r.PublicKey), private(r)
}

// requireError wants an error that says all of it, and shows no key.
func requireError(t testing.TB, err error, says ...string) {
	t.Helper()
	require.Error(t, err)
	for _, s := range says {
		assert.ErrorContains(t, err, s)
	}
	assert.NotContains(t, err.Error(), testKeyText)
	assert.NotContains(t, err.Error(), string(testKey))
}

func TestASymmetricKeyFileIsRead(t *testing.T) {
	for name, content := range map[string]string{
		"bare":                 testKeyText,
		"with a newline":       testKeyText + "\n",
		"with Windows newline": testKeyText + "\r\n",
		"upper case":           strings.ToUpper(testKeyText),
		"with comments":        "# a key of Sealgate\n\n  " + testKeyText + "  \n# the end\n",
	} {
		t.Run(name, func(t *testing.T) {
			key, err := ReadKeyFile(writeKey(t, content, 0o600))
			require.NoError(t, err)
			assert.Equal(t, testKey, key)
		})
	}
}

func TestWhatIsNotASymmetricKeyIsRefusedWithoutBeingShown(t *testing.T) {
	pair := newPair(t)
	for _, tt := range []struct{ name, content, says string }{
		{"empty", "", "it has 0 bytes"},
		{"only comments", "# nothing\n", "it has 0 bytes"},
		{"too short", testKeyText[:30], "it has 15 bytes"},
		{"too long", testKeyText + "00", "it has 17 bytes"},
		{"half a byte", testKeyText[:31], "32 hexadecimal digits"},
		{"not hexadecimal", strings.Repeat("x", 32), "32 hexadecimal digits"},
		{"two keys", testKeyText + "\n" + testKeyText, "more than one line"},
		{"a private key in PEM", pair.private, "32 hexadecimal digits"},
		{"a line of PEM", "-----BEGIN PRIVATE KEY-----", "it is PEM, not a symmetric key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := writeKey(t, tt.content, 0o600)
			_, err := ReadKeyFile(path)
			requireError(t, err, path, tt.says)
			for line := range strings.Lines(pair.private) {
				assert.NotContains(t, err.Error(), strings.TrimSpace(line)+"\n")
			}
		})
	}
}

func TestAKeyFileThatCannotBeReadIsNamed(t *testing.T) {
	dir := t.TempDir()
	_, err := ReadKeyFile(filepath.Join(dir, "missing"))
	requireError(t, err, filepath.Join(dir, "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)

	_, err = ReadKeyFile(dir)
	requireError(t, err, dir, "not a regular file")

	path := writeKey(t, strings.Repeat("#", maxKeyFile+1), 0o600)
	_, err = ReadKeyFile(path)
	requireError(t, err, path, "larger than 65536 bytes")
}

func TestAnUnreadableKeyFileIsNamed(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads every file")
	}
	path := writeKey(t, testKeyText, 0o000)
	_, err := ReadKeyFile(path)
	requireError(t, err, path)
	require.ErrorIs(t, err, os.ErrPermission)
}

func TestTheModeOfASecretKeyFile(t *testing.T) {
	for mode := range os.FileMode(0o1000) {
		if os.Getuid() != 0 && mode&0o400 == 0 {
			continue // the next test has it
		}
		path := filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(path, []byte(testKeyText), 0o600))
		require.NoError(t, os.Chmod(path, mode))
		_, err := ReadKeyFile(path)
		if mode&0o007 == 0 && mode&0o030 == 0 {
			require.NoError(t, err, "%04o", mode)
			continue
		}
		requireError(t, err, path, fmt.Sprintf("has mode %04o", mode), "chmod 600 "+path)
	}
}

func TestAPublicKeyFileMayBeReadButNotChangedByOthers(t *testing.T) {
	pair := newPair(t)
	for _, mode := range []os.FileMode{0o644, 0o444, 0o600} {
		_, err := SM2Provider{Paths: []string{writeKey(t, pair.public, mode)}}.Recipients(t.Context())
		require.NoError(t, err)
	}
	for _, mode := range []os.FileMode{0o666, 0o664, 0o646} {
		path := writeKey(t, pair.public, mode)
		_, err := SM2Provider{Paths: []string{path}}.Recipients(t.Context())
		requireError(t, err, path, fmt.Sprintf("%04o", mode), "chmod 644 "+path)
	}
}

func TestWhatIsNoSM2PublicKeyIsRefused(t *testing.T) {
	nistPublic, nistPrivate, rsaPublic, _ := foreignKeys(t)
	pair := newPair(t)
	for _, tt := range []struct{ name, content, says string }{
		{"not PEM", testKeyText, "it is not PEM; an SM2 public key begins with -----BEGIN PUBLIC KEY-----"},
		{"private instead of public", pair.private, "it is a private key; give the gateway the public one"},
		{"a NIST private key", nistPrivate, "it is a private key"},
		{"a certificate", pemOf("CERTIFICATE", []byte{1}, nil), "it is a PEM CERTIFICATE"},
		{"a NIST key", nistPublic, "not on the SM2 curve (P-256)"},
		{"an RSA key", rsaPublic, "not on the SM2 curve (*rsa.PublicKey)"},
		{"garbage", pemOf(pemPublic, []byte("garbage"), nil), "it is not a public key"},
		{"empty block", pemOf(pemPublic, nil, nil), "it is not a public key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := writeKey(t, tt.content, 0o600)
			_, err := SM2Provider{Paths: []string{path}}.Recipients(t.Context())
			requireError(t, err, path, tt.says)
		})
	}
}

func TestAPublicKeyThatIsNotOnTheCurveIsRefused(t *testing.T) {
	block, _ := pem.Decode([]byte(newPair(t).public))
	der := bytes.Clone(block.Bytes)
	der[len(der)-1] ^= 1 // of the point's y
	_, err := ParseSM2Recipient([]byte(pemOf(pemPublic, der, nil)))
	requireError(t, err)
}

func TestWhatIsNoIdentityIsRefused(t *testing.T) {
	_, nistPrivate, _, rsaPrivate := foreignKeys(t)
	pair := newPair(t)
	for _, tt := range []struct{ name, content, says string }{
		{"neither", "hello", "neither an SM2 private key in PEM nor a symmetric key"},
		{"public instead of private", pair.public, "it is a public key; to read, the private one is needed"},
		{"a NIST key", nistPrivate, "not on the SM2 curve"},
		{"an RSA key", rsaPrivate, "not on the SM2 curve"},
		{"garbage", pemOf(pemPrivate, []byte("garbage"), nil), "not a PKCS #8 private key"},
		{"another block", pemOf("EC PRIVATE KEY", []byte{1}, nil), "it is a PEM EC PRIVATE KEY; an SM2 PRIVATE KEY is needed"},
		{"encrypted garbage", pemOf(pemEncryptedPrivate, []byte("garbage"), nil), "encrypted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := writeKey(t, tt.content, 0o600)
			identity, err := ReadIdentity(path, nil)
			requireError(t, err, path, tt.says)
			assert.True(t, identity == nil, "an interface that holds a nil pointer is not nil")
		})
	}
}

func TestAnIdentityIsReadFromPEMAndFromHexadecimal(t *testing.T) {
	pair := newPair(t)
	identity, err := ReadIdentity(writeKey(t, pair.private, 0o600), nil)
	require.NoError(t, err)
	assert.Equal(t, pair.recipient.String(), identity.String())

	kek, err := NewKEK(testKey)
	require.NoError(t, err)
	identity, err = ReadIdentity(writeKey(t, testKeyText, 0o400), nil)
	require.NoError(t, err)
	assert.Equal(t, kek.String(), identity.String())
}

func TestARecipientIsReadFromPEMAndFromHexadecimal(t *testing.T) {
	pair := newPair(t)
	r, err := ReadRecipient(writeKey(t, pair.public, 0o644))
	require.NoError(t, err)
	assert.Equal(t, pair.recipient.String(), r.String())

	kek, err := NewKEK(testKey)
	require.NoError(t, err)
	r, err = ReadRecipient(writeKey(t, testKeyText, 0o600))
	require.NoError(t, err)
	assert.Equal(t, kek.String(), r.String())

	_, err = ReadRecipient(writeKey(t, testKeyText, 0o644))
	requireError(t, err, "has mode 0644") // it is secret, whatever it is read for
	_, err = ReadRecipient(writeKey(t, pair.private, 0o600))
	requireError(t, err, "it is a private key")
	_, err = ReadRecipient(writeKey(t, "hello", 0o600))
	requireError(t, err, "32 hexadecimal digits")
	_, err = ReadRecipient(filepath.Join(t.TempDir(), "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestThePassphraseOfAnEncryptedKey(t *testing.T) {
	path := writeKey(t, encryptedKey(t), 0o600)
	say := func(p string) func() ([]byte, error) { return func() ([]byte, error) { return []byte(p), nil } }

	_, err := ReadIdentity(path, say("correct horse"))
	require.NoError(t, err)

	_, err = ReadIdentity(path, say("wrong horse"))
	requireError(t, err, path, "the passphrase does not open it")
	require.ErrorIs(t, err, ErrPassphrase)
	assert.NotContains(t, err.Error(), "wrong horse")

	for name, none := range map[string]func() ([]byte, error){"not asked": nil, "empty": say("")} {
		_, err = ReadIdentity(path, none)
		requireError(t, err, path, "no passphrase was given")
		require.ErrorIs(t, err, ErrPassphrase, name)
	}

	refused := errors.New("no terminal")
	_, err = ReadIdentity(path, func() ([]byte, error) { return nil, refused })
	require.ErrorIs(t, err, refused)
}

func TestAnEncryptedKeyIsMadeAndRead(t *testing.T) {
	private, public, r, err := GenerateSM2([]byte("correct horse"))
	require.NoError(t, err)
	require.Contains(t, string(private), "ENCRYPTED")
	id, err := ParseSM2Identity(private, []byte("correct horse"))
	require.NoError(t, err)
	assert.Equal(t, r.String(), id.String())
	again, err := ParseSM2Recipient(public)
	require.NoError(t, err)
	assert.Equal(t, r.String(), again.String())
}

func TestAPassphraseIsNotAskedForWithoutNeed(t *testing.T) {
	_, err := ReadIdentity(writeKey(t, newPair(t).private, 0o600), func() ([]byte, error) {
		t.Error("asked for")
		return nil, nil
	})
	require.NoError(t, err)
}

func TestAKeyInTheEnvironment(t *testing.T) {
	t.Setenv("SEALGATE_TEST_KEY", testKeyText)
	recipients, err := EnvProvider{"SEALGATE_TEST_KEY"}.Recipients(t.Context())
	require.NoError(t, err)
	kek, err := NewKEK(testKey)
	require.NoError(t, err)
	require.Len(t, recipients, 1)
	assert.Equal(t, kek.String(), recipients[0].String())

	for _, tt := range []struct{ value, says string }{
		{"", "is not set"},
		{testKeyText[1:], "32 hexadecimal digits"},
		{"not a key at all", "32 hexadecimal digits"},
	} {
		t.Setenv("SEALGATE_TEST_KEY", tt.value)
		_, err = EnvProvider{"SEALGATE_TEST_KEY"}.Recipients(t.Context())
		requireError(t, err, "SEALGATE_TEST_KEY", tt.says)
		if tt.value != "" {
			assert.NotContains(t, err.Error(), tt.value)
		}
	}
}

func TestTheFileProviderReadsItsKeyAnew(t *testing.T) {
	path := writeKey(t, testKeyText, 0o600)
	p := FileProvider{path}
	before, err := p.Recipients(t.Context())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("ab", KeySize)), 0o600))
	after, err := p.Recipients(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, before[0].String(), after[0].String())
}

func TestFormattingShowsNoDataKey(t *testing.T) {
	key, err := newDataKey(testKey)
	require.NoError(t, err)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		text := fmt.Sprintf(format, key)
		assert.Contains(t, text, "data key")
		assert.NotContains(t, strings.ToLower(text), hex.EncodeToString(testKey)[:8])
	}
}
