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

// newStage starts a side of each kind, all at once, and leaves their Tempos paused: to
// start takes 15 s, most of it waiting. Whatever it returns has to be closed.
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
	var starting sync.WaitGroup
	errs := make([]error, len(kinds))
	for i, kind := range kinds {
		s.sides = append(s.sides, &side{kind: kind, dir: filepath.Join(dir, fmt.Sprintf("%s-%d", kind, i))})
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
		cfg.Profile = filepath.Join(o.profile, filepath.Base(s.dir)+".pprof")
	}
	return errors.Join(s.startGateway(ctx, cfg), s.signal(syscall.SIGSTOP))
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

// close ends the processes. It may be called more than once.
func (s *side) close() error {
	err := s.senders.close()
	s.senders = nil
	if s.gateway != nil {
		err = errors.Join(err, s.gateway.Stop())
	}
	if s.tempo != nil {
		s.tempo.Kill() // its data is not wanted any more
	}
	return err
}

// signal pauses Tempo with SIGSTOP, so that its work in the background does not fall
// on another side that is being measured, and lets it go on with SIGCONT.
func (s *side) signal(sig syscall.Signal) error { return syscall.Kill(s.tempo.PID(), sig) }

// resume lets Tempo go on, and waits until the side takes spans, of which there have
// to be senders: Tempo first has to find its ring healthy again.
func (s *side) resume(ctx context.Context) error {
	if err := s.signal(syscall.SIGCONT); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var last error
	err := s.tempo.Await(ctx, "the first spans", func(ctx context.Context) (bool, error) {
		r := s.senders[0].requests[0]
		r.renew(time.Now())
		last = r.send(ctx, s.senders[0].conn)
		return last == nil, nil
	})
	return errors.Join(err, last)
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

// usage is what the processes of a side have used.
type usage struct{ tempo, gateway time.Duration }

func (s *side) usage() (u usage, err error) {
	if u.tempo, err = s.tempo.CPU(); err == nil {
		u.gateway, err = s.gateway.CPU()
	}
	return u, err
}

func (u usage) minus(v usage) usage { return usage{u.tempo - v.tempo, u.gateway - v.gateway} }

func (u usage) plus(v usage) usage { return usage{u.tempo + v.tempo, u.gateway + v.gateway} }
