// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package sdktest

import (
	"context"
	"fmt"
	"testing"
)

// repeater judges one chunk again and again, without sending it again: what is
// measured is the call and the filter, not the host's work.
type repeater interface {
	repeat(chunk []byte) (func() error, error)
}

func (d nativeDriver) repeat(chunk []byte) (func() error, error) {
	return func() error {
		d.guest.Filter(chunk)
		return d.guest.Err()
	}, nil
}

func (d *wasmDriver) repeat(chunk []byte) (func() error, error) {
	ptr, err := d.call("sealgate_buffer", uint64(len(chunk)))
	if err != nil || !d.instance.Memory().Write(uint32(ptr), chunk) {
		return nil, fmt.Errorf("sealgate_buffer: no room for %d bytes: %w", len(chunk), err)
	}
	f := d.instance.ExportedFunction("sealgate_filter")
	return func() error {
		d.stack = [2]uint64{ptr, uint64(len(chunk))}
		return f.CallWithStack(context.Background(), d.stack[:])
	}, nil
}

// Benchmark measures how long the filter takes for a record, in chunks of the
// given records; what the host does is not in it.
func Benchmark(b *testing.B, m Module, config string, records []Record) {
	b.Helper()
	run := Start(b, m, config)
	if _, err := judge(run.Driver, &run.Manifest, Options{Now: 1}, records); err != nil {
		b.Fatal(err)
	}
	call, err := run.Driver.(repeater).repeat(Encode(&run.Manifest, Options{Now: 1}, records...))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		if err := call(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(records)), "ns/record")
}

// Lines are n records of about 200 bytes, one in ten of which is a health check
// and one in ten below INFO.
func Lines(n int) []Record {
	out := make([]Record, n)
	for i := range out {
		out[i] = Record{
			Time: uint64(1e9 + i), Severity: 9,
			Body:     fmt.Sprintf("2026-11-24T10:00:00Z 10.0.%d.%d GET /api/v1/orders/%06d HTTP/1.1 200 %4d %-110s end", i%7, i%251, i, i%5000, "Mozilla/5.0 (X11; Linux x86_64)"),
			Attrs:    map[string]string{"http.route": "/api/v1/orders"},
			Resource: map[string]string{"service.name": "shop"},
		}
		switch i % 10 {
		case 3:
			out[i].Body = out[i].Body[:40] + " /healthz" + out[i].Body[49:]
		case 7:
			out[i].Severity = 5
			out[i].Body = out[i].Body[:60] + " DEBUG" + out[i].Body[66:]
		}
	}
	return out
}

// StartTime measures the load of a module and of an instance with a
// configuration, in milliseconds.
func StartTime(b *testing.B, module []byte, config string) {
	b.Helper()
	for b.Loop() {
		m, err := Load(module, 0)
		if err != nil {
			b.Fatal(err)
		}
		Start(b, m, config)
		if err := m.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(module))/1e6, "MB")
}

// InstanceTime measures an instance of a loaded module with a configuration.
func InstanceTime(b *testing.B, m Module, config string) {
	b.Helper()
	for b.Loop() {
		d, err := m.New()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := d.Configure([]byte(config)); err != nil {
			b.Fatal(err)
		}
		_ = d.Close()
	}
}

// Memory is how much linear memory an instance has, in bytes; 0 natively.
func Memory(d Driver) uint32 {
	if d, ok := d.(*wasmDriver); ok {
		return d.instance.Memory().Size()
	}
	return 0
}

var _ = []repeater{nativeDriver{}, (*wasmDriver)(nil)}
