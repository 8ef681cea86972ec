// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package wasmfilterprocessor

import (
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/sealgate/sealgate/internal/logfilter"
	"github.com/sealgate/sealgate/wasmhost"
)

// A filter can fail, and can write, with each batch: the log has so many lines of each in a period.
const (
	logPeriod     = time.Minute
	failureLines  = 1
	outputLines   = 10
	maxOutputLine = 1 << 10 // bytes
)

// journal writes to the log what happens to the filter. It is safe for concurrent use.
type journal struct {
	log     *zap.Logger
	onError OnError
	now     func() time.Time

	mu       sync.Mutex
	failures limit
	refusals limit
	outputs  limit
}

func newJournal(log *zap.Logger, onError OnError) *journal {
	return &journal{
		log: log, onError: onError, now: time.Now,
		failures: limit{most: failureLines}, refusals: limit{most: failureLines}, outputs: limit{most: outputLines},
	}
}

// limit lets some lines through in a period.
type limit struct {
	most    int
	since   time.Time
	written int // in the period
	missing int // since a line was written
}

// allows reports whether a line is to be written, and how many were not since the last one.
func (l *limit) allows(now time.Time) (missing int, ok bool) {
	if now.Sub(l.since) >= logPeriod {
		l.since, l.written = now, 0
	}
	if l.written == l.most {
		l.missing++
		return 0, false
	}
	l.written++
	missing, l.missing = l.missing, 0
	return missing, true
}

// refused writes that patches of records were refused, and why.
func (j *journal) refused(c *logfilter.Counts) {
	var why []string
	for reason, n := range c.PatchesRefused {
		if n > 0 {
			why = append(why, logfilter.Refusal(reason).String())
		}
	}
	if len(why) == 0 {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if missing, ok := j.refusals.allows(j.now()); ok {
		j.log.Error("changes that the filter wants are refused; these records stay as they came", zap.Strings("reasons", why), zap.Int("batches_not_logged", missing))
	}
}

func (j *journal) event(e wasmhost.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	onError := zap.String("on_error", string(j.onError))
	switch e.Kind {
	case wasmhost.EventFailed:
		if missing, ok := j.failures.allows(j.now()); ok {
			j.log.Error("the filter failed", zap.Error(e.Err), onError, zap.Int("failures_not_logged", missing))
		}
	case wasmhost.EventBreakerOpened:
		j.log.Error("the filter fails again and again; it is not asked for a while, and all records go where `on_error` says",
			zap.Error(e.Err), onError)
	case wasmhost.EventBreakerClosed:
		j.log.Info("the filter works again")
	case wasmhost.EventOutput:
		if missing, ok := j.outputs.allows(j.now()); ok {
			j.log.Info("the filter writes", zap.String("output", strings.ToValidUTF8(e.Output[:min(len(e.Output), maxOutputLine)], "")), zap.Int("outputs_not_logged", missing))
		}
	}
}
