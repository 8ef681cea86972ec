// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/sealgate/sealgate/test/backends"
	"github.com/sealgate/sealgate/test/harness"
)

// stage is a row of gateways, each in front of a real Tempo of its own.
type stage struct {
	dir   string
	sides []*side
}

// side is one gateway with its Tempo, both processes of their own.
type side struct {
	kind    string
	dir     string
	tempo   *harness.Tempo
	gateway *harness.Process
	listen  string // the gateway's host:port
	senders senders
}

// newStage starts a side of each kind. Whatever it returns has to be closed.
func newStage(ctx context.Context, o *options, kinds ...string) (*stage, error) {
	tempo, err := backends.Ensure(ctx, os.Stderr, "tempo")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "sealgate-bench-")
	if err != nil {
		return nil, err
	}
	s := &stage{dir: dir}
	k, err := newKeys(dir)
	if err != nil {
		return s, err
	}
	searchKey := filepath.Join(dir, "search.key")
	if err := os.WriteFile(searchKey, []byte("00112233445566778899aabbccddeeff\n"), 0o600); err != nil {
		return s, err
	}
	fmt.Fprintf(o.log, "starting %d Tempos\n", len(kinds))
	var starting sync.WaitGroup // each waits 15 s for its ring
	errs := make([]error, len(kinds))
	for i, kind := range kinds {
		s.sides = append(s.sides, &side{kind: kind, dir: filepath.Join(dir, kind)})
		starting.Go(func() { errs[i] = s.sides[i].start(ctx, &o.tempo, tempo["tempo"], k.public, searchKey) })
	}
	starting.Wait()
	return s, errors.Join(errs...)
}

// close ends all processes and removes what they wrote.
func (s *stage) close() error {
	if s == nil {
		return nil
	}
	var err error
	for _, side := range s.sides {
		err = errors.Join(err, side.close())
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// side returns the one of a kind.
func (s *stage) side(kind string) *side {
	return s.sides[slices.IndexFunc(s.sides, func(s *side) bool { return s.kind == kind })]
}

func (s *side) start(ctx context.Context, o *tempoOptions, binary, recipient, searchKey string) error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	tempo, err := harness.StartTempo(ctx, binary, s.dir)
	if err != nil {
		return err
	}
	s.tempo = tempo
	ports, err := harness.Ports(1)
	if err != nil {
		return err
	}
	s.listen = fmt.Sprintf("127.0.0.1:%d", ports[0])
	cfg := gatewayConfig{
		Kind: s.kind, Listen: s.listen, To: tempo.OTLP, Compression: o.compression,
		Recipient: recipient, Search: o.searched(), SearchKey: searchKey,
	}
	if o.profile != "" {
		cfg.Profile = filepath.Join(o.profile, "gateway-"+s.kind+".pprof")
	}
	return s.startGateway(ctx, cfg)
}

func (s *side) startGateway(ctx context.Context, cfg gatewayConfig) error {
	arg, err := json.Marshal(cfg)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s.gateway, err = harness.Start(harness.Spec{Name: "gateway", Path: self, Args: []string{gatewayArg, string(arg)}, Dir: s.dir})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return s.gateway.Await(ctx, "its OTLP receiver", func(context.Context) (bool, error) {
		conn, err := net.Dial("tcp", s.listen)
		if err != nil {
			return false, nil
		}
		return true, conn.Close()
	})
}

func (s *side) close() error {
	err := s.senders.close()
	if s.gateway != nil {
		err = errors.Join(err, s.gateway.Stop())
	}
	if s.tempo != nil {
		s.tempo.Kill() // its data is not wanted any more
	}
	return err
}

// pause stops Tempo where it is, so that its work in the background does not fall on
// the side that is measured next.
func (s *side) pause() error { return syscall.Kill(s.tempo.PID(), syscall.SIGSTOP) }

// resume lets Tempo go on, and waits until it takes spans: it first has to find its
// ring healthy again. It returns how many it took.
func (s *side) resume(ctx context.Context) (spans int, err error) {
	if err := syscall.Kill(s.tempo.PID(), syscall.SIGCONT); err != nil {
		return 0, err
	}
	r := s.senders[0].requests[0]
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	err = s.tempo.Await(ctx, "the first spans", func(ctx context.Context) (bool, error) {
		r.renew(time.Now())
		return r.send(ctx, s.senders[0].conn) == nil, nil
	})
	return r.items, err
}

// flush has Tempo write all that it has to blocks.
func (s *side) flush(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.tempo.URL+"/flush", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s answered %s", req.URL, resp.Status)
	}
	return nil
}

// quiet waits until Tempo has next to nothing to do for two seconds, or for limit.
func (s *side) quiet(ctx context.Context, limit time.Duration) error {
	const (
		step  = time.Second
		steps = 2
		busy  = step / 8
	)
	before, err := cpuOf(s.tempo.PID())
	for calm, start := 0, time.Now(); err == nil && calm < steps && time.Since(start) < limit; {
		select {
		case <-time.After(step):
		case <-ctx.Done():
			return ctx.Err()
		}
		var now time.Duration
		if now, err = cpuOf(s.tempo.PID()); now-before > busy {
			calm = 0
		} else {
			calm++
		}
		before = now
	}
	return err
}

// usage is what the processes of a side have used.
type usage struct{ tempo, gateway time.Duration }

func (s *side) usage() (u usage, err error) {
	if u.tempo, err = cpuOf(s.tempo.PID()); err == nil {
		u.gateway, err = cpuOf(s.gateway.PID())
	}
	return u, err
}

func (u usage) minus(v usage) usage { return usage{u.tempo - v.tempo, u.gateway - v.gateway} }

func (u usage) plus(v usage) usage { return usage{u.tempo + v.tempo, u.gateway + v.gateway} }
