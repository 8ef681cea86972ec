// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"path"

	"github.com/emmansun/gmsm/sm4"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/exporter/sm4exporter"
)

// naive seals as one does who has a function that encrypts a string: it calls it
// for every value. Each call makes a cipher and draws a nonce, and returns base64.
type naive struct {
	exporter.Traces
	key  []byte
	keep []string // patterns of names that stay in the clear
}

func newNaive(next exporter.Traces) *naive {
	cfg := sm4exporter.NewFactory().CreateDefaultConfig().(*sm4exporter.Config)
	key := make([]byte, sm4.BlockSize)
	_, _ = rand.Read(key)
	return &naive{Traces: next, key: key, keep: cfg.Seal.Keep}
}

func (*naive) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (n *naive) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	for _, rs := range td.ResourceSpans().All() {
		n.attributes(rs.Resource().Attributes(), true)
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				n.span(span)
			}
		}
	}
	return n.Traces.ConsumeTraces(ctx, td)
}

func (n *naive) span(span ptrace.Span) {
	span.SetName(n.seal(span.Name()))
	if m := span.Status().Message(); m != "" {
		span.Status().SetMessage(n.seal(m))
	}
	n.attributes(span.Attributes(), false)
	for _, e := range span.Events().All() {
		n.attributes(e.Attributes(), false)
	}
}

// attributes seals all values but, of a resource, those that a backend needs.
func (n *naive) attributes(m pcommon.Map, resource bool) {
	for name, v := range m.All() {
		if !resource || !n.kept(name) {
			v.SetStr(n.seal(v.AsString()))
		}
	}
}

func (n *naive) kept(name string) bool {
	for _, pattern := range n.keep {
		if ok, err := path.Match(pattern, name); ok && err == nil {
			return true
		}
	}
	return false
}

func (n *naive) seal(plain string) string {
	block := must(sm4.NewCipher(n.key))
	gcm := must(cipher.NewGCM(block))
	nonce := make([]byte, gcm.NonceSize())
	_, _ = rand.Read(nonce)
	return base64.StdEncoding.EncodeToString(gcm.Seal(nonce, nonce, []byte(plain), nil))
}
