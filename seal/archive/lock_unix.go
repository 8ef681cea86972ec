// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// dirLock keeps other writers of a signal out of a directory. The system releases
// it when its process ends, however that happens.
type dirLock struct{ f *os.File }

func lockPath(dir string, signal Signal) string {
	return filepath.Join(dir, "."+signal.String()+".lock")
}

func lockDir(dir string, signal Signal) (*dirLock, error) {
	f, err := os.OpenFile(lockPath(dir, signal), os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	if err := holdFile(f); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("archive: another gateway or another `sm4` exporter writes %s to %s; give each a directory of its own", signal, dir)
		}
		return nil, fmt.Errorf("archive: locking %s: %w", dir, err)
	}
	return &dirLock{f}, nil
}

func (l *dirLock) release() { _ = l.f.Close() }

// keepOwner gives a file the owner of another, where that is allowed: the gateway
// has to read the header of what root has rewrapped.
func keepOwner(f *os.File, of os.FileInfo) {
	if s, ok := of.Sys().(*syscall.Stat_t); ok {
		_ = f.Chown(int(s.Uid), int(s.Gid))
	}
}

// holdFile marks a file as being written, for as long as it is open. A reader that
// asks just then whether it is has it locked for some microseconds.
func holdFile(f *os.File) (err error) {
	for range 100 {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); !errors.Is(err, syscall.EWOULDBLOCK) {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	return err
}

// writerHolds tells whether a file is being written. A writer holds the file and the
// directory of its signal. Anyone who can read the file can lock it, so that lock alone
// proves nothing.
func writerHolds(path string) bool {
	signal, _, _ := strings.Cut(filepath.Base(path), "-")
	return isLocked(path) && isLocked(filepath.Join(filepath.Dir(path), "."+signal+".lock"))
}

// isLocked tells whether another process, or another part of this one, holds a file. A file
// that this user may not open counts as held.
func isLocked(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return errors.Is(err, fs.ErrPermission)
	}
	defer f.Close()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
