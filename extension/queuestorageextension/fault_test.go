// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"fmt"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/sealgate/sealgate/internal/smalldisk"
	"github.com/sealgate/sealgate/segmentlog"
)

// faultyFS is a folder whose calls can fail.
type faultyFS struct {
	segmentlog.FS
	fault   atomic.Pointer[func(call string, off int64) error]
	written atomic.Pointer[func(name string, off int64, size int)]
}

func (f *faultyFS) fail(fault func(call string, off int64) error) { f.fault.Store(&fault) }

func (f *faultyFS) heal() { f.fault.Store(nil) }

func (f *faultyFS) check(call, name string, off int64) error {
	if fault := f.fault.Load(); fault != nil {
		if err := (*fault)(call, off); err != nil {
			return &os.PathError{Op: call, Path: name, Err: err}
		}
	}
	return nil
}

func (f *faultyFS) OpenFile(name string, flag int) (segmentlog.File, error) {
	call := "open"
	if flag&os.O_CREATE != 0 {
		call = "create"
	}
	if err := f.check(call, name, 0); err != nil {
		return nil, err
	}
	file, err := f.FS.OpenFile(name, flag)
	return &faultyFile{file, f, name}, err
}

func (f *faultyFS) Remove(name string) error {
	if err := f.check("remove", name, 0); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

type faultyFile struct {
	segmentlog.File
	fs   *faultyFS
	name string
}

func (f *faultyFile) ReadAt(b []byte, off int64) (int, error) {
	if err := f.fs.check("read", f.name, off); err != nil {
		return 0, err
	}
	return f.File.ReadAt(b, off)
}

func (f *faultyFile) WriteAt(b []byte, off int64) (int, error) {
	if err := f.fs.check("write", f.name, off); err != nil {
		return 0, err
	}
	if written := f.fs.written.Load(); written != nil {
		(*written)(f.name, off, len(b))
	}
	return f.File.WriteAt(b, off)
}

func (f *faultyFile) Sync() error {
	if err := f.fs.check("sync", f.name, 0); err != nil {
		return err
	}
	return f.File.Sync()
}

// faulty starts the extension on a folder whose calls can fail.
func faulty(t testing.TB, directory string, more map[string]any) (*queueStorage, *faultyFS, settings) {
	t.Helper()
	e, set := startOf(t, NewFactory(), directory, more)
	require.NoError(t, os.MkdirAll(folder(directory), 0o700))
	fs := &faultyFS{FS: segmentlog.Dir(folder(directory))}
	s := e.(*queueStorage)
	s.fs = func(string) segmentlog.FS { return fs }
	return s, fs, set
}

// always fails calls of some kinds.
func always(err error, calls ...string) func(string, int64) error {
	return func(call string, _ int64) error {
		if slices.Contains(calls, call) {
			return err
		}
		return nil
	}
}

var noRoom = always(syscall.ENOSPC, "write", "create")

// place is a byte of a batch on the disk.
type place struct {
	file string
	off  int64
}

// fillPlaces puts batches into the queue, and finds a byte of each on the disk.
func fillPlaces(t *testing.T, q *queue, fs *faultyFS, n int) (batches []string, places []place) {
	t.Helper()
	for i := range n {
		ld := batchOf(i, 1000+sizeOf(i))
		var last place
		record := func(name string, off int64, size int) {
			if size > 1000 { // not a note
				last = place{name, off + int64(size) - 20}
			}
		}
		fs.written.Store(&record)
		require.NoError(t, q.ConsumeLogs(t.Context(), ld))
		fs.written.Store(nil)
		batches, places = append(batches, describe(ld)), append(places, last)
	}
	return batches, places
}

func hurt(t *testing.T, path string, off int64) {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	b[off] ^= 0x20
	require.NoError(t, os.WriteFile(path, b, 0o600))
}

// One damaged batch of 40 costs itself. It is counted, and logged with its file and offset.
func TestADamagedBatchCostsItselfAlone(t *testing.T) {
	for name, more := range map[string]map[string]any{"plain": nil, "encrypted": {"encryption": keyFile(t, key1)}} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			e, fs, _ := faulty(t, directory, more)
			batches, places := fillPlaces(t, newQueue(t, e), fs, 40)
			for i, p := range places {
				killed := copied(t, directory)
				hurt(t, filepath.Join(folder(killed), p.file), p.off)
				e, set := startOf(t, NewFactory(), killed, more)
				q := newQueue(t, e)
				q.requireArrives(t, slices.Delete(slices.Clone(batches), i, i+1))
				require.EqualValues(t, 1, counted(t, set, "damaged_items"))
				require.Zero(t, counted(t, set, "missing_items"))
				said := set.logs.FilterMessageSnippet("its bytes on the disk have changed").All()
				require.Len(t, said, 1)
				require.Contains(t, said[0].ContextMap()["error"], p.file+": the record at offset ")
				q.stop(t)
			}
		})
	}
}

// Whatever happens to the files of a queue, it sends what is whole, sends nothing empty, and
// counts what is not there.
func TestWhateverIsLostIsCounted(t *testing.T) {
	directory := t.TempDir()
	e, fs, _ := faulty(t, directory, nil)
	q := newQueue(t, e)
	batches, places := fillPlaces(t, q, fs, 40)
	first := func(killed string) string { return segments(t, killed)[0] }
	for name, damage := range map[string]func(t *testing.T, killed string){
		"a file is cut":     func(t *testing.T, killed string) { require.NoError(t, os.Truncate(first(killed), places[20].off)) },
		"a file is empty":   func(t *testing.T, killed string) { require.NoError(t, os.Truncate(first(killed), 0)) },
		"a file is missing": func(t *testing.T, killed string) { require.NoError(t, os.Remove(first(killed))) },
		"a batch is zeros": func(t *testing.T, killed string) {
			b, err := os.ReadFile(first(killed))
			require.NoError(t, err)
			clear(b[places[9].off+20 : places[10].off+20])
			require.NoError(t, os.WriteFile(first(killed), b, 0o600))
		},
		"others are there": func(t *testing.T, killed string) {
			require.NoError(t, os.WriteFile(filepath.Join(folder(killed), "notes.txt"), []byte("x"), 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(folder(killed), "zz-yy.segment"), []byte("x"), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			killed := copied(t, directory)
			c := open(t, start(t, killed, nil)) // so that what the queue notes is in another file
			require.NoError(t, c.Set(t.Context(), stateKey, valueOf(t, c, stateKey)))
			require.NoError(t, c.Close(t.Context()))
			damage(t, killed)
			e, set := startOf(t, NewFactory(), killed, nil)
			q := newQueue(t, e)
			q.open()
			lost := func() int { return int(counted(t, set, "damaged_items") + counted(t, set, "missing_items")) }
			require.Eventually(t, func() bool { return len(q.arrived())+lost() == len(batches) }, waiting, tick)
			assert.True(t, contains(batches, q.arrived()), "%v", q.arrived())
			q.stop(t)
		})
	}
}

// A failing read removes nothing: others are sent, and the batch after the next start.
func TestAFailingReadRemovesNothing(t *testing.T) {
	for _, err := range []error{syscall.EIO, syscall.EMFILE, syscall.ENOMEM} {
		t.Run(err.Error(), func(t *testing.T) {
			directory := t.TempDir()
			e, fs, set := faulty(t, directory, nil)
			q := newQueue(t, e)
			batches, places := fillPlaces(t, q, fs, 20)
			bad := places[10]
			fs.fail(func(call string, off int64) error {
				if call == "read" && off <= bad.off && off > places[9].off {
					return err
				}
				return nil
			})
			q.requireArrives(t, slices.Delete(slices.Clone(batches), 10, 11))
			assert.EqualValues(t, 1, counted(t, set, "left_items"))
			assert.Zero(t, counted(t, set, "damaged_items"))
			q.stop(t)
			fs.heal()
			newQueue(t, e).requireArrives(t, batches[10:11])
		})
	}
}

// A storage that cannot be opened as a whole ends the start, and removes nothing.
func TestAFailingStartRemovesNothing(t *testing.T) {
	directory := t.TempDir()
	e, fs, _ := faulty(t, directory, nil)
	q := newQueue(t, e)
	batches := fillQueue(t, q, 20)
	killed := copied(t, directory)
	e, fs, _ = faulty(t, killed, nil)
	for _, fault := range []func(string, int64) error{always(syscall.EMFILE, "open"), always(syscall.ENOMEM, "read")} {
		fs.fail(fault)
		_, err := e.GetClient(t.Context(), kindExporter, tempo, "logs")
		require.Error(t, err)
		require.ErrorContains(t, err, folder(killed))
	}
	fs.heal()
	newQueue(t, e).requireArrives(t, batches)
}

// A disk that fails while a queue runs costs nothing that was acknowledged.
func TestAFailingDiskLosesNothing(t *testing.T) {
	for name, fault := range map[string]func(string, int64) error{
		"full":      noRoom,
		"read-only": always(syscall.EROFS, "write", "create", "remove"),
		"quota":     always(syscall.EDQUOT, "write"),
		"broken":    always(syscall.EIO, "write", "sync", "remove"),
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			e, fs, set := faulty(t, directory, map[string]any{"fsync": name == "broken"})
			q := newQueue(t, e)
			batches := fillQueue(t, q, 20)
			fs.fail(fault)
			require.Error(t, q.ConsumeLogs(t.Context(), batchOf(100, 9000)), "it cannot be stored")
			assert.EqualValues(t, 1, counted(t, set, "disk_full"))
			q.requireArrives(t, batches)
			assert.Equal(t, 1, set.logs.FilterMessageSnippet("the disk refuses notes").Len(), "it is said once")
			fs.heal()
			require.Eventually(t, func() bool { return q.ConsumeLogs(t.Context(), batchOf(101, 9000)) == nil }, waiting, tick)
			q.requireArrives(t, append(batches, "record-101 of 9000"))
			assert.Zero(t, counted(t, set, "disk_full"))
			q.stop(t)
			again := newQueue(t, e)
			again.requireArrives(t, nil)
			again.stop(t)
			require.Empty(t, again.arrived(), "all was noted")
			assert.Zero(t, counted(t, set, "missing_items"), "what was refused is not missing")
		})
	}
}

// Close tries a last time to write what it owes.
func TestCloseWritesWhatItOwes(t *testing.T) {
	e, fs, _ := faulty(t, t.TempDir(), nil)
	c := open(t, e)
	require.NoError(t, c.Set(t.Context(), "1", big))
	fs.fail(noRoom)
	require.NoError(t, c.Delete(t.Context(), "1"))
	fs.heal()
	require.NoError(t, c.Close(t.Context()))
	c = open(t, e)
	assert.Nil(t, valueOf(t, c, "1"))

	require.NoError(t, c.Set(t.Context(), "2", big))
	fs.fail(noRoom)
	require.NoError(t, c.Delete(t.Context(), "2"))
	require.ErrorIs(t, c.Close(t.Context()), syscall.ENOSPC)
	fs.heal()
	c = open(t, e)
	assert.Equal(t, big, valueOf(t, c, "2"))
	require.NoError(t, c.Close(t.Context()))
}

func TestWithoutRoomNothingIsStored(t *testing.T) {
	e, fs, _ := faulty(t, t.TempDir(), nil)
	c := open(t, e)
	fs.fail(noRoom)
	require.ErrorIs(t, c.Batch(t.Context(), storage.SetOperation("small", []byte("1")), storage.SetOperation("large", big)), syscall.ENOSPC)
	require.ErrorIs(t, c.Set(t.Context(), "small", []byte("1")), syscall.ENOSPC)
	get := storage.GetOperation("small")
	require.ErrorIs(t, c.Batch(t.Context(), get, storage.SetOperation("large", big)), syscall.ENOSPC, "a large value cannot wait in memory")
	fs.heal()
	assert.Nil(t, valueOf(t, c, "small"))
	assert.Nil(t, valueOf(t, c, "large"))
	require.NoError(t, c.Close(t.Context()))
}

func TestTheDiskIsNotAskedForRoomAllTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, fs, _ := faulty(t, t.TempDir(), nil)
		c := open(t, e)
		fs.fail(noRoom)
		require.NoError(t, c.Delete(t.Context(), "1"))
		fs.heal()
		require.ErrorIs(t, c.Set(t.Context(), "2", nil), syscall.ENOSPC, "as a moment ago")
		time.Sleep(segmentlog.Patience)
		require.NoError(t, c.Set(t.Context(), "2", nil))
		require.NoError(t, c.Close(t.Context()))
	})
}

// Files of what was sent are removed when the queue has been empty for a moment.
func TestNothingIsLeftOfWhatWasSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		directory := t.TempDir()
		c := open(t, start(t, directory, nil))
		require.NoError(t, c.Batch(t.Context(), storage.SetOperation("place", []byte("1")), storage.SetOperation("1", []byte("record-1 "+string(big)))))
		require.NoError(t, c.Batch(t.Context(), storage.SetOperation("place", []byte("2")), storage.DeleteOperation("1")))
		require.NotEmpty(t, filesWith(t, directory, "record-1"))
		time.Sleep(idleTime)
		synctest.Wait()
		assert.Empty(t, filesWith(t, directory, "record-1"))
		assert.Equal(t, []byte("2"), valueOf(t, c, "place"))
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
	e, fs, _ := faulty(t, t.TempDir(), nil)
	opened := func() *client {
		c, err := e.GetClient(t.Context(), kindReceiver, tempo, "logs")
		require.NoError(t, err)
		return c.(*client)
	}
	c := opened()
	want, noted := map[string]string{}, map[string]string{} // noted: what the disk has while it takes no notes
	deleted := map[string]bool{}                            // since then
	for range 300 {
		if random.IntN(20) == 0 {
			if fs.fault.Load() == nil {
				fs.fail(noRoom)
			} else {
				fs.heal()
			}
			time.Sleep(segmentlog.Patience)
		}
		if random.IntN(30) == 0 {
			owed := c.log.Owes() != nil
			err := c.Close(t.Context())
			full := fs.fault.Load()
			fs.heal()
			c = opened()
			if full != nil {
				fs.fault.Store(full)
			}
			for key := range 5 {
				key := fmt.Sprint(key)
				value := string(valueOf(t, c, key))
				if owed && err != nil && (value == noted[key] || value == "" && deleted[key]) {
					want[key] = value // without its note a key is as before, or gone with its file
				}
				require.Equal(t, brief(want[key]), brief(value))
			}
			noted = maps.Clone(want)
			clear(deleted)
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
				deleted[key] = true
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
		if c.log.Owes() == nil {
			noted = changed
			clear(deleted)
		}
		want = changed
		for op, value := range read {
			require.Equal(t, brief(value), brief(string(op.Value)))
		}
	}
	for key, value := range want {
		require.Equal(t, brief(value), brief(string(valueOf(t, c, key))))
	}
	fs.heal()
	require.NoError(t, c.Close(t.Context()))
}

// brief describes a value that would be too long to read.
func brief(value string) string {
	return fmt.Sprintf("%.1q of %d bytes, CRC %08x", value, len(value), crc32.ChecksumIEEE([]byte(value)))
}

// fullDisk is a real disk on which a queue has n batches, three of them being sent, and no room.
func fullDisk(t *testing.T) (directory string, batches []string, others *os.File) {
	t.Helper()
	disk := filepath.Join(t.TempDir(), "disk")
	smalldisk.Mount(t, disk, "6m")
	directory = filepath.Join(disk, "queue")
	q := newQueue(t, start(t, directory, nil))
	for i := 0; ; i++ {
		ld := batchOf(i, 20<<10)
		if q.ConsumeLogs(t.Context(), ld) != nil {
			break
		}
		batches = append(batches, describe(ld))
	}
	require.Greater(t, len(batches), 100)
	killed := copied(t, directory)
	q.stop(t)
	require.NoError(t, os.RemoveAll(directory))
	require.NoError(t, os.CopyFS(directory, os.DirFS(killed)))
	others, err := os.Create(filepath.Join(disk, "others"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, others.Close()) })
	fillDisk(t, others)
	return directory, batches, others
}

// A queue starts on a disk that has no room at all, and sends everything while others take all
// room that it gives back. After that it has noted that it did.
func TestAQueueIsSentOnAFullDisk(t *testing.T) {
	directory, batches, others := fullDisk(t)
	e, set := startOf(t, NewFactory(), directory, nil)
	q := newQueue(t, e)
	q.open()
	require.Eventually(t, func() bool {
		fillDisk(t, others)
		return len(q.arrived()) >= len(batches)
	}, waiting, tick)
	require.ElementsMatch(t, batches, q.arrived())
	assert.Zero(t, counted(t, set, "missing_items")+counted(t, set, "damaged_items"))
	q.stop(t)
	e, set = startOf(t, NewFactory(), directory, nil)
	again := newQueue(t, e)
	again.stop(t)
	assert.Empty(t, again.arrived())
	assert.Zero(t, counted(t, set, "missing_items")+counted(t, set, "damaged_items"))
}

// A process that is killed on a full disk sends at most some again.
func TestAProcessKilledOnAFullDiskLosesNothing(t *testing.T) {
	directory, batches, _ := fullDisk(t)
	q := newQueue(t, start(t, directory, nil))
	require.Error(t, q.ConsumeLogs(t.Context(), batchOf(0, 20<<10)))
	killed := copied(t, directory)
	q.requireArrives(t, batches)
	newQueue(t, start(t, killed, nil)).requireArrives(t, batches)
}

// A first start with hardly any room leaves nothing on which a later start fails.
func TestAFirstStartWithHardlyAnyRoom(t *testing.T) {
	for room := 0; room <= 40<<10; room += 4 << 10 {
		disk := filepath.Join(t.TempDir(), "disk")
		smalldisk.Mount(t, disk, "64k")
		others := filepath.Join(disk, "others")
		require.NoError(t, os.WriteFile(others, make([]byte, 64<<10-room), 0o600))
		e := start(t, filepath.Join(disk, "queue"), nil)
		for range 3 {
			q := newQueue(t, e)
			var accepted []string
			for i := range 3 {
				if ld := batchOf(i, 3000); q.ConsumeLogs(t.Context(), ld) == nil {
					accepted = append(accepted, describe(ld))
				}
			}
			q.requireArrives(t, accepted)
			_ = q.Shutdown(t.Context()) // it may owe notes
		}
		require.NoError(t, os.Remove(others))
		q := newQueue(t, e)
		require.NoError(t, q.ConsumeLogs(t.Context(), batchOf(0, 3000)))
		q.stop(t)
	}
}

func TestClientsAreSafeForConcurrentUse(t *testing.T) {
	e, set := startOf(t, NewFactory(), t.TempDir(), nil)
	c := open(t, e)
	var all sync.WaitGroup
	for i := range 8 {
		key := fmt.Sprint(i)
		all.Go(func() {
			for range 20 {
				assert.NoError(t, c.Set(t.Context(), key, big))
				value, err := c.Get(t.Context(), key)
				assert.NoError(t, err)
				assert.Equal(t, big, value)
				assert.NoError(t, c.Delete(t.Context(), key))
			}
		})
	}
	all.Go(func() {
		for range 20 {
			counted(t, set, "bytes")
		}
	})
	all.Wait()
	require.NoError(t, c.Close(t.Context()))
}

// What an idle storage and a busy one report.
func TestMetrics(t *testing.T) {
	e, set := startOf(t, NewFactory(), t.TempDir(), nil)
	c := open(t, e)
	require.NoError(t, c.Set(t.Context(), "1", big))
	assert.EqualValues(t, 1, counted(t, set, "items"))
	assert.EqualValues(t, 1, counted(t, set, "segments"))
	assert.Greater(t, counted(t, set, "bytes"), int64(len(big)))
	for _, name := range []string{"left_items", "left_files", "disk_full", "damaged_items", "missing_items"} {
		assert.Zero(t, counted(t, set, name), name)
	}
	require.NoError(t, c.Close(t.Context()))
	assert.Zero(t, counted(t, set, "items"))
}

// The files are readable by later versions: this one was written by the first version of
// the format.
func TestTheFormatOnTheDiskStays(t *testing.T) {
	for name, n := range map[string]int{"segments": 12, "sealed": 2} {
		directory, batches := golden(t, name)
		e := start(t, directory, map[string]any{"encryption": keyFile(t, key1)})
		newQueue(t, e).requireArrives(t, batches[:n])
	}
}

// The queue of an exporter stores a request, reads it to send it, and removes it.
func BenchmarkARequestInAQueue(b *testing.B) {
	for name, f := range map[string]struct {
		extension.Factory
		more map[string]any
	}{
		"queue_storage": {NewFactory(), nil}, "file_storage": {filestorage.NewFactory(), nil},
		"encrypted": {NewFactory(), map[string]any{"encryption": keyFile(b, key1)}},
	} {
		for _, size := range []int{1 << 10, 300 << 10} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				e, _ := startOf(b, f, b.TempDir(), f.more)
				c := open(b, e)
				request, at := make([]byte, size), make([]byte, 50)
				for i := 0; b.Loop(); i++ {
					key, last := fmt.Sprint(i), fmt.Sprint(i-1)
					read := storage.GetOperation(key)
					require.NoError(b, c.Batch(b.Context(), storage.SetOperation("place", at), storage.SetOperation(key, request)))
					require.NoError(b, c.Batch(b.Context(), storage.SetOperation("place", at), read))
					require.NoError(b, c.Batch(b.Context(), storage.SetOperation("place", at), storage.DeleteOperation(last)))
				}
				require.NoError(b, c.Close(b.Context()))
			})
		}
	}
}
