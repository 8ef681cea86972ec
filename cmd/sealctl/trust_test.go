// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
)

// timeless makes a batch of each signal of which one item has no time.
func timeless() map[archive.Signal]batch {
	td, ld, md := spans(0, 3), records(0, 3), datapoints(0, 3)
	s := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(1)
	s.SetStartTimestamp(0)
	s.SetEndTimestamp(0)
	r := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(1)
	r.SetTimestamp(0)
	r.SetObservedTimestamp(0)
	md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(1).SetTimestamp(0)
	return map[archive.Signal]batch{archive.Traces: traceBatch{td}, archive.Logs: logBatch{ld}, archive.Metrics: metricBatch{md}}
}

func decodedItems(t *testing.T, signal archive.Signal, lines string) (n int) {
	t.Helper()
	for line := range strings.Lines(lines) {
		switch signal {
		case archive.Traces:
			n += len(names(t, line))
		case archive.Logs:
			ld, err := new(plog.JSONUnmarshaler).UnmarshalLogs([]byte(line))
			require.NoError(t, err)
			n += ld.LogRecordCount()
		case archive.Metrics:
			md, err := new(pmetric.JSONUnmarshaler).UnmarshalMetrics([]byte(line))
			require.NoError(t, err)
			n += md.DataPointCount()
		}
	}
	return n
}

func TestItemsWithoutATimeAreInEveryRange(t *testing.T) {
	for signal, b := range timeless() {
		dir, key := t.TempDir(), symmetricKey(t, testKey)
		a := writer(t, dir, signal, seal.FileProvider{Path: key}, 0)
		require.NoError(t, a.Append(t.Context(), record(t, b, 0, 3)))
		require.NoError(t, a.Close(t.Context()))
		for _, when := range [][]string{{"--from", "2026-02-01"}, {"--to", "2025-01-01"}, {"--from", "2026-02-01", "--to", "2026-02-02"}} {
			args := append([]string{"decrypt", "--key", key, dir}, when...)
			r := sealctl(t, args...)
			require.Equal(t, exitDone, r.code, r.stderr)
			require.Equal(t, 1, decodedItems(t, signal, r.stdout), "%s %v", signal, when)

			r = sealctl(t, append(args, "--by-index")...)
			require.Equal(t, exitDone, r.code, r.stderr)
			require.Contains(t, r.stderr, "the index places 1 frame outside of the time range, so it was not read; leave out --by-index")
		}
	}
}

func TestAnEmptyRangeIsExplained(t *testing.T) {
	dir, _, key := archiveOf(t, 2)
	for want, args := range map[string][]string{
		"the items that were read are of 2026-01-31T12:00:00Z to 2026-01-31T12:00:20Z": {"--from", "2026-02-01"},
		"`sealctl verify --json` shows the range":                                      {"--from", "2026-02-01", "--by-index"},
		"these files hold no logs":                                                     {"--signal", "logs"},
	} {
		r := sealctl(t, append([]string{"decrypt", "--key", key, dir}, args...)...)
		require.Equal(t, exitDone, r.code)
		require.Empty(t, r.stdout)
		require.Contains(t, r.stderr, "nothing was written")
		require.Contains(t, r.stderr, want)
	}
}

// inEach puts a message into another, again and again, as a field of each.
func inEach(n int, inner []byte, fields ...byte) []byte {
	var heads []byte // from the inside out, each reversed
	size := len(inner)
	for i := range n {
		head := binary.AppendUvarint([]byte{fields[i%len(fields)]<<3 | 2}, uint64(size))
		size += len(head)
		slices.Reverse(head)
		heads = append(heads, head...)
	}
	slices.Reverse(heads)
	return append(heads, inner...)
}

// deepValues are attributes and bodies that are n lists or maps deep, in payloads.
func deepValues(n int) map[archive.Signal][]byte {
	lists := inEach(2*n, nil, 1, 5)                                                   // AnyValue: array_value: values
	attribute := inEach(1, inEach(3*n, nil, 2, 1, 6), 2)                              // KeyValue: value: kvlist_value: values: value
	overflowing := []byte{0xaa, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7e} // field 5 in a varint of 70 bits
	strange := append(overflowing, binary.AppendUvarint(nil, uint64(len(lists)))...)
	alias := binary.AppendUvarint(binary.AppendUvarint(nil, (1<<32+9)<<3|2), uint64(len(attribute))) // field 9 in 32 bits
	return map[archive.Signal][]byte{
		archive.Traces:  inEach(3, append(alias, attribute...), 2, 2, 1),
		archive.Logs:    inEach(3, append(strange, lists...), 2, 2, 1),
		archive.Metrics: inEach(6, attribute, 7, 1, 5, 2, 2, 1),
	}
}

func TestADeeplyNestedFrameIsReportedAndTheRestRead(t *testing.T) {
	for signal, payload := range deepValues(1_500_000) {
		dir, key := t.TempDir(), symmetricKey(t, testKey)
		a := writer(t, dir, signal, seal.FileProvider{Path: key}, 0)
		require.NoError(t, a.Append(t.Context(), archive.Record{Payload: payload, Items: 1, From: 1}))
		good := timeless()[signal]
		items := good.items()
		require.NoError(t, a.Append(t.Context(), record(t, good, 0, 3)))
		require.NoError(t, a.Close(t.Context()))
		r := sealctl(t, "decrypt", "--key", key, dir)
		require.Equal(t, exitPart, r.code)
		require.Equal(t, items, decodedItems(t, signal, r.stdout))
		require.Contains(t, r.stderr, "frame 0: it is authentic but hostile")
		require.Equal(t, exitDone, sealctl(t, "verify", "--key", key, dir).code, "its bytes are as they were written")
		require.Contains(t, sealctl(t, "verify", "--key", key, dir, "--deep").stdout, "frame 0: it is authentic but hostile")
	}
}

func TestADeepFrameWithinTheBoundIsRead(t *testing.T) {
	for signal, payload := range deepValues(1000) {
		b, err := decodeBatch(signal, payload)
		require.NoError(t, err)
		_, err = b.json()
		require.NoError(t, err)
	}
}

func TestAGroupIsRefused(t *testing.T) {
	group := append([]byte{0x0b, 0x0c}, inEach(4, nil, 9, 2, 2, 1)...) // a group, then a span
	_, err := decodeBatch(archive.Traces, group)
	require.ErrorContains(t, err, "OTLP does not have")
}

func TestAFrameOfCountlessMessagesIsRefused(t *testing.T) {
	payload := slices.Repeat([]byte{0x0a, 0}, maxMessages+1) // empty resources
	_, err := decodeBatch(archive.Traces, payload)
	require.ErrorContains(t, err, "messages")
	var frame frameError
	require.True(t, errors.As(err, &frame), "the next frame is read")
}

func FuzzShape(f *testing.F) {
	for signal, payload := range deepValues(3) {
		f.Add(byte(signal), payload)
	}
	f.Fuzz(func(t *testing.T, signal byte, payload []byte) {
		_ = checkShape(archive.Signal(signal%3+1), payload)
	})
}

// sealedAs writes an archive of one frame whose index says items and times.
func sealedAs(t *testing.T, payload []byte, items int, from, to uint64) (dir, key string) {
	t.Helper()
	dir, key = t.TempDir(), symmetricKey(t, testKey)
	a := writer(t, dir, archive.Traces, seal.FileProvider{Path: key}, 0)
	require.NoError(t, a.Append(t.Context(), archive.Record{Payload: payload, Items: items, From: from, To: to}))
	require.NoError(t, a.Close(t.Context()))
	return dir, key
}

func TestVerifyDeepComparesContentWithTheIndex(t *testing.T) {
	good := record(t, traceBatch{spans(0, 10)}, 0, 10)
	for name, c := range map[string]struct {
		record archive.Record
		want   string
	}{
		"as it is":       {good, ""},
		"not OTLP":       {archive.Record{Payload: []byte("\xff\xff no"), Items: 10, From: good.From, To: good.To}, "authentic but not OTLP"},
		"a wrong count":  {archive.Record{Payload: good.Payload, Items: 9, From: good.From, To: good.To}, "it has 10 items, but the index says 9"},
		"a wrong range":  {archive.Record{Payload: good.Payload, Items: 10, From: good.From, To: good.To - 1}, "times that the index does not name"},
		"no range there": {archive.Record{Payload: good.Payload, Items: 10, From: 1}, "times that the index does not name"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, key := sealedAs(t, c.record.Payload, c.record.Items, c.record.From, c.record.To)
			require.Equal(t, exitDone, sealctl(t, "verify", "--key", key, dir).code)
			r := sealctl(t, "verify", "--key", key, dir, "--deep")
			if c.want == "" {
				require.Equal(t, exitDone, r.code, r.stdout)
				return
			}
			require.Equal(t, exitPart, r.code)
			require.Contains(t, r.stdout, c.want)
			require.Contains(t, r.stdout, "1 problem, of which 0 are truncations; 1 file was opened")
		})
	}
}

// chainOf writes files of one frame each for a key, in the order of the chain.
func chainOf(t *testing.T, n int) (dir string, files []string, ids []string, key string) {
	t.Helper()
	dir, key = t.TempDir(), symmetricKey(t, testKey)
	for range n {
		files = tracesIn(t, dir, seal.FileProvider{Path: key}, 1)
	}
	slices.SortFunc(files, func(a, b string) int { return int(number(t, a)) - int(number(t, b)) })
	for _, path := range files {
		info, err := readInfo(path)
		require.NoError(t, err)
		ids = append(ids, info.FileID)
	}
	return dir, files, ids, key
}

func number(t *testing.T, path string) uint64 {
	t.Helper()
	info, err := readInfo(path)
	require.NoError(t, err)
	return info.Sequence
}

func TestVerifyPrintsEachChainAndExpectsItsNewest(t *testing.T) {
	dir, files, ids, key := chainOf(t, 3)
	r := sealctl(t, "verify", "--key", key, dir)
	require.Contains(t, r.stdout, "chain of traces: numbers 1 to 3, newest file id "+ids[2]+"\n")
	for _, id := range []string{ids[2], strings.ToUpper(ids[2]), ids[2][:16]} {
		r = sealctl(t, "verify", "--key", key, dir, "--expect-newest", id, "--strict")
		require.Equal(t, exitDone, r.code, r.stdout)
	}
	r = sealctl(t, "verify", "--key", key, dir, "--expect-newest", ids[1])
	require.Equal(t, exitDone, r.code)
	require.Contains(t, r.stdout, "newer files follow")
	require.NotContains(t, r.stdout, "clean:")

	require.NoError(t, os.Remove(files[2]))
	require.Equal(t, exitDone, sealctl(t, "verify", "--key", key, dir).code, "nothing shows it")
	r = sealctl(t, "verify", "--key", key, dir, "--expect-newest", ids[2])
	require.Equal(t, exitPart, r.code)
	require.Contains(t, r.stdout, ids[2]+", which was expected to be the newest of its chain, is not here")

	for _, id := range []string{"", "abc", ids[0] + "00", "not hexadecimal!"} {
		require.Equal(t, exitNot, sealctl(t, "verify", "--key", key, dir, "--expect-newest", id).code)
	}
}

func TestVerifyOfNamedFilesChecksTheirChain(t *testing.T) {
	dir, files, _, key := chainOf(t, 3)
	r := sealctl(t, append([]string{"verify", "--key", key}, files...)...)
	require.Equal(t, exitDone, r.code)
	require.Contains(t, r.stdout, "clean: 3 files")

	r = sealctl(t, "verify", "--key", key, files[0], files[2])
	require.Equal(t, exitDone, r.code)
	require.NotContains(t, r.stdout, "clean")
	require.Contains(t, r.stdout, "1 other file of it is here: name the directory")

	require.NoError(t, os.Remove(files[1]))
	r = sealctl(t, "verify", "--key", key, files[0], files[2])
	require.Equal(t, exitPart, r.code)
	require.Contains(t, r.stdout, "is missing")

	require.NoError(t, os.Remove(files[0]))
	r = sealctl(t, "verify", "--key", key, dir)
	require.Equal(t, exitDone, r.code)
	require.Contains(t, r.stdout, "note: "+files[2]+": the chain of traces begins here with number 3")
	require.Equal(t, exitPart, sealctl(t, "verify", "--key", key, dir, "--strict").code)
	require.Empty(t, sealctl(t, "verify", "--key", key, dir, "--quiet").stdout)
}

func TestTheJSONOfVerifyHasChainsAndNotes(t *testing.T) {
	dir, files, ids, key := chainOf(t, 2)
	require.NoError(t, os.Remove(files[0]))
	r := sealctl(t, "verify", "--key", key, dir, "--json")
	require.Equal(t, exitDone, r.code)
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &got))
	require.Equal(t, false, got["clean"], "not everything could be checked")
	require.Len(t, got["notes"], 1)
	require.Equal(t, []any{map[string]any{
		"signal": "traces", "files": 1.0, "first": 2.0, "last": 2.0, "newest_file_id": ids[1], "newest_path": files[1],
	}}, got["chains"])
}

func TestOneProblemIsNotOneProblems(t *testing.T) {
	dir, file, key := archiveOf(t, 2)
	change(t, file, func(b []byte) []byte { return b[:len(b)-20] })
	r := sealctl(t, "verify", "--key", key, dir)
	require.Contains(t, r.stdout, "\n1 problem, of which 1 is a truncation; 1 file was opened. This is normal if the gateway was killed")
}

func TestDecryptLeavesNoPartOfAnOutput(t *testing.T) {
	dir, key := t.TempDir(), symmetricKey(t, testKey)
	out := filepath.Join(t.TempDir(), "out")
	for _, signal := range []archive.Signal{archive.Logs, archive.Traces} {
		a := writer(t, dir, signal, seal.FileProvider{Path: key}, 0)
		require.NoError(t, a.Append(t.Context(), record(t, timeless()[signal], 0, 3)))
		require.NoError(t, a.Close(t.Context()))
	}
	r := sealctl(t, "decrypt", "--key", key, dir, "--format", "protobuf", "--output", out)
	require.Equal(t, exitNot, r.code)
	require.Contains(t, r.stderr, "choose one with --signal")
	require.NoFileExists(t, out)

	r = sealctl(t, "decrypt", "--key", key, dir, "--format", "protobuf", "--signal", "logs", "--output", out)
	require.Equal(t, exitDone, r.code, r.stderr)
	require.FileExists(t, out)

	broken := filepath.Join(t.TempDir(), "out")
	e := newEnv(strings.NewReader(""), nil, nil)
	o, err := e.openOutput(broken)
	require.NoError(t, err)
	_, err = o.Write([]byte("a part"))
	require.NoError(t, err)
	require.NoError(t, o.discard())
	require.NoFileExists(t, broken)
}

func TestRewrapDryRunChangesNothing(t *testing.T) {
	dir, file, key := archiveOf(t, 1)
	private, public := keyPair(t)
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	r := sealctl(t, "rewrap", "--key", key, dir, "--add", public, "--dry-run")
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Contains(t, r.stdout, file+": would be rewrapped\n1 of 1 files would be rewrapped")
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, before, after)
	r = sealctl(t, "rewrap", "--key", key, dir, "--remove", kekName(t), "--dry-run")
	require.Equal(t, exitNot, r.code, "the same answer as without --dry-run")
	require.Contains(t, r.stderr, "no recipient would be left")
	require.Equal(t, exitNot, sealctl(t, "verify", "--key", private, dir).code)
}

func TestRewrapRemovesTheRecipientOfAFile(t *testing.T) {
	dir, _, key := archiveOf(t, 1)
	private, public := keyPair(t)
	require.Equal(t, exitDone, sealctl(t, "rewrap", "--key", key, dir, "--add", public).code)
	r := sealctl(t, "rewrap", "--key", key, dir, "--remove", public)
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Contains(t, r.stderr, "configuration of the gateway too")
	require.Equal(t, exitNot, sealctl(t, "verify", "--key", private, dir).code)
	r = sealctl(t, "rewrap", "--key", key, dir, "--remove", private)
	require.Equal(t, exitNot, r.code)
	require.Contains(t, r.stderr, "it is a private key")
	require.Contains(t, sealctl(t, "rewrap", "-h").stdout, "Change them too")
}

func TestPubkeyPrintsThePublicPartAndTheID(t *testing.T) {
	private, public := keyPair(t)
	want, err := seal.ReadRecipient(public)
	require.NoError(t, err)
	r := sealctl(t, "pubkey", "--key", private)
	require.Equal(t, exitDone, r.code, r.stderr)
	require.NotContains(t, r.stdout, "PRIVATE")
	again := filepath.Join(t.TempDir(), "again.pem")
	require.NoError(t, os.WriteFile(again, []byte(r.stdout), 0o644))
	got, err := seal.ReadRecipient(again)
	require.NoError(t, err)
	require.Equal(t, want, got)

	for _, path := range []string{private, public} {
		require.Contains(t, sealctl(t, "pubkey", "--key", path).stdout, "# recipient "+want.String()+"\n")
	}
	key := symmetricKey(t, testKey)
	require.Equal(t, result{exitDone, "# recipient " + kekName(t) + "\n", ""}, sealctl(t, "pubkey", key))
	require.Equal(t, exitNot, sealctl(t, "pubkey").code)
	require.Equal(t, exitNot, sealctl(t, "pubkey", "--key", key+".missing").code)
}

func TestPubkeyAsksForThePassphrase(t *testing.T) {
	t.Setenv("SEALCTL_TEST_PASSPHRASE", "correct horse")
	dir := t.TempDir()
	require.Equal(t, exitDone, sealctl(t, "keygen", "--out", dir, "--passphrase-env", "SEALCTL_TEST_PASSPHRASE").code)
	private := filepath.Join(dir, "sealgate.pem")
	require.Contains(t, sealctl(t, "pubkey", "--key", private).stderr, "--passphrase-env")
	public, err := os.ReadFile(filepath.Join(dir, "sealgate.pub.pem"))
	require.NoError(t, err)
	require.Contains(t, sealctl(t, "pubkey", "--key", private, "--passphrase-env", "SEALCTL_TEST_PASSPHRASE").stdout, string(public))
}

func TestADecryptThatIsInterruptedLeavesNoOutput(t *testing.T) {
	dir, _, key := archiveOf(t, 1)
	out := filepath.Join(t.TempDir(), "out")
	e := newEnv(strings.NewReader(""), new(strings.Builder), new(strings.Builder))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, exitNot, e.run(ctx, []string{"decrypt", "--key", key, dir, "--output", out}))
	require.NoFileExists(t, out)
}

func TestTheContentOfTheVectorsIsDecoded(t *testing.T) {
	const vectors = "../../seal/archive/testdata/content"
	b, err := os.ReadFile(filepath.Join(vectors, "content.json"))
	require.NoError(t, err)
	var want struct{ OTLP json.RawMessage }
	require.NoError(t, json.Unmarshal(b, &want))
	key := symmetricKey(t, "00112233445566778899aabbccddeeff") // that of vectors.json
	r := sealctl(t, "decrypt", "--key", key, vectors)
	require.Equal(t, exitDone, r.code, r.stderr)
	require.JSONEq(t, string(want.OTLP), r.stdout)
	r = sealctl(t, "verify", "--key", key, vectors, "--deep", "--strict")
	require.Equal(t, exitDone, r.code, r.stdout)
}

func TestOneCrashIsNoProblemOnceTheNextFileConfirmsIt(t *testing.T) {
	dir, key := t.TempDir(), symmetricKey(t, testKey)
	a := writer(t, t.TempDir(), archive.Traces, seal.FileProvider{Path: key}, 0)
	require.NoError(t, a.Append(t.Context(), record(t, traceBatch{spans(0, 10)}, 0, 10)))
	live, err := archive.List(a.Path())
	require.NoError(t, err)
	content, err := os.ReadFile(live[0])
	require.NoError(t, err)
	killed := filepath.Join(dir, filepath.Base(live[0]))
	require.NoError(t, os.WriteFile(killed, append(content, "SGF1"...), 0o600)) // and a part of a frame

	commands := [][]string{{"verify", "--key", key, dir}, {"decrypt", "--key", key, dir}}
	for _, args := range commands {
		r := sealctl(t, args...)
		require.Equal(t, exitPart, r.code)
		require.Contains(t, r.stdout+r.stderr, "truncated")
	}
	tracesIn(t, dir, seal.FileProvider{Path: key}, 1)
	for _, args := range commands {
		r := sealctl(t, args...)
		require.Equal(t, exitDone, r.code, r.stdout+r.stderr)
		require.Contains(t, r.stdout+r.stderr, "note: "+killed+": it is truncated, because its writer was killed")
		require.Contains(t, strings.ToLower(r.stdout+r.stderr), "its length is confirmed by its successor")
	}
	require.NoError(t, os.Truncate(killed, int64(len(content)-1)))
	for _, args := range commands {
		require.Equal(t, exitPart, sealctl(t, args...).code)
	}
}
