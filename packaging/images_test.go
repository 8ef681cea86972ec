// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package packaging

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/harness"
)

// emulators run programs of another architecture.
var emulators = map[string]string{"arm64": "qemu-aarch64-static", "amd64": "qemu-x86_64-static"}

// Each image that `make images` built runs as a careful operator would have it.
func TestImages(t *testing.T) {
	layouts := harness.Built(t, "SEALGATE_IMAGES")
	for _, name := range images {
		digest, manifests := readLayout(t, filepath.Join(layouts, name))
		sums, err := os.ReadFile(filepath.Join(layouts, "DIGESTS"))
		require.NoError(t, err)
		assert.Contains(t, string(sums), digest+"  "+name+"\n")
		for _, m := range manifests {
			t.Run(name+" "+m.Platform.Architecture, func(t *testing.T) {
				i := openImage(t, filepath.Join(layouts, name), m)
				t.Run("says what it is", func(t *testing.T) { i.testLabels(t, name) })
				t.Run("has the program of its bill of materials", func(t *testing.T) { i.testBill(t, layouts, name) })
				t.Run("takes its own configuration", func(t *testing.T) { i.testValidate(t) })
				if name != "agent" { // the test of the chart runs it: it needs a cluster
					t.Run("is configured by the environment", func(t *testing.T) { i.testEnvironment(t) })
				}
				t.Run("is configured by a file, reloads and stops", func(t *testing.T) { i.testFile(t) })
			})
		}
	}
}

// The parts that are used of https://github.com/opencontainers/image-spec.
type (
	descriptor struct {
		Digest   string
		Platform struct{ Architecture, OS string }
	}
	manifest struct {
		Manifests   []descriptor // of an index
		Config      descriptor
		Layers      []descriptor
		Annotations map[string]string
	}
	imageConfig struct {
		Architecture string
		Config       struct {
			User            string
			Env             []string
			Entrypoint, Cmd []string
			Labels          map[string]string
			Volumes         map[string]any
		}
	}
)

// image is an image with its files in a folder.
type image struct {
	manifest manifest
	config   imageConfig
	root     string
}

// readLayout returns the digest of an image, and its manifests.
func readLayout(t *testing.T, layout string) (digest string, manifests []descriptor) {
	t.Helper()
	var top, index manifest
	content, err := os.ReadFile(filepath.Join(layout, "index.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &top))
	require.Len(t, top.Manifests, 1)
	readBlob(t, layout, top.Manifests[0].Digest, &index)
	require.NotEmpty(t, index.Manifests)
	return top.Manifests[0].Digest, index.Manifests
}

// readBlob decodes a blob, whose content has to have the digest.
func readBlob(t *testing.T, layout, digest string, into any) {
	t.Helper()
	content, err := os.ReadFile(blobPath(layout, digest))
	require.NoError(t, err)
	sum := sha256.Sum256(content)
	require.Equal(t, digest, "sha256:"+hex.EncodeToString(sum[:]))
	require.NoError(t, json.Unmarshal(content, into))
}

func blobPath(layout, digest string) string {
	return filepath.Join(layout, "blobs", strings.Replace(digest, ":", "/", 1))
}

func openImage(t *testing.T, layout string, d descriptor) *image {
	t.Helper()
	i := &image{root: filepath.Join(t.TempDir(), "rootfs")}
	readBlob(t, layout, d.Digest, &i.manifest)
	readBlob(t, layout, i.manifest.Config.Digest, &i.config)
	require.Equal(t, d.Platform.Architecture, i.config.Architecture)
	for _, layer := range i.manifest.Layers {
		require.NoError(t, unpack(blobPath(layout, layer.Digest), i.root))
	}
	return i
}

// unpack unpacks a layer. None of ours removes files of those below.
func unpack(layer, root string) error {
	file, err := os.Open(layer)
	if err != nil {
		return err
	}
	defer file.Close()
	compressed, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	for archive := tar.NewReader(compressed); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		path := filepath.Join(root, filepath.Clean("/"+h.Name))
		mode := fs.FileMode(h.Mode).Perm()
		switch h.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(path, mode)
		case tar.TypeReg:
			err = writeFrom(path, archive, mode)
		default:
			err = fmt.Errorf("%s is neither a file nor a folder", h.Name)
		}
		if err == nil && os.Getuid() == 0 {
			err = os.Chown(path, h.Uid, h.Gid)
		}
		if err != nil {
			return err
		}
	}
}

func writeFrom(path string, r io.Reader, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, r)
	return errors.Join(err, file.Close())
}

func (i *image) testLabels(t *testing.T, name string) {
	assert.Equal(t, "10001:10001", i.config.Config.User)
	assert.Contains(t, i.config.Config.Volumes, "/var/lib/sealgate")
	const prefix = "org.opencontainers.image."
	for _, notes := range []map[string]string{i.config.Config.Labels, i.manifest.Annotations} {
		assert.Equal(t, "otelcol-sealgate"+strings.TrimSuffix("-"+name, "-gateway"), notes[prefix+"title"])
		assert.Equal(t, "Apache-2.0", notes[prefix+"licenses"])
		assert.Regexp(t, `^\d+\.\d+\.\d+$`, notes[prefix+"version"])
		assert.Regexp(t, `^[0-9a-f]{40}$`, notes[prefix+"revision"])
		assert.NotEmpty(t, notes[prefix+"source"])
	}
	var files []string
	require.NoError(t, fs.WalkDir(os.DirFS(i.root), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	}))
	assert.ElementsMatch(t, []string{"usr/bin/otelcol-sealgate", "etc/sealgate/config.yaml", "etc/ssl/certs/ca-certificates.crt"}, files, "there is nothing else in it")
}

func (i *image) testBill(t *testing.T, layouts, name string) {
	title := i.config.Config.Labels["org.opencontainers.image.title"]
	content, err := os.ReadFile(filepath.Join(layouts, title+"-linux-"+i.config.Architecture+".cdx.json"))
	require.NoError(t, err)
	var bill struct {
		Metadata struct {
			Component struct{ Hashes []struct{ Content string } }
		}
		Components []any
	}
	require.NoError(t, json.Unmarshal(content, &bill))
	assert.NotEmpty(t, bill.Components)
	program, err := os.ReadFile(filepath.Join(i.root, "usr/bin/otelcol-sealgate"))
	require.NoError(t, err)
	sum := sha256.Sum256(program)
	assert.Equal(t, hex.EncodeToString(sum[:]), bill.Metadata.Component.Hashes[0].Content)
}

func (i *image) testValidate(t *testing.T) {
	outside := []string{"K8S_NODE_NAME=node-1", "SEALGATE_DETECTORS=[env]", "SEALGATE_KUBE_AUTH=none"} // of a cluster
	c := i.container(t, outside, "validate", "--config=/etc/sealgate/config.yaml")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	require.NoError(t, harness.Poll(ctx, "its end", func(context.Context) (bool, error) { return c.Exited(), nil }))
	require.Zero(t, c.ExitCode(), c.Log())
}

func (i *image) testEnvironment(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	env, health := portsInEnv(t)
	c := i.container(t, env)
	c.awaitStart(ctx, t, health)
	status := c.status(t)
	assert.Contains(t, status, "Uid:\t10001\t10001\t10001\t10001\n")
	assert.Contains(t, status, "CapEff:\t0000000000000000\n")
	assert.Contains(t, status, "CapBnd:\t0000000000000000\n")
	assert.DirExists(t, filepath.Join(c.data, "queue"), "it writes to its volume")
	require.NoError(t, c.Stop(), c.Log())
	assert.Zero(t, c.ExitCode(), c.Log())
}

// testFile gives the container a configuration, changes it, and has it read again.
func (i *image) testFile(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	ports, err := harness.Ports(3)
	require.NoError(t, err)
	config := func(health int) string {
		return fmt.Sprintf(`
extensions:
  health_check: {endpoint: "127.0.0.1:%d"}
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:%d"}}}
exporters:
  otlp_grpc: {endpoint: "127.0.0.1:1", tls: {insecure: true}}
service:
  extensions: [health_check]
  pipelines:
    logs: {receivers: [otlp], exporters: [otlp_grpc]}
  telemetry: {metrics: {level: none}}
`, health, ports[2])
	}
	path := filepath.Join(i.root, "etc/sealgate/config.yaml")
	require.NoError(t, os.WriteFile(path, []byte(config(ports[0])), 0o644))
	c := i.container(t, nil)
	c.awaitStart(ctx, t, fmt.Sprintf("http://127.0.0.1:%d", ports[0]))
	if !i.emulated() { // a reload starts the program again, and in the container that is the emulator
		require.NoError(t, os.WriteFile(path, []byte(config(ports[1])), 0o644))
		out, err := exec.CommandContext(ctx, "runc", "--root", c.state, "kill", c.id, "HUP").CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.NoError(t, c.AwaitHTTP(ctx, fmt.Sprintf("http://127.0.0.1:%d", ports[1])))
	}
	require.NoError(t, c.Stop(), c.Log())
	assert.Zero(t, c.ExitCode(), c.Log())
}

// portsInEnv returns the environment that has an image listen on free ports, and the URL of
// its health.
func portsInEnv(t *testing.T) (env []string, health string) {
	t.Helper()
	ports, err := harness.Ports(4)
	require.NoError(t, err)
	return []string{
		fmt.Sprintf("SEALGATE_OTLP_GRPC=127.0.0.1:%d", ports[0]),
		fmt.Sprintf("SEALGATE_OTLP_HTTP=127.0.0.1:%d", ports[1]),
		"SEALGATE_METRICS_HOST=127.0.0.1", fmt.Sprintf("SEALGATE_METRICS_PORT=%d", ports[2]),
		fmt.Sprintf("SEALGATE_HEALTH=127.0.0.1:%d", ports[3]),
	}, fmt.Sprintf("http://127.0.0.1:%d", ports[3])
}

// container is an image that runs.
type container struct {
	*harness.Process
	id    string
	state string // folder of runc
	data  string // its volume
}

// container runs an image with runc: its root file system is read-only, it has no capability
// and cannot get one, and a volume for its data. It is in the network of the host, so that
// its health can be asked for. Args stand for the command of the image.
func (i *image) container(t *testing.T, env []string, args ...string) *container {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("containers are started by root alone")
	}
	if _, err := exec.LookPath("runc"); err != nil {
		t.Skip("runc is not here to run a container with")
	}
	dir := t.TempDir()
	c := &container{id: filepath.Base(filepath.Dir(dir)) + "-" + filepath.Base(dir), state: filepath.Join(dir, "state"), data: filepath.Join(dir, "data")}
	require.NoError(t, os.Mkdir(c.data, 0o700))
	require.NoError(t, os.Chown(c.data, 10001, 10001))
	command := i.config.Config.Entrypoint
	if len(args) == 0 {
		args = i.config.Config.Cmd
	}
	mounts := []map[string]any{
		{"destination": "/proc", "type": "proc", "source": "proc"},
		{"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": []string{"nosuid", "mode=755", "size=64k"}},
		{"destination": "/var/lib/sealgate", "type": "bind", "source": c.data, "options": []string{"bind", "rw"}},
	}
	if i.emulated() {
		emulator, err := exec.LookPath(emulators[i.config.Architecture])
		if err != nil {
			t.Skipf("%s is not here to run a program of %s with", emulators[i.config.Architecture], i.config.Architecture)
		}
		mounts = append(mounts, map[string]any{"destination": "/emulator", "type": "bind", "source": emulator, "options": []string{"bind", "ro"}})
		command = append([]string{"/emulator"}, command...)
	}
	spec, err := json.Marshal(map[string]any{
		"ociVersion": "1.0.2",
		"root":       map[string]any{"path": i.root, "readonly": true},
		"mounts":     mounts,
		"process": map[string]any{
			"user":            map[string]int{"uid": 10001, "gid": 10001},
			"cwd":             "/",
			"args":            append(append([]string{}, command...), args...),
			"env":             append(append([]string{}, i.config.Config.Env...), env...),
			"capabilities":    map[string]any{},
			"noNewPrivileges": true,
		},
		"linux": map[string]any{
			"cgroupsPath": "/" + c.id,
			"namespaces":  []map[string]string{{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}},
		},
	})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), spec, 0o600))
	runc, err := exec.LookPath("runc")
	require.NoError(t, err)
	c.Process, err = harness.Start(harness.Spec{Name: "runc", Path: runc, Args: []string{"--root", c.state, "run", "--bundle", dir, c.id}, Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() {
		c.Kill()
		_ = exec.Command(runc, "--root", c.state, "delete", "--force", c.id).Run() // where runc itself was killed
	})
	return c
}

// awaitStart waits until the collector is healthy and has its handlers of signals: it sets them
// a moment later, and the kernel ignores those that process 1 of a container has no handler for.
func (c *container) awaitStart(ctx context.Context, t *testing.T, health string) {
	t.Helper()
	require.NoError(t, c.AwaitHTTP(ctx, health))
	require.NoError(t, c.Await(ctx, "its handlers of signals", func(context.Context) (bool, error) {
		return strings.Contains(c.Log(), "SIGHUP has the configuration validated from now on"), nil
	}))
}

// emulated tells whether the program of an image is for another architecture.
func (i *image) emulated() bool { return i.config.Architecture != runtime.GOARCH }

// status returns what the kernel says of the first process.
func (c *container) status(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "runc", "--root", c.state, "state", c.id).Output()
	require.NoError(t, err)
	var state struct{ PID int }
	require.NoError(t, json.Unmarshal(out, &state))
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", state.PID))
	require.NoError(t, err)
	return string(status)
}
