// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package k8seventdigestreceiver

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/sealgate/sealgate/receiver/k8seventdigestreceiver/internal/metadata"
)

// stopTimeout is how long the end of a leadership may take to send and save.
const stopTimeout = 5 * time.Second

// elector is the extension `k8s_leader_elector`.
type elector interface {
	SetCallBackFuncs(start func(context.Context), stop func())
}

// digestReceiver follows events while it is started and, if there is an elector, leads.
type digestReceiver struct {
	config    *Config
	settings  receiver.Settings
	next      consumer.Logs
	telemetry *metadata.TelemetryBuilder
	report    *receiverhelper.ObsReport

	host   component.Host
	apis   []api
	client storage.Client // nil without storage

	mu      sync.Mutex
	closed  bool
	current *follower // nil while this replica does not lead
}

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Logs) (*digestReceiver, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "http", ReceiverCreateSettings: set})
	if err != nil {
		return nil, err
	}
	return &digestReceiver{config: cfg, settings: set, next: next, telemetry: telemetry, report: report}, nil
}

// Start fails where the configuration cannot work. An API server that is away or refuses is tried again and again.
func (r *digestReceiver) Start(ctx context.Context, host component.Host) error {
	var err error
	if r.apis, err = connect(r.config); err != nil {
		return fmt.Errorf("`auth_type: %s`: %w", r.config.AuthType, err)
	}
	r.host = host
	if r.config.Storage != nil {
		if err := r.openStorage(ctx, *r.config.Storage); err != nil {
			return err
		}
	}
	if r.config.LeaderElector == nil {
		r.lead()
		return nil
	}
	id := *r.config.LeaderElector
	extension, ok := host.GetExtensions()[id].(elector)
	if !ok {
		return fmt.Errorf("`k8s_leader_elector` names %q, which is not an extension k8s_leader_elector in `service::extensions`", id)
	}
	r.telemetry.ReceiverK8sEventDigestActive.Record(ctx, 0)
	extension.SetCallBackFuncs(func(context.Context) { r.lead() }, func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		r.resign(ctx)
	})
	return nil
}

func (r *digestReceiver) openStorage(ctx context.Context, id component.ID) error {
	extension, ok := r.host.GetExtensions()[id].(storage.Extension)
	if !ok {
		return fmt.Errorf("`storage` names %q, which is not a storage extension in `service::extensions`", id)
	}
	var err error
	if r.client, err = extension.GetClient(ctx, component.KindReceiver, r.settings.ID, ""); err != nil {
		return fmt.Errorf("`storage`: %w", err)
	}
	return nil
}

// lead begins to follow events.
func (r *digestReceiver) lead() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.current != nil {
		return
	}
	r.current = r.follow()
	r.telemetry.ReceiverK8sEventDigestActive.Record(context.Background(), 1)
}

// resign ends following events, and returns when what was counted is sent or saved.
func (r *digestReceiver) resign(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil {
		return
	}
	r.current.stop(ctx)
	r.current = nil
	r.telemetry.ReceiverK8sEventDigestActive.Record(context.Background(), 0)
}

// Shutdown sends what was counted, and saves what could not be sent.
func (r *digestReceiver) Shutdown(ctx context.Context) error {
	r.resign(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	r.telemetry.Shutdown()
	if r.client == nil {
		return nil
	}
	return r.client.Close(ctx)
}

func (r *digestReceiver) listed() {
	r.telemetry.ReceiverK8sEventDigestLists.Add(context.Background(), 1)
}

func (r *digestReceiver) following(namespace string) {
	r.settings.Logger.Info("following the events of the cluster", zap.String("namespace", orAll(namespace)))
	componentstatus.ReportStatus(r.host, componentstatus.NewEvent(componentstatus.StatusOK))
}

// failed counts and reports a failure. After an expired position the list has all that is missing: no trouble.
func (r *digestReceiver) failed(namespace string, err error, wait time.Duration) {
	reason := "other"
	fields := []zap.Field{zap.String("namespace", orAll(namespace)), zap.Duration("again_in", wait), zap.Error(err)}
	switch {
	case apierrors.IsResourceExpired(err), apierrors.IsGone(err):
		r.settings.Logger.Info("the API server has compacted the position away: listing all events again", fields...)
		reason = "expired"
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		reason = "forbidden"
		r.settings.Logger.Error("the API server refuses events: allow the verbs list and watch on the resource events of the API groups events.k8s.io and \"\"", fields...)
	default:
		r.settings.Logger.Warn("cannot follow the events of the cluster", fields...)
	}
	r.telemetry.ReceiverK8sEventDigestFailures.Add(context.Background(), 1, with("reason", reason))
	if reason != "expired" {
		componentstatus.ReportStatus(r.host, componentstatus.NewRecoverableErrorEvent(err))
	}
}

func orAll(namespace string) string {
	if namespace == "" {
		return "all"
	}
	return namespace
}

var _ observer = (*digestReceiver)(nil)
