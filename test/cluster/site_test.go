// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/internal/labelbackends"
	"github.com/sealgate/sealgate/test/backends"
	"github.com/sealgate/sealgate/test/harness"
)

const (
	chart       = "deploy/helm/sealgate" // of the root
	namespace   = "observability"
	clusterName = "ack-test"
	// itemsTimeout is how long items may take to arrive: longer than the retries of agents
	// and gateways wait.
	itemsTimeout = 4 * time.Minute
)

// site is a cluster with the chart installed, and the backends, which run beside it.
type site struct {
	node       *Node
	loki       *harness.Loki
	tempo      *harness.Tempo
	prometheus *harness.Prometheus
	reader     string               // private key of the reader
	since      map[string]time.Time // when each pod was started
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := backends.Root()
	require.NoError(t, err)
	return dir
}

// install starts the backends and the cluster, and installs the chart with mutual TLS and
// sealing.
func install(ctx context.Context, t *testing.T) *site {
	t.Helper()
	s := &site{since: make(map[string]time.Time)}
	s.startBackends(ctx, t)
	serveMetadata(t)
	var err error
	start := time.Now()
	s.node, err = Start(ctx, Inside(), os.Getenv(clusters), os.Getenv(workload))
	require.NoError(t, err)
	t.Logf("the node was ready after %s", time.Since(start).Round(time.Second))
	t.Cleanup(s.node.Stop)
	t.Cleanup(func() { s.keepLogs(t) })
	for _, name := range []string{"gateway", "agent"} {
		layout := filepath.Join(harness.Built(t, "SEALGATE_IMAGES"), name)
		// Two tags of one program, for upgrades.
		require.NoError(t, s.node.ImportLayout(ctx, layout, "sealgate.test/"+name+":1", "sealgate.test/"+name+":2"))
	}
	s.secrets(ctx, t)
	start = time.Now()
	s.helm(ctx, t, "install", "sealgate", chart, "--values="+s.values(ctx, t), "--wait", "--timeout=4m")
	s.settled(ctx, t)
	t.Logf("the chart was installed after %s", time.Since(start).Round(time.Second))
	return s
}

// startBackends starts Loki, Tempo and Prometheus with the settings that sealctl prints.
func (s *site) startBackends(ctx context.Context, t *testing.T) {
	t.Helper()
	binaries, err := backends.Ensure(ctx, os.Stdout, labelbackends.Names()...)
	require.NoError(t, err)
	dir := Inside()
	settings := func(name string) string {
		return s.sealctl(t, nil, "labels", "--for", name, "--config", "embedded:sealed")
	}
	var starts sync.WaitGroup
	for name, start := range map[string]func() error{
		labelbackends.Loki: func() (err error) {
			s.loki, err = harness.StartLoki(ctx, binaries[labelbackends.Loki], dir, settings(labelbackends.Loki))
			return err
		},
		labelbackends.Tempo: func() (err error) {
			s.tempo, err = harness.StartTempo(ctx, binaries[labelbackends.Tempo], dir, settings(labelbackends.Tempo))
			return err
		},
		labelbackends.Prometheus: func() (err error) {
			s.prometheus, err = harness.StartPrometheus(ctx, binaries[labelbackends.Prometheus], dir, settings(labelbackends.Prometheus))
			return err
		},
	} {
		starts.Go(func() { assert.NoError(t, start(), name) })
	}
	starts.Wait()
	require.False(t, t.Failed())
	for _, p := range []*harness.Process{s.loki.Process, s.tempo.Process, s.prometheus.Process} {
		t.Cleanup(p.Kill)
	}
}

// serveMetadata answers as the metadata service of Alibaba Cloud does on an ECS instance.
// https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
func serveMetadata(t *testing.T) {
	t.Helper()
	answers := map[string]string{
		"/latest/api/token":                        "token",
		"/latest/meta-data/hostname":               NodeName,
		"/latest/meta-data/image-id":               "aliyun_3_x64_20G",
		"/latest/meta-data/instance-id":            "i-bp1sealgatetest",
		"/latest/meta-data/instance/instance-type": "ecs.g7.large",
		"/latest/meta-data/owner-account-id":       "1234567890123456",
		"/latest/meta-data/region-id":              "cn-hangzhou",
		"/latest/meta-data/zone-id":                "cn-hangzhou-h",
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(answer))
	})}
	// The node has its address once it has a network; until then, and on every other
	// address of this machine, nobody asks.
	l, err := net.Listen("tcp", ":80")
	require.NoError(t, err)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
}

// secrets makes the keys and certificates, and puts what pods may have of them into Secrets.
func (s *site) secrets(ctx context.Context, t *testing.T) {
	t.Helper()
	keys := filepath.Join(Inside(), "keys")
	s.sealctl(t, nil, "keygen", "--out", keys, "--name", "reader")
	s.sealctl(t, nil, "keygen", "--out", keys, "--name", "search", "--symmetric")
	s.sealctl(t, nil, "keygen", "--out", keys, "--name", "queue", "--symmetric")
	s.reader = filepath.Join(keys, "reader.pem")
	service := "sealgate-gateway"
	require.NoError(t, s.node.PKI.Issue("gateway", Identity{Name: "gateway", Hosts: []string{
		service + "." + namespace + ".svc", service + "-headless." + namespace + ".svc",
	}}))
	require.NoError(t, s.node.PKI.Issue("agent", Identity{Name: "agent"}))
	for _, args := range [][]string{
		{"create", "namespace", namespace},
		{"create", "namespace", "shop"},
		{"create", "secret", "generic", "keys", "--from-file=" + keys + "/reader.pub.pem", "--from-file=" + keys + "/search.key"},
		{"create", "secret", "generic", "queue", "--from-file=" + keys + "/queue.key"},
		s.certificate("gateway"),
		s.certificate("agent"),
	} {
		_, err := s.node.Kubectl(ctx, append(args, "--namespace="+namespace)...)
		require.NoError(t, err)
	}
}

func (s *site) certificate(name string) []string {
	return []string{"create", "secret", "generic", name + "-tls",
		"--from-file=tls.crt=" + s.node.PKI.Path(name+".crt"), "--from-file=tls.key=" + s.node.PKI.Path(name+".key"), "--from-file=ca.crt=" + s.node.PKI.Path("ca.crt")}
}

// values writes the values of the chart, and returns their path.
func (s *site) values(ctx context.Context, t *testing.T) string {
	t.Helper()
	relay := func(address string) string {
		reached, err := Relay(ctx, strings.TrimPrefix(address, "http://"))
		require.NoError(t, err)
		return reached
	}
	path := filepath.Join(Inside(), "values.yaml")
	require.NoError(t, os.WriteFile(path, []byte(fmt.Sprintf(`
clusterName: %s
gateway:
  image: {repository: sealgate.test/gateway, tag: "1", pullPolicy: Never}
  autoscaling: {enabled: false}
  replicas: 2
  persistence: {whenDeleted: Delete}
  seal: {enabled: true, secretName: keys}
  tls: {enabled: true, secretName: gateway-tls, clientAuth: true}
  backends: {tempo: "%s", loki: "http://%s", prometheus: "http://%s"}
  resources:
    requests: {cpu: 50m, memory: 128Mi}
agent:
  image: {repository: sealgate.test/agent, tag: "1", pullPolicy: Never}
  gateway: {tlsSecretName: agent-tls, clientCertificate: true}
  encryption: {secretName: queue}
  logs: {startAt: beginning}
  config:
    receivers: # the test does not wait for half a minute
      host_metrics: {collection_interval: 5s}
      kubelet_stats: {collection_interval: 5s}
`, clusterName, relay(s.tempo.OTLP), relay(s.loki.URL), relay(s.prometheus.URL))), 0o600))
	return path
}

func (s *site) helm(ctx context.Context, t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, harness.Built(t, "SEALGATE_HELM"), append(args, "--namespace="+namespace)...)
	cmd.Dir = root(t)
	cmd.Env = s.node.Env()
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "helm %s\n%s", strings.Join(args, " "), out)
}

func (s *site) sealctl(t *testing.T, stdin []byte, args ...string) string {
	t.Helper()
	cmd := exec.Command(harness.Built(t, "SEALGATE_CTL"), args...)
	cmd.Stdin = strings.NewReader(string(stdin))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "sealctl %s\n%s", strings.Join(args, " "), stderr.String())
	return string(out)
}

// settled waits until every pod of the release is of its newest revision, and ready.
func (s *site) settled(ctx context.Context, t *testing.T) {
	t.Helper()
	for _, object := range []string{"daemonset/sealgate-agent", "statefulset/sealgate-gateway"} {
		_, err := s.node.Kubectl(ctx, "rollout", "status", object, "--namespace="+namespace, "--timeout=3m")
		require.NoError(t, err)
	}
}

// images returns the images of all pods of the release.
func (s *site) images(ctx context.Context, t *testing.T) string {
	t.Helper()
	images, err := s.node.Kubectl(ctx, "get", "pods", "--namespace="+namespace, "--output=jsonpath={.items[*].spec.containers[*].image}")
	require.NoError(t, err)
	return images
}

func (s *site) deletePods(ctx context.Context, t *testing.T, component string) {
	t.Helper()
	_, err := s.node.Kubectl(ctx, "delete", "pods", "--namespace="+namespace, "--selector=app.kubernetes.io/component="+component)
	require.NoError(t, err)
}

// maker is a pod that makes items.
type maker struct {
	name        string // of the pod and the service; the first eight bytes tell it from others
	count, rate int
	crashEvery  int
	send        bool // over OTLP, and not as lines of its log
	anonymous   bool // what it sends does not say of which pod it is
}

// run starts a pod.
func (s *site) run(ctx context.Context, t *testing.T, m maker) {
	t.Helper()
	args := []string{"lines", "-name", m.name, "-count", strconv.Itoa(m.count), "-rate", strconv.Itoa(m.rate)}
	if m.send {
		args[0] = "send"
		args = append(args, "-to", "http://sealgate-agent."+namespace+".svc:4318")
	}
	if m.crashEvery > 0 {
		args = append(args, "-crash-every", strconv.Itoa(m.crashEvery), "-state", "/state/lines")
	}
	env := "[{name: POD_UID, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}]"
	if m.anonymous {
		env = "[]"
	}
	s.since[m.name] = time.Now()
	list, err := json.Marshal(args)
	require.NoError(t, err)
	require.NoError(t, s.node.Apply(ctx, fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: %[1]s, namespace: shop}
spec:
  terminationGracePeriodSeconds: 1
  automountServiceAccountToken: false
  containers:
    - name: main
      image: %[2]s
      imagePullPolicy: Never
      args: %[3]s
      env: %[4]s
      volumeMounts: [{name: state, mountPath: /state}]
  volumes: [{name: state, emptyDir: {}}]
`, m.name, WorkloadImage, list, env)))
}

// load starts two pods, one that writes lines and one that sends OTLP.
func (s *site) load(ctx context.Context, t *testing.T, name string, count int) {
	t.Helper()
	s.run(ctx, t, maker{name: name, count: count, rate: 50})
	s.run(ctx, t, maker{name: "o-" + name, count: count, rate: 50, send: true})
}

// loaded waits until everything of load has arrived.
func (s *site) loaded(ctx context.Context, t *testing.T, name string, count int) {
	t.Helper()
	s.arrives(ctx, t, name, count, s.storedLines)
	s.everything(ctx, t, "o-"+name, count)
}

// everything waits for the records, spans and data points that a pod sent.
func (s *site) everything(ctx context.Context, t *testing.T, name string, count int) {
	t.Helper()
	s.arrives(ctx, t, name, count, s.storedLines)
	s.arrives(ctx, t, name, count, s.storedSpans)
	s.await(ctx, t, "the counter of "+name, func(ctx context.Context) (bool, error) {
		found, err := s.prometheus.Query(ctx, fmt.Sprintf(`max(max_over_time(workload_items_total{service_name=%q}[1h]))`, name))
		return len(found) == 1 && found[0].Value == float64(count), err
	})
}

// sent waits until so many items of a pod have arrived.
func (s *site) sent(ctx context.Context, t *testing.T, name string, count int) {
	t.Helper()
	s.await(ctx, t, fmt.Sprintf("%d items of %s", count, name), func(ctx context.Context) (bool, error) {
		lines, err := s.loki.Count(ctx, counted(name))
		return lines >= float64(count), err
	})
}

// arrives waits until each item of a pod is stored, and tells how many are there twice.
// Stored returns how often each item is there, and need not do so while it knows that there
// are fewer than count.
func (s *site) arrives(ctx context.Context, t *testing.T, name string, count int, stored func(ctx context.Context, t *testing.T, name string, count int) (map[int]int, error)) {
	t.Helper()
	waiting, cancel := context.WithTimeout(ctx, itemsTimeout)
	defer cancel()
	var found map[int]int
	err := harness.Poll(waiting, "every item of "+name, func(ctx context.Context) (ok bool, err error) {
		found, err = stored(ctx, t, name, count)
		return len(found) >= count, err
	})
	if err != nil {
		found, failed := stored(ctx, t, name, 0)
		require.NoError(t, failed)
		var missing []int
		for item := range count {
			if found[item] == 0 {
				missing = append(missing, item)
			}
		}
		require.NoError(t, err, "%d of %d items of %s are missing: %v", len(missing), count, name, missing)
	}
	more := 0
	for _, times := range found {
		more += times - 1
	}
	t.Logf("%s: %d items, and %d of them again", name, len(found), more)
}

func (s *site) await(ctx context.Context, t *testing.T, what string, ok func(context.Context) (bool, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, itemsTimeout)
	defer cancel()
	require.NoError(t, harness.Poll(ctx, what, ok))
}

// itemText finds the numbers of items in lines.
var itemText = regexp.MustCompile(`^ERROR item ([a-z-]+)-(\d{6})`)

// counted is the query for the number of lines of a service.
func counted(service string) string {
	return fmt.Sprintf(`sum(count_over_time({service_name=%q}[1h]))`, service)
}

// storedLines returns the items of a service in Loki, and how often each is there. It reads
// them with the private key, a slice of time after the other, since Loki limits an answer.
func (s *site) storedLines(ctx context.Context, t *testing.T, service string, count int) (map[int]int, error) {
	lines, err := s.loki.Count(ctx, counted(service))
	if err != nil || lines < float64(count) {
		return nil, err
	}
	found := make(map[int]int)
	now := time.Now()
	for from := s.since[service]; from.Before(now); from = from.Add(slice) {
		answer, err := harness.Fetch(ctx, s.loki.QueryURL(fmt.Sprintf(`{service_name=%q}`, service), harness.Window{From: from, To: from.Add(slice)}))
		if err != nil {
			return nil, err
		}
		lines, err := harness.ParseLines([]byte(s.sealctl(t, answer, "unseal", "--key", s.reader, "--require-sealed")))
		if err != nil {
			return nil, err
		}
		for _, line := range lines {
			if m := itemText.FindStringSubmatch(line.Text); m != nil && m[1] == service {
				number, _ := strconv.Atoi(m[2])
				found[number]++
			}
		}
	}
	return found, nil
}

// slice is a time in which no service makes more items than Loki answers.
const slice = 10 * time.Second

// labels returns the labels of the lines of a service in Loki, as they are stored.
func (s *site) labels(ctx context.Context, t *testing.T, service string) []map[string]string {
	t.Helper()
	lines, err := s.loki.Query(ctx, fmt.Sprintf(`{service_name=%q}`, service), harness.Around(time.Now()))
	require.NoError(t, err)
	require.NotEmpty(t, lines)
	labels := make([]map[string]string, len(lines))
	for i, line := range lines {
		labels[i] = line.Labels
	}
	return labels
}

// storedSpans returns the items of a service in Tempo: their numbers are in the ids of the
// traces.
func (s *site) storedSpans(ctx context.Context, _ *testing.T, service string, _ int) (map[int]int, error) {
	traces, err := s.tempo.Search(ctx, fmt.Sprintf(`{ resource.service.name = %q }`, service), harness.Around(time.Now()))
	if err != nil {
		return nil, err
	}
	found := make(map[int]int)
	for id := range traces {
		number, err := strconv.ParseUint(id[16:], 16, 64)
		if err != nil {
			return nil, err
		}
		found[int(number)-1]++
	}
	return found, nil
}
