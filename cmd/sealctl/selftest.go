// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/cipher"
	"flag"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm4"

	"github.com/sealgate/sealgate/seal"
)

func selftestCommand() command {
	return command{
		name:    "selftest",
		summary: "check the cryptography against published vectors",
		about: `
It also says what SM4 is computed with here. It is no certification: the module
behind it is not a certified one.`,
		setup: func(*flag.FlagSet) func(context.Context, *env, []string) error { return selftest },
	}
}

func selftest(_ context.Context, e *env, args []string) error {
	if len(args) > 0 {
		return usagef("it takes no argument; this is %q", args[0])
	}
	if err := seal.SelfTest(); err != nil {
		return fmt.Errorf("the self-test failed; do not seal with this program: %w", err)
	}
	how, speed, err := sm4Facts()
	if err != nil {
		return err
	}
	return e.printf("ok\ngmsm      %s\nplatform  %s/%s\nSM4       %s\nSM4-GCM   about %d MB/s on one core\n", gmsmVersion(), runtime.GOOS, runtime.GOARCH, how, speed)
}

// sm4Facts says whether SM4 is computed with assembly, which gmsm shows by the
// types that it returns alone, and how fast it seals.
func sm4Facts() (how string, mbps int, err error) {
	block, err := sm4.NewCipher(make([]byte, seal.KeySize)) // seals nothing but zeros
	if err != nil {
		return "", 0, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return "", 0, err
	}
	switch name := fmt.Sprintf("%T", block); {
	case strings.Contains(name, "NI"):
		how = "instructions of the processor (" + name + ")"
	case strings.Contains(name, "GCM"):
		how = "assembly, GCM fused (" + name + ")"
	case strings.Contains(name, "Asm"):
		how = "assembly (" + name + ")"
	default:
		how = "no assembly: it is several times slower (" + name + ")"
	}
	return how, gcmSpeed(aead), nil
}

// gcmSpeed returns MB a second, measured for a moment.
func gcmSpeed(aead cipher.AEAD) int {
	const moment = 50 * time.Millisecond
	plain, nonce := make([]byte, 64<<10), make([]byte, aead.NonceSize())
	dst := make([]byte, 0, len(plain)+aead.Overhead())
	start, n := time.Now(), 0
	for time.Since(start) < moment {
		aead.Seal(dst, nonce, plain, nil)
		n += len(plain)
	}
	return int(float64(n) / 1e6 / time.Since(start).Seconds())
}
