// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/seal"
)

// hostileFile is a file in testdata/hostile.json: the first golden file with some bytes
// replaced. Readers must report a problem, and read these payloads and no others.
type hostileFile struct {
	Name     string   `json:"name"`
	File     string   `json:"file"`
	At       int      `json:"at"`
	Drop     int      `json:"drop"`
	Put      string   `json:"put"`
	Payloads []string `json:"payloads"`
}

func (h hostileFile) content(t testing.TB, golden []byte) []byte {
	t.Helper()
	return slices.Concat(golden[:h.At], unhex(t, h.Put), golden[h.At+h.Drop:])
}

// difference describes a file by what replaces what in the golden one.
func difference(golden, b []byte) (at, drop int, put string) {
	for at < min(len(golden), len(b)) && golden[at] == b[at] {
		at++
	}
	same := 0
	for same < min(len(golden), len(b))-at && golden[len(golden)-1-same] == b[len(b)-1-same] {
		same++
	}
	return at, len(golden) - at - same, hex.EncodeToString(b[at : len(b)-same])
}

// hostileContents makes the files.
func hostileContents(t testing.TB) (names []string, all map[string][]byte) {
	t.Helper()
	raw, err := os.ReadFile(files(t, goldenDir)[0])
	require.NoError(t, err)
	other, err := os.ReadFile(files(t, goldenDir)[1])
	require.NoError(t, err)
	const start, second, third, final = 412, 484, 584, 641
	period := readGoldenKeys(t).goldenPeriod(t)
	keys, err := period.Key.FileKeys([16]byte(raw[offID:]))
	require.NoError(t, err)
	flip := func(at int, bits byte) []byte {
		b := slices.Clone(raw)
		b[at] ^= bits
		return b
	}
	zip := func(b string) []byte { return encoder(t).EncodeAll([]byte(b), nil) }
	sealed := func(kind frameType, index uint64, plain int, compressed ...[]byte) []byte {
		return appendFrame(nil, keys, frame{kind: kind, index: index, file: [8]byte(raw[offID:]), plain: uint32(plain)}, slices.Concat(compressed...))
	}
	authentic := func(parts ...[]byte) []byte { return append(raw[:start:start], slices.Concat(parts...)...) }
	ended := func(x *index, frames ...[]byte) []byte {
		body := slices.Concat(frames...)
		end := sealed(finalFrame, uint64(len(frames)), len(x.encode()), zip(string(x.encode())))
		return authentic(body, end, appendTrailer(nil, uint64(len(body))))
	}
	hello := sealed(dataFrame, 0, 5, zip("hello"))
	right := &index{items: 1, plain: 5, entries: []entry{{items: 1, from: 1}}}
	elsewhere := &index{items: 1, plain: 5, entries: []entry{{offset: 7, items: 1, from: 1}}}
	longer := &index{items: 1, plain: 6, entries: []entry{{items: 1, from: 1}}}
	twice := func() []byte {
		h := Header{}
		require.NoError(t, h.decode(raw[:start]))
		broken := h.Wrapped[1]
		broken.Key = slices.Clone(broken.Key)
		broken.Key[20] ^= 1
		sm2 := h.Wrapped[0]
		sm2.Key = slices.Clone(sm2.Key)
		sm2.Key[100] ^= 1
		h.Wrapped = append([]seal.Wrapped{broken, sm2}, h.Wrapped...)
		b, err := h.encode(keys)
		require.NoError(t, err)
		return append(b, raw[start:]...)
	}
	all = map[string][]byte{
		"a bit of a frame is flipped":             flip(second+40, 1),
		"a bit of a frame's length is flipped":    flip(second+31, 8),
		"a reserved byte of a frame is set":       flip(second+5, 1),
		"a bit of the final frame is flipped":     flip(final+40, 1),
		"the trailer points elsewhere":            flip(len(raw)-9, 1),
		"a bit of the file MAC is flipped":        flip(offMAC, 1),
		"a bit of the header MAC is flipped":      flip(start-1, 1),
		"a bit of the commitment is flipped":      flip(offCommitment, 1),
		"the version is 2":                        flip(offVersion+1, 3),
		"the signal is another":                   flip(offSignal, 3),
		"the header claims more than it has":      flip(fixedSize+3, 1),
		"the file is cut before its final frame":  raw[:final],
		"the file is cut within a frame":          raw[:third+20],
		"the file is cut within its header":       raw[:start-1],
		"bytes follow the end":                    append(slices.Clone(raw), 0),
		"two frames are exchanged":                slices.Concat(raw[:start], raw[second:third], raw[start:second], raw[third:]),
		"a frame is there twice":                  slices.Concat(raw[:second], raw[start:]),
		"a frame is missing":                      slices.Concat(raw[:second], raw[third:]),
		"a frame is of another file":              slices.Concat(raw[:second], other[start:503], raw[second:]),
		"two zstd frames in one frame":            ended(right, sealed(dataFrame, 0, 5, zip("he"), zip("llo"))),
		"a skippable zstd frame in front":         ended(right, sealed(dataFrame, 0, 5, []byte{0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 9}, zip("hello"))),
		"bytes behind the zstd frame":             ended(right, sealed(dataFrame, 0, 5, zip("hello"), []byte{0})),
		"content that is not zstd":                ended(right, sealed(dataFrame, 0, 5, []byte("hello"))),
		"another size than in the head":           ended(right, sealed(dataFrame, 0, 4, zip("hello"))),
		"the first frame has the number 7":        ended(right, sealed(dataFrame, 7, 5, zip("hello"))),
		"the index has another offset":            ended(elsewhere, hello),
		"the index has another size":              ended(longer, hello),
		"the index has no entry":                  ended(&index{}, hello),
		"the index is cut":                        authentic(hello, sealed(finalFrame, 1, 3, zip("\x01\x01\x05")), appendTrailer(nil, uint64(len(hello)))),
		"each recipient twice, the first altered": twice(),
	}
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, all
}

// readHostile returns the payloads that are read, and how many problems there are.
func readHostile(t testing.TB, name string, content []byte) (payloads []string, problems int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	payloads = []string{}
	f, err := OpenFile(path)
	if err != nil {
		return payloads, 1
	}
	defer f.Close()
	if f.Unlock(t.Context(), readGoldenKeys(t).identities(t)) != nil {
		return payloads, 1
	}
	_, err = f.Read(Between{}, func(fr Frame) error {
		payloads = append(payloads, string(fr.Payload))
		return nil
	}, func(Problem) { problems++ })
	require.NoError(t, err)
	return payloads, problems
}

func TestHostileFilesOfTheVectorsAreReported(t *testing.T) {
	path := filepath.Join(goldenDir, "hostile.json")
	golden, err := os.ReadFile(files(t, goldenDir)[0])
	require.NoError(t, err)
	names, contents := hostileContents(t)
	var made []hostileFile
	for _, name := range names {
		h := hostileFile{Name: name, File: filepath.Base(files(t, goldenDir)[0])}
		h.At, h.Drop, h.Put = difference(golden, contents[name])
		h.Payloads, _ = readHostile(t, h.File, contents[name])
		made = append(made, h)
	}
	made = append(made, hostileFile{
		Name: "the file was renamed", File: filepath.Base(files(t, goldenDir)[1]), Payloads: []string{goldenRecordText(0), goldenRecordText(1), goldenRecordText(2)},
	})
	if *update {
		b, err := json.MarshalIndent(made, "", " ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, append(b, '\n'), 0o644))
	}
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	var want []hostileFile
	require.NoError(t, json.Unmarshal(b, &want))
	require.Equal(t, want, made)
	for _, h := range want {
		t.Run(h.Name, func(t *testing.T) {
			payloads, problems := readHostile(t, h.File, h.content(t, golden))
			require.Equal(t, h.Payloads, payloads)
			require.Positive(t, problems)
		})
	}
}

func goldenRecordText(i int) string { return string(goldenRecords()[0][i].Payload) }
