// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// update writes what version 1 makes of the fixed keys: go test ./seal -run
// Vectors -update. A difference means that the format has changed, which it must
// not within a version.
var update = flag.Bool("update", false, "rewrite testdata/vectors.json")

const vectorsFile = "testdata/vectors.json"

// vectors is testdata/vectors.json. Bytes are in hexadecimal. What is wrapped is
// random, so it is kept over updates.
type vectors struct {
	SM4GCM []vectorGCM `json:"sm4_gcm"`
	SM3    []vectorSM3 `json:"sm3"`
	HKDF   vectorHKDF  `json:"hkdf_sm3"`

	DataKey    string            `json:"data_key"`
	FileID     string            `json:"file_id"`
	Period     string            `json:"period"`
	Derived    map[string]string `json:"derived"`
	Recipients vectorRecipients  `json:"recipients"`
	Header     string            `json:"field_header"`
	Binding    string            `json:"field_binding"`
	Fields     []vectorField     `json:"fields"`
	SearchKey  string            `json:"search_key"`
	Tokens     []vectorToken     `json:"tokens"`
}

type (
	vectorGCM struct {
		Source    string `json:"source"`
		Key       string `json:"key"`
		Nonce     string `json:"nonce"`
		AAD       string `json:"aad"`
		Plaintext string `json:"plaintext"`
		Sealed    string `json:"sealed"`
	}
	vectorSM3 struct {
		Text   string `json:"text"`
		Digest string `json:"digest"`
	}
	vectorHKDF struct {
		Secret string `json:"secret"`
		Salt   string `json:"salt"`
		Info   string `json:"info"`
		Key    string `json:"key"`
	}
	vectorRecipients struct {
		KEK        string `json:"kek"`
		KEKID      string `json:"kek_id"`
		KEKWrapped string `json:"kek_wrapped"`
		Private    string `json:"sm2_private_pem"`
		Public     string `json:"sm2_public_pem"`
		SM2ID      string `json:"sm2_id"`
		SM2Wrapped string `json:"sm2_wrapped"`
	}
	vectorField struct {
		Place     Place  `json:"place"`
		Counter   uint64 `json:"counter"`
		Plaintext string `json:"plaintext"`
		Sealed    string `json:"sealed"`
	}
	vectorToken struct {
		Attribute string `json:"attribute"`
		Value     string `json:"value"`
		Token     string `json:"token"`
	}
)

func readVectors(t testing.TB) vectors {
	t.Helper()
	var v vectors
	b, err := os.ReadFile(vectorsFile)
	if *update && os.IsNotExist(err) {
		return v
	}
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &v))
	return v
}

// makeVectors makes the file anew, but for what is wrapped.
func makeVectors(t testing.TB, kept vectorRecipients) vectors {
	t.Helper()
	v := vectors{
		HKDF:    vectorHKDF{hkdfKey, hkdfSalt, hkdfInfo, hex.EncodeToString(derive(unhex(hkdfKey), unhex(hkdfSalt), string(unhex(hkdfInfo)), 42))},
		DataKey: testKeyText, FileID: "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", Period: hex.EncodeToString(testPeriod[:]),
		Binding:   hex.EncodeToString(testBinding),
		SearchKey: testKeyText,
	}
	for _, text := range []string{"", "abc", strings.Repeat("abcd", 16)} {
		sum := sm3.Sum([]byte(text))
		v.SM3 = append(v.SM3, vectorSM3{text, hex.EncodeToString(sum[:])})
	}
	for _, g := range gcmVectors {
		v.SM4GCM = append(v.SM4GCM, vectorGCM{g.name, g.key, g.nonce, g.aad, g.plaintext, g.sealed})
	}
	key, err := newDataKey(testKey)
	require.NoError(t, err)
	v.Recipients = keepRecipients(t, kept)
	v.Header = headerV1(t, key, v.Recipients.wrapped())
	v.Derived = derivedVectors(t, key, unhex(v.FileID))
	v.Fields = fieldVectors(t)
	tokens := newTestTokenKey(t, unhex(v.SearchKey))
	for _, p := range [][2]string{{"user.id", "alice"}, {"user.id", ""}, {"http.response.status_code", "200"}, {"客户", "张三"}} {
		v.Tokens = append(v.Tokens, vectorToken{p[0], p[1], tokens.Token(p[0], p[1])})
	}
	return v
}

func derivedVectors(t testing.TB, key *DataKey, file []byte) map[string]string {
	t.Helper()
	keys, err := key.FileKeys([16]byte(file))
	require.NoError(t, err)
	commitment := key.Commitment(testPeriod[:])
	mac := keys.MAC([]byte("abc"))
	return map[string]string{
		"archive_encryption": hex.EncodeToString(derive(key.secret[:], file, infoArchive, KeySize)),
		"archive_mac":        hex.EncodeToString(keys.mac),
		"archive_mac_of_abc": hex.EncodeToString(mac[:]),
		"archive_commitment": hex.EncodeToString(keys.Commitment[:]),
		"field_encryption":   hex.EncodeToString(derive(key.secret[:], testPeriod[:], infoField, KeySize)),
		"field_commitment":   hex.EncodeToString(commitment[:]),
		"search_token_mac":   hex.EncodeToString(derive(key.secret[:], nil, infoToken, macSize)),
	}
}

// fieldVectors seals as version 1 did. Nothing else seals version 1 any more.
func fieldVectors(t testing.TB) (fields []vectorField) {
	t.Helper()
	for i, counter := range []uint64{0, 127, 128, maxFieldSeals - 1} {
		place, text := Place(i+1), fmt.Sprintf("field %d", i)
		fields = append(fields, vectorField{place, counter, hex.EncodeToString([]byte(text)), hex.EncodeToString(sealV1(t, counter, place, testBinding, []byte(text)))})
	}
	return fields
}

func sealV1(t testing.TB, counter uint64, place Place, binding, plaintext []byte) []byte {
	t.Helper()
	key, err := newDataKey(testKey)
	require.NoError(t, err)
	aead, err := fieldAEAD(key, fieldV1, testPeriod)
	require.NoError(t, err)
	nonce := binary.BigEndian.AppendUint64(make([]byte, 4), counter)
	aad := slices.Concat([]byte{fieldV1, byte(place)}, testPeriod[:], binding)
	return aead.Seal(binary.AppendUvarint([]byte{fieldV1}, counter), nonce, plaintext, aad)
}

func headerV1(t testing.TB, key *DataKey, wrapped []Wrapped) string {
	t.Helper()
	commitment := key.Commitment(testPeriod[:])
	b, err := AppendWrapped(slices.Concat([]byte{fieldV1}, testPeriod[:], commitment[:]), wrapped)
	require.NoError(t, err)
	return base64.RawURLEncoding.EncodeToString(b)
}

// vectorsV2 is testdata/vectors-v2.json. Its data key, period, binding and recipients
// are those of vectors.json.
type vectorsV2 struct {
	Derived map[string]string `json:"derived"`
	Header  string            `json:"field_header"`
	Fields  []vectorFieldV2   `json:"fields"`
	Hostile []vectorHostile   `json:"hostile"`
}

type vectorFieldV2 struct {
	Salt string `json:"salt"`
	vectorField
	Nonce string `json:"nonce"`
	AAD   string `json:"aad"`
	Tag   string `json:"tag"`
}

// vectorHostile is a field that a reader refuses.
type vectorHostile struct {
	Why    string `json:"why"`
	Place  Place  `json:"place"`
	Sealed string `json:"sealed"`
}

const vectorsV2File = "testdata/vectors-v2.json"

func makeVectorsV2(t testing.TB) (v vectorsV2) {
	t.Helper()
	key, err := newDataKey(testKey)
	require.NoError(t, err)
	commitment := key.commitment(testPeriod[:], infoCommitV2)
	v.Derived = map[string]string{
		"field_encryption": hex.EncodeToString(derive(key.secret[:], testPeriod[:], infoFieldV2, KeySize)),
		"field_commitment": hex.EncodeToString(commitment[:]),
	}
	v.Header, err = encodeFieldHeader(testPeriod, key, readVectors(t).Recipients.wrapped())
	require.NoError(t, err)
	s, _ := newPairOfFields(t)
	for i, counter := range []uint64{0, 127, 128, maxFieldSeals - 1} {
		place, text, nonces := Place(i+1), fmt.Appendf(nil, "field %d", i), nonce(counter)
		sealed := s.Seal(nil, nonces, place, testBinding, text)
		tag := Tag(sealed)
		v.Fields = append(v.Fields, vectorFieldV2{
			Salt:        hex.EncodeToString(nonces.salt[:]),
			vectorField: vectorField{place, counter, hex.EncodeToString(text), hex.EncodeToString(sealed)},
			Nonce:       hex.EncodeToString(binary.BigEndian.AppendUint32(nonces.salt[:], uint32(counter))),
			AAD:         hex.EncodeToString(slices.Concat([]byte{2, byte(place)}, testPeriod[:], testBinding)),
			Tag:         hex.EncodeToString(tag[:]),
		})
	}
	v.Hostile = hostileVectors(s)
	return v
}

func hostileVectors(s *FieldSealer) []vectorHostile {
	text := []byte("field")
	good := s.Seal(nil, nonce(5), PlaceSpan, testBinding, text)
	counter := 1 + saltSize
	hostile := func(why string, place Place, sealed ...[]byte) vectorHostile {
		return vectorHostile{why, place, hex.EncodeToString(slices.Concat(sealed...))}
	}
	return []vectorHostile{
		hostile("no bytes", PlaceSpan),
		hostile("version 1 under a key of version 2", PlaceSpan, []byte{1}, good[1:]),
		hostile("version 3", PlaceSpan, []byte{3}, good[1:]),
		hostile("another place", PlaceLog, good),
		hostile("a counter of two bytes where one is enough", PlaceSpan, good[:counter], []byte{0x85, 0}, good[counter+1:]),
		hostile("a counter of 2^32 + 5, whose lower bytes are those of 5", PlaceSpan, good[:counter], []byte{0x85, 0x80, 0x80, 0x80, 0x10}, good[counter+1:]),
		hostile("another salt", PlaceSpan, flip(good, 8)),
		hostile("another ciphertext", PlaceSpan, flip(good, 8*(counter+1))),
		hostile("another tag", PlaceSpan, flip(good, 8*len(good)-1)),
		hostile("cut in the tag", PlaceSpan, good[:len(good)-1]),
		hostile("cut in the salt", PlaceSpan, good[:saltSize]),
		hostile("one byte more", PlaceSpan, good, []byte{0}),
	}
}

func readVectorsV2(t testing.TB) (v vectorsV2) {
	t.Helper()
	b, err := os.ReadFile(vectorsV2File)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &v))
	return v
}

func TestVectorsAreWhatVersion2Makes(t *testing.T) {
	made := makeVectorsV2(t)
	if *update {
		b, err := json.MarshalIndent(made, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(vectorsV2File, append(b, '\n'), 0o644))
	}
	require.Equal(t, readVectorsV2(t), made, "the format has changed; version 2 must not")
}

func TestVectorsOfVersion2Open(t *testing.T) {
	v, old := readVectorsV2(t), readVectors(t)
	h, err := ParseFieldHeader(v.Header)
	require.NoError(t, err)
	o, err := h.Opener(t.Context(), []Identity{newTestKEK(t, unhex(old.Recipients.KEK))})
	require.NoError(t, err)
	assert.Equal(t, 2, o.Version())
	for _, f := range v.Fields {
		text, err := o.Open(nil, f.Place, unhex(old.Binding), unhex(f.Sealed))
		require.NoError(t, err)
		assert.Equal(t, f.Plaintext, hex.EncodeToString(text))
	}
	for _, f := range v.Hostile {
		_, err := o.Open(nil, f.Place, unhex(old.Binding), unhex(f.Sealed))
		assert.Error(t, err, f.Why)
	}
}

func (r vectorRecipients) wrapped() []Wrapped {
	return []Wrapped{
		{Kind: KindSM2, ID: unhex(r.SM2ID), Key: unhex(r.SM2Wrapped)},
		{Kind: KindSM4, ID: unhex(r.KEKID), Key: unhex(r.KEKWrapped)},
		{Kind: KindCommand, ID: []byte("kms-1"), Key: []byte("opaque")},
	}
}

// keepRecipients computes the ids anew, and makes keys and wraps only where there
// are none yet.
func keepRecipients(t testing.TB, r vectorRecipients) vectorRecipients {
	t.Helper()
	r.KEK = "00112233445566778899aabbccddeeff"
	kek := newTestKEK(t, unhex(r.KEK))
	if r.Private == "" {
		pair := newPair(t)
		r.Private, r.Public = pair.private, pair.public
	}
	recipient, err := ParseSM2Recipient([]byte(r.Public))
	require.NoError(t, err)
	r.KEKID, r.SM2ID = hex.EncodeToString(kek.id), hex.EncodeToString(recipient.id)
	for wrapped, to := range map[*string]Recipient{&r.KEKWrapped: kek, &r.SM2Wrapped: recipient} {
		if *wrapped == "" {
			w, err := to.Wrap(context.Background(), testKey)
			require.NoError(t, err)
			*wrapped = hex.EncodeToString(w.Key)
		}
	}
	return r
}

func TestVectorsAreWhatVersion1Makes(t *testing.T) {
	kept := readVectors(t)
	made := makeVectors(t, kept.Recipients)
	if *update {
		b, err := json.MarshalIndent(made, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(vectorsFile, append(b, '\n'), 0o644))
	}
	require.Equal(t, readVectors(t), made, "the format has changed; version 1 must not")
}

func TestVectorsOpen(t *testing.T) {
	v := readVectors(t)
	h, err := ParseFieldHeader(v.Header)
	require.NoError(t, err)
	private, err := ParseSM2Identity([]byte(v.Recipients.Private), nil)
	require.NoError(t, err)
	for _, id := range []Identity{private, newTestKEK(t, unhex(v.Recipients.KEK))} {
		key, err := Unwrap(t.Context(), h.Wrapped, []Identity{id})
		require.NoError(t, err)
		assert.Equal(t, v.DataKey, hex.EncodeToString(key.secret[:]))
		o, err := h.Opener(t.Context(), []Identity{id})
		require.NoError(t, err)
		for _, f := range v.Fields {
			text, err := o.Open(nil, f.Place, unhex(v.Binding), unhex(f.Sealed))
			require.NoError(t, err)
			assert.Equal(t, f.Plaintext, hex.EncodeToString(text))
		}
	}
}

func TestTheSelfTestPasses(t *testing.T) { require.NoError(t, SelfTest()) }

func TestTheSelfTestFindsAWrongAnswer(t *testing.T) {
	for _, v := range gcmVectors {
		v.sealed = hex.EncodeToString(flip(unhex(v.sealed), 9))
		require.ErrorIs(t, v.check(), errAnswer)
	}
	err := selfTestError("SM4-GCM", errAnswer)
	requireError(t, err, "self-test: SM4-GCM", "do not seal with it")
}

func BenchmarkSelfTest(b *testing.B) {
	for b.Loop() {
		require.NoError(b, SelfTest())
	}
}

// openssl runs the openssl program, an implementation that shares no code with
// ours, and skips the test where it does not know the algorithm.
func openssl(t testing.TB, stdin []byte, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("there is no openssl here")
	}
	cmd := exec.Command(path, args...)
	cmd.Stdin = strings.NewReader(string(stdin))
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("openssl %s: %v", args[0], err)
	}
	return string(out)
}

func lastField(s string) string { f := strings.Fields(s); return f[len(f)-1] }

func TestOpenSSLAgreesOnSM3(t *testing.T) {
	for _, v := range readVectors(t).SM3 {
		assert.Equal(t, v.Digest, lastField(openssl(t, []byte(v.Text), "dgst", "-sm3")))
	}
	assert.Equal(t, sm3OfABC, readVectors(t).SM3[1].Digest)
}

func TestOpenSSLAgreesOnTheMACOfAHeader(t *testing.T) {
	v := readVectors(t)
	got := openssl(t, []byte("abc"), "dgst", "-sm3", "-mac", "HMAC", "-macopt", "hexkey:"+v.Derived["archive_mac"])
	assert.Equal(t, v.Derived["archive_mac_of_abc"], lastField(got))
}

func TestOpenSSLAgreesOnDerivedKeys(t *testing.T) {
	v := readVectors(t)
	for _, tt := range []struct{ secret, salt, info, key string }{
		{v.HKDF.Secret, v.HKDF.Salt, v.HKDF.Info, v.HKDF.Key},
		{v.DataKey, v.FileID, hex.EncodeToString([]byte(infoArchive)), v.Derived["archive_encryption"]},
		{v.DataKey, v.FileID, hex.EncodeToString([]byte(infoArchiveMAC)), v.Derived["archive_mac"]},
		{v.DataKey, v.FileID, hex.EncodeToString([]byte(infoCommitment)), v.Derived["archive_commitment"]},
		{v.DataKey, v.Period, hex.EncodeToString([]byte(infoField)), v.Derived["field_encryption"]},
		{v.SearchKey, strings.Repeat("00", 32), hex.EncodeToString([]byte(infoToken)), v.Derived["search_token_mac"]},
		{v.Recipients.KEK, strings.Repeat("00", 32), hex.EncodeToString([]byte(infoKeyID)), v.Recipients.KEKID},
	} {
		got := openssl(t, nil, "kdf", "-keylen", fmt.Sprint(len(tt.key)/2), "-kdfopt", "digest:SM3",
			"-kdfopt", "hexkey:"+tt.secret, "-kdfopt", "hexsalt:"+tt.salt, "-kdfopt", "hexinfo:"+tt.info, "HKDF")
		assert.Equal(t, tt.key, strings.ToLower(strings.ReplaceAll(strings.TrimSpace(got), ":", "")))
	}
}

// GCM's ciphertext is that of counter mode from the nonce and a counter of 2; the
// published vectors check the tag.
func TestOpenSSLAgreesOnTheCiphertextOfAField(t *testing.T) {
	v := readVectors(t)
	f := v.Fields[0]
	nonce := fmt.Sprintf("%08x%016x", 0, f.Counter)
	got := openssl(t, unhex(f.Plaintext), "enc", "-sm4-ctr", "-K", v.Derived["field_encryption"], "-iv", nonce+"00000002")
	sealed := unhex(f.Sealed)
	assert.Equal(t, hex.EncodeToString(sealed[2:len(sealed)-sm4.BlockSize]), hex.EncodeToString([]byte(got)))
}

func TestOpenSSLMakesKeysThatAreRead(t *testing.T) {
	private := openssl(t, nil, "genpkey", "-algorithm", "SM2")
	public := openssl(t, []byte(private), "pkey", "-pubout")
	r, err := ParseSM2Recipient([]byte(public))
	require.NoError(t, err)
	id, err := ParseSM2Identity([]byte(private), nil)
	require.NoError(t, err)
	w, err := r.Wrap(t.Context(), testKey)
	require.NoError(t, err)
	got, err := id.Unwrap(t.Context(), w)
	require.NoError(t, err)
	assert.Equal(t, testKey, got)
}

func TestOpenSSLUnwrapsWhatWasWrappedForAnSM2Key(t *testing.T) {
	pair := newPair(t)
	w, err := pair.recipient.Wrap(t.Context(), testKey)
	require.NoError(t, err)
	got := openssl(t, w.Key, "pkeyutl", "-decrypt", "-inkey", writeKey(t, pair.private, 0o600))
	assert.Equal(t, testKey, []byte(got))
}
