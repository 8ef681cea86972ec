// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package identity reads the key `identity` of a filter's configuration: which parts of a record make
// it a repeat of another.
package identity

import (
	"errors"
	"slices"

	"github.com/sealgate/sealgate/wasmfilters/sdk"
	"github.com/sealgate/sealgate/wasmfilters/sdk/conf"
)

// MaxAttributes is how many attributes can be named in a list.
const MaxAttributes = 16

var keys = []string{"attributes", "include", "exclude"}

// Of is an identity of all parts, with a body that is sdk.PartTemplate or sdk.PartBody.
func Of(body string) sdk.Identity {
	return sdk.Identity{Parts: []string{sdk.PartResource, sdk.PartScope, sdk.PartEventName, sdk.PartSeverity, body, sdk.PartAttributes}}
}

// Without returns the parts without one of them.
func Without(parts []string, part string) []string {
	return slices.DeleteFunc(slices.Clone(parts), func(p string) bool { return p == part })
}

// Read changes an identity as the configuration says:
//
//	{"attributes": "all" or "none", "include": [names], "exclude": [names]}
func Read(v *conf.Value, id *sdk.Identity) error {
	if v.Kind != conf.Object {
		return errors.New("it must be an object with the keys `attributes`, `include`, `exclude`")
	}
	for i := range v.Members {
		m := &v.Members[i]
		if !slices.Contains(keys, m.Key) {
			return errors.New("key `" + m.Key + "` is not known; `attributes`, `include` and `exclude` are")
		}
		if err := set(m.Key, &m.Value, id); err != nil {
			return errors.New("`" + m.Key + "`: " + err.Error())
		}
	}
	return nil
}

func set(key string, v *conf.Value, id *sdk.Identity) (err error) {
	switch key {
	case "include":
		id.Include, err = v.AsNames(MaxAttributes)
	case "exclude":
		id.Exclude, err = v.AsNames(MaxAttributes)
	default:
		switch s, _ := v.AsText(); s {
		case "all":
		case "none":
			id.Parts = Without(id.Parts, sdk.PartAttributes)
		default:
			return errors.New(`it must be "all" or "none"`)
		}
	}
	return err
}
