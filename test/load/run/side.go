// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sealgate/sealgate/test/harness"
	"github.com/sealgate/sealgate/test/load"
)

// side is a Collector and what its pipelines have of ours.
type side struct {
	name                    string
	upstream                bool // the upstream build
	labels, filter, sealing bool
	storage                 bool   // ours for the queue, and not contrib's
	delivery                bool   // admission in front and divide behind
	more                    string // settings
}

var (
	theirs = side{name: "upstream", upstream: true}
	ours   = side{name: "sealgate", labels: true, filter: true, sealing: true, storage: true, delivery: true}
	// parts are ours with one component each, and with none.
	parts = []side{
		{name: "none of ours"},
		{name: "`queue_storage`", storage: true},
		{name: "`admission`, `divide`", delivery: true},
		{name: "`cloudlabels`", labels: true},
		{name: "`cloudlabels`, `promote: false`", labels: true, more: "yaml:processors::cloudlabels::promote: false"},
		{name: "`wasmfilter`", filter: true},
		{name: "`sm4`", sealing: true},
	}
)

// base is what both sides have in common.
//
//go:embed base.yaml
var base string

// exporter is the way to the sink. What an exporter takes faster than it sends holds
// its senders up; nothing is refused.
const exporter = `{endpoint: "${env:LOAD_SINK}", tls: {insecure: true}, compression: %s, middlewares: [%s], ` +
	`sending_queue: {%s sizer: bytes, queue_size: 5_000_000, num_consumers: 2, block_on_overflow: true, batch: {flush_timeout: 1s, sizer: bytes, min_size: 1_000_000, max_size: 3_000_000}}, ` +
	`retry_on_failure: {max_elapsed_time: 0s}}`

// way is how an exporter sends.
type way struct {
	compression string // gzip, zstd or none
	queue       string // disk or memory
}

func (w way) String() string { return w.compression + ", " + w.queue }

// exporter returns the settings of an exporter with its queue in that storage.
func (w way) exporter(storage string, middlewares string) string {
	if w.queue == "disk" {
		storage = "storage: " + storage + ","
	} else {
		storage = ""
	}
	return fmt.Sprintf(exporter, w.compression, middlewares, storage)
}

// config writes the configuration of a side: a list of sources, one to a line, each
// adding to those before it.
func (o *options) config(s side, w way) (string, error) {
	path := filepath.Join(o.dir, "base.yaml")
	if err := os.WriteFile(path, []byte(base), 0o600); err != nil {
		return "", err
	}
	storage := "file_storage"
	if s.storage {
		storage = "queue_storage"
	}
	var middlewares, extensions string
	if s.delivery {
		middlewares, extensions = "{id: divide}", ", admission, divide"
	}
	to := w.exporter(storage, middlewares)
	sources := []string{
		path,
		"yaml:extensions::" + storage + ": {directory: \"${env:SEALGATE_DATA}/queue\", create_directory: true}",
		"yaml:service::extensions: [health_check, pprof, " + storage + extensions + "]",
		"yaml:exporters::otlp_grpc: " + to,
	}
	processors := []string{"memory_limiter"}
	if s.delivery {
		processors = []string{"admission", "memory_limiter"}
		sources = append(sources,
			"yaml:extensions: {admission: , divide: }",
			"yaml:processors::admission: {delta: accept}",
			"yaml:receivers::otlp::protocols: {grpc: {middlewares: [{id: admission}]}, http: {middlewares: [{id: admission}]}}")
	}
	if s.labels {
		processors = append(processors, "cloudlabels")
		sources = append(sources, "yaml:processors::cloudlabels: {}")
	}
	if s.more != "" {
		sources = append(sources, s.more)
	}
	logProcessors := processors
	if s.filter {
		logProcessors = append(slices.Clip(processors), "wasmfilter")
		sources = append(sources, fmt.Sprintf(
			"yaml:processors::wasmfilter: {module: builtin:redundancy, cache_directory: %s, config: {window: 60s, clock: record}}", filepath.Join(o.dir, "cache")))
	}
	sink := "otlp_grpc"
	if s.sealing {
		sink = "sm4"
		sources = append(sources, fmt.Sprintf(
			"yaml:exporters::sm4: {keys: {sm2: {recipients: [%[1]s/reader.pub.pem]}}, seal: {keep: [service.name, cloud_*, host_*, k8s.cluster.name, k8s.namespace.name, k8s.node.name, k8s.pod.name, load.*], search: [user.id], search_key: {file: %[1]s/search.key}}, otlp_grpc: %[2]s}",
			o.dir, to))
	}
	pipeline := func(signal string, processors []string, exporter string) {
		sources = append(sources, fmt.Sprintf("yaml:service::pipelines::%s: {receivers: [otlp], processors: [%s], exporters: [%s]}", signal, strings.Join(processors, ", "), exporter))
	}
	pipeline("traces", processors, sink)
	pipeline("logs", logProcessors, sink)
	pipeline("metrics", processors, "otlp_grpc")
	return strings.Join(sources, "\n"), nil
}

// makeKeys makes the keys of sealing.
func (o *options) makeKeys(ctx context.Context) error {
	for _, key := range [][]string{{"--name", "reader"}, {"--name", "search", "--symmetric"}} {
		out, err := exec.CommandContext(ctx, o.sealctl, append([]string{"keygen", "--out", o.dir}, key...)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("sealctl keygen: %w: %s", err, out)
		}
	}
	return nil
}

// running is a side that runs, with a sink behind it.
type running struct {
	*harness.Gateway
	sink  *load.Sink
	pprof string // host:port
	dir   string
}

func (o *options) start(ctx context.Context, s side, w way) (*running, error) {
	config, err := o.config(s, w)
	if err != nil {
		return nil, err
	}
	r := &running{}
	if r.dir, err = os.MkdirTemp(o.dir, "run-"); err != nil {
		return nil, err
	}
	if r.sink, err = load.NewSink(); err != nil {
		return nil, err
	}
	ports, err := harness.Ports(1)
	if err != nil {
		return nil, err
	}
	r.pprof = fmt.Sprintf("127.0.0.1:%d", ports[0])
	binary := o.gateway
	if s.upstream {
		binary = o.upstream
	}
	r.Gateway, err = harness.StartGateway(ctx, binary, r.dir, config, harness.Addresses{}, "LOAD_SINK="+r.sink.GRPC, "LOAD_PPROF="+r.pprof)
	if err != nil {
		r.sink.Vanish()
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return r, nil
}

func (r *running) stop() error {
	err := r.Gateway.Stop()
	r.sink.Vanish()
	return errors.Join(err, os.RemoveAll(r.dir))
}
