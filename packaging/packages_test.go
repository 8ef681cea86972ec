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
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/harness"
)

// distribution is one that there are packages of.
type distribution struct {
	name    string
	pkg     string // also the name of its unit, its user and its folders
	program string // the variable that names the built collector
}

var (
	gateway = distribution{"gateway", "sealgate", "SEALGATE_BIN"}
	edge    = distribution{"edge", "sealgate-edge", "SEALGATE_EDGE_BIN"}
	packed  = []distribution{gateway, edge}
)

func (d distribution) binary() string       { return "/usr/bin/otelcol-" + d.pkg }
func (d distribution) unit() string         { return "/usr/lib/systemd/system/" + d.pkg + ".service" }
func (d distribution) config() string       { return d.etc("config.yaml") }
func (d distribution) env() string          { return d.etc(d.pkg + ".env") }
func (d distribution) etc(p string) string  { return "/etc/" + d.pkg + "/" + p }
func (d distribution) data(p string) string { return filepath.Join("/var/lib", d.pkg, p) }
func (d distribution) doc(p string) string  { return "/usr/share/doc/" + d.pkg + "/" + p }

// files returns what the packages hold: mode, owner and group of each path.
func (d distribution) files() map[string]string {
	files := map[string]string{
		d.binary():               "-rwxr-xr-x root root",
		d.unit():                 "-rw-r--r-- root root",
		d.doc("copyright"):       "-rw-r--r-- root root",
		d.doc("components.yaml"): "-rw-r--r-- root root",
		d.config():               "-rw-r--r-- root root",
		d.env():                  "-rw-r----- root " + d.pkg,
		d.etc("keys"):            "drwxr-x--- root " + d.pkg,
		d.data(""):               "drwxr-x--- " + d.pkg + " " + d.pkg,
	}
	if d == gateway {
		files["/usr/bin/sealctl"] = "-rwxr-xr-x root root"
		files[d.doc("sealed.yaml")] = "-rw-r--r-- root root"
	}
	return files
}

// What an operator does with a deb over its life, in the order they do it, on a host
// that has the other one as well. It is installed into a scratch root, whose collector
// runs by the lines of the unit, as the unit's user.
func TestADebOverItsLife(t *testing.T) {
	requireInstallable(t)
	for d, other := range map[distribution]distribution{gateway: edge, edge: gateway} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			testLife(t, d, other)
		})
	}
}

func testLife(t *testing.T, d, other distribution) {
	programs := standIns(t)
	older := buildPackage(t, d, "deb", "0.0.1", programs)
	others := buildPackage(t, other, "deb", "0.0.1", programs)
	newer := buildPackage(t, d, "deb", "0.1.0", filepath.Dir(harness.Built(t, d.program)))
	r := newRoot(t, d)

	r.dpkg("--install", others, older)
	t.Run("its files have their owners and modes", func(t *testing.T) {
		for path, want := range d.files() {
			assert.Equal(t, want, r.describe(path), path)
		}
	})
	t.Run("its user cannot log in", func(t *testing.T) {
		assert.Regexp(t, `(?m)^`+d.pkg+`:.*:`+d.data("")+`:/usr/sbin/nologin$`, r.read("/etc/passwd"))
	})

	edited := r.read(d.config()) + "# edited\n"
	r.write(d.config(), edited)
	r.write(d.etc("keys/reader.pub.pem"), "a key")
	r.write(d.data("archive/sealed"), "data")
	r.write(d.data("queue/waiting"), "telemetry")
	r.dpkg("--install", newer)
	t.Run("a newer version keeps configuration, keys and data", func(t *testing.T) {
		assert.Equal(t, edited, r.read(d.config()))
		assert.Equal(t, "a key", r.read(d.etc("keys/reader.pub.pem")))
		assert.Equal(t, "data", r.read(d.data("archive/sealed")))
		assert.Equal(t, "telemetry", r.read(d.data("queue/waiting")))
	})
	require.NoError(t, os.RemoveAll(r.path(d.data("queue"))), "root's files are in the way of the collector")

	t.Run("it starts, reloads and stops by the lines of the unit", r.startReloadStop)
	t.Run("what it needs and does not find stops the start, and is named", r.startWithout)

	r.dpkg("--remove", d.pkg)
	t.Run("removing it leaves configuration, keys and data", func(t *testing.T) {
		assert.NoFileExists(t, r.path(d.binary()))
		assert.FileExists(t, r.path(d.config()))
		assert.Equal(t, "a key", r.read(d.etc("keys/reader.pub.pem")))
		assert.DirExists(t, r.path(d.data("queue")))
		assert.DirExists(t, r.path(d.data("cache")))
	})

	r.dpkg("--purge", d.pkg)
	t.Run("purging it leaves keys and sealed data", func(t *testing.T) {
		assert.NoFileExists(t, r.path(d.config()))
		assert.NoDirExists(t, r.path(d.data("queue")))
		assert.NoDirExists(t, r.path(d.data("positions")))
		assert.NoDirExists(t, r.path(d.data("cache")))
		assert.Equal(t, "a key", r.read(d.etc("keys/reader.pub.pem")))
		assert.Equal(t, "data", r.read(d.data("archive/sealed")))
	})
	t.Run("the other package has all it had", func(t *testing.T) {
		for path, want := range other.files() {
			assert.Equal(t, want, r.describe(path), path)
		}
	})
}

// startReloadStop does what systemd does with the unit.
func (r *root) startReloadStop(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	service := parseUnit(t, r.read(r.unit()))
	ports, err := harness.Ports(5)
	require.NoError(t, err)
	env := append(parseEnv(r.read(r.env())),
		fmt.Sprintf("SEALGATE_OTLP_GRPC=127.0.0.1:%d", ports[0]),
		fmt.Sprintf("SEALGATE_OTLP_HTTP=127.0.0.1:%d", ports[1]),
		fmt.Sprintf("SEALGATE_METRICS_PORT=%d", ports[2]),
		fmt.Sprintf("SEALGATE_HEALTH=127.0.0.1:%d", ports[3]),
		"SEALGATE_LOGS_START=beginning")

	out, err := r.command(ctx, env, service["ExecStartPre"][0]).CombinedOutput()
	require.NoError(t, err, "%s", out)
	start := r.command(ctx, env, service["ExecStart"][0])
	collector, err := harness.Start(harness.Spec{Name: r.pkg, Path: start.Path, Args: start.Args[1:], Env: env, Dir: t.TempDir()})
	require.NoError(t, err)
	defer collector.Kill()
	require.NoError(t, collector.AwaitHTTP(ctx, fmt.Sprintf("http://127.0.0.1:%d", ports[3])), collector.Log())
	assert.Contains(t, r.describe(r.data("queue")), r.pkg+" "+r.pkg, "it writes its queue as its user")
	if r.distribution == edge {
		require.NoError(t, collector.Await(ctx, "the line of a log that adm may read", func(ctx context.Context) (bool, error) {
			sums, err := harness.Scrape(ctx, fmt.Sprintf("http://127.0.0.1:%d/metrics", ports[2]), "receiver", "file_log")
			return sums["otelcol_receiver_accepted_log_records"] == 1, err
		}))
	}

	// Reload fails at its first line; the signal of the second is never sent.
	valid := r.read(r.config())
	r.write(r.config(), strings.Replace(valid, "cloudlabels:\n", "cloudlabels: {key_style: camel}\n", 1))
	out, err = r.command(ctx, env, service["ExecReload"][0]).CombinedOutput()
	require.Error(t, err, "a configuration that does not validate was let through")
	assert.Contains(t, string(out), "key_style", "it is said what is wrong")
	require.False(t, collector.Exited())

	r.write(r.config(), strings.Replace(valid, "${env:SEALGATE_HEALTH:-127.0.0.1:13133}", fmt.Sprintf("127.0.0.1:%d", ports[4]), 1))
	out, err = r.command(ctx, env, service["ExecReload"][0]).CombinedOutput()
	require.NoError(t, err, "%s", out)
	shell := exec.CommandContext(ctx, "/bin/sh", "-c", unquote(t, service["ExecReload"][1], "/bin/sh -c "))
	shell.Env = []string{fmt.Sprintf("MAINPID=%d", collector.PID())}
	require.NoError(t, shell.Run())
	require.NoError(t, collector.AwaitHTTP(ctx, fmt.Sprintf("http://127.0.0.1:%d", ports[4])), collector.Log())
	require.NoError(t, collector.Stop(), collector.Log())
	r.write(r.config(), valid)
}

// startWithout starts the collector with files that its configuration names missing.
func (r *root) startWithout(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	env := append(parseEnv(r.read(r.env())),
		"SEALGATE_OTLP_GRPC=127.0.0.1:0", "SEALGATE_OTLP_HTTP=127.0.0.1:0", "SEALGATE_HEALTH=127.0.0.1:0", "SEALGATE_METRICS_PORT=0")
	valid := r.read(r.config())
	for missing, config := range map[string]string{
		r.etc("filter.wasm"):         regexp.MustCompile(`builtin:\w+`).ReplaceAllLiteralString(valid, r.etc("filter.wasm")),
		r.etc("keys/nobody.pub.pem"): sealingFor(r.etc("keys/nobody.pub.pem"), valid),
	} {
		r.write(r.config(), config)
		out, err := r.command(ctx, env, parseUnit(t, r.read(r.unit()))["ExecStart"][0]).CombinedOutput()
		require.NoError(t, ctx.Err(), "it runs without %s\n%s", missing, out)
		require.Error(t, err)
		assert.Contains(t, string(out), missing)
	}
	r.write(r.config(), valid)
}

// sealingFor returns a configuration with all telemetry sealed for a recipient's key.
func sealingFor(key, config string) string {
	config = regexp.MustCompile(`(?m)^      exporters: .*`).ReplaceAllString(config, "      exporters: [sm4]")
	return strings.Replace(config, "\nexporters:\n", `
exporters:
  sm4:
    keys: {sm2: {recipients: [`+key+`]}}
    archive: {directory: ./sealed}
`, 1)
}

// A collector that runs is restarted by an upgrade only if the new version takes its
// configuration. systemd is played by programs that say what they were asked.
func TestAnUpgradeRestartsOnlyWhatValidates(t *testing.T) {
	for _, d := range packed {
		restart := "systemctl restart " + d.pkg + ".service"
		postinstall := filepath.Join(render(t, d, "/"), "postinstall")
		for _, tt := range []struct {
			name                      string
			reload, active, validates int // exit codes
			restarts                  bool
		}{
			{"where systemd does not run nothing is asked of it", 1, 0, 0, false},
			{"a collector that does not run is not started", 0, 3, 0, false},
			{"a configuration that is refused leaves the old collector running", 0, 0, 1, false},
			{"a configuration that is taken", 0, 0, 0, true},
		} {
			t.Run(d.name+"/"+tt.name, func(t *testing.T) {
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
				cmd := exec.CommandContext(t.Context(), "/bin/sh", postinstall, "configure", "0.0.1")
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
}

// root is a folder that packages are installed into as if it were /.
type root struct {
	distribution // the one that is tested
	t            *testing.T
	dir          string
}

func newRoot(t *testing.T, d distribution) *root {
	t.Helper()
	r := &root{d, t, t.TempDir()}
	require.NoError(t, os.Chmod(r.dir, 0o755))
	for _, dir := range []string{"/var/lib/dpkg/info", "/var/lib/dpkg/updates", "/var/log"} {
		require.NoError(t, os.MkdirAll(r.path(dir), 0o755))
	}
	r.write("/var/lib/dpkg/status", "")
	r.write("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
	r.write("/etc/group", "root:x:0:\nadm:x:4:\n")
	r.write("/etc/shadow", "root:*:1:0:99999:7:::\n")
	r.write("/etc/gshadow", "root:*::\nadm:*::\n")
	// memory_limiter asks how much memory there is.
	r.write("/proc/meminfo", "MemTotal: 4000000 kB\n")
	r.write("/proc/self/cgroup", "")
	r.write("/proc/self/mountinfo", "")
	// Debian's logs.
	r.write("/var/log/daemon.log", "a line\n")
	require.NoError(t, os.Chmod(r.path("/var/log/daemon.log"), 0o640))
	require.NoError(t, os.Chown(r.path("/var/log/daemon.log"), 0, 4))
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
	args = append([]string{"--root=" + r.dir, "--force-script-chrootless", "--force-depends", "--force-unsafe-io"}, args...)
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
// user of the unit, with all groups of theirs.
func (r *root) command(ctx context.Context, env []string, line string) *exec.Cmd {
	r.t.Helper()
	info, err := os.Stat(r.path(r.data("")))
	require.NoError(r.t, err)
	owner := info.Sys().(*syscall.Stat_t)
	user := fmt.Sprintf("--userspec=%d:%d", owner.Uid, owner.Gid)
	groups := "--groups=" + strings.Join(r.groupsOf(r.pkg), ",")
	cmd := exec.CommandContext(ctx, "chroot", append([]string{user, groups, r.dir}, strings.Fields(line)...)...)
	cmd.Env = env
	return cmd
}

// groupsOf returns the ids of the groups in the root's /etc/group that list a user.
func (r *root) groupsOf(user string) (ids []string) {
	r.t.Helper()
	for line := range strings.Lines(r.read("/etc/group")) {
		if f := strings.Split(strings.TrimSpace(line), ":"); slices.Contains(strings.Split(f[3], ","), user) {
			ids = append(ids, f[2])
		}
	}
	return ids
}

// render fills in the templates of a distribution whose programs are in a folder, and
// returns the folder they are in.
func render(t *testing.T, d distribution, programs string) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "packaging/render", d.name, programs, dir)
	cmd.Dir = ".."
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dir
}

// buildPackage packs a distribution with nfpm and returns the path of the package.
func buildPackage(t *testing.T, d distribution, kind, version, programs string) string {
	t.Helper()
	nfpm, dir := harness.Built(t, "SEALGATE_NFPM"), t.TempDir()
	cmd := exec.CommandContext(t.Context(), nfpm, "package", "--config", render(t, d, programs)+"/nfpm.yaml", "--packager", kind, "--target", dir)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "SEALGATE_VERSION="+version, "SEALGATE_ARCH="+runtime.GOARCH)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	files, err := filepath.Glob(filepath.Join(dir, "*."+kind))
	require.NoError(t, err)
	require.Len(t, files, 1)
	return files[0]
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

// standIns returns a folder with a program of each name that is packed, which does
// nothing.
func standIns(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{filepath.Base(gateway.binary()), filepath.Base(edge.binary()), "sealctl"} {
		writeProgram(t, filepath.Join(dir, name), "#!/bin/sh\n")
	}
	return dir
}

// writeProgram writes a script.
func writeProgram(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o755))
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
