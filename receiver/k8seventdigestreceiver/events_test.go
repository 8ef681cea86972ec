// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package k8seventdigestreceiver

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/sealgate/sealgate/eventdigest"
)

var updateGolden = flag.Bool("update", false, "write the golden files")

// now is the time at which the events of testdata/events.yaml arrive.
var now = time.Date(2026, 12, 1, 8, 2, 0, 0, time.UTC)

func recorded(t testing.TB) []*corev1.Event {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "events.yaml"))
	require.NoError(t, err)
	var events []*corev1.Event
	require.NoError(t, yaml.UnmarshalStrict(text, &events))
	return events
}

// inEvents returns an event of v1 as the API server shows it in events.k8s.io/v1. The cluster tests compare both.
func inEvents(e *corev1.Event) *eventsv1.Event {
	converted := &eventsv1.Event{
		ObjectMeta: e.ObjectMeta, EventTime: e.EventTime, ReportingController: e.ReportingController, ReportingInstance: e.ReportingInstance,
		Action: e.Action, Reason: e.Reason, Regarding: e.InvolvedObject, Note: e.Message, Type: e.Type,
		DeprecatedSource: e.Source, DeprecatedFirstTimestamp: e.FirstTimestamp, DeprecatedLastTimestamp: e.LastTimestamp, DeprecatedCount: e.Count,
	}
	if e.Series != nil {
		converted.Series = &eventsv1.EventSeries{Count: e.Series.Count, LastObservedTime: e.Series.LastObservedTime}
	}
	return converted
}

// The attributes of a record are a contract with queries and dashboards.
func TestTheRecordsAreAsBefore(t *testing.T) {
	for name, read := range map[string]func(*corev1.Event) *eventdigest.Event{
		"v1":               ofCore,
		"events.k8s.io/v1": func(e *corev1.Event) *eventdigest.Event { return ofEvents(inEvents(e)) },
	} {
		t.Run(name, func(t *testing.T) {
			d := eventdigest.New(createDefaultConfig().(*Config).options())
			o := newOutbox("shop-staging")
			known := map[string]bool{}
			for _, e := range recorded(t) {
				if r, ok := d.Add(read(e), eventdigest.Arrival(known[e.Name]), now); ok {
					o.add(&r, now)
				}
				known[e.Name] = true
			}
			for r := range d.Drain() {
				o.add(&r, now)
			}
			path := filepath.Join("testdata", "records.yaml")
			if *updateGolden {
				require.NoError(t, golden.WriteLogsToFile(path, o.logs))
			}
			want, err := golden.ReadLogs(path)
			require.NoError(t, err)
			require.NoError(t, plogtest.CompareLogs(want, o.logs))
		})
	}
}

func TestTextsBecomeUTF8(t *testing.T) {
	e := recorded(t)[0]
	e.Message, e.Reason, e.InvolvedObject.Name = "\xff", "Back\xc3Off", "web\x80"
	for _, event := range []*eventdigest.Event{ofCore(e), ofEvents(inEvents(e))} {
		assert.Equal(t, "\uFFFD", event.Message)
		assert.Equal(t, "Back\uFFFDOff", event.Reason)
		assert.Equal(t, "web\uFFFD", event.Object.Name)
	}
}

func TestARecordHasAPlausibleTime(t *testing.T) {
	for last, want := range map[time.Time]time.Time{
		now.Add(-time.Minute):    now.Add(-time.Minute),
		now.Add(time.Hour):       now,
		now.Add(-25 * time.Hour): now,
		{}:                       now,
	} {
		assert.Equal(t, want, timeOf(&eventdigest.Record{Last: last}, now), last)
	}
}

func TestOtherObjectsOfAWatchAreNoEvents(t *testing.T) {
	assert.Nil(t, eventOf(&metav1.Status{}))
	assert.NotNil(t, eventOf(&corev1.Event{}))
	assert.NotNil(t, eventOf(&eventsv1.Event{}))
}

// FuzzEvent reads any JSON as an event of either API: what comes out can be sent.
func FuzzEvent(f *testing.F) {
	for _, e := range recorded(f) {
		text, err := json.Marshal(e)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		core, events := &corev1.Event{}, &eventsv1.Event{}
		if json.Unmarshal(text, core) != nil && json.Unmarshal(text, events) != nil {
			return
		}
		for _, e := range []*eventdigest.Event{ofCore(core), ofEvents(events)} {
			d := eventdigest.New(createDefaultConfig().(*Config).options())
			r, ok := d.Add(e, eventdigest.Added, now)
			if !ok || r.Count == 0 {
				t.Fatalf("the first event is not passed on: %+v", r)
			}
			o := newOutbox("")
			o.add(&r, now)
			if _, err := (&plog.ProtoMarshaler{}).MarshalLogs(o.logs); err != nil {
				t.Fatal(err)
			}
			if body := o.logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Str(); !utf8.ValidString(body) {
				t.Fatalf("the body is not UTF-8: %q", body)
			}
		}
	})
}
