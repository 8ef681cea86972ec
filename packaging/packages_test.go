// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package packaging

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/harness"
)

const config = "/etc/sealgate/config.yaml"

// What an operator does with the deb over its life, in the order they do it. It is
// installed into a scratch root, whose gateway runs by the lines of the unit, as the
// unit's user.
func TestTheDebOverItsLife(t *testing.T) {
	requireInstallable(t)
	gateway, sealctl := built(t, "SEALGATE_BIN"), built(t, "SEALGATE_CTL")
	standIn := writeProgram(t, filepath.Join(t.TempDir(), "standin"), "#!/bin/sh\n")
	older := buildPackage(t, "deb", "0.0.1", standIn, standIn)
	newer := buildPackage(t, "deb", "0.1.0", gateway, sealctl)
	r := newRoot(t)

	r.dpkg("--install", older)
	t.Run("its files have their owners and modes", func(t *testing.T) {
		for path, want := range map[string]string{
			"/usr/bin/otelcol-sealgate":                "-rwxr-xr-x root root",
			"/usr/bin/sealctl":                         "-rwxr-xr-x root root",
			"/usr/lib/systemd/system/sealgate.service": "-rw-r--r-- root root",
			config:                       "-rw-r--r-- root root",
			"/etc/sealgate/sealgate.env": "-rw-r----- root sealgate",
			"/etc/sealgate/keys":         "drwxr-x--- root sealgate",
			"/var/lib/sealgate":          "drwxr-x--- sealgate sealgate",
		} {
			assert.Equal(t, want, r.describe(path), path)
		}
	})
	t.Run("its user cannot log in", func(t *testing.T) {
		assert.Regexp(t, `(?m)^sealgate:.*:/var/lib/sealgate:/usr/sbin/nologin$`, r.read("/etc/passwd"))
	})

	edited := r.read(config) + "# edited\n"
	r.write(config, edited)
	r.write("/etc/sealgate/keys/reader.pub.pem", "a key")
	r.write("/var/lib/sealgate/archive/sealed", "data")
	r.write("/var/lib/sealgate/queue/waiting", "telemetry")
	r.dpkg("--install", newer)
	t.Run("a newer version keeps configuration, keys and data", func(t *testing.T) {
		assert.Equal(t, edited, r.read(config))
		assert.Equal(t, "a key", r.read("/etc/sealgate/keys/reader.pub.pem"))
		assert.Equal(t, "data", r.read("/var/lib/sealgate/archive/sealed"))
		assert.Equal(t, "telemetry", r.read("/var/lib/sealgate/queue/waiting"))
	})
	require.NoError(t, os.RemoveAll(r.path("/var/lib/sealgate/queue")), "root's files are in the way of the gateway")

	t.Run("it starts, reloads and stops by the lines of the unit", r.startReloadStop)

	r.dpkg("--remove", "sealgate")
	t.Run("removing it leaves configuration, keys and data", func(t *testing.T) {
		assert.NoFileExists(t, r.path("/usr/bin/otelcol-sealgate"))
		assert.FileExists(t, r.path(config))
		assert.Equal(t, "a key", r.read("/etc/sealgate/keys/reader.pub.pem"))
		assert.DirExists(t, r.path("/var/lib/sealgate/queue"))
		assert.DirExists(t, r.path("/var/lib/sealgate/cache"))
	})

	r.dpkg("--purge", "sealgate")
	t.Run("purging it leaves keys and sealed data", func(t *testing.T) {
		assert.NoFileExists(t, r.path(config))
		assert.NoDirExists(t, r.path("/var/lib/sealgate/queue"))
		assert.NoDirExists(t, r.path("/var/lib/sealgate/cache"))
		assert.Equal(t, "a key", r.read("/etc/sealgate/keys/reader.pub.pem"))
		assert.Equal(t, "data", r.read("/var/lib/sealgate/archive/sealed"))
	})
}

// startReloadStop does what systemd does with the unit.
func (r *root) startReloadStop(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	service := parseUnit(t, r.read("/usr/lib/systemd/system/sealgate.service"))
	ports, err := harness.Ports(5)
	require.NoError(t, err)
	env := append(parseEnv(r.read("/etc/sealgate/sealgate.env")),
		fmt.Sprintf("SEALGATE_OTLP_GRPC=127.0.0.1:%d", ports[0]),
		fmt.Sprintf("SEALGATE_OTLP_HTTP=127.0.0.1:%d", ports[1]),
		fmt.Sprintf("SEALGATE_METRICS_PORT=%d", ports[2]),
		fmt.Sprintf("SEALGATE_HEALTH=127.0.0.1:%d", ports[3]))

	out, err := r.command(t, env, service["ExecStartPre"][0]).CombinedOutput()
	require.NoError(t, err, "%s", out)
	start := r.command(t, env, service["ExecStart"][0])
	gateway, err := harness.Start(harness.Spec{Name: "gateway", Path: start.Path, Args: start.Args[1:], Env: env, Dir: t.TempDir()})
	require.NoError(t, err)
	defer gateway.Kill()
	require.NoError(t, gateway.AwaitHTTP(ctx, fmt.Sprintf("http://127.0.0.1:%d", ports[3])), gateway.Log())
	assert.Contains(t, r.describe("/var/lib/sealgate/queue"), "sealgate sealgate", "it writes its queue as its user")

	// Reload fails at its first line; the signal of the second is never sent.
	valid := r.read(config)
	r.write(config, strings.Replace(valid, "cloudlabels:\n", "cloudlabels: {key_style: camel}\n", 1))
	out, err = r.command(t, env, service["ExecReload"][0]).CombinedOutput()
	require.Error(t, err, "a configuration that does not validate was let through")
	assert.Contains(t, string(out), "key_style", "it is said what is wrong")
	require.False(t, gateway.Exited())

	r.write(config, strings.Replace(valid, "${env:SEALGATE_HEALTH:-127.0.0.1:13133}", fmt.Sprintf("127.0.0.1:%d", ports[4]), 1))
	out, err = r.command(t, env, service["ExecReload"][0]).CombinedOutput()
	require.NoError(t, err, "%s", out)
	shell := exec.CommandContext(ctx, "/bin/sh", "-c", unquote(t, service["ExecReload"][1], "/bin/sh -c "))
	shell.Env = []string{fmt.Sprintf("MAINPID=%d", gateway.PID())}
	require.NoError(t, shell.Run())
	require.NoError(t, gateway.AwaitHTTP(ctx, fmt.Sprintf("http://127.0.0.1:%d", ports[4])), gateway.Log())
	require.NoError(t, gateway.Stop(), gateway.Log())
}

// A gateway that runs is restarted by an upgrade only if the new version takes its
// configuration. systemd is played by programs that say what they were asked.
func TestAnUpgradeRestartsOnlyWhatValidates(t *testing.T) {
	const restart = "systemctl restart sealgate.service"
	for _, tt := range []struct {
		name                      string
		reload, active, validates int // exit codes
		restarts                  bool
	}{
		{"where systemd does not run nothing is asked of it", 1, 0, 0, false},
		{"a gateway that does not run is not started", 0, 3, 0, false},
		{"a configuration that is refused leaves the old gateway running", 0, 0, 1, false},
		{"a configuration that is taken", 0, 0, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bin, log := t.TempDir(), filepath.Join(t.TempDir(), "log")
			program := `#!/bin/sh
echo "${0##*/} $*" >> ` + log + `
case "${0##*/} $1" in
"systemctl daemon-reload") exit %d ;;
"systemctl is-active") exit %d ;;
systemd-run*) exit %d ;;
esac
`
			for _, name := range []string{"systemctl", "systemd-run"} {
				writeProgram(t, filepath.Join(bin, name), fmt.Sprintf(program, tt.reload, tt.active, tt.validates))
			}
			cmd := exec.CommandContext(t.Context(), "/bin/sh", "scripts/postinstall", "configure", "0.0.1")
			cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH")}
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			asked, err := os.ReadFile(log)
			require.NoError(t, err)
			assert.Equal(t, tt.restarts, strings.Contains(string(asked), restart), "%s", asked)
			if tt.validates != 0 {
				assert.Contains(t, string(out), "goes on running")
			}
		})
	}
}

// root is a folder that packages are installed into as if it were /.
type root struct {
	t   *testing.T
	dir string
}

func newRoot(t *testing.T) *root {
	t.Helper()
	r := &root{t, t.TempDir()}
	require.NoError(t, os.Chmod(r.dir, 0o755))
	for _, dir := range []string{"/var/lib/dpkg/info", "/var/lib/dpkg/updates", "/var/log"} {
		require.NoError(t, os.MkdirAll(r.path(dir), 0o755))
	}
	r.write("/var/lib/dpkg/status", "")
	r.write("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
	r.write("/etc/group", "root:x:0:\n")
	r.write("/etc/shadow", "root:*:1:0:99999:7:::\n")
	r.write("/etc/gshadow", "root:*::\n")
	// memory_limiter asks how much memory there is.
	r.write("/proc/meminfo", "MemTotal: 4000000 kB\n")
	r.write("/proc/self/cgroup", "")
	r.write("/proc/self/mountinfo", "")
	return r
}

func (r *root) path(p string) string { return filepath.Join(r.dir, p) }

func (r *root) read(p string) string {
	r.t.Helper()
	b, err := os.ReadFile(r.path(p))
	require.NoError(r.t, err)
	return string(b)
}

func (r *root) write(p, content string) {
	r.t.Helper()
	require.NoError(r.t, os.MkdirAll(filepath.Dir(r.path(p)), 0o755))
	require.NoError(r.t, os.WriteFile(r.path(p), []byte(content), 0o644))
}

// dpkg runs dpkg on the root, scripts included. What the package depends on is not in
// it: the scripts find that outside.
func (r *root) dpkg(args ...string) {
	r.t.Helper()
	args = append([]string{"--root=" + r.dir, "--force-script-chrootless", "--force-depends"}, args...)
	out, err := exec.CommandContext(r.t.Context(), "dpkg", args...).CombinedOutput()
	require.NoError(r.t, err, "dpkg %s\n%s", strings.Join(args, " "), out)
}

// describe returns mode, owner and group of a file as ls shows them.
func (r *root) describe(p string) string {
	r.t.Helper()
	info, err := os.Stat(r.path(p))
	require.NoError(r.t, err)
	stat := info.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%s %s %s", fs.FileMode(info.Mode()), r.nameOf("/etc/passwd", stat.Uid), r.nameOf("/etc/group", stat.Gid))
}

// nameOf returns the name of an id in the root's /etc/passwd or /etc/group.
func (r *root) nameOf(file string, id uint32) string {
	r.t.Helper()
	for line := range strings.Lines(r.read(file)) {
		if f := strings.Split(line, ":"); len(f) > 2 && f[2] == fmt.Sprint(id) {
			return f[0]
		}
	}
	return fmt.Sprint(id)
}

// command returns a command that runs a line of the unit inside of the root, as the
// user of the unit.
func (r *root) command(t *testing.T, env []string, line string) *exec.Cmd {
	t.Helper()
	info, err := os.Stat(r.path("/var/lib/sealgate"))
	require.NoError(t, err)
	owner := info.Sys().(*syscall.Stat_t)
	args := append([]string{fmt.Sprintf("--userspec=%d:%d", owner.Uid, owner.Gid), r.dir}, strings.Fields(line)...)
	cmd := exec.CommandContext(t.Context(), "chroot", args...)
	cmd.Env = env
	return cmd
}

// buildPackage packs the two programs with nfpm and returns the path of the package.
func buildPackage(t *testing.T, kind, version, gateway, sealctl string) string {
	t.Helper()
	nfpm, dir := built(t, "SEALGATE_NFPM"), t.TempDir()
	cmd := exec.CommandContext(t.Context(), nfpm, "package", "--config", "packaging/nfpm.yaml", "--packager", kind, "--target", dir)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "SEALGATE_BIN="+gateway, "SEALGATE_CTL="+sealctl, "SEALGATE_VERSION="+version, "SEALGATE_ARCH="+runtime.GOARCH)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	files, err := filepath.Glob(filepath.Join(dir, "*."+kind))
	require.NoError(t, err)
	require.Len(t, files, 1)
	return files[0]
}

// built returns the program that an environment variable names, and skips the test
// where it names none; `make test` sets them.
func built(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Skipf("%s names no built program; `make test` does", variable)
	}
	return path
}

func requireInstallable(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("packages are installed by root alone; run as root, a scratch root is used")
	}
	for _, program := range []string{"dpkg", "useradd", "chroot"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not here to install a package with", program)
		}
	}
}

// writeProgram writes a script and returns its path.
func writeProgram(t *testing.T, path, content string) string {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o755))
	return path
}

// parseUnit returns the values of each key of a systemd unit, in order.
func parseUnit(t *testing.T, unit string) map[string][]string {
	t.Helper()
	values := map[string][]string{}
	for line := range strings.Lines(unit) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == '[' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		require.True(t, ok, line)
		values[key] = append(values[key], value)
	}
	return values
}

// parseEnv returns the settings of an environment file.
func parseEnv(file string) (env []string) {
	for line := range strings.Lines(file) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			env = append(env, line)
		}
	}
	return env
}

func unquote(t *testing.T, line, command string) string {
	t.Helper()
	script, ok := strings.CutPrefix(line, command)
	require.True(t, ok, line)
	return strings.Trim(script, "'")
}
