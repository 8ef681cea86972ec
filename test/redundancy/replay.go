// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/internal/logfilter"
	"github.com/sealgate/sealgate/wasmhost"
	"github.com/sealgate/sealgate/wasmhost/columns"
)

const (
	config = `{"window":"0s"}`
	batch  = 1000 // records that come together

	// Each file is replayed some times, as that of another resource each time, and the median of the times
	// taken; so often that all templates fit the memory of the filter.
	mostRounds  = 15
	mostRecords = 16000
)

// replayer runs the filter as `wasmfilter` does.
type replayer struct {
	runtime *wasmhost.Runtime
	cache   string // of compiled code, since each file gets a filter of its own
	module  []byte
	config  []byte
}

func newReplayer(ctx context.Context, module, config []byte) (*replayer, error) {
	cache, err := os.MkdirTemp("", "redundancy-")
	if err != nil {
		return nil, err
	}
	runtime, err := wasmhost.NewRuntime(ctx, wasmhost.RuntimeOptions{CacheDir: cache})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(cache))
	}
	return &replayer{runtime, cache, module, config}, nil
}

func (r *replayer) close(ctx context.Context) error {
	return errors.Join(r.runtime.Close(ctx), os.RemoveAll(r.cache))
}

func (r *replayer) replayAll(ctx context.Context, files []file) ([]result, error) {
	var all []result
	for _, f := range files {
		one, err := r.replay(ctx, f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// replay has the filter judge a file.
func (r *replayer) replay(ctx context.Context, f file) (result, error) {
	m, err := r.runtime.Load(ctx, r.module, "")
	if err != nil {
		return result{}, err
	}
	filter, err := wasmhost.NewFilter(ctx, m, wasmhost.Options{Config: r.config, Instances: 1})
	if err != nil {
		return result{}, err
	}
	out := newResult(f)
	batches := batchesOf(f.lines) // made once, so that no garbage is collected while the filter works
	owed := account{}
	var times []time.Duration
	for round := range max(1, min(mostRounds, mostRecords/len(f.lines))) {
		verdicts, took, err := judge(ctx, filter, batches, round)
		if err != nil {
			return result{}, errors.Join(err, closeFilter(ctx, filter))
		}
		if round == 0 {
			out.ours = scoreOf(f.lines, func(i int) bool { return verdicts[i].Action == wasmhost.Keep })
		}
		owed.count(f.lines, verdicts)
		times = append(times, took)
	}
	out.sample(f.lines)
	reports, err := filter.Close(ctx)
	if err == nil {
		err = filter.Stats().LastError
	}
	owed.settle(reports)
	out.exact = owed.settled()
	slices.Sort(times)
	out.took = times[len(times)/2]
	return out, err
}

func closeFilter(ctx context.Context, f *wasmhost.Filter) error {
	_, err := f.Close(ctx)
	return err
}

// view is that of the processor by default.
var view = logfilter.View{Guard: logfilter.Guard{Severity: uint8(plog.SeverityNumberWarn)}, Infer: logfilter.InferGuard}

// judge has the filter judge batches as those of a resource.
func judge(ctx context.Context, f *wasmhost.Filter, batches []plog.Logs, resource int) (verdicts []wasmhost.Verdict, took time.Duration, err error) {
	for _, ld := range batches {
		ld.ResourceLogs().At(0).Resource().Attributes().PutInt("round", int64(resource))
		begin := time.Now()
		b := view.Batch(ctx, ld)
		err := f.Judge(ctx, b, b.Verdicts)
		took += time.Since(begin)
		verdicts = append(verdicts, b.Verdicts...)
		b.Release()
		if err != nil {
			return nil, 0, err
		}
	}
	return verdicts, took, nil
}

// account has, for each template, how many records were dropped and are not reported yet.
type account map[string]int

func (a account) count(lines []line, verdicts []wasmhost.Verdict) {
	var m columns.Masker
	var text []byte
	for i := range lines {
		if verdicts[i].Action != wasmhost.Keep {
			text, _ = m.Append(text[:0], lines[i].content)
			a[string(text)]++
		}
	}
}

func (a account) settle(reports []wasmhost.Report) {
	for _, r := range reports {
		a[r.Template] -= int(r.Count)
	}
}

func (a account) settled() bool {
	for _, n := range a {
		if n != 0 {
			return false
		}
	}
	return true
}

// batchesOf are lines as an agent reads them from a file, with the level that the corpus states.
func batchesOf(lines []line) (batches []plog.Logs) {
	for chunk := range slices.Chunk(lines, batch) {
		ld := plog.NewLogs()
		to := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		to.EnsureCapacity(len(chunk))
		for _, l := range chunk {
			r := to.AppendEmpty()
			r.Body().SetStr(l.content)
			r.SetSeverityNumber(plog.SeverityNumber(l.severity))
			r.Attributes().PutStr("log.file.path", "/var/log/app.log")
			r.Attributes().PutStr("log.iostream", "stdout")
		}
		batches = append(batches, ld)
	}
	return batches
}
