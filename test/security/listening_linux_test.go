// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/harness"
)

// aloneEnv makes this test binary bring up the loopback interface of its network
// namespace and become the program that follows, without a setting of ours.
const aloneEnv = "SECURITY_TEST_ALONE"

func TestMain(m *testing.M) {
	if os.Getenv(aloneEnv) == "" {
		os.Exit(m.Run())
	}
	fmt.Fprintln(os.Stderr, becomeAlone(os.Args[1:]))
	os.Exit(1)
}

func becomeAlone(argv []string) error {
	if err := loopbackUp(); err != nil {
		return fmt.Errorf("bringing up the loopback interface: %w", err)
	}
	// unshare has lost it: to end with the parent, see prctl(2).
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0); errno != 0 {
		return errno
	}
	var env []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "SEALGATE_") {
			env = append(env, variable)
		}
	}
	return syscall.Exec(argv[0], argv, env)
}

// loopbackUp sets IFF_UP of lo, which a new network namespace has down; see
// netdevice(7).
func loopbackUp() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	request := struct {
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP}
	copy(request.name[:], "lo")
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request)))
	runtime.KeepAlive(&request)
	if errno != 0 {
		return errno
	}
	return nil
}

// startAlone starts a collector as it comes, without any setting, in a network of its
// own: its ports may be in use here.
func startAlone(t *testing.T, binary, config, dir string) *harness.Process {
	t.Helper()
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		t.Skip("unshare (util-linux) is not here to give the collector a network of its own")
	}
	if out, err := exec.CommandContext(t.Context(), unshare, "--map-root-user", "--net", "true").CombinedOutput(); err != nil {
		t.Skipf("this system gives no network of its own to a test: %s", out)
	}
	p, err := harness.Start(harness.Spec{
		Name: "alone",
		Path: unshare,
		Args: []string{"--map-root-user", "--net", os.Args[0], binary, "--config", config},
		Env:  []string{aloneEnv + "=1"},
		Dir:  dir,
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Stop()) })
	return p
}

// The four are what a configuration opens as it comes: OTLP over gRPC and HTTP, health
// checks, its own metrics. Neither zPages nor pprof is among them.
func TestEveryConfigurationListensOnLoopbackAlone(t *testing.T) {
	t.Parallel()
	four := []string{"127.0.0.1:4317", "127.0.0.1:4318", "127.0.0.1:13133", "127.0.0.1:8888"}
	for config, tt := range map[string]struct {
		binary string
		opens  []string
	}{
		"gateway": {"SEALGATE_BIN", four},
		"sealed":  {"SEALGATE_BIN", four},
		"local":   {"SEALGATE_BIN", append([]string{"127.0.0.1:9464"}, four...)},
		"edge":    {"SEALGATE_EDGE_BIN", four},
	} {
		t.Run(config, func(t *testing.T) {
			t.Parallel()
			ctx, dir, binary := testContext(t), t.TempDir(), harness.Built(t, tt.binary)
			makeKeys(t, filepath.Join(dir, "sealgate-data", "keys"))
			p := startAlone(t, binary, "embedded:"+config, dir)
			var open []string
			// The receivers are the last to listen.
			require.NoError(t, p.Await(ctx, "its receivers", func(context.Context) (bool, error) {
				open = listening(t, p.PID())
				return contains(open, "4317") && contains(open, "4318"), nil
			}))
			assert.ElementsMatch(t, tt.opens, open)
		})
	}
}

func contains(addresses []string, port string) bool {
	for _, address := range addresses {
		if strings.HasSuffix(address, ":"+port) {
			return true
		}
	}
	return false
}

// listening returns where sockets of a process's network take connections or datagrams;
// see proc_net(5).
func listening(t *testing.T, pid int) []string {
	t.Helper()
	const listen, unconnected = "0A", "07" // states of TCP and UDP
	var found []string
	for table, state := range map[string]string{"tcp": listen, "tcp6": listen, "udp": unconnected, "udp6": unconnected} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if os.IsNotExist(err) {
			continue // a kernel without IPv6
		}
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			if fields := strings.Fields(line); fields[3] == state {
				found = append(found, procAddress(t, fields[1]))
			}
		}
	}
	return found
}

// procAddress reads an address as /proc has it: 0100007F:10DD, each 32 bits of the
// address in the order of the host.
func procAddress(t *testing.T, text string) string {
	t.Helper()
	host, port, _ := strings.Cut(text, ":")
	ip, err := hex.DecodeString(host)
	require.NoError(t, err)
	for i := 0; i < len(ip); i += 4 {
		ip[i], ip[i+1], ip[i+2], ip[i+3] = ip[i+3], ip[i+2], ip[i+1], ip[i]
	}
	number, err := strconv.ParseUint(port, 16, 16)
	require.NoError(t, err)
	addr, ok := netip.AddrFromSlice(ip)
	require.True(t, ok)
	return net.JoinHostPort(addr.String(), strconv.FormatUint(number, 10))
}
