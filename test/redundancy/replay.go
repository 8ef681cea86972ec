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
	owed := account{}
	var times []time.Duration
	for round := range max(1, min(mostRounds, mostRecords/len(f.lines))) {
		verdicts, took, err := judge(ctx, filter, f.lines, uint64(round))
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

func judge(ctx context.Context, f *wasmhost.Filter, lines []line, resource uint64) (verdicts []wasmhost.Verdict, took time.Duration, err error) {
	verdicts = make([]wasmhost.Verdict, len(lines))
	begin := time.Now()
	for from := 0; from < len(lines); from += batch {
		to := min(from+batch, len(lines))
		if err := f.Judge(ctx, records{lines[from:to], resource}, verdicts[from:to]); err != nil {
			return nil, 0, err
		}
	}
	return verdicts, time.Since(begin), nil
}

// account has, for each template and severity, how many records were dropped and are not
// reported yet.
type account map[accountKey]int

type accountKey struct {
	template uint64
	severity uint8
}

func (a account) count(lines []line, verdicts []wasmhost.Verdict) {
	var m columns.Masker
	for i := range lines {
		if verdicts[i].Action != wasmhost.Keep {
			a[accountKey{m.ID(lines[i].content), lines[i].severity}]++
		}
	}
}

func (a account) settle(reports []wasmhost.Report) {
	for _, r := range reports {
		a[accountKey{r.Key, r.Severity}] -= int(r.Count)
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

// records shows the filter the content and the level of lines, and nothing else.
type records struct {
	lines    []line
	resource uint64
}

func (r records) Len() int                                     { return len(r.lines) }
func (r records) Resources() int                               { return 1 }
func (r records) ResourceKey(int) uint64                       { return r.resource }
func (r records) ResourceAttribute(int, string) (string, bool) { return "", false }
func (r records) Resource(int) int                             { return 0 }
func (r records) Time(int) uint64                              { return 0 }
func (r records) Severity(i int) uint8                         { return r.lines[i].severity }
func (r records) Body(i int) string                            { return r.lines[i].content }
func (r records) TraceID(int) (id [16]byte)                    { return id }
func (r records) EventName(int) string                         { return "" }
func (r records) Attribute(int, string) (string, bool)         { return "", false }
func (r records) Protected(int) bool                           { return false }
