// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package probes

import (
	"errors"
	"strconv"
	"strings"

	"github.com/sealgate/sealgate/wasmfilters/internal/kept"
	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

var keys = []string{"paths", "agents", "default_paths", "default_agents", "attributes", "report", "keep_severity"}

// maxPatterns is how many paths, and how many agents, can be added.
const maxPatterns = 64

// settings are a configuration.
type settings struct {
	patterns   []pattern // paths, then agents
	attributes bool
	report     bool
	keep       kept.Guard
}

func parse(config []byte) (settings, error) {
	s := settings{attributes: true, report: true, keep: kept.Warn}
	var paths, agents []string
	withPaths, withAgents := true, true
	err := conf.Read(config, keys, func(key string, v *conf.Value) (err error) {
		switch key {
		case "paths":
			paths, err = pathsOf(v)
		case "agents":
			agents, err = texts(v)
		case "default_paths":
			withPaths, err = v.AsBool()
		case "default_agents":
			withAgents, err = v.AsBool()
		case "attributes":
			s.attributes, err = v.AsBool()
		case "report":
			s.report, err = v.AsBool()
		case "keep_severity":
			s.keep, err = kept.Parse(v)
		}
		return err
	})
	if err != nil {
		return s, err
	}
	if withPaths {
		paths = append(paths, defaultPaths...)
	}
	if withAgents {
		agents = append(agents, defaultAgents...)
	}
	for _, p := range paths {
		s.patterns = append(s.patterns, newPath(p))
	}
	for _, a := range agents {
		s.patterns = append(s.patterns, newAgent(a))
	}
	if len(s.patterns) == 0 {
		return s, errors.New("there is nothing to look for: name `paths` or `agents`, or leave the default ones on")
	}
	return s, nil
}

func texts(v *conf.Value) ([]string, error) {
	list, err := v.AsNames(maxPatterns)
	for i, s := range list {
		if len(s) > sdk.MaxNeedleSize {
			return nil, errors.New("entry " + strconv.Itoa(i+1) + ": it has " + strconv.Itoa(len(s)) + " bytes, at most " + strconv.Itoa(sdk.MaxNeedleSize) + " are possible")
		}
	}
	return list, err
}

func pathsOf(v *conf.Value) ([]string, error) {
	list, err := texts(v)
	for i, s := range list {
		if path := strings.TrimSuffix(s, "/*"); len(path) < 2 || path[0] != '/' || strings.ContainsAny(path, "?* ") {
			return nil, errors.New("entry " + strconv.Itoa(i+1) + ": it must be a path such as \"/status\", or \"/status/*\" for all below it")
		}
	}
	return list, err
}
