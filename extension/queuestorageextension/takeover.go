// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/sealgate/sealgate/segmentlog"
)

// oldFiles are what `file_storage`, and earlier versions of this extension, have stored for
// a component: a database, and beside it, of earlier versions, a folder with a file for each
// large value.
type oldFiles struct {
	database, values string
	timeout          time.Duration
}

const (
	oldBucket       = "default"
	referencePrefix = "\x00file/" // and a key are the key of the reference to that key's file
	referenceSize   = 12          // number of the file, 8 bytes, and CRC-32C of the value
	damagedSuffix   = ".damaged"  // of a database that cannot be read
)

func (o oldFiles) exist() bool {
	for _, path := range []string{o.database, o.values} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

// takeOver moves what older files hold into the log in a folder. A value is removed from
// where it was when it is safe in the log, so there need not be room for all of them twice,
// and it may be interrupted at any time.
func takeOver(c *client, directory string, old oldFiles, o segmentlog.Options) (err error) {
	o.Fsync, o.MaxBytes = true, 0 // what was stored is not refused
	log, err := segmentlog.Open(directory, o)
	if err != nil {
		return err
	}
	c.damages = 0 // the log is opened again
	t := &takeover{client: c, old: old, log: log, files: map[string]bool{}}
	err = t.run()
	if err = errors.Join(err, log.Close()); err != nil {
		return fmt.Errorf("taking over the queue in %s: %w; it goes on with the next start", old.database, err)
	}
	c.logger.Info("took over a queue in the format of file_storage", zap.String("database", old.database), zap.Int("batches", t.taken))
	return nil
}

type takeover struct {
	*client
	old   oldFiles
	log   *segmentlog.Log
	files map[string]bool // names of the files of values that have been seen to
	taken int
	next  uint64 // number of the next item that has none; 0: not known yet
	kept  bool   // something stays where it was
}

func (t *takeover) run() error {
	err := readDatabase(t.old, t.take)
	whole := err == nil
	var unreadable *databaseError
	if errors.As(err, &unreadable) {
		t.logger.Error("the database of the queue cannot be read; what can be found without it is taken over", zap.String("database", t.old.database), zap.Error(err))
		err = nil
	}
	if err == nil {
		err = t.takeFiles(whole)
	}
	if err != nil {
		return err
	}
	if !whole {
		if err := os.Rename(t.old.database, t.old.database+damagedSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	} else if err := os.Remove(t.old.database); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if t.kept {
		aside := t.old.values + damagedSuffix
		t.logger.Error("files of values that are damaged stay on the disk", zap.String("folder", aside))
		return os.Rename(t.old.values, aside)
	}
	if err := os.Remove(t.old.values); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return segmentlog.SyncDir(filepath.Dir(t.old.database))
}

// take takes over an entry of the database.
func (t *takeover) take(key string, value []byte) error {
	if key == referencePrefix { // had room reserved
		return nil
	}
	name, isReference := strings.CutPrefix(key, referencePrefix)
	if !isReference {
		return t.put(key, value)
	}
	if len(value) != referenceSize {
		t.logger.Error("a batch is lost: what leads to its file is damaged", zap.String("key", name))
		t.damages++
		t.missing++
		return nil
	}
	file := fmt.Sprintf("%016x", binary.BigEndian.Uint64(value))
	t.files[file] = true
	content, err := os.ReadFile(filepath.Join(t.old.values, file))
	if errors.Is(err, fs.ErrNotExist) {
		there, err := t.log.Get(name)
		if err == nil && there == nil {
			t.missing++
			t.logger.Error("a batch is lost: its file is missing", zap.String("key", name), zap.String("file", filepath.Join(t.old.values, file)))
		}
		return err // else it was taken over before
	}
	if err != nil {
		return err
	}
	if crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli)) != binary.BigEndian.Uint32(value[8:]) {
		t.logger.Error("a batch is lost: its file is not what was written", zap.String("key", name), zap.String("file", filepath.Join(t.old.values, file)))
		t.kept = true
		t.damages++
		t.missing++
		return nil
	}
	if err := t.put(name, content); err != nil {
		return err
	}
	return os.Remove(filepath.Join(t.old.values, file))
}

// put stores a value, unless it was taken over before. A batch gets another number if the log
// has one of its number, as after a downgrade.
func (t *takeover) put(key string, value []byte) error {
	there, err := t.log.Get(key)
	switch {
	case err != nil:
		return err
	case there != nil && bytes.Equal(there, value):
		return nil
	case there != nil:
		if _, err := strconv.ParseUint(key, 10, 64); err != nil {
			return nil // what the log has noted is newer
		}
		key = t.nextNumber()
	}
	t.taken++
	return t.log.Commit(segmentlog.Op{Kind: segmentlog.Put, Key: key, Value: value})
}

// takeFiles sees to the files of values that the database does not know. If it is whole, they
// are of values that were sent, or never stored as a whole. Else they are taken over in the
// order in which they were written.
func (t *takeover) takeFiles(whole bool) error {
	entries, err := os.ReadDir(t.old.values)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries { // sorted
		path := filepath.Join(t.old.values, e.Name())
		if _, err := strconv.ParseUint(e.Name(), 16, 64); err != nil || t.files[e.Name()] {
			continue
		}
		if !whole {
			value, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if len(value) > 0 {
				if err := t.put(t.nextNumber(), value); err != nil {
					return err
				}
			}
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// nextNumber returns a key behind those of all items.
func (t *takeover) nextNumber() string {
	if t.next == 0 {
		t.log.Each(func(key string, _ int) {
			if n, err := strconv.ParseUint(key, 10, 64); err == nil {
				t.next = max(t.next, n+1)
			}
		})
	}
	t.next++
	return strconv.FormatUint(t.next-1, 10)
}

// databaseError says that a database cannot be read.
type databaseError struct{ reason any }

func (e *databaseError) Error() string { return fmt.Sprint(e.reason) }

// readDatabase calls use for each entry of the database, if there is one.
func readDatabase(old oldFiles, use func(key string, value []byte) error) (err error) {
	info, err := os.Stat(old.database)
	if errors.Is(err, fs.ErrNotExist) {
		return &databaseError{"it is missing"}
	}
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return &databaseError{"it is empty"}
	}
	// The database is mapped into memory: a page that the file lacks is a fault of the processor.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	var db *bbolt.DB
	defer func() {
		if r := recover(); r != nil {
			err = &databaseError{r}
			if db != nil {
				_ = db.Close()
			}
		}
	}()
	db, err = bbolt.Open(old.database, 0o600, &bbolt.Options{ReadOnly: true, Timeout: max(old.timeout, time.Millisecond)})
	switch {
	case errors.Is(err, bbolterrors.ErrTimeout):
		return fmt.Errorf("%s: %w", old.database, segmentlog.ErrLocked)
	case errors.As(err, new(*fs.PathError)), errors.As(err, new(*os.SyscallError)):
		return err
	case err != nil:
		return &databaseError{err}
	}
	var failed error
	err = readBucket(db, func(key string, value []byte) error {
		failed = use(key, value)
		return failed
	})
	err = errors.Join(err, db.Close())
	if err != nil && failed == nil {
		return &databaseError{err}
	}
	return err
}

func readBucket(db *bbolt.DB, use func(key string, value []byte) error) error {
	return db.View(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket([]byte(oldBucket))
		if bucket == nil {
			return nil // it was made, and nothing was stored
		}
		return bucket.ForEach(func(key, value []byte) error { return use(string(key), slices.Clone(value)) })
	})
}

// databaseName is the name of the database that `file_storage` has for a component.
func databaseName(kind component.Kind, id component.ID, name string) string {
	const longest = 255 // bytes
	raw := strings.ToLower(kind.String()) + "_" + id.Type().String() + "_" + id.Name()
	if name != "" {
		raw += "_" + name
	}
	var safe strings.Builder
	for _, r := range raw {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune(".-_", r):
			safe.WriteRune(r)
		default:
			fmt.Fprintf(&safe, "~%04X", r)
		}
	}
	if safe.Len() > longest {
		return fmt.Sprintf("%x", sha256.Sum256([]byte(safe.String())))
	}
	return safe.String()
}
