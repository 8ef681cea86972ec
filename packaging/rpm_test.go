// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package packaging

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The header of an rpm, read without rpm: lead, signature, header, payload; see
// https://rpm-software-management.github.io/rpm/manual/format_header.html.
const (
	rpmLead  = 96 // bytes
	rpmMagic = "\x8e\xad\xe8\x01"

	rpmVersion   = 1001
	rpmPreIn     = 1023
	rpmPostIn    = 1024
	rpmPreUn     = 1025
	rpmPostUn    = 1026
	rpmFileModes = 1030
	rpmFileFlags = 1037
	rpmFileUsers = 1039
	rpmFileGroup = 1040
	rpmRequires  = 1049
	rpmDirIndex  = 1116
	rpmBaseNames = 1117
	rpmDirNames  = 1118

	rpmConfig    = 1 << 0 // of rpmFileFlags
	rpmNoReplace = 1 << 4
)

func TestTheRPMHasTheFilesOfTheDebAndKeepsWhatIsEdited(t *testing.T) {
	for _, d := range packed {
		t.Run(d.name, func(t *testing.T) {
			programs := standIns(t)
			h := readRPM(t, buildPackage(t, d, "rpm", "0.1.0", programs))

			dirs, bases := h.strings(rpmDirNames), h.strings(rpmBaseNames)
			modes, flags, index := h.ints(rpmFileModes), h.ints(rpmFileFlags), h.ints(rpmDirIndex)
			users, groups := h.strings(rpmFileUsers), h.strings(rpmFileGroup)
			files, kept := map[string]string{}, []string{}
			for i, base := range bases {
				path := dirs[index[i]] + base
				files[path] = fmt.Sprintf("%s %s %s", fileMode(modes[i]), users[i], groups[i])
				if flags[i]&(rpmConfig|rpmNoReplace) == rpmConfig|rpmNoReplace {
					kept = append(kept, path)
				}
			}
			assert.Equal(t, d.files(), files)
			assert.ElementsMatch(t, []string{d.config(), d.env()}, kept)

			assert.Equal(t, []string{"0.1.0"}, h.strings(rpmVersion))
			assert.Contains(t, h.strings(rpmRequires), "shadow-utils", "useradd is there before it is needed")
			for tag, name := range map[int]string{rpmPreIn: "preinstall", rpmPostIn: "postinstall", rpmPreUn: "preremove", rpmPostUn: "postremove"} {
				script, err := os.ReadFile(filepath.Join(render(t, d, programs), name))
				require.NoError(t, err)
				assert.Equal(t, []string{string(script)}, h.strings(tag), name)
			}
		})
	}
}

// fileMode returns the mode of a file or a folder from that of stat(2).
func fileMode(mode uint32) fs.FileMode {
	m := fs.FileMode(mode).Perm()
	if mode&syscall.S_IFMT == syscall.S_IFDIR {
		m |= fs.ModeDir
	}
	return m
}

// rpmHeader has where the values of each tag are.
type rpmHeader struct {
	t       *testing.T
	entries map[int]rpmEntry
	store   []byte
}

type rpmEntry struct{ Tag, Type, Offset, Count uint32 }

func readRPM(t *testing.T, path string) rpmHeader {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	_, rest := readRPMHeader(t, b[rpmLead:])
	padding := (8 - (len(b)-len(rest))%8) % 8
	h, _ := readRPMHeader(t, rest[padding:])
	return h
}

// readRPMHeader reads the header at the beginning of b and returns what follows it.
func readRPMHeader(t *testing.T, b []byte) (rpmHeader, []byte) {
	t.Helper()
	require.Equal(t, rpmMagic, string(b[:4]))
	count, size := binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])
	list := make([]rpmEntry, count)
	b = b[16:]
	n, err := binary.Decode(b, binary.BigEndian, list)
	require.NoError(t, err)
	h := rpmHeader{t, map[int]rpmEntry{}, b[n : n+int(size)]}
	for _, e := range list {
		h.entries[int(e.Tag)] = e
	}
	return h, b[n+int(size):]
}

func (h rpmHeader) entry(tag int) rpmEntry {
	h.t.Helper()
	e, ok := h.entries[tag]
	require.True(h.t, ok, "the rpm has no tag %d", tag)
	return e
}

// strings returns the values of a tag of strings.
func (h rpmHeader) strings(tag int) []string {
	h.t.Helper()
	e := h.entry(tag)
	values := strings.SplitN(string(h.store[e.Offset:]), "\x00", int(e.Count)+1)
	return values[:e.Count]
}

// ints returns the values of a tag of integers, of 16 bits or of 32.
func (h rpmHeader) ints(tag int) []uint32 {
	h.t.Helper()
	const int16Type = 3
	e, values := h.entry(tag), []uint32{}
	r := bytes.NewReader(h.store[e.Offset:])
	for range e.Count {
		var wide uint32
		if e.Type == int16Type {
			var narrow uint16
			require.NoError(h.t, binary.Read(r, binary.BigEndian, &narrow))
			wide = uint32(narrow)
		} else {
			require.NoError(h.t, binary.Read(r, binary.BigEndian, &wide))
		}
		values = append(values, wide)
	}
	return values
}
