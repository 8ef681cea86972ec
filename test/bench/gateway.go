// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/pprof"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/sealgate/sealgate/exporter/sm4exporter"
)

// gatewayArg makes this program the gateway of a measurement with Tempo: a process
// of its own, as a real one is. It is no flag, since nobody else needs it.
const gatewayArg = "gateway-of-bench"

// What a gateway does on the way from its OTLP receiver to the Collector's OTLP
// exporter.
const (
	plainGateway  = "plain"  // nothing
	recordGateway = "record" // the `sm4` exporter in mode `record`
	naiveGateway  = "naive"  // see naive
)

// gatewayConfig is what a gateway is told.
type gatewayConfig struct {
	Kind        string
	Listen, To  string // host:port
	Compression string // on the way to Tempo
	Recipient   string // path of a public key
	Search      []string
	SearchKey   string // path
	Profile     string // file for a profile of the processor time; "" for none
}

// runGateway runs until ctx ends.
func runGateway(ctx context.Context, arg string) error {
	var cfg gatewayConfig
	if err := json.Unmarshal([]byte(arg), &cfg); err != nil {
		return err
	}
	if cfg.Profile != "" {
		f, err := os.Create(cfg.Profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	exp, err := cfg.exporter(ctx)
	if err != nil {
		return err
	}
	rec, err := cfg.receiver(ctx, exp)
	if err != nil {
		return err
	}
	if err := exp.Start(ctx, componenttest.NewNopHost()); err != nil {
		return err
	}
	err = rec.Start(ctx, componenttest.NewNopHost())
	if err == nil {
		<-ctx.Done()
	}
	end := context.Background()
	return errors.Join(err, rec.Shutdown(end), exp.Shutdown(end))
}

// exporter hands over without a queue, so that a request is answered when Tempo has
// it: the loop is closed from end to end.
func (cfg *gatewayConfig) exporter(ctx context.Context) (exporter.Traces, error) {
	to := map[string]any{
		"endpoint":         cfg.To,
		"tls":              map[string]any{"insecure": true},
		"compression":      cfg.Compression,
		"sending_queue":    map[string]any{"enabled": false},
		"retry_on_failure": map[string]any{"enabled": false},
		"timeout":          "60s",
	}
	switch cfg.Kind {
	case recordGateway:
		sealing := map[string]any{"mode": "record"}
		if len(cfg.Search) > 0 {
			sealing["search"] = cfg.Search
			sealing["search_key"] = map[string]any{"file": cfg.SearchKey}
		}
		return newExporter(ctx, sm4exporter.NewFactory(), map[string]any{
			"keys":      map[string]any{"sm2": map[string]any{"recipients": []any{cfg.Recipient}}},
			"seal":      sealing,
			"otlp_grpc": to,
		})
	case naiveGateway:
		next, err := newExporter(ctx, otlpexporter.NewFactory(), to)
		if err != nil {
			return nil, err
		}
		return newNaive(next), nil
	case plainGateway:
		return newExporter(ctx, otlpexporter.NewFactory(), to)
	}
	return nil, fmt.Errorf("there is no gateway %q", cfg.Kind)
}

func newExporter(ctx context.Context, f exporter.Factory, settings map[string]any) (exporter.Traces, error) {
	cfg := f.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(settings).Unmarshal(cfg); err != nil {
		return nil, err
	}
	return f.CreateTraces(ctx, exportertest.NewNopSettings(f.Type()), cfg)
}

func (cfg *gatewayConfig) receiver(ctx context.Context, next exporter.Traces) (component.Component, error) {
	f := otlpreceiver.NewFactory()
	c := f.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(map[string]any{
		"protocols": map[string]any{"grpc": map[string]any{"endpoint": cfg.Listen}},
	}).Unmarshal(c); err != nil {
		return nil, err
	}
	return f.CreateTraces(ctx, receivertest.NewNopSettings(f.Type()), c, next)
}
