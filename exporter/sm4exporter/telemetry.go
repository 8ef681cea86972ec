// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sm4exporter

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sealgate/sealgate/exporter/sm4exporter/internal/metadata"
	"github.com/sealgate/sealgate/internal/sealpdata"
	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
)

// instruments are the exporter's own metrics of one signal.
type instruments struct {
	*metadata.TelemetryBuilder
	bySignal metric.MeasurementOption
	byReason map[string]metric.MeasurementOption
}

func newInstruments(set exporter.Settings, signal archive.Signal) (*instruments, error) {
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	own := []attribute.KeyValue{attribute.String("exporter", set.ID.String()), attribute.String("signal", signal.String())}
	t := &instruments{
		TelemetryBuilder: builder,
		bySignal:         metric.WithAttributeSet(attribute.NewSet(own...)),
		byReason:         make(map[string]metric.MeasurementOption),
	}
	for _, reason := range []string{reasonKey, reasonBudget, reasonDisk, reasonTooLarge, reasonCanceled} {
		t.byReason[reason] = metric.WithAttributeSet(attribute.NewSet(append(own, attribute.String("reason", reason))...))
	}
	return t, nil
}

// watch reports the age and the use of the keeper's data key.
func (t *instruments) watch(k *seal.Keeper) error {
	age := t.RegisterExporterSm4KeyAgeCallback(func(_ context.Context, o metric.Float64Observer) error {
		o.Observe(time.Since(k.Current().Created).Seconds(), t.bySignal)
		return nil
	})
	seals := t.RegisterExporterSm4KeySealsCallback(func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(int64(k.Current().Seals()), t.bySignal)
		return nil
	})
	return errors.Join(age, seals)
}

func (t *instruments) keyFailed() {
	t.ExporterSm4KeyFailures.Add(context.Background(), 1, t.bySignal)
}

func (t *instruments) recipientsChanged(n int) {
	t.ExporterSm4RecipientChanges.Add(context.Background(), int64(n), t.bySignal)
}

// sealed counts what was sealed, and the time it took.
func (t *instruments) sealed(items int, took time.Duration) {
	ctx := context.Background()
	t.ExporterSm4Items.Add(ctx, int64(items), t.bySignal)
	t.ExporterSm4SealTime.Add(ctx, took.Seconds(), t.bySignal)
}

// bytes counts its bytes.
func (t *instruments) bytes(s sealpdata.Sizes) {
	ctx := context.Background()
	t.ExporterSm4PlainBytes.Add(ctx, int64(s.Plain), t.bySignal)
	t.ExporterSm4CompressedBytes.Add(ctx, int64(s.Compressed), t.bySignal)
	t.ExporterSm4SealedBytes.Add(ctx, int64(s.Sealed), t.bySignal)
}

// Why items are refused.
const (
	reasonKey      = "key"
	reasonBudget   = "budget"
	reasonDisk     = "disk"
	reasonTooLarge = "too_large"
	reasonCanceled = "canceled"
)

func reasonOf(err error) string {
	switch {
	case errors.Is(err, seal.ErrKeyExhausted):
		return reasonKey
	case errors.Is(err, archive.ErrBudget):
		return reasonBudget
	case errors.Is(err, archive.ErrTooLarge):
		return reasonTooLarge
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, archive.ErrClosed):
		return reasonCanceled
	}
	return reasonDisk
}

func (t *instruments) refused(err error, items int) {
	t.ExporterSm4RefusedItems.Add(context.Background(), int64(items), t.byReason[reasonOf(err)])
}
