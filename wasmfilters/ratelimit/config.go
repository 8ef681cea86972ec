// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package ratelimit

import (
	"errors"
	"math"
	"strconv"

	"github.com/sealgate/sealgate/wasmfilters/internal/identity"
	"github.com/sealgate/sealgate/wasmfilters/internal/kept"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

var keys = []string{
	"rate", "burst", "per_resource", "per_severity", "per_template", "attributes", "resource_attributes",
	"keep_severity", "report", "max_keys",
}

// Limits of the configuration.
const (
	leastRate = 0.001 // records a second
	mostRate  = 1e6
	mostBurst = 1e6
	mostKeys  = 1 << 13 // as many as one call can restore with its fuel

	// defaultBurst is in seconds: records come in batches, and those of one come at
	// the same time.
	defaultBurst = 10
)

// settings are a configuration.
type settings struct {
	interval uint64 // nanoseconds in which a token is added
	depth    uint64 // nanoseconds in which an empty bucket gets full
	identity sdk.Identity
	keep     kept.Guard
	report   bool
	maxKeys  int
}

func parse(config []byte) (settings, error) {
	s := settings{identity: sdk.Identity{Parts: []string{sdk.PartResource}}, keep: kept.Warn, report: true, maxKeys: mostKeys}
	burst := 0
	err := conf.Read(config, keys, func(key string, v *conf.Value) (err error) {
		if key == "burst" {
			burst, err = v.AsIntBetween(1, mostBurst)
			return err
		}
		return s.set(key, v)
	})
	if err == nil && s.interval == 0 {
		err = errors.New("`rate` is missing: the records a second that may pass")
	}
	if err != nil {
		return s, err
	}
	if burst == 0 {
		s.depth = max(s.interval, defaultBurst*1e9)
	} else {
		s.depth = s.interval * uint64(burst)
	}
	return s, nil
}

func (s *settings) set(key string, v *conf.Value) (err error) {
	switch key {
	case "rate":
		s.interval, err = interval(v)
	case "per_resource":
		err = s.part(v, sdk.PartResource)
	case "per_severity":
		err = s.part(v, sdk.PartSeverity)
	case "per_template":
		err = s.part(v, sdk.PartTemplate)
	case "attributes":
		s.identity.Include, err = v.AsNames(identity.MaxAttributes)
	case "resource_attributes":
		s.identity.ResourceAttributes, err = v.AsNames(identity.MaxAttributes)
	case "keep_severity":
		s.keep, err = kept.Parse(v)
	case "report":
		s.report, err = v.AsBool()
	case "max_keys":
		s.maxKeys, err = v.AsIntBetween(1, mostKeys)
	}
	return err
}

// part adds a part to what tells buckets apart, or takes it away.
func (s *settings) part(v *conf.Value, part string) error {
	on, err := v.AsBool()
	s.identity.Parts = identity.Without(s.identity.Parts, part)
	if on {
		s.identity.Parts = append(s.identity.Parts, part)
	}
	return err
}

func interval(v *conf.Value) (uint64, error) {
	rate, err := strconv.ParseFloat(v.Text, 64)
	if v.Kind != conf.Number || err != nil || rate < leastRate || rate > mostRate {
		return 0, errors.New("it must be a number of records a second, from 0.001 to 1000000")
	}
	return uint64(math.Round(1e9 / rate)), nil
}
