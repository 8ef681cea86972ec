// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fluentforwardreceiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/tinylib/msgp/msgp"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"
	"golang.org/x/net/netutil"

	"github.com/sealgate/sealgate/receiver/fluentforwardreceiver/internal/metadata"
)

// Bounds of all connections together, and of the pause before a record is offered again.
const (
	maxConnections = 100
	firstPause     = 100 * time.Millisecond
	longestPause   = 5 * time.Second
)

// forward is the receiver. A connection is read as fast as the pipeline takes its messages.
type forward struct {
	cfg     *Config
	next    consumer.Logs
	log     *zap.Logger
	obs     *receiverhelper.ObsReport
	metrics *metadata.TelemetryBuilder

	ctx      context.Context // of all work; ended by Shutdown
	stop     context.CancelFunc
	listener net.Listener
	packets  net.PacketConn // nil where the listener is no TCP's
	running  sync.WaitGroup
}

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Logs) (*forward, error) {
	obs, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "tcp", ReceiverCreateSettings: set})
	if err != nil {
		return nil, err
	}
	metrics, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	f := &forward{cfg: cfg, next: next, log: set.Logger, obs: obs, metrics: metrics}
	f.ctx, f.stop = context.WithCancel(context.Background())
	return f, nil
}

// Start listens.
func (f *forward) Start(ctx context.Context, host component.Host) (err error) {
	var config net.ListenConfig
	if path, ok := socket(f.cfg.ListenAddress); ok {
		f.listener, err = config.Listen(ctx, "unix", path)
	} else if f.listener, err = config.Listen(ctx, "tcp", f.cfg.ListenAddress); err == nil {
		// Heartbeats of Fluentd come to the same port.
		f.packets, err = config.ListenPacket(ctx, "udp", f.listener.Addr().String())
	}
	if err != nil {
		return errors.Join(err, f.Shutdown(ctx))
	}
	f.running.Go(func() { f.accept(netutil.LimitListener(f.listener, maxConnections), host) })
	if f.packets != nil {
		f.running.Go(f.answerHeartbeats)
	}
	return nil
}

// socket returns the path of an address in the file system.
func socket(address string) (path string, ok bool) {
	path, ok = strings.CutPrefix(address, "unix://")
	return path, ok || strings.HasPrefix(address, "/")
}

// Shutdown stops listening and returns when the pipeline has answered for what it was given, or when
// ctx ends.
func (f *forward) Shutdown(ctx context.Context) error {
	f.stop()
	if f.listener != nil {
		_ = f.listener.Close()
	}
	if f.packets != nil {
		_ = f.packets.Close()
	}
	finished := make(chan struct{})
	go func() {
		f.running.Wait()
		close(finished)
	}()
	select {
	case <-finished:
		f.metrics.Shutdown()
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the pipeline has not answered for a message: %w", ctx.Err())
	}
}

func (f *forward) accept(listener net.Listener, host component.Host) {
	pause := firstPause
	for {
		conn, err := listener.Accept()
		switch {
		case f.ctx.Err() != nil:
			if err == nil {
				_ = conn.Close()
			}
			return
		case errors.Is(err, net.ErrClosed):
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(err))
			return
		case err != nil: // such as too many open files
			f.log.Warn("a connection cannot be accepted", zap.Error(err), zap.Duration("next try in", pause))
			f.wait(pause)
			pause = min(2*pause, longestPause)
			continue
		}
		pause = firstPause
		f.running.Go(func() { f.serve(conn) })
	}
}

// wait returns after a pause, or when the receiver ends.
func (f *forward) wait(pause time.Duration) {
	select {
	case <-f.ctx.Done():
	case <-time.After(pause):
	}
}

// serve takes the messages of a connection until it ends or a message is not acceptable.
func (f *forward) serve(conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(f.ctx, func() { _ = conn.SetReadDeadline(time.Now()) })()
	r := msgp.NewReader(conn)
	r.SetMaxRecursionDepth(maxDepth + 5) // a message has a few lists around its records
	var buffer bytes.Buffer
	for {
		buffer.Reset()
		_, err := r.CopyNext(&limited{to: &buffer, limit: f.cfg.MaxMessageBytes})
		if f.ctx.Err() != nil || isEnd(err) {
			return
		}
		var m message
		if err == nil {
			m, err = decode(buffer.Bytes(), f.cfg.MaxMessageBytes)
		}
		if err != nil {
			f.metrics.ReceiverFluentForwardMalformed.Add(f.ctx, 1)
			f.log.Warn("a connection is closed: its message is not acceptable", zap.Stringer("from", conn.RemoteAddr()), zap.Error(err))
			return
		}
		if !f.consume(m, buffer.Bytes()) {
			return
		}
		if m.chunk != "" && msgp.Encode(conn, ack(m.chunk)) != nil {
			return
		}
		if buffer.Cap() > 1<<20 {
			buffer = bytes.Buffer{} // a connection that waits holds little
		}
	}
}

// isEnd tells whether a connection ended, and not a message.
func isEnd(err error) bool {
	var of net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &of)
}

// consume gives a message to the pipeline, and tells whether the connection goes on. A sender that
// waits for an acknowledgement keeps what it sent, and sends it again when the connection ends. What
// another sender sent is offered again until it is taken; the connection is not read meanwhile. The
// pipeline may have changed what it refused, so that the message is decoded again.
func (f *forward) consume(m message, encoded []byte) bool {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		count := m.logs.LogRecordCount()
		ctx := f.obs.StartLogsOp(context.WithoutCancel(f.ctx))
		err := f.next.ConsumeLogs(ctx, m.logs)
		f.obs.EndLogsOp(ctx, "fluent_forward", count, err)
		if err == nil || consumererror.IsPermanent(err) {
			return true
		}
		if m.chunk != "" || f.ctx.Err() != nil {
			return false
		}
		f.wait(pause)
		if m, err = decode(encoded, f.cfg.MaxMessageBytes); err != nil {
			return false
		}
	}
}

// answerHeartbeats sends back each packet.
func (f *forward) answerHeartbeats() {
	packet := make([]byte, 1)
	for {
		n, from, err := f.packets.ReadFrom(packet)
		if f.ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			_, _ = f.packets.WriteTo(packet[:n], from)
		}
	}
}

// ack is the answer {"ack": chunk}.
type ack string

// EncodeMsg writes the answer.
func (a ack) EncodeMsg(w *msgp.Writer) error {
	return errors.Join(w.WriteMapHeader(1), w.WriteString("ack"), w.WriteString(string(a)))
}

// limited writes up to a limit in bytes.
type limited struct {
	to    *bytes.Buffer
	limit int64
}

func (l *limited) Write(p []byte) (int, error) {
	if int64(l.to.Len()+len(p)) > l.limit {
		return 0, errTooLarge(l.limit)
	}
	return l.to.Write(p)
}
