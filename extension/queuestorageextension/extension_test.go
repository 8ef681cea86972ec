// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package queuestorageextension

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/sealgate/sealgate/internal/configtest"
)

// big is a value that is not held in memory while the disk is full.
var big = bytes.Repeat([]byte("v"), large)

func TestConfigurationsAreUnderstood(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	load := func(name string) *Config {
		sub, err := conf.Sub(name)
		require.NoError(t, err)
		cfg := createDefaultConfig().(*Config)
		require.NoError(t, sub.Unmarshal(cfg), name)
		return cfg
	}
	cfg := load("queue_storage")
	want := createDefaultConfig().(*Config)
	want.Directory = "/var/lib/sealgate/queue"
	assert.Equal(t, want, cfg)
	assert.False(t, cfg.Encryption.HasValue())

	cfg = load("queue_storage/everything")
	cfg.Directory = t.TempDir()
	require.NoError(t, confmap.Validate(cfg))
	assert.Equal(t, int64(10_000_000_000), cfg.MaxSize)
	assert.True(t, cfg.FSync)
	assert.Equal(t, 5*time.Second, cfg.Timeout)
	assert.Equal(t, "/etc/sealgate/queue.key", cfg.Encryption.Get().File.Get().Path)
	assert.Equal(t, "SEALGATE_QUEUE_KEY", cfg.Encryption.Get().Env.Get().Variable)
	assert.Equal(t, []string{"/usr/local/bin/hsm-client", "--slot", "1"}, cfg.Encryption.Get().Command.Get().Argv)
}

// All settings of file_storage are accepted.
func TestSettingsOfFileStorageAreAccepted(t *testing.T) {
	all := map[string]any{}
	theirs := confmap.New()
	require.NoError(t, theirs.Marshal(filestorage.NewFactory().CreateDefaultConfig()))
	for key, value := range theirs.ToStringMap() {
		all[key] = value
	}
	require.NoError(t, confmap.NewFromStringMap(all).Unmarshal(createDefaultConfig()))
}

func TestWrongSettingsAreNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for want, more := range map[string]map[string]any{
		"`directory` must exist, or `create_directory` be true": {"directory": filepath.Join(file, "..", "missing"), "create_directory": false},
		"is a file; it must be a directory":                     {"directory": file},
		"`directory` is empty":                                  {"directory": ""},
		"`directory_permissions` is \"0999\"":                   {"directory_permissions": "0999"},
		"`directory_permissions` is \"7777\"":                   {"directory_permissions": "7777"},
		"`max_size` is -1":                                      {"max_size": -1},
		"`timeout` is -1s":                                      {"timeout": "-1s"},
		"`sm2` has public keys, which cannot decrypt the queue after a restart; use `file`, `env` or `command`": {
			"encryption": map[string]any{"sm2": map[string]any{"recipients": []any{"reader.pub.pem"}}}},
		"there is no key; name one or more of `file`, `env`, `command`": {"encryption": map[string]any{}},
		"encryption: file: `path` is empty":                             {"encryption": map[string]any{"file": map[string]any{}}},
		"encryption: env: `variable` is empty":                          {"encryption": map[string]any{"env": map[string]any{}}},
		"encryption: command: `id` has 0 characters":                    {"encryption": map[string]any{"command": map[string]any{"argv": []any{"x"}}}},
		"encryption: command: `argv` is empty":                          {"encryption": map[string]any{"command": map[string]any{"id": "x"}}},
		"command: `timeout` is -1s":                                     {"encryption": map[string]any{"command": map[string]any{"id": "x", "argv": []any{"x"}, "timeout": "-1s"}}},
	} {
		cfg := createDefaultConfig().(*Config)
		require.NoError(t, confmap.NewFromStringMap(map[string]any{"directory": filepath.Dir(file), "create_directory": true}).Unmarshal(cfg))
		require.NoError(t, confmap.NewFromStringMap(more).Unmarshal(cfg))
		err := confmap.Validate(cfg)
		require.ErrorContains(t, err, want)
		assert.Equal(t, 1, strings.Count(err.Error(), want), "it is said once")
	}
}

func TestOperationsOfABatchAreDoneInOrder(t *testing.T) {
	c := open(t, start(t, t.TempDir(), nil))
	before, between, after := storage.GetOperation("key"), storage.GetOperation("key"), storage.GetOperation("key")
	require.NoError(t, c.Batch(t.Context(),
		before, storage.SetOperation("key", big), between, storage.DeleteOperation("key"), storage.SetOperation("key", []byte("last")), after))
	assert.Nil(t, before.Value)
	assert.Equal(t, big, between.Value)
	assert.Equal(t, []byte("last"), after.Value)
	assert.Equal(t, []byte("last"), valueOf(t, c, "key"))
	require.NoError(t, c.Close(t.Context()))
	require.NoError(t, c.Close(t.Context()), "again")
}

func TestAnUnknownOperationChangesNothing(t *testing.T) {
	c := open(t, start(t, t.TempDir(), nil))
	require.ErrorContains(t, c.Batch(t.Context(), storage.SetOperation("key", big), &storage.Operation{Key: "key", Type: 7}), "unknown type of operation 7")
	assert.Nil(t, valueOf(t, c, "key"))
	require.NoError(t, c.Close(t.Context()))
}

func TestValuesAreThereAfterARestart(t *testing.T) {
	for name, more := range map[string]map[string]any{"as shipped": nil, "fsync": {"fsync": true}, "encrypted": {"encryption": keyFile(t, key1)}} {
		t.Run(name, func(t *testing.T) {
			e := start(t, t.TempDir(), more)
			c := open(t, e)
			require.NoError(t, c.Batch(t.Context(), storage.SetOperation("small", []byte("1")), storage.SetOperation("large", big), storage.SetOperation("empty", []byte{})))
			require.NoError(t, c.Close(t.Context()))
			c = open(t, e)
			assert.Equal(t, []byte("1"), valueOf(t, c, "small"))
			assert.Equal(t, big, valueOf(t, c, "large"))
			assert.Equal(t, []byte{}, valueOf(t, c, "empty"))
			assert.Nil(t, valueOf(t, c, "none"))
			require.NoError(t, c.Close(t.Context()))
		})
	}
}

func TestOnlyTheProcessItselfMayReadTheValues(t *testing.T) {
	directory := t.TempDir()
	c := open(t, start(t, directory, nil))
	require.NoError(t, c.Set(t.Context(), "large", big))
	for path, want := range map[string]os.FileMode{segments(t, directory)[0]: 0o600, folder(directory): 0o700} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, want, info.Mode().Perm(), path)
	}
	require.NoError(t, c.Close(t.Context()))
}

func TestMaxSizeHoldsForValues(t *testing.T) {
	e := start(t, t.TempDir(), map[string]any{"max_size": 1<<20 + 100})
	c := open(t, e)
	half := make([]byte, 512<<10)
	require.NoError(t, c.Set(t.Context(), "1", half))
	require.NoError(t, c.Set(t.Context(), "2", half))
	require.NoError(t, c.Close(t.Context()))
	c = open(t, e)
	require.ErrorIs(t, c.Set(t.Context(), "3", half), storage.ErrStorageFull)
	require.NoError(t, c.Set(t.Context(), "2", half), "replaced")
	require.NoError(t, c.Delete(t.Context(), "1"))
	require.NoError(t, c.Set(t.Context(), "3", half))
	require.NoError(t, c.Close(t.Context()))
}

func TestComponentsHaveTheirOwnStorages(t *testing.T) {
	e := start(t, t.TempDir(), nil)
	long := component.MustNewIDWithName("otlp_grpc", strings.Repeat("ü", 300))
	var clients []storage.Client
	for _, of := range []struct {
		kind component.Kind
		id   component.ID
		name string
	}{
		{kindExporter, tempo, "traces"}, {kindExporter, tempo, "logs"}, {component.KindReceiver, tempo, "traces"},
		{kindExporter, component.MustNewIDWithName("otlp_grpc", "../../tempo"), "traces"},
		{kindExporter, long, "traces"}, {kindExporter, long, "logs"},
	} {
		c, err := e.GetClient(t.Context(), of.kind, of.id, of.name)
		require.NoError(t, err)
		clients = append(clients, c)
	}
	for i, c := range clients {
		assert.Nil(t, valueOf(t, c, "large"))
		require.NoError(t, c.Set(t.Context(), "large", append([]byte{byte(i)}, big...)))
	}
	for i, c := range clients {
		assert.Equal(t, append([]byte{byte(i)}, big...), valueOf(t, c, "large"))
		require.NoError(t, c.Close(t.Context()))
	}
}

// A second process on the same directory is told which folder is taken.
func TestAFolderInUseIsNamed(t *testing.T) {
	directory := t.TempDir()
	c := open(t, start(t, directory, nil))
	_, err := start(t, directory, map[string]any{"timeout": "1ms"}).GetClient(t.Context(), kindExporter, tempo, "logs")
	require.EqualError(t, err, "folder "+folder(directory)+": another process has it; give each collector another `directory`")
	require.NoError(t, c.Close(t.Context()))
	require.NoError(t, open(t, start(t, directory, nil)).Close(t.Context()))
}

func TestAFolderThatCannotBeUsedIsNamed(t *testing.T) {
	directory := t.TempDir()
	e := start(t, directory, nil)
	require.NoError(t, os.WriteFile(folder(directory), nil, 0o600))
	_, err := e.GetClient(t.Context(), kindExporter, tempo, "logs")
	require.ErrorContains(t, err, folder(directory))
	require.NoError(t, os.Remove(folder(directory)))
	require.NoError(t, open(t, e).Close(t.Context()), "nothing is locked")
}

// The files hold nothing in the clear: not before, while or after a batch waits.
func TestEncryptedFilesHoldNoPlaintext(t *testing.T) {
	directory := t.TempDir()
	more := map[string]any{"encryption": keyFile(t, key1)}
	requireNone := func(when string) {
		t.Helper()
		for _, text := range []string{"record-", "xxxxxxxx", stateKey} {
			assert.Empty(t, filesWith(t, directory, text), "%q %s", text, when)
		}
	}
	q := newQueue(t, start(t, directory, more))
	batches := fillQueue(t, q, 40)
	requireNone("while it waits")
	killed := copied(t, directory)
	q.requireArrives(t, batches)
	requireNone("after it was sent")
	q.stop(t)
	requireNone("after the end")

	newQueue(t, start(t, killed, more)).requireArrives(t, batches)
}

// filesWith are the files under a directory that have a text in them.
func filesWith(t testing.TB, directory, text string) (found []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(directory, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(text)) {
			found = append(found, path)
		}
		return err
	}))
	return found
}

// What was stored before encryption was switched on is encrypted at the next start.
func TestEncryptionIsSwitchedOnForWhatWaits(t *testing.T) {
	directory := t.TempDir()
	q := newQueue(t, start(t, directory, nil))
	batches := fillQueue(t, q, 20)
	killed := copied(t, directory)
	require.NotEmpty(t, filesWith(t, killed, "record-"))
	q = newQueue(t, start(t, killed, map[string]any{"encryption": keyFile(t, key1)}))
	assert.Empty(t, filesWith(t, killed, "record-"))
	q.requireArrives(t, batches)
}

// A wrong key, or none, ends the start with what to do, and nothing is removed.
func TestAWrongKeyRemovesNothing(t *testing.T) {
	directory := t.TempDir()
	right := map[string]any{"encryption": keyFile(t, key1)}
	q := newQueue(t, start(t, directory, right))
	batches := fillQueue(t, q, 10)
	killed := copied(t, directory)
	for name, more := range map[string]map[string]any{"another": {"encryption": keyFile(t, key2)}, "none": nil} {
		_, err := start(t, killed, more).GetClient(t.Context(), kindExporter, tempo, "logs")
		require.ErrorContains(t, err, folder(killed), name)
		require.ErrorContains(t, err, "nothing was removed: configure under `encryption` the key that the queue was written with", name)
	}
	newQueue(t, start(t, killed, right)).requireArrives(t, batches)
}

func TestAMissingKeyFileEndsTheStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.key")
	cfg := configOf(t, NewFactory(), t.TempDir(), map[string]any{"encryption": map[string]any{"file": map[string]any{"path": path}}})
	e, err := NewFactory().Create(t.Context(), newSettings(t, NewFactory()).Settings, cfg)
	require.NoError(t, err)
	err = e.Start(t.Context(), nil)
	require.ErrorContains(t, err, "`encryption::file`")
	require.ErrorContains(t, err, path)
	require.ErrorContains(t, err, "`sealctl keygen --symmetric` makes keys")
}

// A program wraps and unwraps the data keys, and a second key from the environment will do as well.
func TestKeysOfACommandAndOfTheEnvironment(t *testing.T) {
	program, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell")
	}
	script := filepath.Join(t.TempDir(), "hsm")
	require.NoError(t, os.WriteFile(script, []byte(`read in
case $1 in
wrap) printf %s "$in" | tr 0-9a-f g-v | base64 -w0 ;;
unwrap) printf %s "$in" | base64 -d | tr g-v 0-9a-f ;;
esac
`), 0o700))
	t.Setenv("TEST_QUEUE_KEY", key2)
	command := map[string]any{"id": "test", "argv": []any{program, script}}
	env := map[string]any{"variable": "TEST_QUEUE_KEY"}
	directory := t.TempDir()
	q := newQueue(t, start(t, directory, map[string]any{"encryption": map[string]any{"command": command, "env": env}}))
	batches := fillQueue(t, q, 10)
	for name, keys := range map[string]map[string]any{"the command": {"command": command}, "the environment": {"env": env}} {
		t.Run(name, func(t *testing.T) {
			newQueue(t, start(t, copied(t, directory), map[string]any{"encryption": keys})).requireArrives(t, batches)
		})
	}
}

func TestTheReadmeHasEveryKey(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, key := range configtest.Keys(reflect.TypeFor[Config]()) {
		if !strings.HasPrefix(key, "compaction::") { // of file_storage, without effect
			assert.Contains(t, string(readme), "`"+strings.ReplaceAll(key, "::", ".")+"`")
		}
	}
}
