// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdktest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// garbage is chunks that are none, or hardly.
func garbage(m *sdk.Manifest) [][]byte {
	good := Encode(m, Options{Now: 1}, samples(9)...)
	out := [][]byte{nil, {0}, make([]byte, 32), make([]byte, 1<<16)}
	for n := 0; n < len(good); n += 1 + len(good)/40 {
		out = append(out, good[:n])
	}
	head := int(binary.LittleEndian.Uint32(good))
	for at := 0; at+4 <= head; at += 4 {
		for _, v := range []uint32{0, 1, 65536, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff8} {
			if at < 16 || at >= 32 {
				out = append(out, put(good, at, v))
			}
		}
	}
	seed := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		bad := append([]byte(nil), good...)
		for range 1 + seed.IntN(8) {
			bad[seed.IntN(len(bad))] = byte(seed.Uint32())
		}
		out = append(out, bad)
	}
	return out
}

func put(b []byte, at int, v uint32) []byte {
	b = append([]byte(nil), b...)
	binary.LittleEndian.PutUint32(b[at:], v)
	return b
}

// checkGarbage sends chunks that the host never makes. A trap is an answer, at
// the price of the instance, but for one that took the whole deadline; so are
// verdicts, if there are as many as the chunk says that it has records.
func checkGarbage(m Module, config []byte) error {
	var chunks [][]byte
	err := with(m, config, func(_ Driver, m *sdk.Manifest) error {
		chunks = garbage(m)
		return nil
	})
	for at := 0; at < len(chunks) && err == nil; {
		err = with(m, config, func(d Driver, m *sdk.Manifest) error {
			for at < len(chunks) {
				at++
				if trapped, err := tryGarbage(d, m, chunks[at-1]); trapped || err != nil {
					return err
				}
			}
			return nil
		})
	}
	return err
}

func tryGarbage(d Driver, m *sdk.Manifest, chunk []byte) (trapped bool, err error) {
	v, err := d.Filter(chunk)
	switch {
	case errors.Is(err, ErrEndless):
		return true, err
	case errors.Is(err, ErrTrap):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("chunk %.64x: %w", chunk, err)
	case len(v) > 0 && (len(chunk) < 8 || uint32(len(v)) != binary.LittleEndian.Uint32(chunk[4:])):
		return false, fmt.Errorf("chunk %.64x: %d verdicts", chunk, len(v))
	}
	_, err = judge(d, m, Options{Now: 1}, samples(3))
	return false, err
}
