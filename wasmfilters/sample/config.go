// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"errors"
	"strconv"

	"github.com/sealgate/sealgate/wasmfilters/internal/kept"
	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

var keys = []string{"percentage", "precision", "without_trace", "keep_severity"}

// settings are a configuration.
type settings struct {
	percentage string // as it was written
	threshold  uint64 // records below are dropped
	otherwise  otherwise
	keep       kept.Guard
}

// otherwise is what becomes of a record that belongs to no trace.
type otherwise uint8

const (
	keep otherwise = iota
	drop
	byHash
)

func parse(config []byte) (settings, error) {
	s := settings{keep: kept.Warn}
	ratio, precision := -1.0, defaultPrecision
	err := conf.Read(config, keys, func(key string, v *conf.Value) (err error) {
		switch key {
		case "percentage":
			s.percentage = v.Text
			ratio, err = ratioOf(v)
		case "precision":
			precision, err = v.AsIntBetween(1, hexDigits)
		case "without_trace":
			s.otherwise, err = otherwiseOf(v)
		case "keep_severity":
			s.keep, err = kept.Parse(v)
		}
		return err
	})
	if err == nil && ratio < 0 {
		err = errors.New("`percentage` is missing: how many of 100 traces are kept")
	}
	s.threshold = threshold(ratio, precision)
	return s, err
}

// ratioOf reads a percentage as contrib's probabilistic_sampler does: of 32 bits.
func ratioOf(v *conf.Value) (float64, error) {
	percentage, err := strconv.ParseFloat(v.Text, 32)
	if v.Kind != conf.Number || err != nil || percentage < 0 || percentage > 100 || len(v.Text) > 20 {
		return 0, errors.New("it must be a number from 0 to 100")
	}
	return percentage / 100, nil
}

func otherwiseOf(v *conf.Value) (otherwise, error) {
	switch s, _ := v.AsText(); s {
	case "keep":
		return keep, nil
	case "drop":
		return drop, nil
	case "hash":
		return byHash, nil
	}
	return 0, errors.New("it must be \"keep\", \"drop\" or \"hash\"")
}
