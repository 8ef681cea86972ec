// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sm4exporter

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/sealgate/sealgate/internal/sealpdata"
	"github.com/sealgate/sealgate/internal/timespan"
	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
)

// archiveExporter writes one signal to an archive.
type archiveExporter struct {
	cfg    *Config
	signal archive.Signal
	tel    *instruments
	log    *zap.Logger

	keeper  *seal.Keeper
	archive *archive.Archive

	traces  ptrace.ProtoMarshaler
	logs    plog.ProtoMarshaler
	metrics pmetric.ProtoMarshaler
}

func newArchiveExporter(set exporter.Settings, cfg *Config, signal archive.Signal) (*archiveExporter, error) {
	tel, err := newInstruments(set, signal)
	if err != nil {
		return nil, err
	}
	return &archiveExporter{cfg: cfg, signal: signal, tel: tel, log: set.Logger}, nil
}

func (e *archiveExporter) start(ctx context.Context, _ component.Host) error {
	keeper, err := startKeeper(ctx, e.cfg, e.tel, e.log)
	if err != nil {
		return err
	}
	e.keeper = keeper
	c := e.cfg.Archive.Get()
	e.archive, err = archive.Open(archive.Options{
		Dir:          c.Directory,
		Signal:       e.signal,
		Keeper:       keeper,
		MaxFileBytes: c.MaxFileMiB * mib,
		MaxFileAge:   c.MaxFileAge,
		FrameBytes:   c.FrameKiB << 10,
		Budget:       c.DiskBudgetMiB * mib,
		Sync:         c.Fsync,
		SyncInterval: c.FsyncInterval,
		OnFrame:      e.countFrame,
		OnFile: func(path string) {
			e.tel.ExporterSm4Files.Add(context.Background(), 1, e.tel.bySignal)
			e.log.Info("began a sealed file", zap.String("path", path))
		},
		OnWarning: func(err error) { e.log.Warn("sealed archive", zap.Error(err)) },
	})
	return err
}

func (e *archiveExporter) countFrame(f archive.FrameInfo) {
	e.tel.ExporterSm4Frames.Add(context.Background(), 1, e.tel.bySignal)
	e.tel.sealed(f.Items, f.Compress+f.Seal)
	e.tel.bytes(sealpdata.Sizes{Plain: f.Plain, Compressed: f.Compressed, Sealed: f.Sealed})
}

func (e *archiveExporter) shutdown(ctx context.Context) error {
	var err error
	if e.archive != nil {
		err = e.archive.Close(ctx)
	}
	if e.keeper != nil {
		e.keeper.Close()
	}
	e.tel.Shutdown()
	return err
}

func (e *archiveExporter) pushTraces(ctx context.Context, td ptrace.Traces) error {
	payload, err := e.traces.MarshalTraces(td)
	from, to := timespan.Traces(td)
	return e.push(ctx, archive.Record{Payload: payload, Items: td.SpanCount(), From: from, To: to}, err)
}

func (e *archiveExporter) pushLogs(ctx context.Context, ld plog.Logs) error {
	payload, err := e.logs.MarshalLogs(ld)
	from, to := timespan.Logs(ld)
	return e.push(ctx, archive.Record{Payload: payload, Items: ld.LogRecordCount(), From: from, To: to}, err)
}

func (e *archiveExporter) pushMetrics(ctx context.Context, md pmetric.Metrics) error {
	payload, err := e.metrics.MarshalMetrics(md)
	from, to := timespan.Metrics(md)
	return e.push(ctx, archive.Record{Payload: payload, Items: md.DataPointCount(), From: from, To: to}, err)
}

// push returns once the record is safe. What is refused may be sent again, but for
// what is too large or cannot be encoded.
func (e *archiveExporter) push(ctx context.Context, r archive.Record, err error) error {
	if err != nil {
		return consumererror.NewPermanent(fmt.Errorf("encoding: %w", err))
	}
	err = e.archive.Append(ctx, r)
	if err == nil {
		return nil
	}
	e.tel.refused(err, r.Items)
	if errors.Is(err, archive.ErrTooLarge) {
		return consumererror.NewPermanent(fmt.Errorf("%w: let a `batch` of at most 8192 items come before it", err))
	}
	return err
}
