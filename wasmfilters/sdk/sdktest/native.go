// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdktest

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// Native runs filters made by newFilter in this process.
func Native(newFilter func() sdk.Filter) Module { return nativeModule(newFilter) }

type nativeModule func() sdk.Filter

func (m nativeModule) New() (Driver, error) { return nativeDriver{sdk.NewGuest(m())}, nil }
func (m nativeModule) Close() error         { return nil }

type nativeDriver struct{ guest *sdk.Guest }

func (d nativeDriver) Configure(config []byte) (sdk.Manifest, error) {
	return readManifest(d.guest.Configure(config))
}

func (d nativeDriver) Filter(chunk []byte) ([]sdk.Verdict, error) {
	return d.guest.Filter(chunk), nil
}

func (d nativeDriver) Flush(now uint64, last bool) ([]sdk.Report, error) {
	return d.guest.Flush(now, last), nil
}

func (d nativeDriver) SaveState() ([]byte, error) { return d.guest.SaveState(), nil }

func (d nativeDriver) RestoreState(state []byte) error {
	if err := d.guest.RestoreState(state); err != nil {
		return fmt.Errorf("%w: %w", ErrNoState, err)
	}
	return nil
}

func (d nativeDriver) Close() error { return nil }

func readManifest(b []byte) (m sdk.Manifest, err error) {
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fmt.Errorf("manifest: %w", err)
	}
	if m.Error != "" {
		return m, errors.New(m.Error)
	}
	return m, nil
}
