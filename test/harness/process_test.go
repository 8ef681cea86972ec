// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The test binary is the child: TestMain becomes one of these when asked to.
var children = map[string]func(){
	"fail": func() {
		fmt.Println("no such thing as a good start")
		os.Exit(3)
	},
	"serve": func() {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		fmt.Println("http://" + l.Addr().String())
		_ = http.Serve(l, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	},
	"parent": func() { // starts a child of its own and says which
		p, err := Start(Spec{Name: "grandchild", Path: os.Args[0], Env: []string{childEnv + "=serve"}, Dir: os.Getenv("DIR")})
		if err != nil {
			panic(err)
		}
		fmt.Println(p.PID())
		forever()
	},
	"deaf": func() {
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("deaf")
		forever()
	},
}

// forever blocks, and is not taken for a deadlock.
func forever() {
	for {
		time.Sleep(time.Hour)
	}
}

const childEnv = "HARNESS_TEST_CHILD"

func TestMain(m *testing.M) {
	if child, ok := children[os.Getenv(childEnv)]; ok {
		child()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func start(t *testing.T, child string) *Process {
	t.Helper()
	dir := t.TempDir()
	p, err := Start(Spec{Name: child, Path: os.Args[0], Env: []string{childEnv + "=" + child}, Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { p.Kill() })
	return p
}

func TestAChildThatEndsEarlyIsReportedWithItsLog(t *testing.T) {
	p := start(t, "fail")
	err := p.AwaitHTTP(t.Context(), "http://127.0.0.1:1")
	require.Error(t, err)
	assert.Contains(t, err.Error(), "fail ended (exit status 3)")
	assert.Contains(t, err.Error(), "no such thing as a good start")
}

func TestAwaitingAServerThatServes(t *testing.T) {
	p := start(t, "serve")
	require.NoError(t, p.AwaitHTTP(t.Context(), firstLine(t, p)))
	require.NoError(t, p.Stop())
	assert.True(t, p.Exited())
	require.NoError(t, p.Stop(), "stopping twice is stopping once")
}

func TestAwaitingEndsWithTheContext(t *testing.T) {
	p := start(t, "serve")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := p.Await(ctx, "what never comes", func(context.Context) (bool, error) { return false, nil })
	require.ErrorIs(t, err, context.Canceled)
	assert.Contains(t, err.Error(), "what never comes")
}

func TestAChildThatDoesNotListenIsKilled(t *testing.T) {
	p := start(t, "deaf")
	firstLine(t, p)
	err := p.stop(10 * time.Millisecond)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "was killed")
	assert.True(t, p.Exited())
}

// Even a parent that is killed leaves no child behind.
func TestAChildDiesWithItsParent(t *testing.T) {
	if childAttr() == nil {
		t.Skip("only Linux ties a child's life to its parent's")
	}
	dir := t.TempDir()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), childEnv+"=parent", "DIR="+dir)
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	grandchild, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(grandchild, 0), "it runs")

	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, Poll(ctx, "the grandchild's end", func(context.Context) (bool, error) {
		return gone(grandchild), nil
	}))
}

// gone tells that a process has ended, reaped or not.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func TestPortsDiffer(t *testing.T) {
	ports, err := Ports(20)
	require.NoError(t, err)
	seen := make(map[int]bool)
	for _, p := range ports {
		assert.False(t, seen[p])
		seen[p] = true
	}
}

func TestATakenPortIsTriedAgain(t *testing.T) {
	tries := 0
	err := startWithPorts(1, func([]int) error {
		if tries++; tries == 1 {
			return errors.New("listen tcp: address already in use")
		}
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, 2, tries)
	other := errors.New("something else")
	require.ErrorIs(t, startWithPorts(1, func([]int) error { return other }), other)
}

func TestATakenAddressIsNamedWithWhatToDo(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, err = StartGateway(t.Context(), os.Args[0], t.TempDir(), "embedded:local", Addresses{GRPC: l.Addr().String()})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "cannot listen on "+l.Addr().String())
	assert.Contains(t, err.Error(), "SEALGATE_OTLP_GRPC")
}

func firstLine(t *testing.T, p *Process) string {
	t.Helper()
	var line string
	require.NoError(t, p.Await(t.Context(), "its first line", func(context.Context) (bool, error) {
		var whole bool
		line, _, whole = strings.Cut(p.Log(), "\n")
		return whole, nil
	}))
	return line
}
