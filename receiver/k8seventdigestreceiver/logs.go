// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package k8seventdigestreceiver

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sealgate/sealgate/eventdigest"
)

const (
	scopeName   = "github.com/sealgate/sealgate/receiver/k8seventdigestreceiver"
	eventName   = "k8s.event"
	serviceName = "k8s-events" // without one, backends show the records under a made-up name
)

// The age up to which the time of an event is the time of its record. The clock of a node may be wrong,
// and backends refuse records that are far from now.
const maxAge = 24 * time.Hour

// outbox holds the records that wait for the next component.
type outbox struct {
	cluster string
	logs    plog.Logs
	scopes  map[string]plog.ScopeLogs // by namespace
	bytes   int                       // about
}

func newOutbox(cluster string) *outbox {
	o := &outbox{cluster: cluster}
	o.clear()
	return o
}

func (o *outbox) clear() { o.set(plog.NewLogs()) }

// set replaces the records.
func (o *outbox) set(logs plog.Logs) {
	o.logs, o.scopes, o.bytes = logs, map[string]plog.ScopeLogs{}, (&plog.ProtoMarshaler{}).LogsSize(logs)
}

func (o *outbox) len() int { return o.logs.LogRecordCount() }

// add adds a record that was made now.
func (o *outbox) add(r *eventdigest.Record, now time.Time) {
	record := o.scope(r.Object.Namespace).LogRecords().AppendEmpty()
	record.SetEventName(eventName)
	record.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	record.SetTimestamp(pcommon.NewTimestampFromTime(timeOf(r, now)))
	setSeverity(record, r.Type)
	record.Body().SetStr(r.Message)
	a := record.Attributes()
	a.EnsureCapacity(18)
	a.PutStr("k8s.event.digest.cause", r.Cause.String())
	a.PutInt("k8s.event.count", int64(r.Count))
	a.PutStr("k8s.event.first_time", r.First.UTC().Format(time.RFC3339Nano))
	a.PutStr("k8s.event.last_time", r.Last.UTC().Format(time.RFC3339Nano))
	objects := a.PutEmptySlice("k8s.event.objects")
	for _, object := range r.Objects {
		objects.AppendEmpty().SetStr(object)
	}
	node := r.Host
	if r.Object.Kind == "Node" {
		node = r.Object.Name
	}
	for _, text := range []struct{ key, value string }{
		{"k8s.event.reason", r.Reason},
		{"k8s.event.action", r.Action},
		{"k8s.event.name", r.Name},
		{"k8s.event.uid", r.UID},
		{"k8s.event.reporter", r.Reporter},
		{"k8s.event.owner", r.Owner.String()},
		{"k8s.object.api_version", r.Object.APIVersion},
		{"k8s.object.kind", r.Object.Kind},
		{"k8s.object.name", r.Object.Name},
		{"k8s.object.uid", r.Object.UID},
		{"k8s.object.fieldpath", r.Object.FieldPath},
		{"k8s.node.name", node},
	} {
		if text.value != "" {
			a.PutStr(text.key, text.value)
		}
	}
	o.bytes += sizeOf(r)
}

// scope returns where records of a namespace go.
func (o *outbox) scope(namespace string) plog.ScopeLogs {
	scope, ok := o.scopes[namespace]
	if ok {
		return scope
	}
	resource := o.logs.ResourceLogs().AppendEmpty()
	a := resource.Resource().Attributes()
	a.PutStr("service.name", serviceName)
	if o.cluster != "" {
		a.PutStr("k8s.cluster.name", o.cluster)
	}
	if namespace != "" {
		a.PutStr("k8s.namespace.name", namespace)
	}
	scope = resource.ScopeLogs().AppendEmpty()
	scope.Scope().SetName(scopeName)
	o.scopes[namespace] = scope
	return scope
}

// timeOf returns the time of a record: that of the last occurrence, or now where it cannot be right.
func timeOf(r *eventdigest.Record, now time.Time) time.Time {
	if r.Last.After(now) || now.Sub(r.Last) > maxAge {
		return now
	}
	return r.Last
}

func setSeverity(record plog.LogRecord, eventType string) {
	record.SetSeverityText(eventType)
	switch eventType {
	case "Normal":
		record.SetSeverityNumber(plog.SeverityNumberInfo)
	case "Warning":
		record.SetSeverityNumber(plog.SeverityNumberWarn)
	}
}

// recordBytes is what a record takes beside its texts.
const recordBytes = 2048

func sizeOf(r *eventdigest.Record) int {
	n := recordBytes + len(r.Message) + len(r.Reason) + len(r.Action) + len(r.Name) + len(r.UID) + len(r.Reporter) + len(r.Host)
	n += len(r.Object.Name) + len(r.Object.FieldPath)
	for _, object := range r.Objects {
		n += len(object)
	}
	return n
}

// each yields every record by itself, with its resource.
func each(logs plog.Logs, f func(plog.Logs)) {
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				one := plog.NewLogs()
				r := one.ResourceLogs().AppendEmpty()
				resource.Resource().CopyTo(r.Resource())
				s := r.ScopeLogs().AppendEmpty()
				scope.Scope().CopyTo(s.Scope())
				record.CopyTo(s.LogRecords().AppendEmpty())
				f(one)
			}
		}
	}
}
