// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"archive/tar"
	"context"
	"errors"
	"io"
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

// ImportLayout loads the image of an OCI layout under a name.
func (n *Node) ImportLayout(ctx context.Context, layout, name string) error {
	r, w := io.Pipe()
	go func() {
		archive := tar.NewWriter(w)
		w.CloseWithError(errors.Join(archive.AddFS(os.DirFS(layout)), archive.Close()))
	}()
	return n.Import(ctx, name, r)
}
