// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"archive/tar"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/sealgate/sealgate/internal/smalldisk"
)

// golden unpacks a directory as a killed collector left it: twelve batches, of which the
// first three were being sent. The first version of this extension made queue_storage.tar.gz, contrib's
// file_storage v0.161.0 made file_storage.tar.gz.
func golden(t testing.TB, name string) (directory string, batches []string) {
	t.Helper()
	directory = filepath.Join(t.TempDir(), "queue")
	f, err := os.Open(filepath.Join("testdata", name+".tar.gz"))
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		path := filepath.Join(directory, filepath.FromSlash(h.Name))
		if h.Typeflag == tar.TypeDir {
			require.NoError(t, os.MkdirAll(path, 0o750))
			continue
		}
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, content, 0o600))
	}
	for i := range 12 {
		batches = append(batches, describe(batchOf(i, sizeOf(i))))
	}
	return directory, batches
}

const (
	goldenDatabase = "exporter_otlp_grpc_tempo_logs"
	goldenValues   = "exporter_otlp_grpc%2Ftempo_logs.values"
)

// A queue in either older format is taken over as a whole, and its files go.
func TestOlderQueuesAreTakenOver(t *testing.T) {
	for _, name := range []string{"queue_storage", "file_storage"} {
		for how, more := range map[string]map[string]any{"in the clear": nil, "encrypted": {"encryption": keyFile(t, key1)}} {
			t.Run(name+", "+how, func(t *testing.T) {
				directory, batches := golden(t, name)
				q := newQueue(t, start(t, directory, more))
				if more != nil {
					assert.Empty(t, filesWith(t, directory, "record-"))
				}
				q.requireArrives(t, batches)
				assert.NoFileExists(t, filepath.Join(directory, goldenDatabase))
				assert.NoDirExists(t, filepath.Join(directory, goldenValues))
			})
		}
	}
}

// A takeover that was killed at any time goes on at the next start.
func TestATakeoverThatWasKilledGoesOn(t *testing.T) {
	directory, batches := golden(t, "queue_storage")
	database, err := os.ReadFile(filepath.Join(directory, goldenDatabase))
	require.NoError(t, err)
	file := filepath.Join(directory, goldenValues, "0000000000000003")
	require.NoError(t, os.Chmod(filepath.Dir(file), 0o750))
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.Remove(file))
	require.NoError(t, os.Mkdir(file, 0o750)) // it cannot be read
	e := start(t, directory, nil)
	_, err = e.GetClient(t.Context(), kindExporter, tempo, "logs")
	require.ErrorContains(t, err, file)
	require.ErrorContains(t, err, "it goes on with the next start")

	require.NoError(t, os.Remove(file))
	require.NoError(t, os.WriteFile(file, content, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(directory, goldenDatabase), database, 0o600))
	newQueue(t, e).requireArrives(t, batches)
}

// The files of large values are enough where the database is damaged, empty or gone.
func TestADamagedDatabaseCostsNoFile(t *testing.T) {
	var large []string
	for i := range 12 {
		if size := sizeOf(i); size >= 4<<10 {
			large = append(large, describe(batchOf(i, size)))
		}
	}
	require.Len(t, large, 6)
	for name, damage := range map[string]func(t *testing.T, database string){
		"gone":  func(t *testing.T, database string) { require.NoError(t, os.Remove(database)) },
		"empty": func(t *testing.T, database string) { require.NoError(t, os.Truncate(database, 0)) },
		"cut":   func(t *testing.T, database string) { require.NoError(t, os.Truncate(database, 12<<10)) },
		"not one": func(t *testing.T, database string) {
			require.NoError(t, os.WriteFile(database, make([]byte, 32<<10), 0o600))
		},
		"one page": func(t *testing.T, database string) { require.NoError(t, os.Truncate(database, 4<<10)) },
		"text": func(t *testing.T, database string) {
			require.NoError(t, os.WriteFile(database, []byte("hello"), 0o600))
		},
		"its leaves": scribble,
	} {
		t.Run(name, func(t *testing.T) {
			directory, _ := golden(t, "queue_storage")
			damage(t, filepath.Join(directory, goldenDatabase))
			e, set := startOf(t, NewFactory(), directory, map[string]any{"recreate": true})
			q := newQueue(t, e)
			q.requireArrives(t, large)
			if name != "gone" {
				assert.FileExists(t, filepath.Join(directory, goldenDatabase+".damaged"))
			}
			assert.Equal(t, 1, set.logs.FilterMessageSnippet("the database of the queue cannot be read").Len())
		})
	}
}

// scribble overwrites all pages of a database except the first two.
func scribble(t *testing.T, database string) {
	b, err := os.ReadFile(database)
	require.NoError(t, err)
	for i := 8 << 10; i < len(b); i++ {
		b[i] = byte(i * 31)
	}
	require.NoError(t, os.WriteFile(database, b, 0o600))
}

// A file of a value that is damaged is not sent, is counted, and stays on the disk for inspection.
func TestADamagedFileOfAValueIsKeptAside(t *testing.T) {
	directory, batches := golden(t, "queue_storage")
	require.NoError(t, os.Truncate(filepath.Join(directory, goldenValues, "0000000000000000"), 100))
	require.NoError(t, os.Remove(filepath.Join(directory, goldenValues, "0000000000000001")))
	e, set := startOf(t, NewFactory(), directory, nil)
	newQueue(t, e).requireArrives(t, append(batches[:2:2], batches[4:]...))
	assert.FileExists(t, filepath.Join(directory, goldenValues+".damaged", "0000000000000000"))
	assert.EqualValues(t, 1, counted(t, set, "damaged_items"))
	assert.EqualValues(t, 1, counted(t, set, "missing_items"))
}

// Versions of the Collector before 2025 had a key for each number.
func TestAStateOfOldKeysIsUnderstood(t *testing.T) {
	directory := t.TempDir()
	e, _ := startOf(t, filestorage.NewFactory(), directory, nil)
	c := open(t, e)
	numbers := func(n ...uint64) (b []byte) {
		for _, n := range n {
			b = binary.LittleEndian.AppendUint64(b, n)
		}
		return b
	}
	ops := []*storage.Operation{storage.SetOperation("ri", numbers(8)), storage.SetOperation("wi", numbers(10)),
		storage.SetOperation("di", append([]byte{2, 0, 0, 0}, numbers(3, 6)...))}
	for _, i := range []int{3, 6, 8, 9} {
		ops = append(ops, storage.SetOperation(strconv.Itoa(i), encoded(t, batchOf(i, 50))))
	}
	require.NoError(t, c.Batch(t.Context(), ops...))
	require.NoError(t, c.Close(t.Context()))
	newQueue(t, start(t, directory, nil)).requireArrives(t, []string{"record-3 of 50", "record-6 of 50", "record-8 of 50", "record-9 of 50"})
}

// What an older version stored after a downgrade is added to what the log has.
func TestAQueueOfADowngradeIsAdded(t *testing.T) {
	directory, batches := golden(t, "queue_storage")
	c := open(t, start(t, directory, nil))
	require.NoError(t, c.Close(t.Context()))
	again, more := golden(t, "file_storage")
	e, _ := startOf(t, filestorage.NewFactory(), again, nil)
	old := open(t, e)
	require.NoError(t, old.Set(t.Context(), "5", encoded(t, batchOf(500, 60))))
	require.NoError(t, old.Delete(t.Context(), "6"))
	require.NoError(t, old.Close(t.Context()))
	require.NoError(t, os.Rename(filepath.Join(again, goldenDatabase), filepath.Join(directory, goldenDatabase)))
	require.Equal(t, batches, more)
	q := newQueue(t, start(t, directory, nil))
	q.open()
	require.Eventually(t, func() bool { return contains(q.arrived(), append(batches, "record-500 of 60")) }, waiting, tick)
}

func TestATakeoverWithoutRoomSaysSoAndLosesNothing(t *testing.T) {
	directory, batches := golden(t, "file_storage")
	disk := filepath.Join(t.TempDir(), "disk")
	smalldisk.Mount(t, disk, "256k")
	require.NoError(t, os.CopyFS(filepath.Join(disk, "queue"), os.DirFS(directory)))
	others, err := os.Create(filepath.Join(disk, "others"))
	require.NoError(t, err)
	fillDisk(t, others)
	e := start(t, filepath.Join(disk, "queue"), nil)
	_, err = e.GetClient(t.Context(), kindExporter, tempo, "logs")
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, filepath.Join(disk, "queue", goldenDatabase))
	require.NoError(t, others.Close())
	require.NoError(t, os.Remove(others.Name()))
	q := newQueue(t, e)
	q.requireArrives(t, batches)
	q.stop(t)
}

// Another process, of an older version, has the database.
func TestADatabaseInUseIsNotTakenOver(t *testing.T) {
	directory, _ := golden(t, "file_storage")
	theirs, _ := startOf(t, filestorage.NewFactory(), directory, nil)
	c := open(t, theirs)
	e := start(t, directory, map[string]any{"timeout": "1ms"})
	_, err := e.GetClient(t.Context(), kindExporter, tempo, "logs")
	require.ErrorContains(t, err, filepath.Join(directory, goldenDatabase)+": another process has it")
	require.NoError(t, c.Close(t.Context()))
	assert.FileExists(t, filepath.Join(directory, goldenDatabase))
}
