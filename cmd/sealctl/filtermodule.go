// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sealgate/sealgate/wasmfilters/builtin"
	"github.com/sealgate/sealgate/wasmhost"
)

// filterModule is a filter and its configuration, as the flags name them.
type filterModule struct {
	name       string
	configPath string
	wasm       []byte
	config     []byte
}

func (m *filterModule) register(fs *flag.FlagSet) {
	fs.StringVar(&m.configPath, "config", "", "`FILE` with the configuration of the filter, JSON: what the gateway has under config, in YAML (without it {})")
}

// shipped is the prefix of the filters that are compiled in, as in the gateway.
const shipped = "builtin:"

// load reads the module that args name, and its configuration.
func (m *filterModule) load(args []string) (err error) {
	if len(args) != 1 {
		return usagef("it takes one module, there are %d: name a WebAssembly file, or one of %s", len(args), shippedFilters())
	}
	m.name = args[0]
	if m.config, err = readConfig(m.configPath); err != nil {
		return err
	}
	if name, ok := strings.CutPrefix(m.name, shipped); ok {
		m.wasm, err = builtin.Load(name)
		return err
	}
	m.wasm, err = readModule(m.name)
	return err
}

func shippedFilters() string {
	return shipped + strings.Join(builtin.Names(), ", "+shipped)
}

const (
	maxModule       = 16 << 20 // bytes, as in the gateway
	maxFilterConfig = 1 << 20  // bytes, the ABI's
)

func readModule(path string) ([]byte, error) {
	wasm, err := readUpTo(path, maxModule)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(string(wasm), "\x00asm") {
		return nil, fmt.Errorf("%s is no WebAssembly module; build one: GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o filter.wasm .", path)
	}
	return wasm, nil
}

func readConfig(path string) ([]byte, error) {
	if path == "" {
		return []byte("{}"), nil
	}
	config, err := readUpTo(path, maxFilterConfig)
	if err != nil {
		return nil, err
	}
	var syntax *json.SyntaxError
	if err := json.Unmarshal(config, new(any)); errors.As(err, &syntax) {
		return nil, fmt.Errorf("%s: it is no JSON at byte %d: %w; write the gateway's YAML as JSON", path, syntax.Offset, err)
	}
	return config, nil
}

func readUpTo(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%s: it has more than %d MiB, the most that is possible; is it the right file?", path, most>>20)
	}
	return b, err
}

// refusal names the module, and the configuration where that is at fault.
func (m *filterModule) refusal(err error) error {
	var guest *wasmhost.Error
	switch {
	case !errors.As(err, &guest):
		return err
	case guest.Kind == wasmhost.KindConfigure && m.configPath == "":
		return fmt.Errorf("%s without a configuration: %w; give one with --config FILE", m.name, guest.Err)
	case guest.Kind == wasmhost.KindConfigure:
		return fmt.Errorf("%s with %s: %w", m.name, m.configPath, guest.Err)
	}
	return fmt.Errorf("%s cannot run in the gateway: %w", m.name, err)
}
