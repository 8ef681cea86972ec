// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package k8seventdigestreceiver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"

	"github.com/sealgate/sealgate/eventdigest"
	"github.com/sealgate/sealgate/extension/queuestorageextension"
	"github.com/sealgate/sealgate/receiver/k8seventdigestreceiver/internal/metadata"
)

// sink is the next component, which may refuse.
type sink struct {
	mu     sync.Mutex
	refuse func(plog.Logs) error
	took   plog.Logs
	tries  int
}

func newSink() *sink { return &sink{took: plog.NewLogs()} }

func (*sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (s *sink) ConsumeLogs(_ context.Context, logs plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	if s.refuse != nil {
		if err := s.refuse(logs); err != nil {
			logs.ResourceLogs().RemoveIf(func(plog.ResourceLogs) bool { return true }) // as a component may
			return err
		}
	}
	logs.ResourceLogs().MoveAndAppendTo(s.took.ResourceLogs())
	return nil
}

func (s *sink) setRefuse(refuse func(plog.Logs) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = refuse
}

// counts returns the sum of the counts by reason, and the number of records.
func (s *sink) counts() (sums map[string]int64, records int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return countsOf(s.took)
}

func countsOf(logs plog.Logs) (sums map[string]int64, records int) {
	sums = map[string]int64{}
	each(logs, func(one plog.Logs) {
		a := one.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes()
		reason, _ := a.Get("k8s.event.reason")
		n, _ := a.Get("k8s.event.count")
		sums[reason.Str()] += n.Int()
		records++
	})
	return sums, records
}

// testReceiver is a receiver whose followers get their updates from the test.
func testReceiver(t *testing.T, next consumer.Logs, client storage.Client, change func(*Config)) *digestReceiver {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	if change != nil {
		change(cfg)
	}
	r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), cfg, next)
	require.NoError(t, err)
	r.host, r.client = componenttest.NewNopHost(), client
	return r
}

// begin starts a follower without streams, and returns what stops it.
func begin(t *testing.T, r *digestReceiver) (*follower, func()) {
	t.Helper()
	f := r.newFollower()
	ctx, cancel := context.WithCancel(t.Context())
	f.cancel = cancel
	f.done.Go(func() { f.run(ctx) })
	stop := sync.OnceFunc(func() { f.stop(context.WithoutCancel(t.Context())) })
	t.Cleanup(stop)
	return f, stop
}

func event(reason string, count uint64) update {
	return update{version: fmt.Sprint(1000 + count), as: eventdigest.Arrival(count > 1), event: &eventdigest.Event{
		Namespace: "shop", Name: "db-0." + reason, UID: reason, Type: "Warning", Reason: reason, Message: "it failed", Count: count,
		Object: eventdigest.Object{Kind: "Pod", Name: "db-0", Namespace: "shop"},
	}}
}

// eventually awaits a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, 20*time.Second, 5*time.Millisecond, what)
}

func TestRefusedRecordsWaitAndAreSentAgain(t *testing.T) {
	s := newSink()
	s.refuse = func(plog.Logs) error { return errors.New("the queue is full") }
	f, _ := begin(t, testReceiver(t, s, nil, nil))
	f.updates <- event("A", 1)
	eventually(t, "it is tried", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.tries > 0 })
	f.updates <- event("B", 1)
	s.setRefuse(nil)
	eventually(t, "all are sent", func() bool { _, n := s.counts(); return n == 2 })
}

func TestAFullOutboxLosesNothing(t *testing.T) {
	s := newSink()
	s.refuse = func(plog.Logs) error { return errors.New("the queue is full") }
	f, _ := begin(t, testReceiver(t, s, nil, func(cfg *Config) { cfg.MaxWaitingBytes = 1 << 16 }))
	const kinds = 2 * waitingUpdates
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for i := range kinds {
			f.updates <- event(fmt.Sprint("Reason", i), 1)
		}
	}()
	eventually(t, "no more is read", func() bool { return len(f.updates) == waitingUpdates })
	select {
	case <-sent:
		t.Error("all were read, and more waits than may")
	default:
	}
	s.setRefuse(nil)
	<-sent
	eventually(t, "all are sent", func() bool { _, n := s.counts(); return n == kinds })
}

func TestARecordThatIsRefusedForGoodCostsNoOther(t *testing.T) {
	s := newSink()
	poison := func(logs plog.Logs) error {
		if sums, _ := countsOf(logs); sums["Poison"] > 0 {
			return consumererror.NewPermanent(errors.New("too large"))
		}
		return nil
	}
	s.refuse = func(plog.Logs) error { return errors.New("not yet") }
	f, _ := begin(t, testReceiver(t, s, nil, nil))
	for _, reason := range []string{"A", "Poison", "B"} {
		f.updates <- event(reason, 1)
	}
	eventually(t, "they wait", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.tries > 0 && len(f.updates) == 0 })
	s.setRefuse(poison)
	eventually(t, "the others are sent", func() bool {
		sums, _ := s.counts()
		return assert.ObjectsAreEqual(map[string]int64{"A": 1, "B": 1}, sums)
	})
}

func TestStoppingSendsWhatIsCounted(t *testing.T) {
	s := newSink()
	f, stop := begin(t, testReceiver(t, s, nil, nil))
	f.updates <- event("A", 1)
	f.updates <- event("A", 50)
	eventually(t, "they are taken", func() bool { return len(f.updates) == 0 })
	eventually(t, "the first is sent", func() bool { _, n := s.counts(); return n == 1 })
	stop()
	sums, records := s.counts()
	assert.Equal(t, map[string]int64{"A": 50}, sums)
	assert.Equal(t, 2, records)
}

// storages are the extensions that keep states.
func storages(t *testing.T) map[string]func(dir string) storage.Client {
	t.Helper()
	open := func(f extension.Factory) func(string) storage.Client {
		return func(dir string) storage.Client {
			cfg := f.CreateDefaultConfig()
			switch cfg := cfg.(type) {
			case *filestorage.Config:
				cfg.Directory = dir
			case *queuestorageextension.Config:
				cfg.Directory = dir
			}
			e, err := f.Create(t.Context(), extensiontest.NewNopSettings(f.Type()), cfg)
			require.NoError(t, err)
			require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
			client, err := e.(storage.Extension).GetClient(t.Context(), component.KindReceiver, component.NewID(metadata.Type), "")
			require.NoError(t, err)
			return client
		}
	}
	return map[string]func(string) storage.Client{
		"file_storage":  open(filestorage.NewFactory()),
		"queue_storage": open(queuestorageextension.NewFactory()),
	}
}

func TestARestartGoesOnWhereItWas(t *testing.T) {
	for name, open := range storages(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			client := open(dir)
			s := newSink()
			s.refuse = func(plog.Logs) error { return errors.New("away") }
			f, stop := begin(t, testReceiver(t, s, client, nil))
			f.updates <- event("A", 1)
			f.updates <- event("A", 30)
			eventually(t, "they are taken", func() bool { return len(f.updates) == 0 })
			stop()
			require.NoError(t, client.Close(t.Context()))
			_, records := s.counts()
			require.Zero(t, records)

			client = open(dir)
			s.setRefuse(nil)
			f, stop = begin(t, testReceiver(t, s, client, nil))
			assert.Equal(t, "1030", f.positions[""])
			f.updates <- event("A", 31)
			eventually(t, "it is taken", func() bool { return len(f.updates) == 0 })
			stop()
			require.NoError(t, client.Close(t.Context()))
			sums, records := s.counts()
			assert.Equal(t, map[string]int64{"A": 31}, sums)
			assert.Equal(t, 3, records, "the first, the repeats of each run, and no second first")
		})
	}
}

func TestAKilledProcessReportsAgainAndLosesNothing(t *testing.T) {
	client := storages(t)["file_storage"](t.TempDir())
	s := newSink()
	kill := func(f *follower) { // without the end that a stop gives it
		eventually(t, "all is taken", func() bool { return len(f.updates) == 0 })
		f.cancel()
		f.done.Wait()
	}
	r := testReceiver(t, s, client, nil)
	f := r.newFollower()
	ctx, cancel := context.WithCancel(t.Context())
	f.cancel = cancel
	f.done.Go(func() { f.run(ctx) })
	f.updates <- event("A", 1)
	f.updates <- event("A", 30)
	f.updates <- event("B", 1)
	kill(f)

	f, stop := begin(t, r)
	require.Empty(t, f.positions, "nothing was saved: the events are listed")
	for _, u := range []update{event("A", 30), event("B", 1), event("A", 31)} {
		u.as = eventdigest.Added
		f.updates <- u
	}
	eventually(t, "all is taken", func() bool { return len(f.updates) == 0 })
	stop()
	require.NoError(t, client.Close(t.Context()))
	sums, _ := s.counts()
	assert.Equal(t, map[string]int64{"A": 1 + 31, "B": 1 + 1}, sums, "what was sent before is sent again, and what was not is there")
}

func TestTheLoopSavesAfterAWhile(t *testing.T) {
	open := storages(t)["file_storage"]
	client := open(t.TempDir())
	r := testReceiver(t, newSink(), client, func(cfg *Config) { cfg.SaveInterval = time.Millisecond })
	f, stop := begin(t, r)
	f.updates <- event("A", 7)
	eventually(t, "it is saved", func() bool {
		st := r.emptyState()
		// A save may be under way: it removes what the head named before.
		return (&store{client: client}).load(t.Context(), &st) == nil && st.positions[""] == "1007"
	})
	stop()
	require.NoError(t, client.Close(t.Context()))
}

// faulty is a storage that fails.
type faulty struct {
	storage.Client
	sets int // that work
}

func (c *faulty) Set(ctx context.Context, key string, value []byte) error {
	if c.sets--; c.sets < 0 {
		return storage.ErrStorageFull
	}
	return c.Client.Set(ctx, key, value)
}

func TestAFailedSaveLeavesTheStateBefore(t *testing.T) {
	for name, open := range storages(t) {
		t.Run(name, func(t *testing.T) {
			for sets := range 3 { // a chunk, the records, the head
				client := open(t.TempDir())
				r := testReceiver(t, newSink(), client, nil)
				st := r.emptyState()
				st.positions[""] = "1"
				require.NoError(t, (&store{client: client}).save(t.Context(), &st))

				s := &store{client: &faulty{client, sets}}
				loaded := r.emptyState()
				require.NoError(t, s.load(t.Context(), &loaded))
				record, _ := loaded.digest.Add(event("A", 1).event, eventdigest.Added, now)
				loaded.outbox.add(&record, now)
				loaded.positions[""] = "2"
				require.ErrorIs(t, s.save(t.Context(), &loaded), storage.ErrStorageFull)

				again := r.emptyState()
				require.NoError(t, (&store{client: client}).load(t.Context(), &again))
				assert.Equal(t, "1", again.positions[""])
				assert.Zero(t, again.outbox.len())
				require.NoError(t, client.Close(t.Context()))
			}
		})
	}
}

func TestADamagedStateIsStartedAgain(t *testing.T) {
	client := storages(t)["file_storage"](t.TempDir())
	r := testReceiver(t, newSink(), client, nil)
	st := r.emptyState()
	st.positions[""] = "1"
	record, _ := st.digest.Add(event("A", 1).event, eventdigest.Added, now)
	st.outbox.add(&record, now)
	s := &store{client: client}
	require.NoError(t, s.save(t.Context(), &st))
	for _, key := range []string{headKey, s.head.chunkKey(0), s.head.waitingKey()} {
		good, err := client.Get(t.Context(), key)
		require.NoError(t, err)
		for _, bad := range [][]byte{nil, []byte("{"), []byte(`{"version":2}`)} {
			if bad == nil {
				require.NoError(t, client.Delete(t.Context(), key))
			} else {
				require.NoError(t, client.Set(t.Context(), key, bad))
			}
			f := r.newFollower()
			assert.Empty(t, f.positions, "%s is %q: all events are listed", key, bad)
			assert.Zero(t, f.digest.Stats().Kinds)
		}
		require.NoError(t, client.Set(t.Context(), key, good))
	}
	assert.Equal(t, "1", r.newFollower().positions[""])
	require.NoError(t, client.Close(t.Context()))
}
