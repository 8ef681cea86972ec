// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package redundancy

import (
	"errors"
	"math"

	"github.com/sealgate/sealgate/wasmfilters/internal/identity"
	"github.com/sealgate/sealgate/wasmfilters/internal/kept"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

var keys = []string{"window", "keep_first", "keep_severity", "thin_severe", "level_words", "per_resource", "identity", "clock", "max_templates"}

const (
	longestWindow  = 366 * 24 * conf.Hour
	endless        = math.MaxUint64 // a window that does not end
	mostFirst      = 1 << 20
	leastTemplates = 16
	mostTemplates  = 1 << 14 // more could not be handed over within the fuel of a call
)

// settings are a configuration.
type settings struct {
	window       uint64 // nanoseconds
	keepFirst    uint32 // records of a template and window that are kept
	severe       kept.Guard
	thinSevere   bool
	identity     sdk.Identity
	recordClock  bool
	maxTemplates int
}

func parse(config []byte) (settings, error) {
	s := settings{
		window: conf.Minute, keepFirst: 1, severe: kept.Warn, identity: identity.Of(sdk.PartTemplate), maxTemplates: mostTemplates,
	}
	return s, conf.Read(config, keys, s.set)
}

func (s *settings) set(key string, v *conf.Value) (err error) {
	switch key {
	case "window":
		if s.window, err = v.AsDuration(0, longestWindow); s.window == 0 {
			s.window = endless
		}
	case "keep_first":
		var n int
		n, err = v.AsIntBetween(1, mostFirst)
		s.keepFirst = uint32(n)
	case "keep_severity":
		s.severe, err = kept.Parse(v)
	case "thin_severe":
		s.thinSevere, err = v.AsBool()
	case "level_words": // of earlier versions: now the host finds the severity
		_, err = v.AsBool()
	case "per_resource":
		var on bool
		if on, err = v.AsBool(); err == nil && !on {
			s.identity.Parts = identity.Without(s.identity.Parts, sdk.PartResource)
		}
	case "identity":
		err = identity.Read(v, &s.identity)
	case "clock":
		s.recordClock, err = recordClock(v)
	case "max_templates":
		s.maxTemplates, err = v.AsIntBetween(leastTemplates, mostTemplates)
	}
	return err
}

func recordClock(v *conf.Value) (bool, error) {
	switch s, _ := v.AsText(); s {
	case "arrival":
		return false, nil
	case "record":
		return true, nil
	}
	return false, errors.New("it must be \"arrival\" or \"record\"")
}
