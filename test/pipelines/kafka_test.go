// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package pipelines

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/test/backends"
	"github.com/sealgate/sealgate/test/fleet"
	"github.com/sealgate/sealgate/test/harness"
)

func startKafka(ctx context.Context, t *testing.T, dir string, args ...string) *harness.Kafka {
	t.Helper()
	harness.Built(t, "SEALGATE_BIN")
	binaries, err := backends.Ensure(ctx, os.Stdout, "kafka")
	require.NoError(t, err)
	k, err := harness.StartKafka(ctx, binaries["kafka"], dir, args...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, k.Stop()) })
	return k
}

// toKafka is what points an environment to a broker.
func toKafka(k *harness.Kafka) []string {
	return []string{"SEALGATE_KAFKA=" + k.Addr, "SEALGATE_KAFKA_INSECURE=true"}
}

// startAgent starts an agent that sends to Kafka, with further configurations.
func startAgent(ctx context.Context, t *testing.T, dir string, k *harness.Kafka, over []string, env ...string) *harness.Gateway {
	t.Helper()
	over = append([]string{"kafka-agent.yaml"}, over...)
	env = append(env, "SEALGATE_LOGS=["+filepath.Join(dir, "none.log")+"]")
	return start(ctx, t, filepath.Join(dir, "agent"), configs(t, "embedded:edge", over...), harness.Addresses{}, append(toKafka(k), env...)...)
}

// startReader starts a gateway that reads from Kafka, with further configurations.
func startReader(ctx context.Context, t *testing.T, dir string, k *harness.Kafka, sink *harness.Sink, over []string, env ...string) *harness.Gateway {
	t.Helper()
	// A member of the group that was killed is missed after the session timeout.
	over = append([]string{"kafka-gateway.yaml", "yaml:receivers::kafka: {session_timeout: 6s, heartbeat_interval: 500ms}"}, over...)
	env = append(env, sink.Env()...)
	return start(ctx, t, dir, configs(t, "embedded:gateway", over...), harness.Addresses{}, append(toKafka(k), env...)...)
}

// awaitInKafka waits until an agent has sent all that it got, so many items of a kind.
func awaitInKafka(ctx context.Context, t *testing.T, agent *harness.Gateway, items string, want int) {
	t.Helper()
	eventually(ctx, t, fmt.Sprint(want, " ", items, " in Kafka"), func(ctx context.Context) (bool, error) {
		n, err := counter(ctx, agent, "otelcol_exporter_sent_"+items)
		return n == want, err
	})
}

// Agents send while no gateway runs; one that starts later gets all of it, once. The brokers
// want a password.
func TestKafkaKeepsWhatAgentsSendWhileNoGatewayRuns(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	dir, sink := t.TempDir(), startSink(t)
	k := startKafka(ctx, t, dir, "-user", "agent:a password")
	agent := startAgent(ctx, t, dir, k, []string{"kafka-agent-sasl.yaml"}, credentials...)
	l := newLoad(5, 1000, 20, mixed)
	l.send(ctx, t, agent)
	const lines, points = 1000, 50
	sendLines(ctx, t, agent, lines)
	began := time.Now()
	for i := range points {
		sendMetrics(ctx, t, agent, jvmMetrics(began, i))
	}
	awaitInKafka(ctx, t, agent, "spans", l.spans())
	awaitInKafka(ctx, t, agent, "log_records", lines)
	awaitInKafka(ctx, t, agent, "metric_points", points*(len(jvm)+1))

	startReader(ctx, t, filepath.Join(dir, "reader"), k, sink, []string{"kafka-gateway-sasl.yaml"}, credentials...)
	eventually(ctx, t, "all of it behind the gateway", func(context.Context) (bool, error) {
		m := seriesAt(sink)[other]
		return at(sink).whole(l, l.only(ordinary, failed, slow)) == len(l.traces) && len(linesAt(sink)) == lines &&
			m != nil && m.points == points, nil
	})
	at(sink).assertWhole(t, l)
	for line, times := range linesAt(sink) {
		assert.Equal(t, 1, times, line)
	}
	for name, m := range seriesAt(sink) {
		assert.Equal(t, points, m.points, name)
	}
}

// A gateway that is killed midway loses nothing; what it had not yet reported as read comes again.
func TestAGatewayThatIsKilledLosesNothingThatIsInKafka(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	dir, sink := t.TempDir(), startSink(t)
	k := startKafka(ctx, t, dir)
	agent := startAgent(ctx, t, dir, k, nil)
	l := newLoad(6, 3000, 20, mixed)
	l.send(ctx, t, agent)
	awaitInKafka(ctx, t, agent, "spans", l.spans())

	sink.Limit(l.spans() / 2)
	first := startReader(ctx, t, filepath.Join(dir, "reader"), k, sink, nil)
	all := l.only(ordinary, failed, slow)
	eventually(ctx, t, "half of it behind the gateway", func(context.Context) (bool, error) {
		return at(sink).spans() >= l.spans()/2, nil
	})
	first.Kill()
	before := at(sink).spans()
	require.Less(t, before, l.spans())
	sink.Limit(0)
	startReader(ctx, t, filepath.Join(dir, "reader"), k, sink, nil)
	eventually(ctx, t, "all of it behind the gateway", func(context.Context) (bool, error) {
		return at(sink).whole(l, all) == len(l.traces), nil
	})
	t.Logf("of %d spans %d had come when the gateway was killed; %d came twice", l.spans(), before, at(sink).repeated())
}

// Two gateways of a group share the partitions. With a trace in one partition each of them sees whole traces,
// and may sample.
func TestGatewaysThatReadFromKafkaMaySample(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	dir := t.TempDir()
	k := startKafka(ctx, t, dir)
	readers := make([]*sampler, 2)
	for i := range readers {
		readers[i] = &sampler{sink: startSink(t)}
		readers[i].Gateway = startReader(ctx, t, filepath.Join(dir, fmt.Sprint("reader-", i)), k, readers[i].sink,
			[]string{"tail-sampling.yaml", "span-metrics.yaml"}, "SEALGATE_DECISION_WAIT=5s", "SEALGATE_RECEIVERS=[otlp, kafka]")
	}
	const partitions = 3 * 6 // of all topics
	for i, r := range readers {
		eventually(ctx, t, fmt.Sprint("half of the partitions for reader ", i), func(ctx context.Context) (bool, error) {
			got, err := counter(ctx, r.Gateway, "otelcol_kafka_receiver_partition_start")
			if err != nil {
				return false, err
			}
			lost, err := counter(ctx, r.Gateway, "otelcol_kafka_receiver_partition_close")
			return got-lost == partitions/2, err
		})
	}
	agent := startAgent(ctx, t, dir, k, nil, "SEALGATE_KAFKA_BY_TRACE=true")
	l := newLoad(7, 600, 20, allFail)
	l.send(ctx, t, agent)
	awaitWhole(ctx, t, l, readers, len(l.traces))
	for i, r := range readers {
		assert.NotEmpty(t, at(r.sink), "traces of reader %d", i)
		at(r.sink).assertWhole(t, l)
	}
}

// Without sealing what is in the topics can be read there; behind a gateway that seals it cannot, and everything
// comes through, sealed.
func TestTopicsHoldPlaintextUnlessAGatewaySealsBeforeThem(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	const uncompressed = "yaml:exporters::kafka::producer::compression: none" // so that the test can see it
	const lines = 100
	l := newLoad(8, 100, 2, mixed)
	secrets := []string{"POST /orders", "order 7 is late"}

	t.Run("plain", func(t *testing.T) {
		dir := t.TempDir()
		k := startKafka(ctx, t, dir)
		agent := startAgent(ctx, t, dir, k, []string{uncompressed})
		l.send(ctx, t, agent)
		sendLines(ctx, t, agent, lines)
		awaitInKafka(ctx, t, agent, "spans", l.spans())
		awaitInKafka(ctx, t, agent, "log_records", lines)
		for _, secret := range secrets {
			assert.NotEmpty(t, harness.FilesWith(t, k.Data, secret), secret)
		}
	})
	t.Run("sealed", func(t *testing.T) {
		dir, sink := t.TempDir(), startSink(t)
		k := startKafka(ctx, t, dir)
		out, err := exec.Command(harness.Built(t, "SEALGATE_CTL"), "keygen", "--out", dir, "--name", "reader").CombinedOutput()
		require.NoError(t, err, "%s", out)
		ports, err := harness.Ports(2)
		require.NoError(t, err)
		agent := start(ctx, t, filepath.Join(dir, "agent"), configs(t, "embedded:sealed", "kafka-agent.yaml", "kafka-sealed.yaml", uncompressed),
			harness.Addresses{}, append(toKafka(k), "SEALGATE_RECIPIENT="+filepath.Join(dir, "reader.pub.pem"), "SEALGATE_SEARCH=[]",
				fmt.Sprint("SEALGATE_SEALED_GRPC=127.0.0.1:", ports[0]), fmt.Sprint("SEALGATE_SEALED_HTTP=127.0.0.1:", ports[1]))...)
		l.send(ctx, t, agent)
		sendLines(ctx, t, agent, lines)
		startReader(ctx, t, filepath.Join(dir, "reader"), k, sink, nil)
		eventually(ctx, t, "all of it behind the gateway", func(context.Context) (bool, error) {
			records := 0
			for _, ld := range sink.Logs() {
				records += ld.LogRecordCount()
			}
			return at(sink).spans() == l.spans() && records == lines, nil
		})
		for _, secret := range secrets {
			assert.Empty(t, harness.FilesWith(t, k.Data, secret), secret)
		}
	})
}

// spans counts all that came.
func (a arrived) spans() int {
	n := 0
	for _, spans := range a {
		for _, times := range spans {
			n += times
		}
	}
	return n
}

// sendLines sends n log records, none of which a filter may drop.
func sendLines(ctx context.Context, t *testing.T, to *harness.Gateway, n int) {
	t.Helper()
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "checkout")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range n {
		r := records.AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		r.SetSeverityNumber(plog.SeverityNumberWarn)
		r.Body().SetStr(fmt.Sprint("order ", i, " is late"))
	}
	conn, err := fleet.Dial(to.GRPC)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, fleet.SendLogs(ctx, conn, ld))
}

// linesAt is how often each line came.
func linesAt(s *harness.Sink) map[string]int {
	lines := map[string]int{}
	for _, ld := range s.Logs() {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, r := range sl.LogRecords().All() {
					lines[r.Body().Str()]++
				}
			}
		}
	}
	return lines
}
