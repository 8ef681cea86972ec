// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command workload is what the pods of the cluster's test run. It makes numbered items, so
// that the test knows of each whether it arrived:
//
//	workload lines -name shop -count 1000 -rate 100   writes lines
//	workload send -name shop -count 1000 -rate 100 -to http://agent:4318   sends OTLP
//	workload pause   does nothing; it is the process of a pod's sandbox
//
// When all items are made it waits for SIGTERM.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// options say what to make.
type options struct {
	name       string
	count      int
	rate       int // items a second
	crashEvery int
	state      string
	to         string
}

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: workload lines|send|pause [flags]"))
	}
	var o options
	fs := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	fs.StringVar(&o.name, "name", "workload", "service of the items")
	fs.IntVar(&o.count, "count", 0, "items to make")
	fs.IntVar(&o.rate, "rate", 100, "items a second")
	fs.IntVar(&o.crashEvery, "crash-every", 0, "panic after so many lines; the next start goes on behind them")
	fs.StringVar(&o.state, "state", "", "file with the number of lines that were written before a crash")
	fs.StringVar(&o.to, "to", "", "base URL that takes OTLP over HTTP")
	_ = fs.Parse(os.Args[2:])
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	var err error
	switch os.Args[1] {
	case "pause":
	case "lines":
		err = o.lines(ctx)
	case "send":
		err = o.send(ctx)
	default:
		err = fmt.Errorf("there is no command %q", os.Args[1])
	}
	if err != nil && ctx.Err() == nil {
		fail(err)
	}
	<-ctx.Done()
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "workload:", err)
	os.Exit(1)
}

// each calls f with the numbers of the items at the rate, from the first on.
func (o options) each(ctx context.Context, first int, f func(item int) error) error {
	tick := time.NewTicker(time.Second / time.Duration(o.rate))
	defer tick.Stop()
	for item := first; item < o.count; item++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := f(item); err != nil {
			return err
		}
	}
	return nil
}

// Item names an item. Lines of ERROR are never taken for repeats.
func (o options) item(n int) string { return fmt.Sprintf("ERROR item %s-%06d", o.name, n) }

// lines writes lines of some 100 bytes to stdout and stderr in turn.
func (o options) lines(ctx context.Context) error {
	first, err := o.restore()
	if err != nil {
		return err
	}
	return o.each(ctx, first, func(item int) error {
		out := os.Stdout
		if item%2 == 1 {
			out = os.Stderr
		}
		if _, err := fmt.Fprintln(out, o.item(item), strings.Repeat("padding ", 9)); err != nil {
			return err
		}
		if done := item + 1; o.crashEvery > 0 && done%o.crashEvery == 0 && done < o.count {
			if err := os.WriteFile(o.state, []byte(strconv.Itoa(done)), 0o644); err != nil {
				return err
			}
			panic("crash after " + o.item(item))
		}
		return nil
	})
}

// restore returns the number of the first line to write.
func (o options) restore() (int, error) {
	if o.state == "" {
		return 0, nil
	}
	written, err := os.ReadFile(o.state)
	if os.IsNotExist(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(written))
}

// send sends a span, a log record and a data point for each item, until each was accepted.
func (o options) send(ctx context.Context) error {
	start := pcommon.NewTimestampFromTime(time.Now())
	return o.each(ctx, 0, func(item int) error {
		for path, body := range map[string]func() ([]byte, error){
			"/v1/traces":  func() ([]byte, error) { return o.trace(item) },
			"/v1/logs":    func() ([]byte, error) { return o.record(item) },
			"/v1/metrics": func() ([]byte, error) { return o.counter(item, start) },
		} {
			content, err := body()
			if err != nil {
				return err
			}
			if err := post(ctx, o.to+path, content); err != nil {
				return err
			}
		}
		return nil
	})
}

// post sends a body until it is accepted.
func post(ctx context.Context, url string, body []byte) error {
	client := http.Client{Timeout: 10 * time.Second}
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/x-protobuf")
		response, err := client.Do(request)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// resource says which pod this is only where POD_UID does.
func (o options) resource(r pcommon.Resource) {
	r.Attributes().PutStr("service.name", o.name)
	if uid := os.Getenv("POD_UID"); uid != "" {
		r.Attributes().PutStr("k8s.pod.uid", uid)
	}
}

// trace returns one span, whose trace id ends in the number of the item.
func (o options) trace(item int) ([]byte, error) {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	o.resource(rs.Resource())
	span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	var id [16]byte
	copy(id[:8], o.name)
	id[0] |= 0x80 // backends leave leading zeros out
	binary.BigEndian.PutUint64(id[8:], uint64(item)+1)
	span.SetTraceID(id)
	span.SetSpanID([8]byte(id[8:]))
	span.SetName(o.item(item))
	now := time.Now()
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Millisecond)))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
	return (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
}

func (o options) record(item int) ([]byte, error) {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	o.resource(rl.Resource())
	record := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	record.SetSeverityNumber(plog.SeverityNumberError)
	record.Body().SetStr(o.item(item))
	return (&plog.ProtoMarshaler{}).MarshalLogs(ld)
}

// counter returns a counter that is the number of items so far.
func (o options) counter(item int, start pcommon.Timestamp) ([]byte, error) {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	o.resource(rm.Resource())
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("workload.items")
	sum := m.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	point := sum.DataPoints().AppendEmpty()
	point.SetStartTimestamp(start)
	point.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	point.SetIntValue(int64(item) + 1)
	return (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
}
