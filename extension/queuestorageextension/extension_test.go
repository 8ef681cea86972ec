// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var exporter = component.MustNewIDWithName("otlp_grpc", "tempo")

// start starts the extension with more settings.
func start(t testing.TB, directory string, more map[string]any) storage.Extension {
	t.Helper()
	return startOf(t, NewFactory(), directory, more)
}

func startOf(t testing.TB, f extension.Factory, directory string, more map[string]any) storage.Extension {
	t.Helper()
	cfg := f.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"directory": directory, "create_directory": true}).Unmarshal(cfg))
	require.NoError(t, confmap.NewFromStringMap(more).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	set := extension.Settings{ID: component.NewIDWithName(f.Type(), "queue"), TelemetrySettings: componenttest.NewNopTelemetrySettings()}
	e, err := f.Create(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.WithoutCancel(t.Context()))) })
	return e.(storage.Extension)
}

// open opens the storage of an exporter's queue of traces.
func open(t testing.TB, e storage.Extension) storage.Client {
	t.Helper()
	c, err := e.GetClient(t.Context(), component.KindExporter, exporter, "traces")
	require.NoError(t, err)
	return c
}

func valueOf(t *testing.T, c storage.Client, key string) []byte {
	t.Helper()
	value, err := c.Get(t.Context(), key)
	require.NoError(t, err)
	return value
}

// valueFiles are the files of large values.
func valueFiles(t *testing.T, directory string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(directory, "*.values", "*"))
	require.NoError(t, err)
	return found
}

// spares are those of values that were removed last.
func spares(c storage.Client) (paths []string) {
	for _, s := range c.(*client).values.spares {
		paths = append(paths, s.path)
	}
	return paths
}

// smallest is a value that has a file of its own.
var smallest = bytes.Repeat([]byte("v"), large)

func TestConfigurationsAreUnderstood(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	for name, want := range map[string]func(*filestorage.Config){
		"queue_storage": func(cfg *filestorage.Config) { cfg.Directory = "/var/lib/sealgate/queue" },
		"queue_storage/everything": func(cfg *filestorage.Config) {
			sub, err := conf.Sub("queue_storage/everything")
			require.NoError(t, err)
			require.NoError(t, sub.Unmarshal(cfg), "all of them are of file_storage")
			assert.EqualValues(t, 10_000_000_000, cfg.MaxSize)
			assert.True(t, cfg.FSync)
		},
	} {
		sub, err := conf.Sub(name)
		require.NoError(t, err)
		cfg := createDefaultConfig().(*Config)
		require.NoError(t, sub.Unmarshal(cfg))
		expected := *files.CreateDefaultConfig().(*filestorage.Config)
		want(&expected)
		assert.Equal(t, (*Config)(&expected), cfg, name)
	}
}

func TestAWrongSettingIsSaidOnce(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Directory = filepath.Join(t.TempDir(), "missing")
	err := confmap.Validate(cfg)
	require.ErrorContains(t, err, "directory must exist")
	assert.Equal(t, 1, strings.Count(err.Error(), "directory must exist"))
}

func TestALargeValueHasAFileAndTheDiskHasItsRoomBack(t *testing.T) {
	directory := t.TempDir()
	c := open(t, start(t, directory, nil))
	ctx := t.Context()
	require.NoError(t, c.Set(ctx, "small", smallest[1:]))
	assert.Empty(t, valueFiles(t, directory))
	require.NoError(t, c.Set(ctx, "large", smallest))
	assert.Len(t, valueFiles(t, directory), 1)
	assert.Equal(t, smallest[1:], valueOf(t, c, "small"))
	assert.Equal(t, smallest, valueOf(t, c, "large"))

	require.NoError(t, c.Set(ctx, "large", append([]byte("another"), smallest...)), "replaced")
	assert.Equal(t, append([]byte("another"), smallest...), valueOf(t, c, "large"))
	assert.Len(t, valueFiles(t, directory), 2, "what was removed last stays")
	require.NoError(t, c.Delete(ctx, "large"))
	assert.Nil(t, valueOf(t, c, "large"))
	assert.Equal(t, spares(c), valueFiles(t, directory))
	assert.Len(t, spares(c), 1)

	require.NoError(t, c.Set(ctx, "small", smallest), "it has grown")
	assert.Equal(t, smallest, valueOf(t, c, "small"))
	require.NoError(t, c.Set(ctx, "small", []byte("less")), "it has shrunk")
	assert.Equal(t, []byte("less"), valueOf(t, c, "small"))
	require.NoError(t, c.Close(ctx))
	assert.Empty(t, valueFiles(t, directory))
}

func TestOnlyTheProcessItselfMayReadTheValues(t *testing.T) {
	directory := t.TempDir()
	c := open(t, start(t, directory, nil))
	require.NoError(t, c.Set(t.Context(), "large", smallest))
	for path, want := range map[string]os.FileMode{valueFiles(t, directory)[0]: 0o600, filepath.Dir(valueFiles(t, directory)[0]): 0o700} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, want, info.Mode().Perm(), path)
	}
	require.NoError(t, c.Close(t.Context()))
}

func TestOperationsOfABatchAreDoneInOrder(t *testing.T) {
	c := open(t, start(t, t.TempDir(), nil))
	before, between, after := storage.GetOperation("key"), storage.GetOperation("key"), storage.GetOperation("key")
	require.NoError(t, c.Batch(t.Context(),
		before, storage.SetOperation("key", smallest), between, storage.DeleteOperation("key"), storage.SetOperation("key", []byte("last")), after))
	assert.Nil(t, before.Value)
	assert.Equal(t, smallest, between.Value)
	assert.Equal(t, []byte("last"), after.Value)
	require.NoError(t, c.Close(t.Context()))
}

func TestAnUnknownOperationChangesNothing(t *testing.T) {
	directory := t.TempDir()
	c := open(t, start(t, directory, nil))
	require.ErrorContains(t, c.Batch(t.Context(), storage.SetOperation("key", smallest), &storage.Operation{Key: "key", Type: 7}), "unknown type of operation 7")
	assert.Nil(t, valueOf(t, c, "key"))
	assert.Empty(t, valueFiles(t, directory))
	require.NoError(t, c.Close(t.Context()))
}

func TestValuesAreThereAfterARestart(t *testing.T) {
	for name, fsync := range map[string]bool{"as shipped": false, "fsync": true} {
		t.Run(name, func(t *testing.T) {
			e := start(t, t.TempDir(), map[string]any{"fsync": fsync})
			c := open(t, e)
			require.NoError(t, c.Batch(t.Context(), storage.SetOperation("small", []byte("1")), storage.SetOperation("large", smallest)))
			require.NoError(t, c.Close(t.Context()))
			c = open(t, e)
			assert.Equal(t, []byte("1"), valueOf(t, c, "small"))
			assert.Equal(t, smallest, valueOf(t, c, "large"))
			require.NoError(t, c.Set(t.Context(), "more", smallest), "no file is written twice")
			assert.Equal(t, smallest, valueOf(t, c, "large"))
			require.NoError(t, c.Close(t.Context()))
		})
	}
}

func TestWhatAKilledProcessLeftIsTidiedUp(t *testing.T) {
	directory := t.TempDir()
	e := start(t, directory, nil)
	c := open(t, e)
	require.NoError(t, c.Batch(t.Context(), storage.SetOperation("whole", smallest), storage.SetOperation("removed", smallest)))
	require.NoError(t, c.Close(t.Context()))
	whole, removed := valueFiles(t, directory)[0], valueFiles(t, directory)[1]
	torn := filepath.Join(filepath.Dir(whole), "00000000000000ff")
	require.NoError(t, os.WriteFile(torn, []byte("half"), 0o600))
	require.NoError(t, os.Remove(removed), "before that was noted")

	c = open(t, e)
	assert.NoFileExists(t, torn)
	assert.Equal(t, smallest, valueOf(t, c, "whole"))
	assert.Nil(t, valueOf(t, c, "removed"))
	require.NoError(t, c.Set(t.Context(), "new", smallest))
	require.NoError(t, c.Delete(t.Context(), "removed"))
	require.NoError(t, c.Set(t.Context(), "newer", smallest))
	require.NoError(t, c.Delete(t.Context(), "newer"), "which lets go of what was removed")
	assert.Equal(t, smallest, valueOf(t, c, "new"), "it has no file that something else refers to")
	require.NoError(t, c.Close(t.Context()))
}

// A power failure may leave less of a file than was written.
func TestADamagedValueIsNotReadAndIsNamed(t *testing.T) {
	directory := t.TempDir()
	c := open(t, start(t, directory, nil))
	require.NoError(t, c.Set(t.Context(), "large", smallest))
	path := valueFiles(t, directory)[0]
	require.NoError(t, os.Truncate(path, 0))
	value, err := c.Get(t.Context(), "large")
	assert.Empty(t, value)
	require.ErrorContains(t, err, path+" is not what was written there")
	require.NoError(t, c.Delete(t.Context(), "large"))
	require.NoError(t, c.Close(t.Context()))
	assert.NoFileExists(t, path)
}

func TestADirectoryOfFileStorageIsTakenOver(t *testing.T) {
	directory := t.TempDir()
	c := open(t, startOf(t, files, directory, nil))
	require.NoError(t, c.Batch(t.Context(), storage.SetOperation("small", []byte("1")), storage.SetOperation("large", smallest), storage.SetOperation("replaced", smallest)))
	require.NoError(t, c.Close(t.Context()))

	c = open(t, start(t, directory, nil))
	assert.Equal(t, []byte("1"), valueOf(t, c, "small"))
	assert.Equal(t, smallest, valueOf(t, c, "large"))
	require.NoError(t, c.Set(t.Context(), "replaced", append([]byte("new"), smallest...)))
	assert.Equal(t, append([]byte("new"), smallest...), valueOf(t, c, "replaced"))
	require.NoError(t, c.Close(t.Context()))
}

func TestMaxSizeHoldsForLargeValues(t *testing.T) {
	e := start(t, t.TempDir(), map[string]any{"max_size": 1 << 20})
	c := open(t, e)
	half := make([]byte, 512<<10)
	require.NoError(t, c.Set(t.Context(), "1", half))
	require.NoError(t, c.Set(t.Context(), "2", half))
	require.NoError(t, c.Close(t.Context()))
	c = open(t, e)
	require.ErrorIs(t, c.Set(t.Context(), "3", half), storage.ErrStorageFull)
	require.NoError(t, c.Delete(t.Context(), "1"))
	require.NoError(t, c.Set(t.Context(), "3", half))
	require.NoError(t, c.Close(t.Context()))
}

func TestComponentsHaveStoragesOfTheirOwn(t *testing.T) {
	e := start(t, t.TempDir(), nil)
	long := component.MustNewIDWithName("otlp_grpc", strings.Repeat("ü", 300))
	var clients []storage.Client
	for _, of := range []struct {
		kind component.Kind
		id   component.ID
		name string
	}{
		{component.KindExporter, exporter, "traces"}, {component.KindExporter, exporter, "logs"}, {component.KindReceiver, exporter, "traces"},
		{component.KindExporter, component.MustNewIDWithName("otlp_grpc", "../../tempo"), "traces"},
		{component.KindExporter, long, "traces"}, {component.KindExporter, long, "logs"},
	} {
		c, err := e.GetClient(t.Context(), of.kind, of.id, of.name)
		require.NoError(t, err)
		clients = append(clients, c)
	}
	for i, c := range clients {
		assert.Nil(t, valueOf(t, c, "large"))
		require.NoError(t, c.Set(t.Context(), "large", append([]byte{byte(i)}, smallest...)))
	}
	for i, c := range clients {
		assert.Equal(t, append([]byte{byte(i)}, smallest...), valueOf(t, c, "large"))
		require.NoError(t, c.Close(t.Context()))
	}
}

func TestAStorageThatCannotBeOpenedIsClosed(t *testing.T) {
	directory := t.TempDir()
	e := start(t, directory, nil)
	folder := filepath.Join(directory, folderName(component.KindExporter, exporter, "traces"))
	require.NoError(t, os.WriteFile(folder, nil, 0o600))
	_, err := e.GetClient(t.Context(), component.KindExporter, exporter, "traces")
	require.ErrorContains(t, err, folder)
	require.NoError(t, os.Remove(folder))
	require.NoError(t, open(t, e).Close(t.Context()), "it would wait for the lock of the other")
}
