// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package checkconverter

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sealgate/sealgate/distributions"
)

// convert resolves configurations as the Collector does and returns the result with what the
// converter logged.
func convert(t *testing.T, uris ...string) (*confmap.Conf, []string, error) {
	t.Helper()
	core, logged := observer.New(zap.WarnLevel)
	r, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:               uris,
		ProviderFactories:  []confmap.ProviderFactory{distributions.NewReader(), envprovider.NewFactory(), yamlprovider.NewFactory()},
		DefaultScheme:      "env",
		ConverterFactories: []confmap.ConverterFactory{NewFactory()},
		ConverterSettings:  confmap.ConverterSettings{Logger: zap.New(core)},
	})
	require.NoError(t, err)
	conf, err := r.Resolve(t.Context())
	var messages []string
	for _, entry := range logged.All() {
		messages = append(messages, entry.Message)
	}
	require.NoError(t, r.Shutdown(context.Background()))
	return conf, messages, err
}

// minimal is a configuration that works.
const minimal = `yaml:
extensions: {queue_storage: {directory: d}, health_check: {endpoint: '127.0.0.1:13133'}}
receivers: {otlp: {protocols: {grpc: {endpoint: '127.0.0.1:4317'}, http: {endpoint: '127.0.0.1:4318'}}}}
exporters: {otlp_http: {endpoint: 'http://loki:3100/otlp', sending_queue: {storage: queue_storage}}, otlp_grpc: {endpoint: 'tempo:4317', tls: {insecure: true}}}
service:
  extensions: [queue_storage, health_check]
  pipelines: {logs: {receivers: [otlp], exporters: [otlp_http]}, traces: {receivers: [otlp], exporters: [otlp_grpc]}}
`

func TestConfigurationsThatWorkAreAccepted(t *testing.T) {
	for _, name := range []string{"gateway", "sealed", "local", "edge"} {
		_, _, err := convert(t, "embedded:"+name)
		assert.NoError(t, err, name)
	}
	for _, setting := range []string{
		"receivers::otlp::protocols::grpc::endpoint: ':4317'",
		"receivers::otlp::protocols::grpc::endpoint: '[::]:4317'",
		"receivers::otlp::protocols::grpc::endpoint: '[fd00::1%eth0]:4317'",
		"receivers::otlp::protocols::grpc::endpoint: 'localhost:0'",
		"receivers::otlp::protocols::grpc: {endpoint: /run/otlp.sock, transport: unix}",
		"exporters::otlp_grpc::endpoint: 'http://tempo:4317'",
		"exporters::otlp_grpc::endpoint: 'dns:///tempo:4317'",
		"exporters::otlp_grpc::endpoint: 'unix:///run/tempo.sock'",
		"exporters::otlp_grpc: {endpoint: tempo.example.org, tls: {insecure: false}}",
		"exporters::otlp_http::endpoint: 'https://loki.example.org/otlp'",
		"exporters::otlp_http::endpoint: 'http://[::1]:3100/otlp'",
		"exporters::otlp_http::logs_endpoint: 'http://loki:3100/otlp/v1/logs'",
		"exporters::otlp_http: {sending_queue: {enabled: false}, headers: {any: x}, tls: {insecure_skip_verify: true}, keepalive: {max_idle_conns: 3}, retry_on_failure: {max_elapsed_time: 0s}}",
		"{exporters: {prometheus_remote_write: {endpoint: 'http://x/api/v1/write'}}, service: {pipelines: {metrics: {receivers: [otlp], exporters: [prometheus_remote_write]}}}}",
		"exporters::unused: {endpoint: '', storage: nowhere}",
		"{receivers: {fluentforward: {endpoint: 'unix:///run/f.sock'}, fluent_forward/b: {endpoint: /run/g.sock}}, service: {pipelines: {logs: {receivers: [fluentforward, fluent_forward/b]}}}}",
		"{receivers: {syslog: {tcp: {listen_address: ':514'}}, syslog/u: {udp: {listen_address: ':514'}}, statsd: {endpoint: '127.0.0.1:4317'}, udp_log: {listen_address: ':515'}, tcp_log: {listen_address: ':515'}}, service: {pipelines: {logs: {receivers: [syslog, syslog/u, udp_log, tcp_log]}, metrics: {receivers: [statsd], exporters: [otlp_http]}}}}",
		"{receivers: {statsd: {endpoint: /run/statsd.sock, transport: unixgram}}, service: {pipelines: {metrics: {receivers: [statsd], exporters: [otlp_http]}}}}",
		"{extensions: {k8s_observer: , headers_setter: {headers: []}}, receivers: {receiver_creator: {watch_observers: [k8s_observer], receivers: {redis: {rule: x, config: {endpoint: '`endpoint`:1', auth: {authenticator: x}}}}}}, " +
			"exporters: {otlp_http: {auth: {authenticator: headers_setter}}}, service: {extensions: [queue_storage, k8s_observer, headers_setter], pipelines: {logs: {receivers: [receiver_creator]}}}}",
		"extensions::healthcheckv2: {use_v2: true, http: {endpoint: '127.0.0.1:13133', status: {enabled: true}}, grpc: {endpoint: '127.0.0.1:13132'}}",
		"exporters::otlp_http::sending_queue::storage: ''",
	} {
		_, _, err := convert(t, minimal, "yaml:"+setting)
		assert.NoError(t, err, setting)
	}
}

func TestWhatCannotWorkIsRefusedByItsKey(t *testing.T) {
	for _, tt := range []struct {
		setting string
		wants   []string
	}{
		// Names of extensions.
		{"service::extensions: [health_check]", []string{"`exporters::otlp_http::sending_queue::storage`", `"queue_storage"`, "`service::extensions`", "`health_check`"}},
		{"exporters::otlp_http::sending_queue::storage: queue_storag", []string{"queue_storag", "`queue_storage`"}},
		{"exporters::otlp_http::sending_queue::storage: health_check", []string{"`exporters::otlp_http::sending_queue::storage`", "`file_storage`", "`queue_storage`"}},
		{"exporters::otlp_http::auth::authenticator: tenant_header", []string{"`exporters::otlp_http::auth::authenticator`", "tenant_header"}},
		{"exporters::otlp_http::middlewares: [{id: divide}]", []string{"`exporters::otlp_http::middlewares::0::id`", `"divide"`}},
		{"receivers::otlp::protocols::grpc::auth::authenticator: bearertokenauth", []string{"`receivers::otlp::protocols::grpc::auth::authenticator`"}},
		// Addresses to listen at.
		{"receivers::otlp::protocols::grpc::endpoint: '127.0.0.1:70000'", []string{"`receivers::otlp::protocols::grpc::endpoint`", "70000", "65535"}},
		{"receivers::otlp::protocols::http::endpoint: localhost", []string{"`receivers::otlp::protocols::http::endpoint`", `"localhost"`, "host:port"}},
		{"receivers::otlp::protocols::http::endpoint: '::1:4318'", []string{"`receivers::otlp::protocols::http::endpoint`", "[::1]:4317"}},
		{"receivers::otlp::protocols::http::endpoint: '::'", []string{"host:port"}},
		{"receivers::otlp::protocols::http::endpoint: ''", []string{"host:port"}},
		{"receivers::otlp::protocols::http::endpoint: '127.0.0.1:http-x'", []string{"http-x"}},
		{"receivers::otlp::protocols::http::endpoint: '127.0.0.1:-1'", []string{"-1"}},
		{"receivers::otlp::protocols::http::endpoint: 4317", []string{`"4317"`, "host:port"}},
		{"receivers::otlp::protocols::http::endpoint: 'http://127.0.0.1:4318'", []string{"host:port"}},
		{"extensions::health_check::endpoint: localhost", []string{"`extensions::health_check::endpoint`"}},
		{"extensions::health_check::endpoint: '127.0.0.1:4317'", []string{"`extensions::health_check::endpoint`", "`receivers::otlp::protocols::grpc::endpoint`", "listens there, too"}},
		{"service::telemetry::metrics::readers: [{pull: {exporter: {prometheus: {host: localhost, port: 70000}}}}]", []string{"readers::0::pull::exporter::prometheus::port", "70000"}},
		{"{receivers: {statsd: {endpoint: '127.0.0.1'}}, service: {pipelines: {metrics: {receivers: [statsd], exporters: [otlp_http]}}}}", []string{"`receivers::statsd::endpoint`", "host:port"}},
		{"{receivers: {fluentforward: {endpoint: '127.0.0.1:4317'}}, service: {pipelines: {logs: {receivers: [otlp, fluentforward]}}}}", []string{"listens there, too", "fluentforward"}},
		{"{receivers: {syslog: {udp: {listen_address: ':514'}}, udplog: {listen_address: ':514'}}, service: {pipelines: {logs: {receivers: [syslog, udplog]}}}}", []string{"`receivers::udplog::listen_address`", "listens there, too"}},
		{"{receivers: {tcplog: {listen_address: '0.0.0.0'}}, service: {pipelines: {logs: {receivers: [tcplog]}}}}", []string{"`receivers::tcplog::listen_address`", "host:port"}},
		{"{extensions: {healthcheckv2: {use_v2: true, http: {endpoint: localhost}}}, service: {extensions: [queue_storage, healthcheckv2]}}", []string{"`extensions::healthcheckv2::http::endpoint`"}},
		// What a receiver creator starts.
		{"receivers::receiver_creator: {receivers: {otlp/x: {rule: 'true'}, kafka: {rule: 'true'}}}", []string{"`receivers::receiver_creator::receivers::otlp/x`", "`receivers::receiver_creator::receivers::kafka`", "`admission`"}},
		{"{receivers: {receiver_creator: {watch_observers: [k8s_observer]}}, service: {pipelines: {logs: {receivers: [receiver_creator]}}}}", []string{"`receivers::receiver_creator::watch_observers::0`", `"k8s_observer"`}},
		{"{extensions: {headers_setter: {additional_auth: basicauth}}, service: {extensions: [queue_storage, headers_setter]}}", []string{"`extensions::headers_setter::additional_auth`", `"basicauth"`}},
		// Addresses to send to.
		{"exporters::otlp_grpc::endpoint: ''", []string{"`exporters::otlp_grpc::endpoint`", "host:port"}},
		{"exporters::otlp_grpc::endpoint: '127.0.0.1'", []string{"`exporters::otlp_grpc::endpoint`", "host:port"}},
		{"exporters::otlp_grpc::endpoint: 'tempo:4317/v1/traces'", []string{"without a path"}},
		{"exporters::otlp_grpc::endpoint: 'http://tempo:4317/'", []string{"without a path"}},
		{"exporters::otlp_grpc::endpoint: 'grpc://tempo:4317'", []string{"host:port"}},
		{"exporters::otlp_grpc::endpoint: 'tempo:99999'", []string{"99999"}},
		{"exporters::otlp_http::endpoint: 'http//loki:3100/otlp'", []string{"`exporters::otlp_http::endpoint`", "http//loki:3100/otlp", "it has to be a URL"}},
		{"exporters::otlp_http::endpoint: 'loki:3100/otlp'", []string{"it has to be a URL"}},
		{"exporters::otlp_http::endpoint: '/otlp'", []string{"variable of the environment in it empty"}},
		{"exporters::otlp_http::endpoint: 'http://:3100/otlp'", []string{"it has to be a URL"}},
		{"exporters::otlp_http::endpoint: 'http://loki:3100 /otlp'", []string{"without a blank"}},
		{"exporters::otlp_http::endpoint: 'http://loki:70000/otlp'", []string{"70000"}},
		{"exporters::otlp_http::endpoint: 'http://fd00::1/otlp'", []string{"brackets"}},
		{"exporters::otlp_http::endpoint: 'http://loki:3100/otlp/otlp'", []string{"`exporters::otlp_http::endpoint`", "/v1/logs", "SEALGATE_LOKI"}},
		{"exporters::otlp_http::endpoint: 'http://loki:3100/otlp/v1/logs/otlp'", []string{"leads nowhere"}},
		{"exporters::otlp_http::endpoint: 'http://loki:3100/otlp/v1/logs'", []string{"leads nowhere"}},
		{"exporters::otlp_http::endpoint: 'http://loki:3100/loki/api/v1/push/otlp'", []string{"leads nowhere"}},
		{"exporters::otlp_http::endpoint: 'http://prometheus:9090/api/v1/otlp/api/v1/otlp'", []string{"leads nowhere"}},
		{"exporters::otlp_http::endpoint: 'http://prometheus:9090/api/v1/write/api/v1/otlp'", []string{"leads nowhere"}},
		{"exporters::otlp_http::traces_endpoint: 'tempo/v1/traces'", []string{"`exporters::otlp_http::traces_endpoint`"}},
		// Keys that the Collector overlooks.
		{"extensions::healthcheckv2: {use_v2: true, http: {endpont: 'x:1'}}", []string{"`extensions::healthcheckv2::http::endpont`", "`endpoint`"}},
		{"extensions::healthcheckv2: {use_v3: true}", []string{"`extensions::healthcheckv2::use_v3`", "`use_v2`"}},
		{"exporters::otlp_http::sending_que: {}", []string{"`exporters::otlp_http::sending_que`", "`sending_queue`"}},
		{"exporters::otlp_http::tls::insecur: true", []string{"`exporters::otlp_http::tls::insecur`", "`insecure`"}},
		{"exporters::otlp_http::retry_on_failure::max_elapsed: 0s", []string{"`max_elapsed_time`"}},
		{"exporters::otlp_http::keepalive::idle: 0s", []string{"`exporters::otlp_http::keepalive::idle`"}},
		{"receivers::otlp::protocols::http::include_metadat: true", []string{"`receivers::otlp::protocols::http::include_metadat`", "`include_metadata`"}},
		{"receivers::otlp::protocols::http::tls::client_ca: x", []string{"`client_ca_file`"}},
		{"exporters::sm4: {otlp_http: {endpoint: 'http://loki:3100/otlp', sending_que: {}}}", []string{"`exporters::sm4::otlp_http::sending_que`", "`sending_queue`"}},
		{"exporters::prometheusremotewrite: {endpoint: 'http://x/api/v1/write', que: 1}", []string{"`exporters::prometheusremotewrite::que`", "`remote_write_queue`"}},
		{"exporters::prometheusremotewrite::http::endpont: x", []string{"`exporters::prometheusremotewrite::http::endpont`"}},
		{"exporters::prometheus_remote_write: {endpoint: 'http://x/api/v1/write', que: 1}", []string{"`exporters::prometheus_remote_write::que`"}},
		{"exporters::otlphttp::sending_que: {}", []string{"`exporters::otlphttp::sending_que`"}},
		{"processors::resource_detection::detector: [env]", []string{"`detectors`"}},
		{"exporters::prometheus::metric_expire: 5m", []string{"`metric_expiration`"}},
		{"receivers::zipkin::parse_tags: true", []string{"`parse_string_tags`"}},
		{"receivers::jaeger::protocols::thrift_http::endpont: x", []string{"`receivers::jaeger::protocols::thrift_http::endpont`"}},
		{"extensions::health_check::pat: x", []string{"`extensions::health_check::pat`", "`path`"}},
		{"extensions::zpages::endpont: x", []string{"`extensions::zpages::endpont`"}},
	} {
		t.Run(tt.setting, func(t *testing.T) {
			_, _, err := convert(t, minimal, "yaml:"+tt.setting)
			require.Error(t, err, "it was accepted")
			for _, want := range tt.wants {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func TestAnOverlayBeforeItsBaseIsRefused(t *testing.T) {
	t.Setenv("SEALGATE_TLS_DIR", newTLS(t))
	t.Setenv("SEALGATE_TOKENS", newFile(t, "token\n"))
	_, _, err := convert(t, "embedded:gateway", "embedded:bearer")
	require.NoError(t, err)
	_, _, err = convert(t, "embedded:bearer", "embedded:gateway")
	assert.ErrorContains(t, err, "`receivers::otlp::protocols::grpc::auth::authenticator`")
	assert.ErrorContains(t, err, "last")
}

func TestVariablesThatCannotWorkAreRefused(t *testing.T) {
	for variable, values := range map[string][]string{
		"SEALGATE_LOKI":         {"", "http//loki:3100", "loki:3100", "http://loki:3100/otlp", "http://loki:3100/otlp/v1/logs", "http://loki:3100/loki/api/v1/push", "http://loki:3100 "},
		"SEALGATE_PROMETHEUS":   {"", "prometheus:9090", "http://prometheus:9090/api/v1/otlp"},
		"SEALGATE_TEMPO":        {"tempo", "tempo:4317/v1/traces", "grpc://tempo:4317", ""},
		"SEALGATE_OTLP_GRPC":    {"::1:4317", "::", "[::1]", "localhost", "0.0.0.0", "4317", "127.0.0.1:70000", ""},
		"SEALGATE_HEALTH":       {"localhost"},
		"SEALGATE_METRICS_PORT": {"70000"},
	} {
		for _, value := range values {
			t.Run(variable+"="+value, func(t *testing.T) {
				t.Setenv(variable, value)
				_, _, err := convert(t, "embedded:gateway")
				require.Error(t, err, "it was accepted")
				assert.True(t, strings.Contains(err.Error(), "endpoint`") || strings.Contains(err.Error(), "port`"), err)
			})
		}
	}
}

func TestAddressesAreTidied(t *testing.T) {
	for given, want := range map[string]string{
		"http://loki:3100//otlp":      "http://loki:3100/otlp",
		" http://loki:3100/otlp":      "http://loki:3100/otlp",
		"http://fd00::1:31000/otlp":   "http://[fd00::1]:31000/otlp",
		"http://[fd00::1]:31000/otlp": "http://[fd00::1]:31000/otlp",
		"https://loki.example.org":    "https://loki.example.org",
	} {
		conf, _, err := convert(t, minimal, "yaml:exporters::otlp_http::endpoint: '"+given+"'")
		require.NoError(t, err, given)
		assert.Equal(t, want, conf.Get("exporters::otlp_http::endpoint"))
		assert.Equal(t, "queue_storage", conf.Get("exporters::otlp_http::sending_queue::storage"), "the rest stays")
	}
	conf, _, err := convert(t, minimal, "yaml:{receivers: {kubelet_stats: {endpoint: 'https://fd00::1:10250'}}, service: {pipelines: {metrics: {receivers: [kubelet_stats], exporters: [otlp_http]}}}}")
	require.NoError(t, err)
	assert.Equal(t, "https://[fd00::1]:10250", conf.Get("receivers::kubelet_stats::endpoint"), "Kubernetes gives the address of a node without brackets")

	t.Setenv("SEALGATE_METRICS_HOST", "[::1]")
	conf, _, err = convert(t, "embedded:gateway")
	require.NoError(t, err)
	reader := conf.Get("service::telemetry::metrics::readers").([]any)[0].(map[string]any)
	assert.Equal(t, map[string]any{"host": "::1", "port": 8888}, mapAt(mapAt(mapAt(reader, "pull"), "exporter"), "prometheus"))
}

func TestASamplerBehindSealingIsRefused(t *testing.T) {
	const sampled = `yaml:
receivers: {otlp/sealed: {protocols: {grpc: {endpoint: '0.0.0.0:4319'}}}}
processors: {tail_sampling: {}, probabilistic_sampler/x: {}}
exporters: {sm4: {otlp_grpc: {endpoint: '127.0.0.1:4319'}}}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [sm4]}
    traces/sealed: {receivers: [otlp/sealed], processors: [%s], exporters: [otlp_grpc]}
`
	for _, sampler := range []string{"tail_sampling", "probabilistic_sampler/x"} {
		_, _, err := convert(t, minimal, strings.Replace(sampled, "%s", sampler, 1))
		require.Error(t, err, sampler)
		assert.ErrorContains(t, err, "`service::pipelines::traces/sealed::processors`: `"+sampler+"`")
		assert.ErrorContains(t, err, "sample before sealing")
	}
	_, _, err := convert(t, minimal, strings.Replace(sampled, "%s", "", 1))
	assert.NoError(t, err)
	_, _, err = convert(t, minimal, strings.Replace(sampled, "%s", "tail_sampling", 1), "yaml:exporters::sm4::otlp_grpc::endpoint: 'other:4319'")
	assert.NoError(t, err, "another host")
}

func TestQueuesLargerThanTheVolumeAreWarnedOf(t *testing.T) {
	dir := t.TempDir()
	if _, ok := volumeSize(dir); !ok {
		t.Skip("the size of a volume is not known on this system")
	}
	queue := func(size string) []string {
		_, warnings, err := convert(t, minimal, "yaml:extensions::queue_storage::directory: "+dir+"/not/there/yet", "yaml:exporters::otlp_http::sending_queue: {sizer: bytes, queue_size: "+size+"}")
		require.NoError(t, err)
		return warnings
	}
	assert.Empty(t, queue("1_000"))
	require.Len(t, queue("1_000_000_000_000_000_000"), 1)
	assert.Contains(t, queue("1_000_000_000_000_000_000")[0], dir)
}

func TestMetricsOfSealedSpansAreWarnedOf(t *testing.T) {
	const derived = `yaml:
connectors: {span_metrics/red: {}}
service::pipelines:
  traces/red: {receivers: [otlp], exporters: [span_metrics/red]}
  metrics/red: {receivers: [span_metrics/red], exporters: [otlp_http/prometheus]}
`
	_, messages, err := convert(t, "embedded:sealed", derived)
	require.NoError(t, err)
	require.Len(t, messages, 1)
	for _, want := range []string{"traces/red", "`span_metrics/red`", "`sm4/tempo`", "`otlp_http/prometheus`", "in the clear"} {
		assert.Contains(t, messages[0], want)
	}
	for name, uris := range map[string][]string{
		"nothing is sealed":       {"embedded:gateway", derived},
		"the metrics are sealed":  {"embedded:sealed", derived, "yaml:service::pipelines::metrics/red::exporters: [sm4/archive]"},
		"only other data is used": {"embedded:sealed", derived, "yaml:service::pipelines: {traces: {exporters: [otlp_http/prometheus]}}"},
	} {
		_, messages, err := convert(t, uris...)
		require.NoError(t, err, name)
		assert.Empty(t, messages, name)
	}
}
