// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
)

// WorkloadImage is the image of the pods of the tests, and of the sandbox of every pod.
const WorkloadImage = "sealgate.test/workload:1"

// BuildWorkload builds WorkloadImage in a folder, and returns the path of its archive.
func BuildWorkload(ctx context.Context, dir string) (archive string, err error) {
	build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(dir, "workload"), "github.com/sealgate/sealgate/test/cluster/workload")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if err := run(build); err != nil {
		return "", err
	}
	recipe := "FROM scratch\nCOPY workload /workload\nUSER 65535:65535\nENTRYPOINT [\"/workload\"]\nCMD [\"pause\"]\n"
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(recipe), 0o644); err != nil {
		return "", err
	}
	archive = filepath.Join(dir, "workload.tar")
	for _, args := range [][]string{
		{"bud", "--quiet", "--isolation", "chroot", "--pull-never", "--tag", WorkloadImage, dir},
		{"push", "--quiet", WorkloadImage, "docker-archive:" + archive + ":" + WorkloadImage},
	} {
		storage := []string{"--storage-driver", "vfs", "--root", filepath.Join(dir, "storage"), "--runroot", filepath.Join(dir, "run")}
		if err := run(exec.CommandContext(ctx, "buildah", append(storage, args...)...)); err != nil {
			return "", err
		}
	}
	return archive, nil
}

// ImportLayout loads the image of an OCI layout, under names of our choice.
func (n *Node) ImportLayout(ctx context.Context, layout string, names ...string) error {
	index, err := named(filepath.Join(layout, "index.json"), names)
	if err != nil {
		return err
	}
	r, w := io.Pipe()
	go func() {
		archive := tar.NewWriter(w)
		w.CloseWithError(errors.Join(
			archive.AddFS(os.DirFS(layout)), // the second of two files of one name counts
			archive.WriteHeader(&tar.Header{Name: "index.json", Mode: 0o644, Size: int64(len(index))}),
			write(archive, index), archive.Close()))
	}()
	return n.Import(ctx, r)
}

// named returns the index of a layout of one image, with the image once for each name.
func named(path string, names []string) ([]byte, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var index map[string]any
	if err := json.Unmarshal(content, &index); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	manifests, _ := index["manifests"].([]any)
	if len(manifests) != 1 {
		return nil, fmt.Errorf("%s has %d images; it must have one", path, len(manifests))
	}
	image, _ := manifests[0].(map[string]any)
	manifests = nil
	for _, name := range names {
		again := maps.Clone(image)
		again["annotations"] = map[string]string{"io.containerd.image.name": name}
		manifests = append(manifests, again)
	}
	index["manifests"] = manifests
	return json.Marshal(index)
}

func write(w io.Writer, content []byte) error {
	_, err := w.Write(content)
	return err
}
