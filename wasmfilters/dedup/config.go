// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package dedup

import (
	"github.com/sealgate/sealgate/wasmfilters/internal/identity"
	"github.com/sealgate/sealgate/wasmfilters/internal/kept"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

var keys = []string{"window", "identity", "attributes", "per_resource", "keep_severity", "text", "max_lines"}

const (
	longestWindow = 366 * 24 * conf.Hour
	mostLines     = 1 << 13 // as many as one call can restore with its fuel
)

// settings are a configuration.
type settings struct {
	window   uint64 // nanoseconds
	identity sdk.Identity
	keep     kept.Guard
	text     bool
	maxLines int
}

func parse(config []byte) (settings, error) {
	s := settings{window: conf.Minute, identity: identity.Of(sdk.PartBody), keep: kept.Warn, text: true, maxLines: mostLines}
	return s, conf.Read(config, keys, s.set)
}

func (s *settings) set(key string, v *conf.Value) (err error) {
	switch key {
	case "window":
		s.window, err = v.AsDuration(conf.Millisecond, longestWindow)
	case "identity":
		err = identity.Read(v, &s.identity)
	case "attributes": // short for {attributes: none, include: [...]}
		s.identity.Parts = identity.Without(s.identity.Parts, sdk.PartAttributes)
		s.identity.Include, err = v.AsNames(identity.MaxAttributes)
	case "per_resource":
		var on bool
		if on, err = v.AsBool(); err == nil && !on {
			s.identity.Parts = identity.Without(s.identity.Parts, sdk.PartResource)
		}
	case "keep_severity":
		s.keep, err = kept.Parse(v)
	case "text":
		s.text, err = v.AsBool()
	case "max_lines":
		s.maxLines, err = v.AsIntBetween(1, mostLines)
	}
	return err
}
