// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sealgate/sealgate/extension/queuestorageextension/internal/metadata"
	"github.com/sealgate/sealgate/segmentlog"
)

// instruments are the extension's metrics.
type instruments struct {
	*metadata.TelemetryBuilder

	mu      sync.Mutex
	clients map[*client]struct{}
}

func newInstruments(set component.TelemetrySettings) (*instruments, error) {
	builder, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	t := &instruments{TelemetryBuilder: builder, clients: map[*client]struct{}{}}
	return t, errors.Join(
		builder.RegisterExtensionQueueStorageBytesCallback(t.observe(func(_ *client, s segmentlog.Stats) int64 { return s.Bytes })),
		builder.RegisterExtensionQueueStorageDiskFullCallback(t.observe(func(_ *client, s segmentlog.Stats) int64 {
			if s.Failure != nil {
				return 1
			}
			return 0
		})),
		builder.RegisterExtensionQueueStorageItemsCallback(t.observe(func(_ *client, s segmentlog.Stats) int64 { return int64(s.Items) })),
		builder.RegisterExtensionQueueStorageLeftFilesCallback(t.observe(func(_ *client, s segmentlog.Stats) int64 { return int64(s.Left) })),
		builder.RegisterExtensionQueueStorageLeftItemsCallback(t.observe(func(c *client, _ segmentlog.Stats) int64 { return c.left() })),
		builder.RegisterExtensionQueueStorageSegmentsCallback(t.observe(func(_ *client, s segmentlog.Stats) int64 { return int64(s.Segments) })),
	)
}

// observe reports a value of each open client.
func (t *instruments) observe(value func(*client, segmentlog.Stats) int64) metric.Int64Callback {
	return func(_ context.Context, o metric.Int64Observer) error {
		t.mu.Lock()
		clients := slices.Collect(maps.Keys(t.clients))
		t.mu.Unlock()
		for _, c := range clients {
			o.Observe(value(c, c.log.Stats()), c.tel.attributes)
		}
		return nil
	}
}

func (t *instruments) add(c *client) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clients[c] = struct{}{}
}

func (t *instruments) remove(c *client) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.clients, c)
}

// clientInstruments are the metrics of one client.
type clientInstruments struct {
	*instruments
	attributes metric.MeasurementOption
}

func (t *instruments) of(id component.ID, name string) clientInstruments {
	return clientInstruments{t, metric.WithAttributeSet(attribute.NewSet(
		attribute.String("component", id.String()), attribute.String("name", name)))}
}

func (t clientInstruments) damaged(items int) {
	t.ExtensionQueueStorageDamagedItems.Add(context.Background(), int64(items), t.attributes)
}

func (t clientInstruments) missing(items int) {
	t.ExtensionQueueStorageMissingItems.Add(context.Background(), int64(items), t.attributes)
}
