// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package logfilter

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/internal/lru"
	"github.com/sealgate/sealgate/wasmhost"
)

// EventSuppressed is the event name of summary records.
const EventSuppressed = "sealgate.suppressed"

// Attributes of a summary record.
const (
	AttrCount = "sealgate.suppressed.count"
	AttrFirst = "sealgate.suppressed.first" // RFC 3339
	AttrLast  = "sealgate.suppressed.last"
	AttrRule  = "sealgate.suppressed.rule"
	// AttrTemplates is the number of templates that a summary of several stands for.
	AttrTemplates = "sealgate.suppressed.templates"
	// AttrTemplate has the name that OpenTelemetry's semantic conventions use.
	AttrTemplate = "log.record.template"
)

// ScopeName is the instrumentation scope of summary records.
const ScopeName = "github.com/sealgate/sealgate/processor/wasmfilterprocessor"

const (
	maxSources  = 16 << 10    // resources that are remembered
	maxGathered = 4 << 10     // kinds of small reports that wait to be written together
	patience    = time.Minute // after which they are written although they are not worth it
	maxListed   = 512         // bytes of templates that a summary of several lists
)

// Summaries turns reports into summary records. A summary carries the resource and the client's
// metadata of the records that it stands for. It is written only where it is smaller than these
// records: small reports of one resource, rule and severity wait and are written together. It is safe
// for concurrent use.
type Summaries struct {
	mu       sync.Mutex
	sources  *lru.Table[source] // by the key of the resource
	gathered map[gatherKey]*gathered
	order    []gatherKey // of gathered, the oldest first
}

// source is where dropped records came from.
type source struct {
	resource pcommon.Resource
	metadata client.Metadata
}

// gatherKey names reports that can be written together.
type gatherKey struct {
	resource uint64
	rule     string
	severity uint8
}

// gathered are reports that wait.
type gathered struct {
	wasmhost.Report // their sum
	since           time.Time
	reports         int
	templates       []string
	listed          int // bytes of templates
}

// Remember keeps the resources of records that were dropped to be reported.
func (s *Summaries) Remember(b *Batch) {
	last := int32(-1)
	for i := range b.Verdicts {
		if at := b.places[i].resource; b.Verdicts[i].Action == wasmhost.Represent && at != last {
			last = at
			s.remember(b, int(at))
		}
	}
}

func (s *Summaries) remember(b *Batch, resource int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sources == nil {
		s.sources = lru.New[source](maxSources)
	}
	key := b.ResourceKey(resource)
	if s.sources.Use(key) != nil {
		return
	}
	from := source{resource: pcommon.NewResource(), metadata: b.keptMetadata()}
	b.resources[resource].CopyTo(from.resource)
	s.sources.Add(key, from)
}

// keptMetadata is the metadata that tells senders apart, and nothing else a client has sent.
func (b *Batch) keptMetadata() client.Metadata {
	kept := map[string][]string{}
	for _, name := range b.view.MetadataKeys {
		if values := b.metadata.Get(name); len(values) > 0 {
			kept[name] = values
		}
	}
	return client.NewMetadata(kept)
}

// Summary is a batch of summary records whose client's metadata is the same.
type Summary struct {
	Logs     plog.Logs
	metadata client.Metadata
}

// Copy copies the records.
func (s Summary) Copy() Summary {
	c := Summary{plog.NewLogs(), s.metadata}
	s.Logs.CopyTo(c.Logs)
	return c
}

// Each calls visit for each summary record, with the rule and the number of records that it stands for.
func (s Summary) Each(visit func(rule string, count uint64)) {
	for _, rl := range s.Logs.ResourceLogs().All() {
		for _, r := range rl.ScopeLogs().At(0).LogRecords().All() {
			rule, _ := r.Attributes().Get(AttrRule)
			count, _ := r.Attributes().Get(AttrCount)
			visit(rule.Str(), uint64(count.Int()))
		}
	}
}

// Context adds the metadata.
func (s Summary) Context(ctx context.Context) context.Context {
	info := client.FromContext(ctx)
	info.Metadata = s.metadata
	return client.NewContext(ctx, info)
}

// Of makes summaries of reports, and of those that have waited. last is true when no report will
// follow: then all are written.
func (s *Summaries) Of(reports []wasmhost.Report, ruleName func(wasmhost.RuleID) string, now time.Time, last bool) []Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := writer{sources: s.sources, now: now, places: map[uint64]plog.LogRecordSlice{}, batches: map[string]int{}}
	for i := range reports {
		r := &reports[i]
		rule := ruleName(r.Rule)
		record := single(r, rule, now)
		if r.Bytes == 0 || sizeOf(record) < r.Bytes {
			record.MoveTo(w.records(r.Resource).AppendEmpty())
			continue
		}
		s.gather(r, gatherKey{r.Resource, rule, r.Severity}, now)
	}
	s.release(&w, now, last)
	return w.summaries
}

func (s *Summaries) gather(r *wasmhost.Report, key gatherKey, now time.Time) {
	g := s.gathered[key]
	if g == nil {
		if s.gathered == nil {
			s.gathered = map[gatherKey]*gathered{}
		}
		g = &gathered{since: now}
		g.First = r.First
		s.gathered[key] = g
		s.order = append(s.order, key)
	}
	g.reports++
	g.Count += r.Count
	g.Bytes += r.Bytes
	g.First, g.Last = min(g.First, r.First), max(g.Last, r.Last)
	if text := kindOf(r); g.listed+len(text) <= maxListed {
		g.templates, g.listed = append(g.templates, text), g.listed+len(text)
	}
}

// release writes gathered reports that are worth a record or have waited long enough.
func (s *Summaries) release(w *writer, now time.Time, last bool) {
	left := s.order[:0]
	for k, key := range s.order {
		g := s.gathered[key]
		record, worth := g.record(key, now)
		crowded := len(s.order)-k > maxGathered
		if !worth && !last && !crowded && now.Sub(g.since) < patience {
			left = append(left, key)
			continue
		}
		record.MoveTo(w.records(key.resource).AppendEmpty())
		delete(s.gathered, key)
	}
	s.order = left
}

// record lists as many templates as keep the summary smaller than the records that it stands for.
func (g *gathered) record(key gatherKey, now time.Time) (record plog.LogRecord, worth bool) {
	for n := len(g.templates); ; n /= 2 {
		list := strings.Join(g.templates[:n], "; ")
		if n < g.reports && n > 0 {
			list += "; ..."
		}
		record = newRecord(&g.Report, key.rule, fmt.Sprintf("suppressed %d records of %d kinds: %s", g.Count, g.reports, list), now)
		record.SetSeverityNumber(plog.SeverityNumber(key.severity))
		record.Attributes().PutInt(AttrTemplates, int64(g.reports))
		if worth = sizeOf(record) < g.Bytes; worth || n == 0 {
			return record, worth
		}
	}
}

func single(r *wasmhost.Report, rule string, now time.Time) plog.LogRecord {
	record := newRecord(r, rule, fmt.Sprintf("suppressed %d times: %s", r.Count, kindOf(r)), now)
	record.SetSeverityNumber(plog.SeverityNumber(r.Severity))
	if r.Template != "" {
		record.Attributes().PutStr(AttrTemplate, r.Template)
	}
	return record
}

// kindOf is a text for the records of a report.
func kindOf(r *wasmhost.Report) string {
	switch {
	case r.Text != "":
		return strings.ToValidUTF8(r.Text, "\uFFFD")
	case r.Template != "":
		return r.Template
	}
	return "records of one kind"
}

func newRecord(r *wasmhost.Report, rule, body string, now time.Time) plog.LogRecord {
	record := plog.NewLogRecord()
	record.SetEventName(EventSuppressed)
	record.SetTimestamp(pcommon.Timestamp(r.Last))
	record.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	record.Body().SetStr(body)
	a := record.Attributes()
	a.EnsureCapacity(5)
	a.PutInt(AttrCount, int64(r.Count))
	a.PutStr(AttrFirst, instant(r.First))
	a.PutStr(AttrLast, instant(r.Last))
	a.PutStr(AttrRule, rule)
	return record
}

func instant(ns uint64) string { return time.Unix(0, int64(ns)).UTC().Format(time.RFC3339Nano) }

func sizeOf(record plog.LogRecord) uint64 {
	return uint64((&plog.ProtoMarshaler{}).LogRecordSize(record))
}

// writer puts records below their resources.
type writer struct {
	sources   *lru.Table[source]
	now       time.Time
	summaries []Summary
	batches   map[string]int                 // by metadata, an index of summaries
	places    map[uint64]plog.LogRecordSlice // by the key of the resource
}

// records is where the summaries of a resource go. A resource that is no longer known is replaced by
// one that names the filter.
func (w *writer) records(resource uint64) plog.LogRecordSlice {
	if at, ok := w.places[resource]; ok {
		return at
	}
	var from *source
	if w.sources != nil && resource != 0 {
		from = w.sources.Use(resource)
	}
	metadata := client.Metadata{}
	if from != nil {
		metadata = from.metadata
	}
	rl := w.batch(metadata).ResourceLogs().AppendEmpty()
	if from != nil {
		from.resource.CopyTo(rl.Resource())
	} else {
		rl.Resource().Attributes().PutStr("service.name", "sealgate")
	}
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(ScopeName)
	w.places[resource] = sl.LogRecords()
	return sl.LogRecords()
}

func (w *writer) batch(m client.Metadata) plog.Logs {
	var key strings.Builder
	for _, name := range slices.Sorted(m.Keys()) {
		fmt.Fprintf(&key, "%q=%q;", name, m.Get(name))
	}
	at, ok := w.batches[key.String()]
	if !ok {
		at = len(w.summaries)
		w.batches[key.String()] = at
		w.summaries = append(w.summaries, Summary{plog.NewLogs(), m})
	}
	return w.summaries[at].Logs
}
