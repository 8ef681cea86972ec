// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package k8seventdigestreceiver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/eventdigest"
)

// state is what outlives a process: positions, the digest, and records that wait.
type state struct {
	positions map[string]string // resource versions by namespace, "" for all namespaces
	digest    *eventdigest.Digest
	outbox    *outbox
}

// store keeps states in a storage extension. It writes a state under the keys of a generation, and then a head that
// names the generation: after a crash in between, the head names the state before.
type store struct {
	client storage.Client
	head   head
}

// head is the value of the key `head`, as JSON.
type head struct {
	Version    int               `json:"version"` // of the format: 1
	Generation int               `json:"generation"`
	Chunks     int               `json:"chunks"`  // keys `digest/GENERATION/NUMBER`: chunks of the digest
	Waiting    bool              `json:"waiting"` // key `waiting/GENERATION`: records, OTLP in protobuf
	Positions  map[string]string `json:"positions"`
}

const (
	headKey     = "head"
	headVersion = 1
)

func (h head) chunkKey(i int) string { return fmt.Sprintf("digest/%d/%d", h.Generation, i) }
func (h head) waitingKey() string    { return fmt.Sprintf("waiting/%d", h.Generation) }

// save writes a state.
func (s *store) save(ctx context.Context, st *state) error {
	next := head{Version: headVersion, Generation: 1 - s.head.Generation, Positions: st.positions, Waiting: st.outbox.len() > 0}
	err := st.digest.Save(func(chunk []byte) error {
		next.Chunks++
		return s.client.Set(ctx, next.chunkKey(next.Chunks-1), append([]byte(nil), chunk...))
	})
	if err != nil {
		return err
	}
	if next.Waiting {
		b, err := (&plog.ProtoMarshaler{}).MarshalLogs(st.outbox.logs)
		if err != nil {
			return err
		}
		if err := s.client.Set(ctx, next.waitingKey(), b); err != nil {
			return err
		}
	}
	b, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if err := s.client.Set(ctx, headKey, b); err != nil {
		return err
	}
	old := s.head
	s.head = next
	return s.remove(ctx, old)
}

// remove removes what a head names.
func (s *store) remove(ctx context.Context, h head) error {
	operations := []*storage.Operation{storage.DeleteOperation(h.waitingKey())}
	for i := range h.Chunks {
		operations = append(operations, storage.DeleteOperation(h.chunkKey(i)))
	}
	return s.client.Batch(ctx, operations...)
}

// load fills an empty state with what was saved. After an error the state is of no use.
func (s *store) load(ctx context.Context, st *state) error {
	b, err := s.client.Get(ctx, headKey)
	if err != nil || b == nil {
		return err
	}
	var h head
	if err := json.Unmarshal(b, &h); err != nil {
		return fmt.Errorf("the head of the state: %w", err)
	}
	if h.Version != headVersion || h.Generation != 0 && h.Generation != 1 {
		return fmt.Errorf("the state is of version %d, and this receiver reads %d", h.Version, headVersion)
	}
	s.head = h // so that the next state does not overwrite this one, even if it is of no use
	for i := range h.Chunks {
		chunk, err := s.client.Get(ctx, h.chunkKey(i))
		if err != nil {
			return err
		}
		if err := st.digest.Load(chunk); err != nil {
			return err
		}
	}
	if h.Waiting {
		if err := s.loadWaiting(ctx, h, st); err != nil {
			return err
		}
	}
	for namespace, version := range h.Positions {
		st.positions[namespace] = version
	}
	return nil
}

func (s *store) loadWaiting(ctx context.Context, h head, st *state) error {
	b, err := s.client.Get(ctx, h.waitingKey())
	if err != nil {
		return err
	}
	if b == nil {
		return errors.New("the waiting records are missing")
	}
	logs, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(b)
	if err != nil {
		return fmt.Errorf("the waiting records: %w", err)
	}
	st.outbox.set(logs)
	return nil
}
