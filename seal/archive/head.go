// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// headPath returns the file that remembers the newest file of a chain, so that the chain
// goes on after all its files were moved away.
func headPath(dir string, signal Signal) string {
	return filepath.Join(dir, "."+signal.String()+".chain")
}

// Layout of that file: a magic, the number of the newest file, its id, its file MAC and the
// size of its frames; 0 means that the size is not known. It is as authentic as the
// directory.
var headMagic = [8]byte{'S', 'G', 'C', 'H', 'A', 'I', 'N', '1'}

const headSize = 8 + 8 + 16 + macSize + 8

// writeChainHead replaces the file at once.
func writeChainHead(dir string, signal Signal, sequence uint64, last Link) error {
	b := binary.BigEndian.AppendUint64(headMagic[:], sequence)
	b = append(append(b, last.ID[:]...), last.MAC[:]...)
	b = binary.BigEndian.AppendUint64(b, last.Size)
	path := headPath(dir, signal)
	tmp, err := os.OpenFile(path+".tmp", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = tmp.Write(b)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return os.Rename(tmp.Name(), path)
}

// readChainHead returns the newest file that was remembered. Its sequence is 0 where none
// was.
func readChainHead(dir string, signal Signal) (last Link, sequence uint64, err error) {
	path := headPath(dir, signal)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Link{}, 0, nil
	}
	if err != nil {
		return Link{}, 0, err
	}
	if len(b) != headSize || [8]byte(b) != headMagic {
		return Link{}, 0, fmt.Errorf("%s is damaged, so only the files in the directory say where the chain goes on; remove it", path)
	}
	sequence = be64(b[8:])
	copy(last.ID[:], b[16:])
	copy(last.MAC[:], b[32:])
	last.Size = be64(b[32+macSize:])
	return last, sequence, nil
}
