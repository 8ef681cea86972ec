// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/seal"
)

// update writes the files that version 1 makes of fixed keys, ids and times: go
// test ./seal/archive -run Golden -update. A difference in what is not compressed
// means that the format has changed, which it must not within a version.
var update = flag.Bool("update", false, "rewrite testdata")

const goldenDir = "testdata"

// goldenFrame is one frame of the golden files, in testdata/archive.json.
type goldenFrame struct {
	Offset  int64  `json:"offset"`
	Payload string `json:"payload"`
	Items   int    `json:"items"`
	From    uint64 `json:"from_unix_nano"`
	To      uint64 `json:"to_unix_nano"`
}

type goldenFile struct {
	Name       string        `json:"name"`
	ID         string        `json:"id"`
	Created    time.Time     `json:"created"`
	Sequence   uint64        `json:"sequence"`
	Previous   string        `json:"previous_id"`
	PrevMAC    string        `json:"previous_mac"`
	PrevSize   uint64        `json:"previous_size"`
	Commitment string        `json:"commitment"`
	MAC        string        `json:"file_mac"`
	HeaderSize int64         `json:"header_size"`
	Frames     []goldenFrame `json:"frames"`
	Final      int64         `json:"final_frame_offset"`
	Size       int64         `json:"size"`
}

// goldenKeys is what these tests need of seal/testdata/vectors.json.
type goldenKeys struct {
	Period     string `json:"period"`
	Recipients struct {
		KEK        string `json:"kek"`
		KEKID      string `json:"kek_id"`
		KEKWrapped string `json:"kek_wrapped"`
		Private    string `json:"sm2_private_pem"`
		SM2ID      string `json:"sm2_id"`
		SM2Wrapped string `json:"sm2_wrapped"`
	} `json:"recipients"`
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func readGoldenKeys(t testing.TB) goldenKeys {
	t.Helper()
	b, err := os.ReadFile("../testdata/vectors.json")
	require.NoError(t, err)
	var k goldenKeys
	require.NoError(t, json.Unmarshal(b, &k))
	return k
}

func (k goldenKeys) kek(t testing.TB) *seal.KEK {
	t.Helper()
	kek, err := seal.NewKEK(unhex(t, k.Recipients.KEK))
	require.NoError(t, err)
	return kek
}

func (k goldenKeys) identities(t testing.TB) []seal.Identity {
	t.Helper()
	private, err := seal.ParseSM2Identity([]byte(k.Recipients.Private), nil)
	require.NoError(t, err)
	return []seal.Identity{k.kek(t), private}
}

func (k goldenKeys) goldenPeriod(t testing.TB) *seal.Period {
	t.Helper()
	r := k.Recipients
	wrapped := []seal.Wrapped{
		{Kind: seal.KindSM2, ID: unhex(t, r.SM2ID), Key: unhex(t, r.SM2Wrapped)},
		{Kind: seal.KindSM4, ID: unhex(t, r.KEKID), Key: unhex(t, r.KEKWrapped)},
	}
	key, err := seal.Unwrap(t.Context(), wrapped, []seal.Identity{k.kek(t)})
	require.NoError(t, err)
	return &seal.Period{ID: [16]byte(unhex(t, k.Period)), Key: key, Wrapped: wrapped}
}

// goldenTime is when the first golden file was made, and what its frames count from.
var goldenTime = time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)

// goldenRecords are what is in the two golden files.
func goldenRecords() [2][]Record {
	at := func(seconds int) uint64 { return uint64(goldenTime.UnixNano()) + uint64(seconds)*1e9 }
	return [2][]Record{
		{
			{Payload: []byte("the first frame"), Items: 1, From: at(0), To: at(1)},
			{Payload: bytes.Repeat([]byte("the second frame is compressed. "), 8), Items: 20, From: at(2), To: at(5)},
			{Payload: nil, Items: 0, From: 1, To: 0},
		},
		{
			{Payload: []byte("the first frame of the second file"), Items: 3, From: at(60), To: at(60)},
			{Payload: []byte("late: it has the times of the first file"), Items: 2, From: at(1), To: at(3)},
		},
	}
}

// makeGolden writes the golden files to a directory.
func makeGolden(t testing.TB, dir string) {
	t.Helper()
	period := readGoldenKeys(t).goldenPeriod(t)
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true))
	require.NoError(t, err)
	defer enc.Close()
	id := unhex(t, "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
	o := Options{Dir: dir, Signal: Traces, newID: func() [16]byte { id[0]++; return [16]byte(id) }}
	id[0]--
	require.NoError(t, o.setDefaults())
	var previous Link
	for i, records := range goldenRecords() {
		w, err := newFile(&o, period, Header{Created: goldenTime.Add(time.Duration(i) * time.Minute), Sequence: uint64(i + 1), Previous: previous})
		require.NoError(t, err)
		for _, r := range records {
			e := entry{items: uint64(r.Items), from: r.From, to: r.To}
			require.NoError(t, w.writeFrame(w.seal(enc.EncodeAll(r.Payload, nil), len(r.Payload)), e, len(r.Payload)))
		}
		require.NoError(t, w.finish(enc))
		require.NoError(t, w.f.Close())
		previous = w.link()
	}
}

// describe reads the files of a directory as they are described in archive.json.
func describe(t testing.TB, dir string, identities []seal.Identity) (all []goldenFile) {
	t.Helper()
	for _, path := range files(t, dir) {
		f, err := OpenFile(path)
		require.NoError(t, err)
		require.NoError(t, f.Unlock(t.Context(), identities))
		h := f.Header()
		g := goldenFile{
			Name: filepath.Base(path), ID: hex.EncodeToString(h.ID[:]), Created: h.Created, Sequence: h.Sequence,
			Previous: hex.EncodeToString(h.Previous.ID[:]), PrevMAC: hex.EncodeToString(h.Previous.MAC[:]), PrevSize: h.Previous.Size,
			Commitment: hex.EncodeToString(h.Commitment[:]), MAC: hex.EncodeToString(h.MAC[:]),
			HeaderSize: f.start(), Size: f.Size(),
		}
		x, final, err := f.final()
		require.NoError(t, err)
		g.Final = final
		_, err = f.Read(Between{}, func(fr Frame) error {
			e := x.entries[fr.Index]
			g.Frames = append(g.Frames, goldenFrame{fr.Offset, string(fr.Payload), int(e.items), e.from, e.to})
			return nil
		}, func(p Problem) { t.Error(p) })
		require.NoError(t, err)
		require.NoError(t, f.Close())
		all = append(all, g)
	}
	return all
}

func writeGolden(t testing.TB) {
	t.Helper()
	require.NoError(t, os.MkdirAll(goldenDir, 0o755))
	for _, path := range files(t, goldenDir) {
		require.NoError(t, os.Remove(path))
	}
	makeGolden(t, goldenDir)
	b, err := json.MarshalIndent(describe(t, goldenDir, readGoldenKeys(t).identities(t)), "", "  ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(goldenDir, "archive.json"), append(b, '\n'), 0o644))
}

func TestGoldenFilesAreRead(t *testing.T) {
	if *update {
		writeGolden(t)
	}
	b, err := os.ReadFile(filepath.Join(goldenDir, "archive.json"))
	require.NoError(t, err)
	var want []goldenFile
	require.NoError(t, json.Unmarshal(b, &want))
	for _, id := range readGoldenKeys(t).identities(t) {
		require.Equal(t, want, describe(t, goldenDir, []seal.Identity{id}))
		r, err := VerifyDir(t.Context(), goldenDir, []seal.Identity{id}, nil)
		require.NoError(t, err)
		require.Empty(t, r.Problems)
	}
}

func TestGoldenFilesAreWhatVersion1Writes(t *testing.T) {
	dir := t.TempDir()
	makeGolden(t, dir)
	want, got := files(t, goldenDir), files(t, dir)
	require.Len(t, got, len(want))
	for i := range want {
		assert.Equal(t, filepath.Base(want[i]), filepath.Base(got[i]))
		w, err := os.ReadFile(want[i])
		require.NoError(t, err)
		g, err := os.ReadFile(got[i])
		require.NoError(t, err)
		assert.Equal(t, hex.Dump(w), hex.Dump(g), "the format has changed, or how zstd compresses; only the latter may")
	}
}

func TestTheWorkedExampleOfTheDocumentationIsTheGoldenFile(t *testing.T) {
	doc, err := os.ReadFile("../../docs/sealed-format.md")
	require.NoError(t, err)
	_, example, found := strings.Cut(string(doc), "### A worked example")
	require.True(t, found)
	example, _, found = strings.Cut(example, "\n## ")
	require.True(t, found)
	golden, err := os.ReadFile(files(t, goldenDir)[0])
	require.NoError(t, err)
	keys, err := os.ReadFile("../testdata/vectors.json")
	require.NoError(t, err)
	known := hex.EncodeToString(golden) + string(keys) + "010000000000000000000000" + "020000000000000000000003" // two nonces
	runs := regexp.MustCompile(`\b[0-9a-f]{8,}\b`).FindAllString(example, -1)
	require.Greater(t, len(runs), 30)
	for _, run := range runs {
		assert.Contains(t, known, run)
	}
}

// makeContent writes a file of logs, of which testdata/content/content.json has the payload in
// protobuf and in JSON.
func makeContent(t testing.TB, dir string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(goldenDir, "content", "content.json"))
	require.NoError(t, err)
	var c struct {
		Payload string `json:"payload"`
		Items   uint64 `json:"items"`
	}
	require.NoError(t, json.Unmarshal(b, &c))
	payload := unhex(t, c.Payload)
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true))
	require.NoError(t, err)
	defer enc.Close()
	o := Options{Dir: dir, Signal: Logs, newID: func() [16]byte { return [16]byte([]byte("a file of logs..")) }}
	require.NoError(t, o.setDefaults())
	w, err := newFile(&o, readGoldenKeys(t).goldenPeriod(t), Header{Created: goldenTime, Sequence: 1})
	require.NoError(t, err)
	e := entry{items: c.Items, from: uint64(goldenTime.UnixNano()), to: uint64(goldenTime.UnixNano())}
	require.NoError(t, w.writeFrame(w.seal(enc.EncodeAll(payload, nil), len(payload)), e, len(payload)))
	require.NoError(t, w.finish(enc))
	require.NoError(t, w.f.Close())
}

func TestTheFileOfLogsIsWhatVersion1Writes(t *testing.T) {
	want := filepath.Join(goldenDir, "content")
	if *update {
		for _, path := range files(t, want) {
			require.NoError(t, os.Remove(path))
		}
		makeContent(t, want)
	}
	dir := t.TempDir()
	makeContent(t, dir)
	w, err := os.ReadFile(files(t, want)[0])
	require.NoError(t, err)
	g, err := os.ReadFile(files(t, dir)[0])
	require.NoError(t, err)
	require.Equal(t, filepath.Base(files(t, want)[0]), filepath.Base(files(t, dir)[0]))
	require.Equal(t, hex.Dump(w), hex.Dump(g), "the format has changed, or how zstd compresses; only the latter may")
}
