// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package segmentlog

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"syscall"
)

// memFS is a folder in memory that records what is done to it.
type memFS struct {
	names  map[string]*memFile
	room   int64 // bytes that files may have together; 0: no limit
	fail   func(call, name string) error
	events []event
	record bool
}

type memFile struct {
	fs   *memFS
	name string // when it was made
	data []byte
}

// event is a call that changes something.
type event struct {
	call, name, to string
	file           *memFile // of the recorded folder
	off            int64
	data           []byte
	ack            map[string]string // what is stored, for the call "ack"
}

func newMemFS() *memFS { return &memFS{names: map[string]*memFile{}} }

func (m *memFS) did(e event) {
	if m.record {
		e.data = slices.Clone(e.data)
		m.events = append(m.events, e)
	}
}

func (m *memFS) failing(call, name string) error {
	if m.fail == nil {
		return nil
	}
	if err := m.fail(call, name); err != nil {
		return &os.PathError{Op: call, Path: name, Err: err}
	}
	return nil
}

func (m *memFS) used() (n int64) {
	for _, f := range m.names {
		n += int64(len(f.data))
	}
	return n
}

func (m *memFS) OpenFile(name string, flag int) (File, error) {
	if err := m.failing("open", name); err != nil {
		return nil, err
	}
	f, ok := m.names[name]
	switch {
	case ok && flag&os.O_EXCL != 0:
		return nil, os.ErrExist
	case !ok && flag&os.O_CREATE == 0:
		return nil, os.ErrNotExist
	case !ok:
		f = &memFile{fs: m, name: name}
		m.names[name] = f
		m.did(event{call: "create", name: name, file: f})
	}
	return f, nil
}

func (m *memFS) List() (map[string]int64, error) {
	sizes := map[string]int64{}
	for name, f := range m.names {
		sizes[name] = int64(len(f.data))
	}
	return sizes, m.failing("list", "")
}

func (m *memFS) Rename(from, to string) error {
	if err := m.failing("rename", from); err != nil {
		return err
	}
	m.names[to] = m.names[from]
	delete(m.names, from)
	m.did(event{call: "rename", name: from, to: to})
	return nil
}

func (m *memFS) Remove(name string) error {
	if err := m.failing("remove", name); err != nil {
		return err
	}
	delete(m.names, name)
	m.did(event{call: "remove", name: name})
	return nil
}

func (m *memFS) SyncDir() error {
	if err := m.failing("syncdir", ""); err != nil {
		return err
	}
	m.did(event{call: "syncdir"})
	return nil
}

func (f *memFile) ReadAt(b []byte, off int64) (int, error) {
	if err := f.fs.failing("read", f.name); err != nil {
		return 0, err
	}
	if off >= int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) WriteAt(b []byte, off int64) (int, error) {
	if err := f.fs.failing("write", f.name); err != nil {
		return 0, err
	}
	var err error
	if grows := off + int64(len(b)) - int64(len(f.data)); f.fs.room > 0 && grows > 0 && f.fs.used()+grows > f.fs.room {
		fits := int64(len(b)) - grows + max(0, f.fs.room-f.fs.used())
		b, err = b[:max(0, fits)], &os.PathError{Op: "write", Path: f.name, Err: syscall.ENOSPC}
	}
	f.put(b, off)
	f.fs.did(event{call: "write", file: f, off: off, data: b})
	return len(b), err
}

func (f *memFile) put(b []byte, off int64) {
	if end := off + int64(len(b)); end > int64(len(f.data)) {
		f.data = append(f.data, make([]byte, end-int64(len(f.data)))...)
	}
	copy(f.data[off:], b)
}

func (f *memFile) Truncate(size int64) error {
	if err := f.fs.failing("truncate", f.name); err != nil {
		return err
	}
	f.cut(size)
	f.fs.did(event{call: "truncate", file: f, off: size})
	return nil
}

func (f *memFile) cut(size int64) {
	if size > int64(len(f.data)) {
		f.put(nil, size)
		return
	}
	f.data = f.data[:size:size]
}

func (f *memFile) Sync() error {
	if err := f.fs.failing("sync", f.name); err != nil {
		return err
	}
	f.fs.did(event{call: "sync", file: f})
	return nil
}

func (*memFile) Close() error { return nil }

// clone copies a folder without its record.
func (m *memFS) clone() *memFS {
	c := newMemFS()
	for name, f := range m.names {
		c.names[name] = &memFile{fs: c, name: name, data: slices.Clone(f.data)}
	}
	return c
}

// lost says what a crash of the machine takes away.
type lost struct{ data, names bool }

// disk replays events. It knows what would be left of them.
type disk struct {
	now, synced map[string]*memFile // names
	data        map[*memFile][]byte // as synced
	files       map[*memFile]*memFile
}

func newDisk() *disk {
	return &disk{now: map[string]*memFile{}, synced: map[string]*memFile{}, data: map[*memFile][]byte{}, files: map[*memFile]*memFile{}}
}

func (d *disk) do(e event) {
	f := d.files[e.file]
	switch e.call {
	case "create":
		f = &memFile{name: e.name}
		d.files[e.file], d.now[e.name] = f, f
	case "write":
		f.put(e.data, e.off)
	case "truncate":
		f.cut(e.off)
	case "sync":
		d.data[f] = slices.Clone(f.data)
	case "rename":
		d.now[e.to] = d.now[e.name]
		delete(d.now, e.name)
	case "remove":
		delete(d.now, e.name)
	case "syncdir":
		d.synced = maps.Clone(d.now)
	case "ack":
	default:
		panic(fmt.Sprint("unknown event ", e.call))
	}
}

// after returns the folder that a crash leaves. A write that is torn is done besides.
func (d *disk) after(l lost, torn *event) *memFS {
	m := newMemFS()
	names := d.now
	if l.names {
		names = d.synced
	}
	for name, f := range names {
		data := f.data
		if l.data {
			data = d.data[f]
		}
		copied := &memFile{fs: m, name: name, data: slices.Clone(data)}
		if torn != nil && d.files[torn.file] == f {
			copied.put(torn.data, torn.off)
		}
		m.names[name] = copied
	}
	return m
}
