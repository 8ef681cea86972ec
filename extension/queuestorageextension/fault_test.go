// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"context"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sealgate/sealgate/internal/smalldisk"
)

// full is a storage on a disk that has no room while it says so.
type full struct {
	storage.Client
	storage.Walker
	noRoom bool
}

func (f *full) Batch(ctx context.Context, ops ...*storage.Operation) error {
	for _, op := range ops {
		if f.noRoom && op.Type != storage.Get {
			return &os.PathError{Op: "write", Path: "queue", Err: syscall.ENOSPC}
		}
	}
	return f.Client.Batch(ctx, ops...)
}

// faulty opens a storage whose disk can be made full, with its log.
func faulty(t *testing.T, directory string) (*client, *full, *observer.ObservedLogs) {
	t.Helper()
	c := open(t, start(t, directory, nil)).(*client)
	core, logs := observer.New(zap.InfoLevel)
	disk := &full{Client: c.inner, Walker: c.inner.(storage.Walker)}
	c.inner, c.logger = disk, zap.New(core)
	return c, disk, logs
}

func TestWithoutRoomNothingIsStored(t *testing.T) {
	directory := t.TempDir()
	c, disk, _ := faulty(t, directory)
	disk.noRoom = true
	require.ErrorIs(t, c.Batch(t.Context(), storage.SetOperation("small", []byte("1")), storage.SetOperation("large", smallest)), syscall.ENOSPC)
	require.ErrorIs(t, c.Set(t.Context(), "small", []byte("1")), syscall.ENOSPC)
	get := storage.GetOperation("small")
	require.ErrorIs(t, c.Batch(t.Context(), get, storage.SetOperation("large", smallest)), syscall.ENOSPC, "a large value cannot wait in memory")
	disk.noRoom = false
	value, err := c.Get(t.Context(), "small")
	require.NoError(t, err)
	assert.Nil(t, value)
	assert.Empty(t, valueFiles(t, directory))
	require.NoError(t, c.Close(t.Context()))
}

// A queue notes with each value that it reads, and with each that it removes, where it is.
func TestWithoutRoomValuesAreReadAndRemovedAndThatIsNotedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		directory := t.TempDir()
		c, disk, logs := faulty(t, directory)
		ctx := t.Context()
		for _, key := range []string{"1", "2"} {
			require.NoError(t, c.Batch(ctx, storage.SetOperation("place", []byte("at 0")), storage.SetOperation(key, append([]byte(key), smallest...))))
		}
		require.NoError(t, c.Set(ctx, "3", []byte("small")))
		disk.noRoom = true
		for _, key := range []string{"1", "2", "3"} {
			read := storage.GetOperation(key)
			require.NoError(t, c.Batch(ctx, storage.SetOperation("place", []byte("at "+key)), read))
			assert.NotEmpty(t, read.Value)
			require.NoError(t, c.Batch(ctx, storage.SetOperation("place", []byte("after "+key)), storage.DeleteOperation(key)))
			assert.Nil(t, valueOf(t, c, key))
			assert.Equal(t, []byte("after "+key), valueOf(t, c, "place"))
		}
		assert.Equal(t, spares(c), valueFiles(t, directory), "the disk has its room back at once")
		assert.Equal(t, 1, logs.FilterLevelExact(zap.ErrorLevel).Len(), "it is said once")

		require.ErrorIs(t, c.Set(ctx, "4", smallest), syscall.ENOSPC)
		disk.noRoom = false
		time.Sleep(patience)
		require.NoError(t, c.Set(ctx, "4", smallest))
		assert.Equal(t, 1, logs.FilterMessageSnippet("has taken note of all").Len())
		require.NoError(t, c.Close(ctx))

		c, _, _ = faulty(t, directory)
		assert.Equal(t, []byte("after 3"), valueOf(t, c, "place"))
		for _, key := range []string{"1", "2", "3"} {
			assert.Nil(t, valueOf(t, c, key))
		}
		assert.Equal(t, smallest, valueOf(t, c, "4"))
		require.NoError(t, c.Close(ctx))
	})
}

func TestTheDiskIsNotAskedForRoomAllTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, disk, _ := faulty(t, t.TempDir())
		disk.noRoom = true
		require.NoError(t, c.Delete(t.Context(), "1"))
		disk.noRoom = false
		require.ErrorIs(t, c.Set(t.Context(), "2", nil), syscall.ENOSPC, "as a moment ago")
		time.Sleep(patience)
		require.NoError(t, c.Set(t.Context(), "2", nil))
		require.NoError(t, c.Close(t.Context()))
	})
}

// Whatever is done in whatever order, a storage is like a map, and without room like one
// that refuses to store.
func TestAStorageIsLikeAMap(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { likeAMap(t, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func likeAMap(t *testing.T, random *rand.Rand) {
	directory := t.TempDir()
	c, disk, _ := faulty(t, directory)
	want, noted := map[string]string{}, map[string]string{} // noted: what the disk has while it takes no notes
	for range 300 {
		if random.IntN(20) == 0 {
			disk.noRoom = !disk.noRoom
			time.Sleep(patience)
		}
		if random.IntN(30) == 0 {
			owed := c.debt.ops != nil
			require.NoError(t, c.Close(t.Context()))
			c, disk, _ = faulty(t, directory)
			for key := range 5 {
				key := fmt.Sprint(key)
				value := string(valueOf(t, c, key))
				if owed { // what was not noted is as before, but for a file that is gone
					if value == noted[key] || value == "" && len(noted[key]) >= large {
						want[key] = value
					}
				}
				require.Equal(t, brief(want[key]), brief(value))
			}
		}
		changed := maps.Clone(want)
		var ops []*storage.Operation
		read := map[*storage.Operation]string{}
		for range 1 + random.IntN(3) {
			key := fmt.Sprint(random.IntN(5))
			switch random.IntN(4) {
			case 0:
				op := storage.GetOperation(key)
				ops, read[op] = append(ops, op), changed[key]
			case 1:
				ops = append(ops, storage.DeleteOperation(key))
				delete(changed, key)
			default:
				value := make([]byte, 1+random.IntN(2*large))
				value[0] = byte(random.Uint32())
				ops = append(ops, storage.SetOperation(key, value))
				changed[key] = string(value)
			}
		}
		if err := c.Batch(t.Context(), ops...); err != nil {
			require.ErrorIs(t, err, syscall.ENOSPC)
			continue
		}
		if c.debt.ops == nil {
			noted = changed
		}
		want = changed
		for op, value := range read {
			require.Equal(t, brief(value), brief(string(op.Value)))
		}
	}
	for key, value := range want {
		require.Equal(t, brief(value), brief(string(valueOf(t, c, key))))
	}
	size := c.values.size
	for _, s := range c.values.spares {
		size += s.size
	}
	for _, path := range valueFiles(t, directory) {
		info, err := os.Stat(path)
		require.NoError(t, err)
		size -= info.Size()
	}
	assert.Zero(t, size)
	require.NoError(t, c.Close(t.Context()))
}

// brief describes a value that would be too long to read.
func brief(value string) string {
	return fmt.Sprintf("%.1q of %d bytes, CRC %08x", value, len(value), crc32.ChecksumIEEE([]byte(value)))
}

// fullDisk is a real disk on which there are n values, and no room.
func fullDisk(t *testing.T) (e storage.Extension, n int, others *os.File) {
	t.Helper()
	directory := filepath.Join(t.TempDir(), "disk")
	smalldisk.Mount(t, directory, "4m")
	e = start(t, directory, nil)
	c := open(t, e)
	for ; c.Batch(t.Context(), storage.SetOperation("place", []byte(fmt.Sprint(n))), storage.SetOperation(fmt.Sprint(n), smallest)) == nil; n++ {
	}
	require.Greater(t, n, 100)
	require.NoError(t, c.Close(t.Context()))
	others, err := os.Create(filepath.Join(directory, "others"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, others.Close()) })
	fill(t, others)
	return e, n, others
}

// fill has others take all the room that there is.
func fill(t *testing.T, others *os.File) {
	t.Helper()
	var err error
	for block := make([]byte, 64<<10); err == nil; {
		_, err = others.Write(block)
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
}

// A queue puts in anew what it was sending when it ended.
func TestOnAFullDiskWhatIsRemovedCanBeStoredAgain(t *testing.T) {
	e, n, others := fullDisk(t)
	c := open(t, e)
	var remove []*storage.Operation
	for i := range 10 {
		remove = append(remove, storage.DeleteOperation(fmt.Sprint(i)))
	}
	require.NoError(t, c.Batch(t.Context(), remove...))
	fill(t, others)
	for i := range 10 {
		require.NoError(t, c.Batch(t.Context(), storage.SetOperation("place", []byte("at")), storage.SetOperation(fmt.Sprint(n+i), smallest)))
		assert.Equal(t, smallest, valueOf(t, c, fmt.Sprint(n+i)))
	}
	require.ErrorIs(t, c.Set(t.Context(), "one too many", smallest), syscall.ENOSPC)
	require.NoError(t, c.Close(t.Context()))
}

// The storage opens, and is read and emptied, on a disk that has no room at all.
func TestOnAFullDiskValuesAreReadAndRemoved(t *testing.T) {
	e, n, others := fullDisk(t)
	c := open(t, e)
	assert.Equal(t, fmt.Sprint(n-1), string(valueOf(t, c, "place")))
	for i := range n {
		read := storage.GetOperation(fmt.Sprint(i))
		require.NoError(t, c.Batch(t.Context(), storage.SetOperation("place", []byte("at")), read))
		assert.Equal(t, smallest, read.Value)
		require.NoError(t, c.Batch(t.Context(), storage.SetOperation("place", []byte("after")), storage.DeleteOperation(fmt.Sprint(i))))
		fill(t, others)
	}
	require.NoError(t, c.Close(t.Context()))
}

func TestClientsAreSafeForConcurrentUse(t *testing.T) {
	c := open(t, start(t, t.TempDir(), nil))
	var all sync.WaitGroup
	for i := range 8 {
		key := fmt.Sprint(i)
		all.Go(func() {
			for range 20 {
				assert.NoError(t, c.Set(t.Context(), key, smallest))
				value, err := c.Get(t.Context(), key)
				assert.NoError(t, err)
				assert.Equal(t, smallest, value)
				assert.NoError(t, c.Delete(t.Context(), key))
			}
		})
	}
	all.Wait()
	require.NoError(t, c.Close(t.Context()))
}

// What is on the disk is read by later versions.
func TestTheFormatOnTheDiskStays(t *testing.T) {
	directory := t.TempDir()
	e := start(t, directory, nil)
	c := open(t, e).(*client)
	require.NoError(t, c.Set(t.Context(), "7", smallest))
	stored, err := c.inner.Get(t.Context(), "\x00file/7")
	require.NoError(t, err)
	assert.Equal(t, "0000000000000000"+"ba94c05f", hex.EncodeToString(stored), "number of the file, CRC-32C of the value")
	content, err := os.ReadFile(filepath.Join(directory, "exporter_otlp_grpc%2Ftempo_traces.values", "0000000000000000"))
	require.NoError(t, err)
	assert.Equal(t, smallest, content)
	require.NoError(t, c.Close(t.Context()))
}

func FuzzDecodeReference(f *testing.F) {
	f.Add(reference{1, 2}.encode())
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := decodeReference(b); err == nil {
			assert.Equal(t, b, r.encode())
		}
	})
}

// The queue of an exporter stores a request, reads it to send it, and removes it.
func BenchmarkARequestInAQueue(b *testing.B) {
	for _, f := range []extension.Factory{NewFactory(), files} {
		b.Run(f.Type().String(), func(b *testing.B) {
			c := open(b, startOf(b, f, b.TempDir(), nil))
			request, place := make([]byte, 300<<10), make([]byte, 50)
			for i := 0; b.Loop(); i++ {
				key, last := fmt.Sprint(i), fmt.Sprint(i-1)
				read := storage.GetOperation(key)
				require.NoError(b, c.Batch(b.Context(), storage.SetOperation("place", place), storage.SetOperation(key, request)))
				require.NoError(b, c.Batch(b.Context(), storage.SetOperation("place", place), read))
				require.NoError(b, c.Batch(b.Context(), storage.SetOperation("place", place), storage.DeleteOperation(last)))
			}
			require.NoError(b, c.Close(b.Context()))
		})
	}
}
