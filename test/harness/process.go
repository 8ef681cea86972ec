// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package harness runs real servers as child processes, for tests and for
// demonstrations: it picks their ports, waits until they answer, asks them
// questions, and stops them. A child never outlives the process that started
// it, however that one ends.
package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// stopTimeout is how long a child may take to end after SIGTERM.
	stopTimeout = 20 * time.Second
	// pollInterval is the time between two looks at a condition.
	pollInterval = 50 * time.Millisecond
	// tailLines is how much of a child's log an error shows.
	tailLines = 30
)

// Process is a running child.
type Process struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{} // closed when the child has ended
	err  error         // how it ended; read after done

	deaf bool // asking it to end is of no use
}

// Spec says what to run.
type Spec struct {
	Name string // for messages, and of the log file
	Path string
	Args []string
	Env  []string // added to the environment
	Dir  string   // working directory; the log file Name.log goes here
}

// Start starts a child, with its output in a file.
func Start(spec Spec) (*Process, error) {
	p := &Process{
		name: spec.Name,
		log:  filepath.Join(spec.Dir, spec.Name+".log"),
		cmd:  exec.Command(spec.Path, spec.Args...),
		done: make(chan struct{}),
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd.Dir = spec.Dir
	p.cmd.Env = append(os.Environ(), spec.Env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = childAttr()
	if err := fork(p.cmd); err != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// fork starts cmd from a thread that lives as long as this process. The signal
// that a child gets at the death of its parent is sent when the thread that
// forked it ends, and Go ends threads as it likes.
func fork(cmd *exec.Cmd) error {
	startForker.Do(func() {
		go func() {
			runtime.LockOSThread()
			for f := range forks {
				f()
			}
		}()
	})
	result := make(chan error)
	forks <- func() { result <- cmd.Start() }
	return <-result
}

var (
	startForker sync.Once
	forks       = make(chan func())
)

// PID returns the child's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// LogPath returns the path of the child's log.
func (p *Process) LogPath() string { return p.log }

// Log returns what the child has written so far.
func (p *Process) Log() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (p *Process) tail() string {
	lines := strings.Split(strings.TrimRight(p.Log(), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}

// Exited tells whether the child has ended.
func (p *Process) Exited() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// ExitCode returns the exit code of a child that has ended, and -1 if a signal ended it.
func (p *Process) ExitCode() int {
	<-p.done
	return p.cmd.ProcessState.ExitCode()
}

// Kill ends the child at once, as a crash would, and waits for its end.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Stop asks the child to end and waits; a child that does not listen is killed,
// which is an error.
func (p *Process) Stop() error {
	if p.deaf && !p.Exited() {
		p.Kill()
		return nil
	}
	return p.stop(stopTimeout)
}

func (p *Process) stop(timeout time.Duration) error {
	if p.Exited() {
		return nil
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return nil
	case <-time.After(timeout):
		p.Kill()
		return fmt.Errorf("%s did not end within %s of SIGTERM and was killed; its log is %s", p.name, timeout, p.log)
	}
}

// Await polls until ok returns true or an error, the child ends, or ctx does.
// What is a short description of what is awaited.
func (p *Process) Await(ctx context.Context, what string, ok func(context.Context) (bool, error)) error {
	err := Poll(ctx, what, func(ctx context.Context) (bool, error) {
		if p.Exited() {
			return false, fmt.Errorf("%s ended (%v) while waiting for %s; the end of its log:\n%s", p.name, p.err, what, p.tail())
		}
		return ok(ctx)
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w; the end of its log:\n%s", p.name, err, p.tail())
	}
	return err
}

// AwaitHTTP waits until url answers 200.
func (p *Process) AwaitHTTP(ctx context.Context, url string) error {
	return p.Await(ctx, url, func(ctx context.Context) (bool, error) {
		status, _, err := get(ctx, url)
		return err == nil && status == http.StatusOK, nil
	})
}

// Poll calls ok until it returns true or an error, or ctx ends.
func Poll(ctx context.Context, what string, ok func(context.Context) (bool, error)) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		met, err := ok(ctx)
		if met || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
}

// get returns the status and the body of a GET request. Header lists names and
// values in turn.
func get(ctx context.Context, url string, header ...string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	_, err = io.Copy(&body, resp.Body)
	return resp.StatusCode, body.Bytes(), err
}
