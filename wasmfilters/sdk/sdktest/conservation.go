// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdktest

import (
	"errors"
	"fmt"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
)

// account adds up what a filter counts and what it tells of.
type account struct{ counted, told uint64 }

func (a *account) chunk(v []sdk.Verdict) {
	for _, v := range v {
		if v.Action() == sdk.ActionCount {
			a.counted++
		}
		a.told += uint64(v.Represents())
	}
}

func (a *account) flush(d Driver, rules int, now uint64, last bool) error {
	reports, err := d.Flush(now, last)
	if err != nil {
		return err
	}
	for _, r := range reports {
		if r.Kind > sdk.KeyIdentity || r.Severity > 24 || int(r.Rule) > rules || r.First > r.Last {
			return fmt.Errorf("report %+v: it is not one of the ABI", r)
		}
		a.told += r.Count
	}
	if a.told > a.counted {
		return fmt.Errorf("%d records are told of, %d were counted", a.told, a.counted)
	}
	return nil
}

func (a *account) settle() error {
	if a.told != a.counted {
		return fmt.Errorf("%d records were counted, %d are told of after the last flush", a.counted, a.told)
	}
	return nil
}

func checkConservation(m Module, config []byte) error {
	return with(m, config, func(d Driver, m *sdk.Manifest) error {
		var a account
		for round := range uint64(3) {
			v, err := judge(d, m, Options{Now: 1e9 * (round + 1)}, samples(100))
			if err != nil {
				return err
			}
			a.chunk(v)
			if err := a.flush(d, len(m.Rules), 1e9*(round+1)+1, false); err != nil {
				return err
			}
		}
		for range 2 {
			if err := a.flush(d, len(m.Rules), 9e9, true); err != nil {
				return err
			}
		}
		return a.settle()
	})
}

// checkState hands the state over half-way: together the two must have told of
// what either counted.
func checkState(m Module, config []byte) error {
	var (
		a     account
		state []byte
		want  []sdk.Verdict
	)
	err := with(m, config, func(d Driver, m *sdk.Manifest) error {
		v, err := judge(d, m, Options{Now: 1e9}, samples(100))
		if err != nil {
			return err
		}
		a.chunk(v)
		state, err = d.SaveState()
		return err
	})
	if err != nil || state == nil {
		return err
	}
	if len(state) > 16<<20 {
		return fmt.Errorf("a state of %d bytes: at most 16 MiB are possible", len(state))
	}
	err = with(m, config, func(d Driver, m *sdk.Manifest) error {
		if err := d.RestoreState(state); err != nil {
			return err
		}
		want, err = judge(d, m, Options{Now: 2e9}, samples(100))
		if err != nil {
			return err
		}
		a.chunk(want)
		if err := a.flush(d, len(m.Rules), 9e9, true); err != nil {
			return err
		}
		return a.settle()
	})
	if err != nil {
		return err
	}
	return checkBadState(m, config, state)
}

func checkBadState(m Module, config, state []byte) error {
	for i, bad := range [][]byte{nil, {1}, state[:len(state)/2], append([]byte("x"), state...), make([]byte, 1<<20)} {
		err := with(m, config, func(d Driver, m *sdk.Manifest) error {
			if err := d.RestoreState(bad); err != nil && !errors.Is(err, ErrNoState) {
				return err
			}
			_, err := judge(d, m, Options{Now: 1}, samples(10))
			return err
		})
		if err != nil {
			return fmt.Errorf("bad state %d: %w", i, err)
		}
	}
	return nil
}
