// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package k8seventdigestreceiver

import (
	"cmp"
	"context"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	eventsv1client "k8s.io/client-go/kubernetes/typed/events/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/sealgate/sealgate/eventdigest"
)

// api is one of the two APIs of events. Both show the same objects, with the same resource versions.
type api interface {
	list(ctx context.Context, namespace string, o metav1.ListOptions) (*page, error)
	watch(ctx context.Context, namespace string, o metav1.ListOptions) (watch.Interface, error)
}

// page is a part of a list.
type page struct {
	metav1.ListMeta
	events []*eventdigest.Event
}

// connect returns the APIs, in the order in which they are tried.
func connect(cfg *Config) ([]api, error) {
	rest, err := clientConfig(cfg)
	if err != nil {
		return nil, err
	}
	rest.UserAgent = "sealgate-k8s-event-digest"
	rest.ContentType = runtime.ContentTypeProtobuf
	rest.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	events, err := eventsv1client.NewForConfig(rest)
	if err != nil {
		return nil, err
	}
	core, err := corev1client.NewForConfig(rest)
	if err != nil {
		return nil, err
	}
	return []api{eventsAPI{events}, coreAPI{core}}, nil
}

func clientConfig(cfg *Config) (*rest.Config, error) {
	if cfg.AuthType == ServiceAccount {
		return rest.InClusterConfig()
	}
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		clientcmd.NewDefaultClientConfigLoadingRules(), &clientcmd.ConfigOverrides{CurrentContext: cfg.Context},
	).ClientConfig()
}

// eventsAPI is events.k8s.io/v1.
type eventsAPI struct {
	client eventsv1client.EventsV1Interface
}

func (a eventsAPI) list(ctx context.Context, namespace string, o metav1.ListOptions) (*page, error) {
	list, err := a.client.Events(namespace).List(ctx, o)
	if err != nil {
		return nil, err
	}
	p := &page{ListMeta: list.ListMeta}
	for i := range list.Items {
		p.events = append(p.events, ofEvents(&list.Items[i]))
	}
	return p, nil
}

func (a eventsAPI) watch(ctx context.Context, namespace string, o metav1.ListOptions) (watch.Interface, error) {
	return a.client.Events(namespace).Watch(ctx, o)
}

// coreAPI is v1.
type coreAPI struct{ client corev1client.CoreV1Interface }

func (a coreAPI) list(ctx context.Context, namespace string, o metav1.ListOptions) (*page, error) {
	list, err := a.client.Events(namespace).List(ctx, o)
	if err != nil {
		return nil, err
	}
	p := &page{ListMeta: list.ListMeta}
	for i := range list.Items {
		p.events = append(p.events, ofCore(&list.Items[i]))
	}
	return p, nil
}

func (a coreAPI) watch(ctx context.Context, namespace string, o metav1.ListOptions) (watch.Interface, error) {
	return a.client.Events(namespace).Watch(ctx, o)
}

// eventOf returns the event of a watch, and nil for another object.
func eventOf(object runtime.Object) *eventdigest.Event {
	switch e := object.(type) {
	case *eventsv1.Event:
		return ofEvents(e)
	case *corev1.Event:
		return ofCore(e)
	}
	return nil
}

func ofEvents(e *eventsv1.Event) *eventdigest.Event {
	event := &eventdigest.Event{
		Namespace: e.Namespace, Name: e.Name, UID: string(e.UID),
		Type: text(e.Type), Reason: text(e.Reason), Action: text(e.Action), Message: text(e.Note),
		Reporter: text(cmp.Or(e.ReportingController, e.DeprecatedSource.Component)), Host: text(e.DeprecatedSource.Host),
		Object: objectOf(&e.Regarding),
		Count:  uint64(max(e.DeprecatedCount, 0)),
		First:  firstSet(e.DeprecatedFirstTimestamp.Time, e.EventTime.Time, e.CreationTimestamp.Time),
		Last:   firstSet(e.DeprecatedLastTimestamp.Time, e.EventTime.Time, e.CreationTimestamp.Time),
	}
	if e.Series != nil {
		inSeries(event, e.Series.Count, e.Series.LastObservedTime.Time)
	}
	return event
}

func ofCore(e *corev1.Event) *eventdigest.Event {
	event := &eventdigest.Event{
		Namespace: e.Namespace, Name: e.Name, UID: string(e.UID),
		Type: text(e.Type), Reason: text(e.Reason), Action: text(e.Action), Message: text(e.Message),
		Reporter: text(cmp.Or(e.ReportingController, e.Source.Component)), Host: text(e.Source.Host),
		Object: objectOf(&e.InvolvedObject),
		Count:  uint64(max(e.Count, 0)),
		First:  firstSet(e.FirstTimestamp.Time, e.EventTime.Time, e.CreationTimestamp.Time),
		Last:   firstSet(e.LastTimestamp.Time, e.EventTime.Time, e.CreationTimestamp.Time),
	}
	if e.Series != nil {
		inSeries(event, e.Series.Count, e.Series.LastObservedTime.Time)
	}
	return event
}

// inSeries sets what a series says. A series has the count of all its occurrences.
func inSeries(e *eventdigest.Event, count int32, last time.Time) {
	e.Count = max(e.Count, uint64(max(count, 0)))
	if last.After(e.Last) {
		e.Last = last
	}
}

func objectOf(o *corev1.ObjectReference) eventdigest.Object {
	return eventdigest.Object{
		APIVersion: text(o.APIVersion), Kind: text(o.Kind), Namespace: text(o.Namespace), Name: text(o.Name),
		UID: text(string(o.UID)), FieldPath: text(o.FieldPath),
	}
}

// firstSet returns the first of the times that is set, in the order of how exactly they are meant.
func firstSet(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// text makes a text UTF-8. The API server checks names, but not what components write in protobuf.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
