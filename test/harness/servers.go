// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/sealgate/sealgate/test/backends"
)

// startTimeout is how long a server may take to answer. Tempo and Loki wait
// about 15 s for their ring.
const startTimeout = 2 * time.Minute

// Tempo is a running Tempo.
type Tempo struct {
	*Process
	OTLP string // host:port of OTLP over gRPC
	URL  string // of its API
	Data string // folder of all that it stores
	// Tenant is whose data queries see, where there are tenants.
	Tenant string
}

// StartTempo starts the real Tempo with its data in a new folder tempo in dir. Settings
// are YAML, merged into its configuration; without any, they are what the cloud labels
// of a gateway without settings need.
func StartTempo(ctx context.Context, binary, dir string, settings ...string) (*Tempo, error) {
	t := &Tempo{Data: dataDir(dir, "tempo")}
	err := startWithPorts(4, func(ports []int) (err error) {
		t.URL, t.OTLP = loopbackURL(ports[0]), loopback(ports[2])
		t.Process, err = startServer(ctx, binary, dir, "tempo", "tempo.yaml", map[string]int{
			"HTTP_PORT": ports[0], "GRPC_PORT": ports[1], "OTLP_GRPC_PORT": ports[2], "OTLP_HTTP_PORT": ports[3],
		}, settings, func(config, _ string) []string { return []string{"-config.file=" + config} }, t.URL+"/ready")
		return err
	})
	if err != nil {
		return t, err
	}
	// Within 30 s of a query it does not end: it waits for its queues to go, and
	// what removes them has stopped by then (tempo/modules/frontend/queue).
	t.deaf = true
	return t, nil
}

// Loki is a running Loki.
type Loki struct {
	*Process
	URL  string // of its API; OTLP goes to URL/otlp
	Data string // folder of all that it stores
	// Tenant is whose data queries see, where there are tenants.
	Tenant string
}

// StartLoki starts the real Loki with its data in a new folder loki in dir. Settings
// are as for Tempo.
func StartLoki(ctx context.Context, binary, dir string, settings ...string) (*Loki, error) {
	l := &Loki{Data: dataDir(dir, "loki")}
	err := startWithPorts(2, func(ports []int) (err error) {
		l.URL = loopbackURL(ports[0])
		l.Process, err = startServer(ctx, binary, dir, "loki", "loki.yaml", map[string]int{
			"HTTP_PORT": ports[0], "GRPC_PORT": ports[1],
		}, settings, func(config, _ string) []string { return []string{"-config.file=" + config} }, l.URL+"/ready")
		return err
	})
	return l, err
}

// Prometheus is a running Prometheus.
type Prometheus struct {
	*Process
	URL string // of its API; OTLP goes to URL/api/v1/otlp
}

// StartPrometheus starts the real Prometheus with its data in a new folder
// prometheus in dir. Settings are as for Tempo.
func StartPrometheus(ctx context.Context, binary, dir string, settings ...string) (*Prometheus, error) {
	p := &Prometheus{}
	err := startWithPorts(1, func(ports []int) (err error) {
		p.URL = loopbackURL(ports[0])
		p.Process, err = startServer(ctx, binary, dir, "prometheus", "prometheus.yml", nil, settings, func(config, data string) []string {
			return []string{
				"--config.file=" + config, "--storage.tsdb.path=" + data,
				"--web.listen-address=" + loopback(ports[0]),
				"--web.enable-otlp-receiver", "--web.enable-remote-write-receiver",
			}
		}, p.URL+"/-/ready")
		return err
	})
	return p, err
}

func dataDir(dir, name string) string { return filepath.Join(dir, name, "data") }

// startServer fills in the configuration template, merges the settings into it, starts
// the server and waits until it is ready.
func startServer(ctx context.Context, binary, dir, name, template string, ports map[string]int, settings []string, args func(config, data string) []string, ready string) (*Process, error) {
	root, err := backends.Root()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(backends.ConfigPath(root, name, template))
	if err != nil {
		return nil, err
	}
	home, data := filepath.Join(dir, name), dataDir(dir, name)
	if err := os.MkdirAll(data, 0o755); err != nil {
		return nil, err
	}
	config := filepath.Join(home, template)
	filled := os.Expand(string(text), func(variable string) string {
		if variable == "DATA" {
			return data
		}
		port, ok := ports[variable]
		if !ok {
			return "${" + variable + "}"
		}
		return strconv.Itoa(port)
	})
	whole, err := withSettings(name, filled, settings)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", template, err)
	}
	if err := os.WriteFile(config, whole, 0o644); err != nil {
		return nil, err
	}
	return startReady(ctx, Spec{Name: name, Path: binary, Args: args(config, data), Dir: home}, ready)
}

// startReady starts a child and waits until url answers; a child that does not
// get there is stopped.
func startReady(ctx context.Context, spec Spec, url string) (*Process, error) {
	p, err := Start(spec)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := p.AwaitHTTP(ctx, url); err != nil {
		_ = p.Stop()
		return nil, err
	}
	return p, nil
}

// Kafka is a running Kafka broker, franz-go's kfake.
type Kafka struct {
	*Process
	Addr string // host:port
	Data string // folder of the messages
}

// StartKafka starts a Kafka broker with its data in a new folder kafka in dir. Args
// are further ones of the broker.
func StartKafka(ctx context.Context, binary, dir string, args ...string) (*Kafka, error) {
	k := &Kafka{Data: dataDir(dir, "kafka")}
	if err := os.MkdirAll(k.Data, 0o755); err != nil {
		return nil, err
	}
	var err error
	k.Process, err = Start(Spec{Name: "kafka", Path: binary, Args: append([]string{"-data", k.Data}, args...), Dir: filepath.Join(dir, "kafka")})
	if err != nil {
		return nil, err
	}
	err = k.Await(ctx, "its address", func(context.Context) (listens bool, _ error) {
		k.Addr, _, listens = strings.Cut(k.Log(), "\n")
		return listens, nil
	})
	return k, err
}

// Gateway is a running gateway.
type Gateway struct {
	*Process
	GRPC    string // host:port of OTLP over gRPC
	HTTP    string // host:port of OTLP over HTTP
	Metrics string // URL of its own metrics
	Prom    string // URL of the metrics that came in, with embedded:local
	Data    string // folder of its queues or results
}

// Addresses are where a gateway listens. The zero value asks for free ports.
type Addresses struct{ GRPC, HTTP string }

// StartGateway starts the gateway with a configuration that takes its addresses
// from the environment, as the embedded ones do. Env adds to it. Of several
// configurations, one to a line, later ones override earlier ones.
func StartGateway(ctx context.Context, binary, dir, configs string, at Addresses, env ...string) (*Gateway, error) {
	var args []string
	for config := range strings.Lines(configs) {
		args = append(args, "--config", strings.TrimSpace(config))
	}
	for _, fixed := range []string{at.GRPC, at.HTTP} {
		if err := requireFree(fixed); err != nil {
			return nil, err
		}
	}
	g := &Gateway{}
	err := startWithPorts(5, func(ports []int) (err error) {
		g.GRPC, g.HTTP = at.GRPC, at.HTTP
		if g.GRPC == "" {
			g.GRPC = loopback(ports[0])
		}
		if g.HTTP == "" {
			g.HTTP = loopback(ports[1])
		}
		health := loopback(ports[2])
		g.Metrics = loopbackURL(ports[3]) + "/metrics"
		g.Prom = loopbackURL(ports[4]) + "/metrics"
		home := filepath.Join(dir, "gateway")
		g.Data = filepath.Join(home, "data")
		if err := os.MkdirAll(g.Data, 0o755); err != nil {
			return err
		}
		g.Process, err = startReady(ctx, Spec{
			Name: "gateway",
			Path: binary,
			Args: args,
			Dir:  home,
			Env: append([]string{
				"SEALGATE_OTLP_GRPC=" + g.GRPC,
				"SEALGATE_OTLP_HTTP=" + g.HTTP,
				"SEALGATE_HEALTH=" + health,
				"SEALGATE_METRICS_HOST=127.0.0.1",
				fmt.Sprintf("SEALGATE_METRICS_PORT=%d", ports[3]),
				"SEALGATE_PROM=" + loopback(ports[4]),
				"SEALGATE_DATA=" + g.Data,
			}, env...),
		}, "http://"+health)
		return err
	})
	return g, err
}

// StartEdge starts an edge collector that sends to a gateway. The files of logs that it reads are dir/*.log. What
// it filters is taken to be replayed: its windows go by the time of the records.
func StartEdge(ctx context.Context, binary, dir string, to *Gateway) (*Gateway, error) {
	return StartGateway(ctx, binary, dir, "embedded:edge\nyaml:processors::wasmfilter::config::clock: record",
		Addresses{}, "SEALGATE_GATEWAY="+to.GRPC, "SEALGATE_GATEWAY_INSECURE=true",
		"SEALGATE_LOGS=["+filepath.Join(dir, "*.log")+"]", "SEALGATE_LOGS_START=beginning")
}
