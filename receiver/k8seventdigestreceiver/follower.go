// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package k8seventdigestreceiver

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/sealgate/sealgate/eventdigest"
	"github.com/sealgate/sealgate/receiver/k8seventdigestreceiver/internal/metadata"
)

const (
	waitingUpdates = 256  // between streams and the loop
	mostUpdates    = 1000 // that are taken before records are sent
	// A save may take a twentieth of the time.
	saveShare = 20
)

// follower follows events, in one goroutine that counts, sends and saves, and one for each stream.
type follower struct {
	*digestReceiver
	state
	store *store // nil without storage

	updates chan update
	cancel  context.CancelFunc
	done    sync.WaitGroup

	sendAgain time.Time // when records that were refused are sent again
	delays    wait.Backoff

	changed bool // since the last save
	nextAt  time.Time
}

// follow starts a follower where the saved state ends.
func (r *digestReceiver) follow() *follower {
	f := r.newFollower()
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel = cancel
	namespaces := r.config.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	for _, namespace := range namespaces {
		s := &stream{namespace: namespace, version: f.positions[namespace], apis: r.apis, updates: f.updates, observe: r}
		f.done.Go(func() { s.run(ctx) })
	}
	f.done.Go(func() { f.run(ctx) })
	return f
}

// newFollower returns a follower with the saved state. Without one that can be read all events are listed, and reported
// again: better twice than not at all.
func (r *digestReceiver) newFollower() *follower {
	f := &follower{
		digestReceiver: r, state: r.emptyState(), updates: make(chan update, waitingUpdates),
		delays: backoff, nextAt: time.Now().Add(r.config.SaveInterval),
	}
	if r.client == nil {
		return f
	}
	f.store = &store{client: r.client}
	if err := f.store.load(context.Background(), &f.state); err != nil {
		r.settings.Logger.Warn("cannot read the saved state: listing all events, and reporting them again", zap.Error(err))
		f.state = r.emptyState()
	}
	return f
}

func (r *digestReceiver) emptyState() state {
	return state{positions: map[string]string{}, digest: eventdigest.New(r.config.options()), outbox: newOutbox(r.config.ClusterName)}
}

// run is the loop: all that changes the state happens here.
func (f *follower) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case u := <-f.readable():
			f.take(ctx, u)
			f.takeMore(ctx)
		case <-timer.C:
		}
		f.takeDue(ctx)
		if !time.Now().Before(f.sendAgain) {
			f.send(ctx)
		}
		if f.changed && !time.Now().Before(f.nextAt) {
			f.save(ctx)
		}
		f.observe(ctx)
		timer.Reset(time.Until(f.wake()))
	}
}

// readable returns the updates, or nil while no more records may wait: then the API server keeps the events, and an
// event that repeats meanwhile says so with its count.
func (f *follower) readable() <-chan update {
	if f.full() {
		return nil
	}
	return f.updates
}

func (f *follower) full() bool { return f.outbox.bytes >= f.config.MaxWaitingBytes }

// takeMore takes updates that wait already.
func (f *follower) takeMore(ctx context.Context) {
	for n := 1; n < mostUpdates && !f.full(); n++ {
		select {
		case u := <-f.updates:
			f.take(ctx, u)
		default:
			return
		}
	}
}

func (f *follower) take(ctx context.Context, u update) {
	f.changed = true
	if u.event != nil {
		now := time.Now()
		before := f.digest.Stats()
		record, ok := f.digest.Add(u.event, u.as, now)
		if ok {
			f.add(ctx, &record, now)
		}
		f.count(ctx, u.event, before)
	}
	if u.version != "" {
		f.positions[u.namespace] = u.version
	}
}

func (f *follower) count(ctx context.Context, e *eventdigest.Event, before eventdigest.Stats) {
	after := f.digest.Stats()
	if n := after.Occurrences - before.Occurrences; n > 0 {
		f.telemetry.ReceiverK8sEventDigestOccurrences.Add(ctx, int64(n), with("type", typeOf(e)))
	}
	if n := after.Inexact - before.Inexact; n > 0 {
		f.telemetry.ReceiverK8sEventDigestInexact.Add(ctx, int64(n))
	}
}

// typeOf returns the type of an event as a metric has it: anybody may write events of any type.
func typeOf(e *eventdigest.Event) string {
	if e.Type == "Normal" || e.Type == "Warning" {
		return e.Type
	}
	return "other"
}

func with(key, value string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))
}

func (f *follower) add(ctx context.Context, record *eventdigest.Record, now time.Time) {
	f.outbox.add(record, now)
	f.telemetry.ReceiverK8sEventDigestRecords.Add(ctx, 1, with("cause", record.Cause.String()))
}

// takeDue takes the records of windows that have ended.
func (f *follower) takeDue(ctx context.Context) {
	for now := time.Now(); !f.full(); {
		record, ok := f.digest.Due(now)
		if !ok {
			return
		}
		f.changed = true
		f.add(ctx, &record, now)
	}
}

// send sends all records. Those that the next component refuses wait.
func (f *follower) send(ctx context.Context) {
	n := f.outbox.len()
	if n == 0 {
		return
	}
	f.changed = true
	err := f.consume(ctx, f.outbox.logs)
	if err != nil && consumererror.IsPermanent(err) {
		err = f.sendEach(ctx)
	} else if err == nil {
		f.outbox.clear()
	}
	if err == nil {
		f.sendAgain, f.delays = time.Time{}, backoff
		return
	}
	delay := f.delays.Step()
	f.sendAgain = time.Now().Add(delay)
	f.settings.Logger.Warn("the next component refuses records; they wait", zap.Int("records", f.outbox.len()), zap.Duration("again_in", delay), zap.Error(err))
}

// sendEach sends record by record, so that one that is refused for good costs no other. It returns an error when records
// are left.
func (f *follower) sendEach(ctx context.Context) error {
	left := plog.NewLogs()
	var refusal error
	each(f.outbox.logs, func(one plog.Logs) {
		err := f.consume(ctx, one)
		switch {
		case err == nil:
		case consumererror.IsPermanent(err):
			f.telemetry.ReceiverK8sEventDigestLost.Add(ctx, 1)
			f.settings.Logger.Error("the next component refuses a record for good", zap.Error(err))
		default:
			refusal = err
			one.ResourceLogs().MoveAndAppendTo(left.ResourceLogs())
		}
	})
	f.outbox.set(left)
	return refusal
}

// consume hands over a copy: whoever gets it may change it.
func (f *follower) consume(ctx context.Context, logs plog.Logs) error {
	given := plog.NewLogs()
	logs.CopyTo(given)
	ctx = f.report.StartLogsOp(ctx)
	err := f.next.ConsumeLogs(ctx, given)
	f.report.EndLogsOp(ctx, metadata.Type.String(), logs.LogRecordCount(), err)
	return err
}

func (f *follower) save(ctx context.Context) {
	if f.store == nil {
		return
	}
	began := time.Now()
	if err := f.store.save(ctx, &f.state); err != nil {
		f.telemetry.ReceiverK8sEventDigestSaveFailures.Add(ctx, 1)
		f.settings.Logger.Warn("cannot save the state; a restart would report events since the last save again", zap.Error(err))
	} else {
		f.changed = false
	}
	now := time.Now()
	f.nextAt = now.Add(max(f.config.SaveInterval, saveShare*now.Sub(began)))
}

func (f *follower) observe(ctx context.Context) {
	f.telemetry.ReceiverK8sEventDigestKinds.Record(ctx, int64(f.digest.Stats().Kinds))
	f.telemetry.ReceiverK8sEventDigestWaiting.Record(ctx, int64(f.outbox.len()))
}

// wake returns when the loop has something to do although nothing comes.
func (f *follower) wake() time.Time {
	at := time.Now().Add(f.config.Window)
	earlier := func(t time.Time) {
		if t.Before(at) {
			at = t
		}
	}
	if end, ok := f.digest.Next(); ok && !f.full() {
		earlier(end)
	}
	if f.outbox.len() > 0 {
		earlier(f.sendAgain)
	}
	if f.changed && f.store != nil {
		earlier(f.nextAt)
	}
	return at
}

// stop ends all, sends what is counted, and saves what could not be sent.
func (f *follower) stop(ctx context.Context) {
	f.cancel()
	f.done.Wait()
	now := time.Now()
	for record := range f.digest.Drain() {
		f.add(ctx, &record, now)
	}
	f.send(ctx)
	f.save(ctx)
	if n := f.outbox.len(); n > 0 && f.store == nil {
		f.settings.Logger.Error("records were not sent, and there is no `storage` to keep them", zap.Int("records", n))
		f.telemetry.ReceiverK8sEventDigestLost.Add(ctx, int64(n))
	}
}
