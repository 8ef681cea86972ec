// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package checkconverter

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
)

// samplers are processors that decide by what sealing hides: names, attributes, status, tracestate.
var samplers = []string{"tail_sampling", "probabilistic_sampler"}

// checkSampling reports a sampler behind sealing: a pipeline with one that takes in what an exporter
// of the same configuration has sealed. It would decide otherwise than on plain spans.
func (s *settings) checkSampling() error {
	listening := map[string]string{} // the receiver of each port
	s.started(func(at setting) {
		if at.key == "endpoint" && at.owner.kind == "receivers" && at.listens() {
			listening[portOf(s.text(at))] = at.owner.id
		}
	})
	var errs error
	s.started(func(at setting) {
		if at.key != "endpoint" || at.owner.typ != "sm4" {
			return
		}
		receiver := listening[portOf(s.text(at))]
		if receiver == "" || !isLocal(s.text(at)) {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(s.pipelines)) {
			p := s.pipelines[name]
			for _, id := range p.processors {
				if typ, _, _ := strings.Cut(id, "/"); slices.Contains(samplers, typ) && slices.Contains(p.receivers, receiver) {
					errs = errors.Join(errs, fmt.Errorf("`service::pipelines::%s::processors`: `%s` samples what `%s` sends here sealed; "+
						"it cannot see attributes, sampling.priority or tracestate there: sample before sealing", name, id, at.path))
				}
			}
		}
	})
	return errs
}

func portOf(address string) string {
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address, _, _ = strings.Cut(rest, "/")
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil || port == "0" {
		return "none"
	}
	return port
}

// isLocal tells whether an address is of this host, as far as its text says so.
func isLocal(address string) bool {
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = rest
	}
	return strings.HasPrefix(address, "localhost:") || strings.HasPrefix(address, "127.") || strings.HasPrefix(address, "[::1]:")
}
