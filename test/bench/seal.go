// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/ptracetest"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/exporter/sm4exporter"
	"github.com/sealgate/sealgate/internal/sealpdata"
	"github.com/sealgate/sealgate/seal"
	"github.com/sealgate/sealgate/seal/archive"
	"github.com/sealgate/sealgate/test/fleet"
)

const (
	// requestSpans is the size of a request: what an SDK or a `batch` sends at once.
	requestSpans = 1000
	// requests is how many different ones there are.
	requests = 16
	// archiveSenders hand requests to an archive at the same time.
	archiveSenders = 8
)

// sealComparisons measures sealing beside the same without it.
func sealComparisons() []producer {
	return []producer{
		&comparison{
			name: "seal/record_cpu", unit: "ns/span", peer: "marshalling alone",
			longer: 3, cpu: true, open: openRecord,
		},
		&comparison{
			name: "seal/archive_throughput", unit: "ns/span", peer: "the same exporter, cipher taken out",
			longer: 10, cpu: true, open: openArchives,
		},
		&sizes{
			name: "seal/archive_bytes", unit: "bytes/span", peer: "zstd of the same OTLP",
			compare: archiveBytes,
		},
	}
}

// sizes is a row that is the same every time: it counts bytes.
type sizes struct {
	name, unit, peer string
	compare          func(ctx context.Context) (ours, theirs float64, err error)
}

func (s *sizes) names() []string { return []string{s.name} }

func (s *sizes) measure(ctx context.Context, _ *options, _ []string) ([]row, error) {
	ours, theirs, err := s.compare(ctx)
	if err != nil {
		return nil, err
	}
	return []row{newRow(s.name, s.unit, s.peer, []float64{ours}, []float64{theirs})}, nil
}

// spansOf returns n different requests.
func spansOf(n int) []ptrace.Traces {
	all := make([]ptrace.Traces, n)
	for i := range all {
		all[i] = fleet.Spans(uint64(i+1), requestSpans)
	}
	return all
}

// keys are an SM2 pair for the length of a run.
type keys struct {
	private []byte // PEM
	public  string // path
}

func newKeys(dir string) (keys, error) {
	private, public, _, err := seal.GenerateSM2(nil)
	if err != nil {
		return keys{}, err
	}
	k := keys{private: private, public: filepath.Join(dir, "reader.pub.pem")}
	return k, os.WriteFile(k.public, public, 0o644)
}

func (k keys) identities() ([]seal.Identity, error) {
	identity, err := seal.ParseSM2Identity(k.private, nil)
	return []seal.Identity{identity}, err
}

// openRecord sets up sealing and marshalling, beside marshalling. A run gets a
// request just as a receiver hands it over: decoded from protobuf.
func openRecord(ctx context.Context) (ours, theirs *subject, err error) {
	cfg := sm4exporter.NewFactory().CreateDefaultConfig().(*sm4exporter.Config)
	policy, err := sealpdata.New(sealpdata.Options{Keep: cfg.Seal.Keep})
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "sealgate-bench-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	k, err := newKeys(dir)
	if err != nil {
		return nil, nil, err
	}
	keeper, err := seal.NewKeeper(ctx, seal.SM2Provider{Paths: []string{k.public}}, seal.KeeperOptions{})
	if err != nil {
		return nil, nil, err
	}
	sealAll := func(td ptrace.Traces) error {
		period, err := keeper.Acquire()
		if err != nil {
			return err
		}
		return policy.SealTraces(period.Fields(), td)
	}
	encoded, err := encodeAll(spansOf(requests))
	if err != nil {
		return nil, nil, err
	}
	if err := roundTrip(ctx, k, encoded[0], sealAll); err != nil {
		return nil, nil, fmt.Errorf("what was sealed does not come back: %w", err)
	}
	ours = marshalling(encoded, sealAll)
	ours.close = func() error { keeper.Close(); return nil }
	return ours, marshalling(encoded, func(ptrace.Traces) error { return nil }), nil
}

func encodeAll(all []ptrace.Traces) ([][]byte, error) {
	var marshaler ptrace.ProtoMarshaler
	encoded := make([][]byte, len(all))
	for i, td := range all {
		var err error
		if encoded[i], err = marshaler.MarshalTraces(td); err != nil {
			return nil, err
		}
	}
	return encoded, nil
}

// marshalling is a subject that does work on a request and encodes it.
func marshalling(encoded [][]byte, work func(ptrace.Traces) error) *subject {
	var marshaler ptrace.ProtoMarshaler
	var td ptrace.Traces
	turn := 0
	return &subject{
		items: requestSpans,
		prepare: func() {
			td = must((&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(encoded[turn%len(encoded)]))
			turn++
		},
		run: func() {
			if err := work(td); err != nil {
				panic(err)
			}
			must(marshaler.MarshalTraces(td))
		},
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// roundTrip fails unless a request changes by being sealed and comes back as it was.
func roundTrip(ctx context.Context, k keys, encoded []byte, sealAll func(ptrace.Traces) error) error {
	decode := func(b []byte) ptrace.Traces { return must((&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(b)) }
	td := decode(encoded)
	if err := sealAll(td); err != nil {
		return err
	}
	sealed, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		return err
	}
	if td = decode(sealed); ptracetest.CompareTraces(decode(encoded), td) == nil {
		return errors.New("nothing was sealed")
	}
	identities, err := k.identities()
	if err != nil {
		return err
	}
	_, err = sealpdata.UnsealTraces(func(header string) (*seal.FieldOpener, error) {
		h, err := seal.ParseFieldHeader(header)
		if err != nil {
			return nil, err
		}
		return h.Opener(ctx, identities)
	}, td)
	if err != nil {
		return err
	}
	return ptracetest.CompareTraces(decode(encoded), td)
}

// openArchives sets up two archives on the same disk, one with the cipher taken
// out.
func openArchives(ctx context.Context) (ours, theirs *subject, err error) {
	if ours, err = openArchive(ctx, false); err != nil {
		return nil, nil, err
	}
	theirs, err = openArchive(ctx, true)
	return ours, theirs, err
}

// openArchive makes a subject of an archive in a new directory. A run is a few
// requests of each of several concurrent senders, all of which are safe on the disk
// at its end.
func openArchive(ctx context.Context, null bool) (*subject, error) {
	const each = 4                   // requests of a sender in a run
	ctx = context.WithoutCancel(ctx) // a run is short, and is not to fail half-way
	a, err := startArchive(ctx, null)
	if err != nil {
		return nil, err
	}
	input := spansOf(requests)
	for _, td := range input {
		td.MarkReadOnly() // senders share them
	}
	return &subject{
		items: archiveSenders * each * requestSpans,
		run: func() {
			var senders sync.WaitGroup
			for s := range archiveSenders {
				senders.Go(func() {
					for i := range each {
						if err := a.ConsumeTraces(ctx, input[(s*each+i)%len(input)]); err != nil {
							panic(err)
						}
					}
				})
			}
			senders.Wait()
		},
		close: a.close,
	}, nil
}

// testArchive is a running exporter with a directory of its own.
type testArchive struct {
	exporter.Traces
	dir  string
	keys keys
	null bool
}

func startArchive(ctx context.Context, null bool) (*testArchive, error) {
	dir, err := os.MkdirTemp("", "sealgate-bench-")
	if err != nil {
		return nil, err
	}
	a := &testArchive{dir: dir, null: null}
	if err := a.start(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return a, nil
}

func (a *testArchive) files() string { return filepath.Join(a.dir, "archive") }

func (a *testArchive) start(ctx context.Context) (err error) {
	if a.keys, err = newKeys(a.dir); err != nil {
		return err
	}
	f := sm4exporter.NewFactory()
	cfg := f.CreateDefaultConfig().(*sm4exporter.Config)
	if err := confmap.NewFromStringMap(map[string]any{
		"keys":    map[string]any{"sm2": map[string]any{"recipients": []any{a.keys.public}}},
		"archive": map[string]any{"directory": a.files()},
	}).Unmarshal(cfg); err != nil {
		return err
	}
	if a.Traces, err = f.CreateTraces(ctx, exportertest.NewNopSettings(f.Type()), cfg); err != nil {
		return err
	}
	open := func() error { return a.Start(ctx, componenttest.NewNopHost()) }
	if a.null {
		return withoutCipher(open)
	}
	return open()
}

// close ends the archive and removes it. It fails unless what was sealed is whole.
func (a *testArchive) close() error {
	err := a.finish()
	return errors.Join(err, os.RemoveAll(a.dir))
}

func (a *testArchive) finish() error {
	ctx := context.Background() // ends also after an interrupt
	if err := a.Shutdown(ctx); err != nil || a.null {
		return err
	}
	identities, err := a.keys.identities()
	if err != nil {
		return err
	}
	report, err := archive.VerifyDir(ctx, a.files(), identities, nil)
	if err == nil && !report.Clean() {
		err = fmt.Errorf("the archive is not whole: %v", report.Problems)
	}
	return err
}

// archiveBytes returns what spans take in an archive, and what they take encoded
// and compressed alone, request by request in both.
func archiveBytes(ctx context.Context) (ours, theirs float64, err error) {
	const n = 100
	a, err := startArchive(ctx, false)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(a.dir)) }()
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault))
	if err != nil {
		return 0, 0, err
	}
	all := spansOf(n)
	encoded, err := encodeAll(all)
	if err != nil {
		return 0, 0, err
	}
	plain := 0
	for i, td := range all {
		plain += len(enc.EncodeAll(encoded[i], nil))
		if err := a.ConsumeTraces(ctx, td); err != nil {
			return 0, 0, err
		}
	}
	if err := a.finish(); err != nil {
		return 0, 0, err
	}
	sealed, err := sizeOf(a.files())
	return float64(sealed) / (n * requestSpans), float64(plain) / (n * requestSpans), err
}
