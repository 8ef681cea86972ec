// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/test/harness"
	"github.com/sealgate/sealgate/test/load"
)

// A full queue refuses what the filter has seen already. When there is room, and it is
// sent again, the filter takes none of it for repeats: each line is the only one of its
// kind, so all arrive.
func TestEveryKindOfLineThatAFullQueueRefusedArrivesInTheEnd(t *testing.T) {
	t.Parallel()
	const kinds = 4000
	ctx := within(t)
	s := &site{sink: newSink(t)}
	binary := harness.Built(t, "SEALGATE_EDGE_BIN")
	settings := "{retry_on_failure: {initial_interval: 100ms, max_interval: 500ms}, " +
		"sending_queue: {sizer: requests, queue_size: 10, batch: {flush_timeout: 100ms, min_size: 10_000, max_size: 100_000}}}"
	var err error
	s.Gateway, err = harness.StartGateway(ctx, binary, t.TempDir(), "embedded:edge"+
		"\nyaml:service::pipelines::logs::receivers: [otlp]"+
		"\nyaml:processors::wasmfilter::cache_directory: "+compiled+
		"\nyaml:exporters::otlp_grpc/gateway: "+settings,
		harness.Addresses{}, "SEALGATE_GATEWAY="+s.sink.GRPC, "SEALGATE_GATEWAY_INSECURE=true")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Stop()) })

	s.sink.Behave(load.Behaviour{Refuse: load.Unavailable})
	l := s.sink.Ledger(t.Name())
	o := load.Options{Items: kinds}
	for first := 0; first < kinds; first += each {
		o.Requests = append(o.Requests, l.Logs(unlike(first, each)))
	}
	of := s.stream(ctx, t, l, o, "log_records")
	await(ctx, t, "refusals", func() bool { return s.counter(ctx, t, "otelcol_exporter_enqueue_failed_log_records") > 0 })
	s.sink.Behave(load.Behaviour{})
	require.NoError(t, of.Wait())
	require.Equal(t, kinds, of.Report().Accepted)
	await(ctx, t, "every line", func() bool { return of.Report().Delivered == kinds })
}

// unlike has n records from the one of a number on. No two numbers have texts that differ in
// what varies within a kind alone, such as digits.
func unlike(first, n int) plog.Logs {
	words := [16]string{"disk", "fan", "door", "pump", "valve", "lamp", "belt", "motor", "gate", "rail", "tank", "wheel", "coil", "fuse", "horn", "lens"}
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "plant")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for k := first; k < first+n; k++ {
		r := records.AppendEmpty()
		r.SetSeverityNumber(plog.SeverityNumberInfo)
		r.Body().SetStr(fmt.Sprintf("the %s %s %s is in order", words[k>>8&15], words[k>>4&15], words[k&15]))
	}
	return ld
}
