// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package reload

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/confmap"
)

// fetchFunc reads the configuration at a URI.
type fetchFunc func(ctx context.Context, uri string) ([]byte, error)

// Remote returns the factory of a provider that reads configurations with fetch, behind a guard. A
// server may answer otherwise, or not at all, when it is asked again: a reload therefore fetches
// once, validates what came, and loads that.
func Remote(scheme string, fetch func(ctx context.Context, uri string) ([]byte, error)) confmap.ProviderFactory {
	return Guard(confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider {
		return remote{scheme: scheme, fetch: fetch}
	}))
}

type remote struct {
	scheme string
	fetch  fetchFunc
}

// Retrieve returns the configuration at uri.
func (r remote) Retrieve(ctx context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	if !strings.HasPrefix(uri, r.scheme+":") {
		return nil, fmt.Errorf("%q does not begin with %q", uri, r.scheme+":")
	}
	body, err := fetched.get(ctx, uri, r.fetch)
	if err != nil {
		return nil, err
	}
	return confmap.NewRetrievedFromYAML(body)
}

// Scheme returns the scheme of the URIs.
func (r remote) Scheme() string { return r.scheme }

// Shutdown does nothing: nothing is held.
func (r remote) Shutdown(context.Context) error { return nil }

// handoffVariable tells the command `validate` that the configurations to validate are in its
// standard input.
const handoffVariable = "SEALGATE_VALIDATE_STDIN"

// fetched is what the process has read from servers.
var fetched store

// store holds the configurations that the next load takes.
type store struct {
	mu      sync.Mutex
	inherit sync.Once
	sources map[string]fetchFunc // by URI: all that the last load read
	bodies  map[string][]byte    // by URI: what the validated load reads
}

// get returns what is at uri: what was validated, if that has it.
func (s *store) get(ctx context.Context, uri string, fetch fetchFunc) (body []byte, err error) {
	s.inherit.Do(func() { err = s.readHandoff() })
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	if s.sources == nil {
		s.sources = map[string]fetchFunc{}
	}
	s.sources[uri] = fetch
	body, ok := s.bodies[uri]
	s.mu.Unlock()
	if ok {
		return body, nil
	}
	return fetch(ctx, uri)
}

// readHandoff takes what the process that asks for a validation has fetched.
func (s *store) readHandoff() error {
	if os.Getenv(handoffVariable) == "" {
		return nil
	}
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return fmt.Errorf("read the fetched configurations: %w", err)
	}
	if err := json.Unmarshal(text, &s.bodies); err != nil {
		return fmt.Errorf("read the fetched configurations: %w", err)
	}
	return nil
}

// refresh fetches all that the last load read. Nothing changes before take.
func (s *store) refresh(ctx context.Context) (map[string][]byte, error) {
	s.mu.Lock()
	sources := maps.Clone(s.sources)
	s.mu.Unlock()
	bodies := map[string][]byte{}
	for _, uri := range slices.Sorted(maps.Keys(sources)) {
		body, err := sources[uri](ctx, uri)
		if err != nil {
			return nil, err
		}
		bodies[uri] = body
	}
	return bodies, nil
}

// take has the next load read bodies.
func (s *store) take(bodies map[string][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies, s.sources = bodies, nil
}
