// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sm4exporter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/sealgate/sealgate/internal/sealpdata"
	"github.com/sealgate/sealgate/internal/tally"
	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
)

// sealer seals the records of one signal, before the Collector's own OTLP exporter
// gets them into its queue. That one counts what it sent; this one what it sealed.
type sealer struct {
	cfg   *Config
	tel   *instruments
	log   *zap.Logger
	inner component.Component

	keeper *seal.Keeper
	policy *sealpdata.Policy
	signal archive.Signal
	warned sync.Once // of a resource that Loki may refuse
}

func newSealer(set exporter.Settings, cfg *Config, signal archive.Signal) (*sealer, error) {
	tel, err := newInstruments(set, signal)
	if err != nil {
		return nil, err
	}
	return &sealer{cfg: cfg, tel: tel, log: set.Logger, signal: signal}, nil
}

// destination returns the factory and the configuration of the exporter behind
// this one.
func (cfg *Config) destination() (exporter.Factory, component.Config) {
	if c := cfg.OTLPHTTP.Get(); c != nil {
		return tally.Wrap(otlphttpexporter.NewFactory()), c
	}
	return tally.Wrap(otlpexporter.NewFactory()), cfg.OTLPGRPC.Get()
}

// innerSettings are those of the exporter behind: of its own type, and of a name
// that is the same at every start, since that finds its queue on the disk again.
func innerSettings(set exporter.Settings, f exporter.Factory) exporter.Settings {
	name := set.ID.Type().String()
	if set.ID.Name() != "" {
		name += "-" + set.ID.Name()
	}
	set.ID = component.NewIDWithName(f.Type(), name)
	return set
}

// Start fails unless a data key can be had.
func (s *sealer) Start(ctx context.Context, host component.Host) error {
	tokens, err := s.cfg.Seal.tokenKey()
	if err != nil {
		return err
	}
	if s.policy, err = s.cfg.Seal.policy(tokens, s.sizes); err != nil {
		return fmt.Errorf("`seal`: %w", err)
	}
	if s.keeper, err = startKeeper(ctx, s.cfg, s.tel, s.log); err != nil {
		return err
	}
	return s.inner.Start(ctx, host)
}

// maxMetadata is the most structured metadata that Loki takes with a line by default, in bytes.
const maxMetadata = 64 << 10

// sizes counts what was sealed. It warns once of log records that Loki refuses unless it is told to
// take more.
func (s *sealer) sizes(of sealpdata.Sizes) {
	s.tel.bytes(of)
	if s.signal == archive.Logs && of.Resource > maxMetadata {
		s.warned.Do(func() {
			s.log.Warn("a sealed resource is larger than the structured metadata that Loki takes by default, and Loki refuses its log records; "+
				"raise limits_config.max_structured_metadata_size, see docs/backends.md", zap.Int("bytes", of.Resource), zap.Int("default", maxMetadata))
		})
	}
}

// Shutdown ends the exporter behind first, since that may still send. It may be
// called before Start and more than once; the exporter behind may not.
func (s *sealer) Shutdown(ctx context.Context) error {
	if s.keeper == nil {
		return nil
	}
	err := s.inner.Shutdown(ctx)
	s.keeper.Close()
	s.keeper = nil
	s.tel.Shutdown()
	return err
}

// Capabilities says that data is changed in place.
func (*sealer) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

// seal seals a request of so many items. Nothing of it is changed where there is an
// error, and it may be sent again.
func (s *sealer) seal(items int, do func(*seal.FieldSealer) error) error {
	start := time.Now()
	err := s.sealUnder(do)
	if err != nil {
		s.tel.refused(err, items)
		return err
	}
	s.tel.sealed(items, time.Since(start))
	return nil
}

func (s *sealer) sealUnder(do func(*seal.FieldSealer) error) error {
	period, err := s.keeper.Acquire()
	if err != nil {
		return err
	}
	err = do(period.Fields())
	if !errors.Is(err, seal.ErrKeyExhausted) {
		return err
	}
	// The request needs more seals than the key has left; the next one may be there.
	next, err2 := s.keeper.Acquire()
	if err2 != nil || next == period {
		return errors.Join(err, err2)
	}
	return do(next.Fields())
}

type sealedTraces struct {
	*sealer
	next exporter.Traces
}

func newSealedTraces(ctx context.Context, set exporter.Settings, cfg *Config) (exporter.Traces, error) {
	s, err := newSealer(set, cfg, archive.Traces)
	if err != nil {
		return nil, err
	}
	f, inner := cfg.destination()
	next, err := f.CreateTraces(ctx, innerSettings(set, f), inner)
	if err != nil {
		return nil, err
	}
	s.inner = next
	return &sealedTraces{s, next}, nil
}

// ConsumeTraces seals td and hands it on.
func (s *sealedTraces) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	err := s.seal(td.SpanCount(), func(f *seal.FieldSealer) error { return s.policy.SealTraces(f, td) })
	if err != nil {
		return err
	}
	return s.next.ConsumeTraces(ctx, td)
}

type sealedLogs struct {
	*sealer
	next exporter.Logs
}

func newSealedLogs(ctx context.Context, set exporter.Settings, cfg *Config) (exporter.Logs, error) {
	s, err := newSealer(set, cfg, archive.Logs)
	if err != nil {
		return nil, err
	}
	f, inner := cfg.destination()
	next, err := f.CreateLogs(ctx, innerSettings(set, f), inner)
	if err != nil {
		return nil, err
	}
	s.inner = next
	return &sealedLogs{s, next}, nil
}

// ConsumeLogs seals ld and hands it on.
func (s *sealedLogs) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	err := s.seal(ld.LogRecordCount(), func(f *seal.FieldSealer) error { return s.policy.SealLogs(f, ld) })
	if err != nil {
		return err
	}
	return s.next.ConsumeLogs(ctx, ld)
}
