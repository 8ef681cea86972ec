// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build wasip1

package main

import (
	"math/rand"
	"os"
	"time"
)

var sink [][]byte

func recurse(n int) int { return recurse(n+1) + n }

func misbehave(mode string) {
	switch mode {
	case "loop":
		for {
		}
	case "recurse":
		recurse(0)
	case "bomb":
		for {
			sink = append(sink, make([]byte, 1<<20))
		}
	case "panic":
		panic("half-way")
	case "exit":
		os.Exit(7)
	case "sleep":
		time.Sleep(time.Hour)
	case "random":
		for {
			_ = rand.Int()
		}
	case "file":
		if _, err := os.ReadFile("/etc/passwd"); err == nil {
			panic("a file was granted")
		}
		if len(os.Environ()) > 0 || len(os.Args) > 0 {
			panic("an environment was granted")
		}
		os.Stderr.WriteString("this goes nowhere")
	}
}
