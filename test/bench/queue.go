// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/sealgate/sealgate/extension/queuestorageextension"
	"github.com/sealgate/sealgate/seal"
)

// queueBytes is the size of a request in a queue: some 300 spans.
const queueBytes = 300 << 10

// queueComparisons measures `queue_storage` beside contrib's `file_storage`: a queue stores a
// request, reads it to send it, and removes it.
func queueComparisons() []producer {
	row := func(name string, encrypted bool) producer {
		return &comparison{
			name: name, unit: "ns/request", peer: "contrib file_storage v0.161.0",
			longer: 3, cpu: true,
			open: func(ctx context.Context) (*subject, *subject, error) { return openQueues(ctx, encrypted) },
		}
	}
	return []producer{row("seal/queue", false), row("seal/queue_encrypted", true)}
}

func openQueues(ctx context.Context, encrypted bool) (ours, theirs *subject, err error) {
	if ours, err = openQueue(ctx, queuestorageextension.NewFactory(), encrypted); err != nil {
		return ours, nil, err
	}
	theirs, err = openQueue(ctx, filestorage.NewFactory(), false)
	return ours, theirs, err
}

// openQueue opens a storage in a new directory, in which one request waits.
func openQueue(ctx context.Context, f extension.Factory, encrypted bool) (_ *subject, err error) {
	ctx = context.WithoutCancel(ctx)
	dir, err := os.MkdirTemp("", "sealgate-bench-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	settings := map[string]any{"directory": filepath.Join(dir, "queue"), "create_directory": true}
	if encrypted {
		key := filepath.Join(dir, "queue.key")
		if err := os.WriteFile(key, fmt.Appendf(nil, "%0*x\n", 2*seal.KeySize, 1), 0o600); err != nil {
			return nil, err
		}
		settings["encryption"] = map[string]any{"file": map[string]any{"path": key}}
	}
	cfg := f.CreateDefaultConfig()
	if err := errors.Join(confmap.NewFromStringMap(settings).Unmarshal(cfg), confmap.Validate(cfg)); err != nil {
		return nil, err
	}
	e, err := f.Create(ctx, extensiontest.NewNopSettings(f.Type()), cfg)
	if err != nil {
		return nil, err
	}
	if err := e.Start(ctx, componenttest.NewNopHost()); err != nil {
		return nil, err
	}
	c, err := e.(storage.Extension).GetClient(ctx, component.KindExporter, component.MustNewIDWithName("otlp_grpc", "tempo"), "traces")
	if err != nil {
		return nil, err
	}
	request, place := bytes.Repeat([]byte("request "), queueBytes/8), make([]byte, 50)
	number := 0
	return &subject{
		items: 1,
		run: func() {
			key, last := fmt.Sprint(number), fmt.Sprint(number-1)
			read := storage.GetOperation(key)
			note := func(op *storage.Operation) {
				if err := c.Batch(ctx, storage.SetOperation("place", place), op); err != nil {
					panic(err)
				}
			}
			note(storage.SetOperation(key, request))
			note(read)
			if len(read.Value) != len(request) {
				panic("a request is not what was stored")
			}
			note(storage.DeleteOperation(last))
			number++
		},
		close: func() error { return errors.Join(c.Close(ctx), e.Shutdown(ctx), os.RemoveAll(dir)) },
	}, nil
}
