// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package checkconverter

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// What an extension can be used for.
const (
	storage = 1 << iota
	serverAuth
	clientAuth
	nothing = 0
)

// uses are those of the extensions whose types are known. An extension of another type may be used
// for anything.
var uses = map[string]int{
	"queue_storage": storage, "file_storage": storage,
	"basicauth": serverAuth | clientAuth, "bearertokenauth": serverAuth | clientAuth, "oidc": serverAuth, "tenant_header": clientAuth, "headers_setter": clientAuth,
	"health_check": nothing, "healthcheckv2": nothing, "k8s_observer": nothing, "pprof": nothing, "zpages": nothing,
}

// checkExtensions reports settings that name an extension that the service does not start, or one
// that cannot do what it is named for.
func (s *settings) checkExtensions() error {
	var errs error
	s.started(func(at setting) {
		id, use, ok := s.named(at)
		if !ok {
			return
		}
		typ, _, _ := strings.Cut(id, "/")
		can, known := uses[typ]
		switch {
		case !slices.Contains(s.extensions, id):
			errs = errors.Join(errs, fmt.Errorf("`%s` is %q, which is not in `service::extensions`; there are %s. "+
				"A later configuration replaces that list: give the one that adds an extension last, or repeat the whole list", at.path, id, quoted(s.extensions)))
		case known && use != nothing && can&use == 0:
			errs = errors.Join(errs, fmt.Errorf("`%s` is %q, an extension that cannot serve as that; it has to be one of type %s", at.path, id, quoted(typesFor(use))))
		}
	})
	return errs
}

// named returns the extension that a setting names, and what for.
func (s *settings) named(at setting) (id string, use int, ok bool) {
	switch v := at.value.(type) {
	case string:
		id = strings.TrimSpace(v)
	default:
		return "", nothing, false
	}
	switch {
	case at.key == "storage" && (at.owner.kind == "exporters" || at.owner.kind == "receivers"):
		use = storage
	case at.key == "authenticator" && at.owner.kind == "receivers":
		use = serverAuth
	case at.key == "authenticator", at.key == "additional_auth" && at.owner.typ == "headers_setter":
		use = clientAuth
	case at.key == "id" && strings.Contains(at.path, "::middlewares::"), at.owner.typ == "receiver_creator" && strings.Contains(at.path, "::watch_observers::"):
		use = nothing
	default:
		return "", nothing, false
	}
	return id, use, id != ""
}

// typesFor returns the known types of extensions that serve a use.
func typesFor(use int) (types []string) {
	for typ, can := range uses {
		if can&use != 0 {
			types = append(types, typ)
		}
	}
	slices.Sort(types)
	return types
}

// quoted lists names for a message.
func quoted(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return "`" + strings.Join(names, "`, `") + "`"
}
