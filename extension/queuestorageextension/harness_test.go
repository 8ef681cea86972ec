// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

var tempo = component.MustNewIDWithName("otlp_grpc", "tempo")

// settings are those of the extension, with what it logs and counts.
type settings struct {
	extension.Settings
	logs *observer.ObservedLogs
	tel  *componenttest.Telemetry
}

func newSettings(t testing.TB, f extension.Factory) settings {
	t.Helper()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.WithoutCancel(t.Context()))) })
	core, logs := observer.New(zapcore.InfoLevel)
	set := extension.Settings{ID: component.NewID(f.Type()), TelemetrySettings: tel.NewTelemetrySettings()}
	set.Logger = zap.New(core)
	return settings{set, logs, tel}
}

// configOf returns the configuration of an extension with more settings.
func configOf(t testing.TB, f extension.Factory, directory string, more map[string]any) component.Config {
	t.Helper()
	cfg := f.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"directory": directory, "create_directory": true}).Unmarshal(cfg))
	require.NoError(t, confmap.NewFromStringMap(more).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	return cfg
}

// start starts the extension with more settings.
func start(t testing.TB, directory string, more map[string]any) storage.Extension {
	t.Helper()
	e, _ := startOf(t, NewFactory(), directory, more)
	return e
}

func startOf(t testing.TB, f extension.Factory, directory string, more map[string]any) (storage.Extension, settings) {
	t.Helper()
	set := newSettings(t, f)
	e, err := f.Create(t.Context(), set.Settings, configOf(t, f, directory, more))
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.WithoutCancel(t.Context()))) })
	return e.(storage.Extension), set
}

// open opens the storage of an exporter's queue of logs.
func open(t testing.TB, e storage.Extension) storage.Client {
	t.Helper()
	c, err := e.GetClient(t.Context(), component.KindExporter, tempo, "logs")
	require.NoError(t, err)
	return c
}

func valueOf(t testing.TB, c storage.Client, key string) []byte {
	t.Helper()
	value, err := c.Get(t.Context(), key)
	require.NoError(t, err)
	return value
}

// folder is that of the exporter's queue of logs.
func folder(directory string) string {
	return filepath.Join(directory, folderName(component.KindExporter, tempo, "logs", logSuffix))
}

// segments are the files of the exporter's queue of logs.
func segments(t testing.TB, directory string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder(directory), "*-*.*"))
	require.NoError(t, err)
	return found
}

// hostOf has an extension.
type hostOf struct {
	component.Host
	id component.ID
	e  component.Component
}

func (h hostOf) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{h.id: h.e}
}

// queue is an exporter with the Collector's own queue in a storage. It sends nothing before
// its gate opens.
type queue struct {
	exporter.Logs
	gate chan struct{}
	once sync.Once

	mu   sync.Mutex
	sent []string
}

// newQueue starts an exporter.
func newQueue(t testing.TB, e storage.Extension) *queue {
	t.Helper()
	q := &queue{gate: make(chan struct{})}
	id := component.MustNewID("queue_storage")
	cfg := exporterhelper.NewDefaultQueueConfig()
	cfg.StorageID, cfg.NumConsumers = &id, 3
	set := exportertest.NewNopSettings(component.MustNewType("otlp_grpc"))
	set.ID = tempo
	var err error
	q.Logs, err = exporterhelper.NewLogs(t.Context(), set, &struct{}{}, q.send, exporterhelper.WithQueue(configoptional.Some(cfg)),
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{}))
	require.NoError(t, err)
	require.NoError(t, q.Start(t.Context(), hostOf{componenttest.NewNopHost(), id, e}))
	t.Cleanup(func() { q.stop(t) })
	return q
}

func (q *queue) send(_ context.Context, ld plog.Logs) error {
	<-q.gate
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sent = append(q.sent, describe(ld))
	return nil
}

func (q *queue) open() { q.once.Do(func() { close(q.gate) }) }

// stop lets everything be sent that was begun.
func (q *queue) stop(t testing.TB) {
	q.open()
	assert.NoError(t, q.Shutdown(context.WithoutCancel(t.Context())))
}

// arrived is what was sent.
func (q *queue) arrived() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]string(nil), q.sent...)
}

// requireArrives waits until batches were sent, and requires that nothing else was.
func (q *queue) requireArrives(t testing.TB, want []string) {
	t.Helper()
	q.open()
	require.Eventually(t, func() bool { return len(q.arrived()) >= len(want) }, waiting, time.Millisecond)
	require.ElementsMatch(t, want, q.arrived())
}

// batchOf returns a request with one record of a size in bytes.
func batchOf(number, size int) plog.Logs {
	ld := plog.NewLogs()
	body := fmt.Sprintf("record-%d ", number)
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(body + strings.Repeat("x", max(0, size-len(body))))
	return ld
}

// describe names a request: what it is and how long.
func describe(ld plog.Logs) string {
	if ld.LogRecordCount() == 0 {
		return "nothing"
	}
	body := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Str()
	name, rest, _ := strings.Cut(body, " ")
	if strings.Trim(rest, "x") != "" {
		return name + " damaged"
	}
	return fmt.Sprintf("%s of %d", name, len(body))
}

// sizeOf is the size of the record of a number: some small, some large.
func sizeOf(number int) int { return 100 + number*2411%9000 }

// fillQueue puts batches into the queue and returns what they are called.
func fillQueue(t testing.TB, q *queue, n int) (all []string) {
	t.Helper()
	for i := range n {
		ld := batchOf(i, sizeOf(i))
		all = append(all, describe(ld))
		require.NoError(t, q.ConsumeLogs(t.Context(), ld))
	}
	return all
}

// copied copies a directory, as a killed process leaves it.
func copied(t testing.TB, directory string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	require.NoError(t, os.CopyFS(to, os.DirFS(directory)))
	return to
}

const (
	waiting = time.Minute
	tick    = time.Millisecond

	key1 = "00112233445566778899aabbccddeeff"
	key2 = "ffeeddccbbaa99887766554433221100"
)

// keyFile returns the setting of encryption under a key, in a new file.
func keyFile(t testing.TB, key string) map[string]any {
	t.Helper()
	path := filepath.Join(t.TempDir(), "queue.key")
	require.NoError(t, os.WriteFile(path, []byte(key+"\n"), 0o600))
	return map[string]any{"file": map[string]any{"path": path}}
}

// encoded is a request as a queue stores it.
func encoded(t testing.TB, ld plog.Logs) []byte {
	t.Helper()
	b, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	require.NoError(t, err)
	return b
}

// contains tells whether all of want are in got.
func contains(got, want []string) bool {
	return !slices.ContainsFunc(want, func(s string) bool { return !slices.Contains(got, s) })
}

// counted is the value of a metric of the extension, 0 if nothing was counted.
func counted(t testing.TB, set settings, name string) int64 {
	t.Helper()
	m, err := set.tel.GetMetric("otelcol_extension_queue_storage_" + name)
	if err != nil {
		return 0
	}
	var n int64
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			n += p.Value
		}
	case metricdata.Gauge[int64]:
		for _, p := range data.DataPoints {
			n += p.Value
		}
	}
	return n
}

// fillDisk has others take all the room that there is.
func fillDisk(t testing.TB, others *os.File) {
	t.Helper()
	var err error
	for size := 64 << 10; size > 0; {
		if _, err = others.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
}

var kindExporter, kindReceiver = component.KindExporter, component.KindReceiver
