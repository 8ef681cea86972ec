// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fluentforwardreceiver

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// start starts a receiver in front of next.
func start(t *testing.T, next consumer.Logs, change func(*Config)) *forward {
	t.Helper()
	cfg := NewFactory().CreateDefaultConfig().(*Config)
	cfg.ListenAddress = "127.0.0.1:0"
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	f, err := newReceiver(receivertest.NewNopSettings(NewFactory().Type()), cfg, next)
	require.NoError(t, err)
	require.NoError(t, f.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, f.Shutdown(context.Background())) })
	return f
}

// connect connects to a receiver.
func connect(t *testing.T, f *forward) net.Conn {
	t.Helper()
	conn, err := net.Dial(f.listener.Addr().Network(), f.listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	return conn
}

func send(t *testing.T, conn net.Conn, message []byte) {
	t.Helper()
	_, err := conn.Write(message)
	require.NoError(t, err)
}

func line(t *testing.T, text, chunk string) []byte {
	if chunk == "" {
		return pack(t, list(3), "app", eventTime, map[string]any{"log": text})
	}
	return pack(t, list(4), "app", eventTime, map[string]any{"log": text}, map[string]any{"chunk": chunk})
}

// acknowledged returns the chunk of the next acknowledgement.
func acknowledged(t *testing.T, conn net.Conn) string {
	t.Helper()
	answer := map[string]any{}
	require.NoError(t, msgp.NewReader(conn).ReadMapStrIntf(answer))
	return answer["ack"].(string)
}

// texts are the bodies that a sink has.
func texts(sink *consumertest.LogsSink) (bodies []string) {
	for _, logs := range sink.AllLogs() {
		for _, record := range records(logs).All() {
			bodies = append(bodies, record.Body().Str())
		}
	}
	return bodies
}

func arrived(t *testing.T, sink *consumertest.LogsSink, want ...string) {
	t.Helper()
	require.Eventually(t, func() bool { return sink.LogRecordCount() >= len(want) }, time.Minute, time.Millisecond)
	assert.Equal(t, want, texts(sink))
}

func TestMessagesArriveInOrder(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"TCP":         nil,
		"Unix":        func(c *Config) { c.ListenAddress = "unix://" + filepath.Join(t.TempDir(), "forward") },
		"a path":      func(c *Config) { c.ListenAddress = filepath.Join(t.TempDir(), "forward") },
		"small limit": func(c *Config) { c.MaxMessageBytes = 1024 },
	} {
		t.Run(name, func(t *testing.T) {
			sink := &consumertest.LogsSink{}
			f := start(t, sink, change)
			conn := connect(t, f)
			send(t, conn, line(t, "one", ""))
			send(t, conn, line(t, "two", "c2"))
			assert.Equal(t, "c2", acknowledged(t, conn))
			send(t, conn, line(t, "three", ""))
			arrived(t, sink, "one", "two", "three")
		})
	}
}

// refusing refuses the first offers.
type refusing struct {
	consumertest.LogsSink
	left atomic.Int64
	err  error
}

func (r *refusing) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	if r.left.Add(-1) >= 0 {
		logs.ResourceLogs().RemoveIf(func(plog.ResourceLogs) bool { return true }) // a consumer may
		return r.err
	}
	return r.LogsSink.ConsumeLogs(ctx, logs)
}

func TestAFullPipelineHoldsASenderUp(t *testing.T) {
	next := &refusing{err: errors.New("full")}
	next.left.Store(2)
	f := start(t, next, nil)
	conn := connect(t, f)
	send(t, conn, line(t, "one", ""))
	send(t, conn, line(t, "two", ""))
	arrived(t, &next.LogsSink, "one", "two")
}

func TestARefusedChunkIsNotAcknowledged(t *testing.T) {
	next := &refusing{err: errors.New("full")}
	next.left.Store(1)
	f := start(t, next, nil)
	conn := connect(t, f)
	send(t, conn, line(t, "one", "c1"))
	_, err := conn.Read(make([]byte, 1))
	require.Error(t, err, "the connection ends, so that the sender tries again")
	conn = connect(t, f)
	send(t, conn, line(t, "one", "c1"))
	assert.Equal(t, "c1", acknowledged(t, conn))
	arrived(t, &next.LogsSink, "one")
}

func TestWhatIsRefusedForGoodIsNotSentAgain(t *testing.T) {
	next := &refusing{err: consumererror.NewPermanent(errors.New("bad"))}
	next.left.Store(1)
	f := start(t, next, nil)
	conn := connect(t, f)
	send(t, conn, line(t, "bad", "c1"))
	assert.Equal(t, "c1", acknowledged(t, conn))
	send(t, conn, line(t, "good", ""))
	arrived(t, &next.LogsSink, "good")
}

// A message of eight bytes ends a process with contrib's receiver.
func TestHostileMessagesEndTheirConnectionOnly(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, telemetry.Shutdown(context.Background())) })
	cfg := &Config{ListenAddress: "127.0.0.1:0", MaxMessageBytes: limit}
	set := receivertest.NewNopSettings(NewFactory().Type())
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	sink := &consumertest.LogsSink{}
	f, err := newReceiver(set, cfg, sink)
	require.NoError(t, err)
	require.NoError(t, f.Start(t.Context(), componenttest.NewNopHost()))
	defer func() { require.NoError(t, f.Shutdown(context.Background())) }()
	hostile := [][]byte{
		pack(t, list(2), "t", nested(900_000)),
		pack(t, "GET / HTTP/1.1\r\n"),
		pack(t, list(2), "t", make([]byte, limit)),
	}
	for _, message := range hostile {
		conn := connect(t, f)
		_, _ = conn.Write(message) // the connection may end before
		_, err := conn.Read(make([]byte, 1))
		require.Error(t, err)
	}
	unfinished := [][]byte{
		pack(t, list(2), "t", raw{0xdd, 0xff, 0xff, 0xff, 0xff}),
		pack(t, list(3), "t", 1, object(1), "k", raw{0xdd, 0xff, 0xff, 0xff, 0xff}),
		pack(t, list(2), "t", raw{0xc6, 0xff, 0xff, 0xff, 0xff}),
	}
	for _, message := range unfinished {
		conn := connect(t, f)
		send(t, conn, message)
		require.NoError(t, conn.(*net.TCPConn).CloseWrite())
		_, err := conn.Read(make([]byte, 1))
		require.Error(t, err)
	}
	send(t, connect(t, f), line(t, "one", ""))
	arrived(t, sink, "one")
	got, err := telemetry.GetMetric("otelcol_receiver_fluent_forward_malformed")
	require.NoError(t, err)
	assert.GreaterOrEqual(t, sum(t, got), int64(len(hostile)))
}

func TestAHeartbeatIsAnswered(t *testing.T) {
	f := start(t, consumertest.NewNop(), nil)
	conn, err := net.Dial("udp", f.packets.LocalAddr().String())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	send(t, conn, []byte{0})
	answer := make([]byte, 2)
	n, err := conn.Read(answer)
	require.NoError(t, err)
	assert.Equal(t, []byte{0}, answer[:n])
}

func TestShutdownAnswersForWhatWasTaken(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	next, err := consumer.NewLogs(func(context.Context, plog.Logs) error {
		close(entered)
		<-release
		return nil
	})
	require.NoError(t, err)
	f := start(t, next, nil)
	conn, idle := connect(t, f), connect(t, f)
	send(t, conn, line(t, "one", "c1"))
	<-entered
	down := make(chan error)
	go func() { down <- f.Shutdown(context.Background()) }()
	_, err = idle.Read(make([]byte, 1))
	require.Error(t, err, "a connection that waits ends")
	ended, end := context.WithCancel(t.Context())
	end()
	require.ErrorIs(t, f.Shutdown(ended), context.Canceled, "it waits no longer than it may")
	close(release)
	assert.Equal(t, "c1", acknowledged(t, conn))
	require.NoError(t, <-down)
}

func TestASecondReceiverCannotTakeTheAddress(t *testing.T) {
	f := start(t, consumertest.NewNop(), nil)
	second, err := newReceiver(receivertest.NewNopSettings(NewFactory().Type()), &Config{ListenAddress: f.listener.Addr().String()}, consumertest.NewNop())
	require.NoError(t, err)
	require.Error(t, second.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, second.Shutdown(t.Context()))
}

func TestConfig(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := conf.Sub("fluent_forward")
	require.NoError(t, err)
	cfg := NewFactory().CreateDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, cfg.Validate())
	assert.Equal(t, &Config{ListenAddress: "127.0.0.1:24224", MaxMessageBytes: 64 << 20}, cfg)
	err = (&Config{}).Validate()
	assert.ErrorContains(t, err, "`endpoint`")
	assert.ErrorContains(t, err, "`max_message_bytes`")
}

func sum(t *testing.T, m metricdata.Metrics) (total int64) {
	t.Helper()
	data, ok := m.Data.(metricdata.Sum[int64])
	require.True(t, ok)
	for _, point := range data.DataPoints {
		total += point.Value
	}
	return total
}
