// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package k8seventdigestreceiver

import (
	"context"
	"errors"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sealgate/sealgate/eventdigest"
)

const (
	pageSize     = 500             // events of one answer to a list
	watchTime    = 5 * time.Minute // after which the API server ends a watch
	leastRestart = time.Second     // between two watches
)

// backoff is how long a stream waits after one failure, and after more.
var backoff = wait.Backoff{Duration: time.Second, Factor: 2, Jitter: 0.2, Steps: 6, Cap: time.Minute}

// update is what a stream found: an event, or a position alone.
type update struct {
	namespace string
	event     *eventdigest.Event
	as        eventdigest.Arrival
	// version is the resource version up to which all events of the namespace have come, "" within a list.
	version string
}

// stream follows the events of one namespace, or of all for "". It lists them, and watches from there. What it misses
// while it is disconnected comes from the position of the last update, or, if the API server has compacted that version
// away, with another list.
type stream struct {
	namespace string
	version   string // "" for a list
	apis      []api  // the one in use is the first
	updates   chan<- update
	observe   observer
	works     bool // the last attempt to watch succeeded
}

// observer is told how streams fare.
type observer interface {
	listed()
	following(namespace string)
	failed(namespace string, err error, wait time.Duration)
}

// run follows events until the context ends.
func (s *stream) run(ctx context.Context) {
	steps := backoff
	for ctx.Err() == nil {
		began := time.Now()
		changed, err := s.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if changed {
			steps = backoff
		}
		if err == nil {
			sleep(ctx, leastRestart-time.Since(began))
			continue
		}
		delay := steps.Step()
		if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
			s.version = "" // the events between are in the list, as far as they have not ended
		}
		if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
			s.apis = append(s.apis[1:len(s.apis):len(s.apis)], s.apis[0])
		}
		s.works = false
		s.observe.failed(s.namespace, err, delay)
		sleep(ctx, delay)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// follow lists if it has to, and watches until the watch ends. It reports whether the watch brought any change.
func (s *stream) follow(ctx context.Context) (changed bool, err error) {
	if err := s.checkVersion(ctx); err != nil {
		return false, err
	}
	if s.version == "" {
		if err := s.list(ctx); err != nil {
			return false, err
		}
	}
	timeout := int64(watchTime / time.Second)
	w, err := s.apis[0].watch(ctx, s.namespace, metav1.ListOptions{
		ResourceVersion: s.version, AllowWatchBookmarks: true, TimeoutSeconds: &timeout,
	})
	if err != nil {
		return false, err
	}
	defer w.Stop()
	if !s.works {
		s.works = true
		s.observe.following(s.namespace)
	}
	for change := range w.ResultChan() {
		if err := s.take(ctx, change); err != nil {
			return changed, err
		}
		changed = true
	}
	return changed, nil
}

// checkVersion asks for the newest version. A position after it is of another history, such as before a restored
// backup: a watch from there would be silent until the new history is as long.
func (s *stream) checkVersion(ctx context.Context) error {
	if s.version == "" {
		return nil
	}
	p, err := s.apis[0].list(ctx, s.namespace, metav1.ListOptions{Limit: 1})
	if err != nil {
		return err
	}
	position, err := strconv.ParseUint(s.version, 10, 64)
	newest, newestErr := strconv.ParseUint(p.ResourceVersion, 10, 64)
	if err != nil || newestErr == nil && position > newest {
		s.version = ""
	}
	return nil
}

// list sends all events, and then the position of the list.
func (s *stream) list(ctx context.Context) error {
	o := metav1.ListOptions{Limit: pageSize}
	for {
		p, err := s.apis[0].list(ctx, s.namespace, o)
		if err != nil {
			return err
		}
		for _, e := range p.events {
			if err := s.send(ctx, update{namespace: s.namespace, event: e, as: eventdigest.Added}); err != nil {
				return err
			}
		}
		if o.Continue = p.Continue; o.Continue == "" {
			s.version = p.ResourceVersion
			s.observe.listed()
			return s.send(ctx, update{namespace: s.namespace, version: s.version})
		}
	}
}

// take sends what a watch said.
func (s *stream) take(ctx context.Context, change watch.Event) error {
	if change.Type == watch.Error {
		return apierrors.FromObject(change.Object)
	}
	object, ok := change.Object.(metav1.Object)
	if !ok || object.GetResourceVersion() == "" {
		return errors.New("the API server sent a change without a resource version")
	}
	u := update{namespace: s.namespace, version: object.GetResourceVersion(), as: eventdigest.Arrival(change.Type == watch.Modified)}
	if change.Type == watch.Added || change.Type == watch.Modified { // an event that expires is no occurrence
		u.event = eventOf(change.Object)
	}
	s.version = u.version
	return s.send(ctx, u)
}

func (s *stream) send(ctx context.Context, u update) error {
	select {
	case s.updates <- u:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
