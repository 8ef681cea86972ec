// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package deploy

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
)

// examples lists flags of helm: the values that every promise is checked with: none, and each file
// in deploy/helm/examples.
func examples(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("../../deploy/helm/examples/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	all := map[string][]string{"default": nil}
	for _, file := range files {
		all[strings.TrimSuffix(filepath.Base(file), ".yaml")] = []string{"--values", file}
	}
	return all
}

func TestHelmFindsNothingToSayAboutTheChart(t *testing.T) {
	for name, flags := range examples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := helm(t, append([]string{"lint", "--strict", chartDir}, flags...)...)
			require.NoError(t, err, out)
		})
	}
}

// What the parts of a release say about each other has to be true.
func TestAReleaseFitsTogether(t *testing.T) {
	for name, flags := range examples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := render(t, "sealgate", flags...)
			require.NotEmpty(t, r.workloads())
			for _, w := range r.workloads() {
				checkPod(t, r, w)
				checkSecurity(t, w)
			}
			checkServices(t, r)
			checkPolicies(t, r)
			checkAccounts(t, r)
			checkNames(t, r)
		})
	}
}

// A name that is as long as Helm lets it be still makes names that Kubernetes takes.
func TestNamesStayWithinTheirLimits(t *testing.T) {
	r := render(t, strings.Repeat("n", 53))
	checkNames(t, r)
	for _, w := range r.workloads() {
		checkPod(t, r, w)
	}
}

func checkPod(t *testing.T, r release, w workload) {
	t.Helper()
	assert.True(t, selects(w.selector.MatchLabels, w.pod.Labels), "%s selects its own pods", w.name)
	for _, other := range r.workloads() {
		if other.name != w.name {
			assert.False(t, selects(w.selector.MatchLabels, other.pod.Labels), "%s selects pods of %s", w.name, other.name)
		}
	}

	volumes := slices.Clone(w.claims)
	for _, v := range w.pod.Spec.Volumes {
		volumes = append(volumes, v.Name)
		if v.ConfigMap != nil && strings.HasPrefix(v.ConfigMap.Name, w.name) {
			assert.NotNil(t, find[*corev1.ConfigMap](r, v.ConfigMap.Name), "volume %s", v.Name)
		}
	}
	c := w.container()
	var mounts []string
	for _, m := range c.VolumeMounts {
		mounts = append(mounts, m.Name)
		assert.Empty(t, m.SubPath, "what is mounted by subPath is never updated")
	}
	slices.Sort(volumes)
	slices.Sort(mounts)
	assert.Equal(t, volumes, mounts, "%s mounts each of its volumes once", w.name)

	for _, p := range []*corev1.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
		assert.Contains(t, portNames(c), p.HTTPGet.Port.StrVal, "a probe asks a port that there is")
	}
	checkEnv(t, c)
	assert.Contains(t, c.Resources.Limits, corev1.ResourceMemory, "without a limit memory_limiter would go by the memory of the node")

	if class := w.pod.Spec.PriorityClassName; strings.HasPrefix(class, namespace+"-") {
		assert.NotNil(t, find[*schedulingv1.PriorityClass](r, class), class)
	}
	for _, s := range w.pod.Spec.TopologySpreadConstraints {
		assert.True(t, selects(s.LabelSelector.MatchLabels, w.pod.Labels), "pods are spread over %s by their own labels", s.TopologyKey)
	}
}

// checkEnv requires that each variable is set once, and after those it refers to.
func checkEnv(t *testing.T, c corev1.Container) {
	t.Helper()
	var known []string
	for _, e := range c.Env {
		assert.NotContains(t, known, e.Name)
		for _, reference := range references.FindAllStringSubmatch(e.Value, -1) {
			assert.Contains(t, known, reference[1], "%s refers to it", e.Name)
		}
		known = append(known, e.Name)
	}
}

func checkSecurity(t *testing.T, w workload) {
	t.Helper()
	pod, c := w.pod.Spec, w.container()
	assert.True(t, *c.SecurityContext.ReadOnlyRootFilesystem)
	assert.False(t, *c.SecurityContext.AllowPrivilegeEscalation)
	assert.Equal(t, []corev1.Capability{"ALL"}, c.SecurityContext.Capabilities.Drop)
	assert.Empty(t, c.SecurityContext.Capabilities.Add)
	assert.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type)
	assert.False(t, pod.HostNetwork || pod.HostPID || pod.HostIPC)

	_, isAgent := w.object.(*appsv1.DaemonSet)
	assert.Equal(t, isAgent, *pod.AutomountServiceAccountToken, "only who asks the API server has a token")
	if isAgent {
		for _, m := range c.VolumeMounts {
			for _, v := range pod.Volumes {
				if v.Name == m.Name && v.HostPath != nil {
					assert.Equal(t, m.Name != "data", m.ReadOnly, "of the node, only %s is written", "data")
				}
			}
		}
		return
	}
	assert.True(t, *pod.SecurityContext.RunAsNonRoot)
	assert.Equal(t, imageUser(t), *pod.SecurityContext.RunAsUser, "the user of packaging/Dockerfile")
	assert.Equal(t, imageUser(t), *pod.SecurityContext.FSGroup)
	for _, v := range pod.Volumes {
		assert.Nil(t, v.HostPath, v.Name)
		if v.Secret != nil {
			assert.EqualValues(t, 0o440, *v.Secret.DefaultMode, "keys that others may read are refused")
		}
	}
}

func checkServices(t *testing.T, r release) {
	t.Helper()
	for _, s := range all[*corev1.Service](r) {
		w := r.selected(t, s.Spec.Selector, "Service "+s.Name)
		for _, p := range s.Spec.Ports {
			assert.Contains(t, portNames(w.container()), p.TargetPort.StrVal, "Service %s", s.Name)
		}
	}
	for _, set := range all[*appsv1.StatefulSet](r) {
		headless := find[*corev1.Service](r, set.Spec.ServiceName)
		require.NotNil(t, headless, set.Spec.ServiceName)
		assert.Equal(t, corev1.ClusterIPNone, headless.Spec.ClusterIP)
	}
}

func checkPolicies(t *testing.T, r release) {
	t.Helper()
	for _, p := range all[*networkingv1.NetworkPolicy](r) {
		w := r.selected(t, p.Spec.PodSelector.MatchLabels, "NetworkPolicy "+p.Name)
		var open []string
		for _, rule := range p.Spec.Ingress {
			for _, port := range rule.Ports {
				open = append(open, port.Port.StrVal)
			}
		}
		assert.ElementsMatch(t, portNames(w.container()), open, "NetworkPolicy %s opens the ports that there are", p.Name)
	}
	for _, p := range all[*policyv1.PodDisruptionBudget](r) {
		r.selected(t, p.Spec.Selector.MatchLabels, "PodDisruptionBudget "+p.Name)
		assert.NotEqual(t, intstr.FromInt32(0), *p.Spec.MaxUnavailable, "a node could never be drained")
	}
	for _, a := range all[*autoscalingv2.HorizontalPodAutoscaler](r) {
		target := a.Spec.ScaleTargetRef
		w := r.workload(target.Kind, target.Name)
		require.NotNil(t, w, "HorizontalPodAutoscaler %s scales %s %s", a.Name, target.Kind, target.Name)
		assert.Nil(t, w.replicas, "two would set the number of replicas")
		assert.Contains(t, w.container().Resources.Requests, corev1.ResourceCPU, "use is measured by the request")
	}
	for _, m := range all[*monitoringv1.PodMonitor](r) {
		w := r.selected(t, m.Spec.Selector.MatchLabels, "PodMonitor "+m.Name)
		for _, e := range m.Spec.PodMetricsEndpoints {
			assert.Contains(t, portNames(w.container()), *e.Port)
		}
	}
}

func checkAccounts(t *testing.T, r release) {
	t.Helper()
	for _, w := range r.workloads() {
		if name := w.pod.Spec.ServiceAccountName; name != "default" {
			assert.NotNil(t, find[*corev1.ServiceAccount](r, name), name)
		}
	}
	for _, b := range all[*rbacv1.ClusterRoleBinding](r) {
		assert.NotNil(t, find[*rbacv1.ClusterRole](r, b.RoleRef.Name), b.RoleRef.Name)
		for _, s := range b.Subjects {
			assert.Equal(t, namespace, s.Namespace)
			assert.True(t, slices.ContainsFunc(r.workloads(), func(w workload) bool { return w.pod.Spec.ServiceAccountName == s.Name }), "%s runs nothing", s.Name)
		}
	}
}

// checkNames requires names and labels that the API server takes, and no Secret: a
// release is stored, and shown, with all that is in it.
func checkNames(t *testing.T, r release) {
	t.Helper()
	seen := map[string]bool{}
	for _, o := range r.objects {
		kind, m := kindOf(o), metadataOf(t, o)
		assert.NotEqual(t, "Secret", kind)
		id := kind + " " + m.GetName()
		assert.False(t, seen[id], "%s is there twice", id)
		seen[id] = true
		assert.Empty(t, validation.IsDNS1123Subdomain(m.GetName()), id)
		if kind == "Service" || kind == "StatefulSet" {
			assert.Empty(t, validation.IsDNS1123Label(m.GetName()), id)
		}
		for key, value := range m.GetLabels() {
			assert.Empty(t, validation.IsQualifiedName(key), id)
			assert.Empty(t, validation.IsValidLabelValue(value), id)
		}
	}
}

func TestWithoutVolumesQueuesAreInMemory(t *testing.T) {
	r := render(t, "sealgate", "--set", "gateway.persistence.enabled=false")
	gateway := r.workload("Deployment", "sealgate-gateway")
	require.NotNil(t, gateway)
	config := effectiveConfig(t, r, *gateway)
	for name, exporter := range config["exporters"].(map[string]any) {
		queue := exporter.(map[string]any)["sending_queue"].(map[string]any)
		assert.Nil(t, queue["storage"], "a queue on the disk of a pod is lost with every update, for it is not sent at shutdown: %s", name)
		assert.EqualValues(t, 50_000_000, queue["queue_size"], "three of them fit the pod's memory: %s", name)
	}
}

func TestSealingMountsOnlyTheKeysThatAreNamed(t *testing.T) {
	r := render(t, "sealgate", examples(t)["sealed"]...)
	gateway := r.workload("StatefulSet", "sealgate-gateway")
	require.NotNil(t, gateway)
	for _, v := range gateway.pod.Spec.Volumes {
		if v.Name == "keys" {
			var keys []string
			for _, item := range v.Secret.Items {
				keys = append(keys, item.Path)
			}
			assert.Equal(t, []string{"reader.pub.pem", "auditor.pub.pem", "search.key"}, keys)
		}
	}
	exporters := effectiveConfig(t, r, *gateway)["exporters"].(map[string]any)
	for _, name := range []string{"sm4/tempo", "sm4/loki"} {
		keys := exporters[name].(map[string]any)["keys"].(map[string]any)["sm2"].(map[string]any)
		assert.Equal(t, []any{"/etc/sealgate/keys/reader.pub.pem", "/etc/sealgate/keys/auditor.pub.pem"}, keys["recipients"], name)
	}
}

func TestNodesOfASealedReleaseHoldNothingInTheClear(t *testing.T) {
	r := render(t, "sealgate", examples(t)["sealed"]...)
	config := effectiveConfig(t, r, *r.workload("DaemonSet", "sealgate-agent"))
	extensions := config["extensions"].(map[string]any)
	for _, stored := range []map[string]any{
		config["exporters"].(map[string]any)["otlp_grpc/gateway"].(map[string]any)["sending_queue"].(map[string]any),
		config["receivers"].(map[string]any)["file_log"].(map[string]any),
	} {
		extension := extensions[stored["storage"].(string)].(map[string]any)
		file := extension["encryption"].(map[string]any)["file"].(map[string]any)
		assert.Equal(t, "/etc/sealgate/queue/queue.key", file["path"], stored["storage"])
	}
}

func TestBothEndsOfMutualTLSHaveTheirCertificates(t *testing.T) {
	r := render(t, "sealgate", examples(t)["mtls"]...)
	gateway, agent := r.workload("StatefulSet", "sealgate-gateway"), r.workload("DaemonSet", "sealgate-agent")
	protocols := effectiveConfig(t, r, *gateway)["receivers"].(map[string]any)["otlp"].(map[string]any)["protocols"].(map[string]any)
	for _, protocol := range []string{"grpc", "http"} {
		tls := protocols[protocol].(map[string]any)["tls"].(map[string]any)
		assert.Equal(t, "/etc/sealgate/tls/ca.crt", tls["client_ca_file"], protocol)
		assert.Equal(t, "/etc/sealgate/tls/tls.crt", tls["cert_file"], protocol)
	}
	tls := effectiveConfig(t, r, *agent)["exporters"].(map[string]any)["otlp_grpc/gateway"].(map[string]any)["tls"].(map[string]any)
	for key, want := range map[string]any{"ca_file": "/etc/sealgate/tls/ca.crt", "cert_file": "/etc/sealgate/tls/tls.crt", "key_file": "/etc/sealgate/tls/tls.key"} {
		assert.Equal(t, want, tls[key], key)
	}
	assert.NotEqual(t, true, tls["insecure"])
}

// A gateway that starts after the agents gets its share, if they connect again to all that the headless Service names.
func TestAgentsSpreadOverTheGateways(t *testing.T) {
	never := any(nil)
	for setting, want := range map[string]any{"": "30s", "gateway.maxConnectionAge=2m": "2m0s", "gateway.maxConnectionAge=": never} {
		r := render(t, "sealgate", "--set", setting)
		grpc := effectiveConfig(t, r, *r.workload("StatefulSet", "sealgate-gateway"))["receivers"].(map[string]any)["otlp"].(map[string]any)["protocols"].(map[string]any)["grpc"].(map[string]any)
		assert.Equal(t, want, grpc["keepalive"].(map[string]any)["server_parameters"].(map[string]any)["max_connection_age"], setting)
		exporter := effectiveConfig(t, r, *r.workload("DaemonSet", "sealgate-agent"))["exporters"].(map[string]any)["otlp_grpc/gateway"].(map[string]any)
		assert.Equal(t, "dns:///sealgate-gateway-headless."+namespace+".svc:4317", exporter["endpoint"])
		assert.Equal(t, "round_robin", exporter["balancer_name"])
	}
}

func TestOnlyAChangedConfigurationRestartsPods(t *testing.T) {
	annotations := func(flags ...string) map[string]string {
		r := render(t, "sealgate", append(flags, "--set", "gateway.persistence.enabled=false")...)
		return r.workload("Deployment", "sealgate-gateway").pod.Annotations
	}
	one := annotations("--set", "gateway.config.processors.cloudlabels.key_style=dotted")
	other := annotations("--set", "gateway.config.processors.cloudlabels.key_style=underscore")
	assert.NotEqual(t, one, other)
	assert.Equal(t, annotations(), annotations("--set", "gateway.filters.files.a\\.wasm=AGFzbQEAAAA="), "a filter is taken up by the gateway itself")
}

// What a pod is started with is given to the program that it starts.
func TestEveryPodHasAConfigurationThatItsProgramAccepts(t *testing.T) {
	for name, flags := range examples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := render(t, "sealgate", flags...)
			for _, w := range r.workloads() {
				t.Run(w.name, func(t *testing.T) {
					out, err := runPod(t, r, w, "validate")
					require.NoError(t, err, out)
				})
			}
		})
	}
}

// A field that a cluster does not know is refused by it, with all that is in the release.
func TestAReleaseFitsTheVersionOfItsCluster(t *testing.T) {
	const wanted = "gateway.service.trafficDistribution="
	for version, want := range map[string]struct {
		sleeps       bool
		distribution map[string]string // by the wanted one
	}{
		"1.26.11":              {},
		"v1.26.3-aliyun.1":     {},
		"v1.27.9+k3s1":         {},
		"v1.28.5-eks-5e0fdde":  {},
		"1.29.14":              {},
		"v1.30.0-rc.1":         {sleeps: true},
		"v1.31.14-eks-113cf36": {true, map[string]string{"PreferSameZone": "PreferClose", "PreferClose": "PreferClose"}},
		"1.37.2":               {true, map[string]string{"PreferSameZone": "PreferSameZone", "PreferClose": "PreferClose", "PreferSameNode": "PreferSameNode"}},
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			for _, distribution := range []string{"PreferSameZone", "PreferClose", "PreferSameNode"} {
				r := render(t, "sealgate", "--kube-version", version, "--set", wanted+distribution, "--set", "agent.preStopSleepSeconds=5")
				require.Len(t, r.workloads(), 2)
				for _, w := range r.workloads() {
					lifecycle, grace := w.container().Lifecycle, *w.pod.Spec.TerminationGracePeriodSeconds
					if want.sleeps {
						assert.Greater(t, grace, lifecycle.PreStop.Sleep.Seconds, w.name)
					} else {
						assert.Nil(t, lifecycle, w.name)
					}
				}
				for _, s := range all[*corev1.Service](r) {
					if s.Name != "sealgate-gateway" {
						continue
					}
					if got := want.distribution[distribution]; got != "" {
						assert.Equal(t, &got, s.Spec.TrafficDistribution)
					} else {
						assert.Nil(t, s.Spec.TrafficDistribution, distribution)
					}
				}
			}
		})
	}
	for flags, message := range map[[2]string]string{
		{"1.25.16", "clusterName=a"}:                                 "1.26",
		{"1.30.9", "agent.filters.image=registry.example/filters:1"}: "agent.filters.image needs Kubernetes 1.31, and this cluster is v1.30.9",
	} {
		out, err := helm(t, "template", "sealgate", chartDir, "--kube-version", flags[0], "--set", flags[1])
		require.Error(t, err, flags)
		assert.Contains(t, out, message)
	}
}

func TestWrongValuesAreRefusedByTheirName(t *testing.T) {
	for setting, wants := range map[string][]string{
		"gatway.enabled=true":                             {"gatway"},
		"gateway.replica=3":                               {"/gateway", "replica"},
		"gateway.replicas=many":                           {"/gateway/replicas", "integer"},
		"gateway.image.pullPolicy=Sometimes":              {"/gateway/image/pullPolicy", "IfNotPresent"},
		"gateway.image.digest=1":                          {"/gateway/image/digest"},
		"gateway.backends.loki=loki:3100":                 {"/gateway/backends/loki", "https?://"},
		"gateway.persistence.size=10 GB":                  {"/gateway/persistence/size"},
		"gateway.persistence.whenScaled=Keep":             {"/gateway/persistence/whenScaled", "Retain", "Delete"},
		"gateway.podDisruptionBudget.maxUnavailable=0":    {"/gateway/podDisruptionBudget/maxUnavailable"},
		"gateway.extraPorts[0].name=zipkin":               {"/gateway/extraPorts/0", "port"},
		"gateway.maxConnectionAge=5":                      {"/gateway/maxConnectionAge"},
		"gateway.extraConfigs[0]=my.yaml":                 {"/gateway/extraConfigs/0"},
		"gateway.seal.enabled=true":                       {"gateway.seal.secretName is empty"},
		"gateway.tls.enabled=true":                        {"gateway.tls.secretName is empty"},
		"gateway.tls.clientAuth=true":                     {"gateway.tls.clientAuth needs gateway.tls.enabled"},
		"gateway.enabled=false":                           {"agent.gateway.endpoint is empty", "gateway.enabled"},
		"gateway.autoscaling.minReplicas=20":              {"gateway.autoscaling.minReplicas", "gateway.autoscaling.maxReplicas"},
		"agent.logs.startAt=middle":                       {"/agent/logs/startAt", "beginning"},
		"agent.dataPath=data":                             {"/agent/dataPath"},
		"agent.gateway.clientCertificate=true":            {"agent.gateway.clientCertificate needs agent.gateway.tlsSecretName"},
		"agent.resourceAttributes.a=b\\,c=d":              {"/agent/resourceAttributes/a"},
		"agent.priorityClass.value=2000000000":            {"/agent/priorityClass/value"},
		"agent.filters.configMap=a,agent.filters.image=b": {"agent.filters: set one of configMap, files and image"},
		"gateway.tls.enabled=true,gateway.tls.secretName=a,gateway.tls.clientAuth=true": {"agent.gateway.clientCertificate"},
		"gateway.tls.enabled=true,gateway.tls.secretName=a,agent.gateway.insecure=true": {"agent.gateway.insecure contradicts gateway.tls.enabled"},
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			out, err := helm(t, "template", "sealgate", chartDir, "--set", setting)
			require.Error(t, err, "it was accepted")
			for _, want := range wants {
				assert.Contains(t, out, want)
			}
		})
	}
}

// withValues renders the chart with a file of values.
func withValues(t *testing.T, values string) (string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "values.yaml")
	require.NoError(t, os.WriteFile(file, []byte(values), 0o600))
	return helm(t, "template", "sealgate", chartDir, "--values", file)
}

func TestNumbersInTheEnvironmentAreRefused(t *testing.T) {
	for _, role := range []string{"gateway", "agent"} {
		for _, number := range []string{"2000000000", "012345678912", "123456789012", "1.10", "0"} {
			out, err := withValues(t, role+": {env: {ACCOUNT: "+number+"}}")
			require.Error(t, err, "%s was accepted", number)
			assert.Contains(t, out, role+".env.ACCOUNT is a number: write it in quotes")

			out, err = withValues(t, role+": {env: {ACCOUNT: '"+number+"'}}")
			require.NoError(t, err, out)
			assert.Contains(t, out, `value: "`+number+`"`, "every digit arrives")
		}
	}
}

func TestQueuesHaveToFitTheVolume(t *testing.T) {
	for values, fits := range map[string]bool{
		"persistence: {size: 500Mi}":                                                                               false,
		"persistence: {size: 1Gi}, env: {SEALGATE_QUEUE_BYTES: '5000000000'}":                                      false,
		"persistence: {size: 10G}, env: {SEALGATE_QUEUE_BYTES: '5_000_000_000'}":                                   false,
		"persistence: {size: 1Gi}, env: {SEALGATE_QUEUE_BYTES: '300000000'}":                                       true,
		"persistence: {size: 20Gi}, env: {SEALGATE_QUEUE_BYTES: '5_000_000_000'}":                                  true,
		"persistence: {size: 500Mi, enabled: false}":                                                               true,
		"persistence: {size: 1Gi}, env: {SEALGATE_QUEUE_BYTES: {valueFrom: {configMapKeyRef: {name: a, key: b}}}}": true,
	} {
		out, err := withValues(t, "gateway: {"+values+"}")
		if fits {
			assert.NoError(t, err, "%s: %s", values, out)
			continue
		}
		require.Error(t, err, "%s was accepted", values)
		assert.Contains(t, out, "gateway.persistence.size")
		assert.Contains(t, out, "gateway.env.SEALGATE_QUEUE_BYTES")
	}
}

func TestAddressesOfBackendsHaveNoPathOfTheirAPI(t *testing.T) {
	for values, key := range map[string]string{
		"loki: 'http://loki:3100/otlp'":                    "gateway.backends.loki",
		"loki: 'http://loki:3100/otlp/v1/logs'":            "gateway.backends.loki",
		"loki: 'http://loki:3100/loki/api/v1/push'":        "gateway.backends.loki",
		"prometheus: 'http://prometheus:9090/api/v1/otlp'": "gateway.backends.prometheus",
		"tempo: 'http://tempo:4317/'":                      "gateway.backends.tempo",
		"tempo: 'tempo:4317/v1/traces'":                    "gateway.backends.tempo",
	} {
		out, err := withValues(t, "gateway: {backends: {"+values+"}}")
		require.Error(t, err, "%s was accepted", values)
		assert.Contains(t, out, key)
	}
	for _, values := range []string{"loki: 'http://proxy/tenant-a'", "tempo: 'dns:///tempo:4317'", "tempo: 'https://tempo:4317'"} {
		out, err := withValues(t, "gateway: {backends: {"+values+"}}")
		assert.NoError(t, err, "%s: %s", values, out)
	}
}

func TestInstallingSaysWhatIsNotSafe(t *testing.T) {
	for flags, want := range map[string]string{
		"gateway.tls.enabled=false":                           "without TLS",
		"gateway.persistence.enabled=false":                   "queues are in memory",
		"clusterName=":                                        "clusterName is empty",
		"gateway.seal.enabled=true,gateway.seal.secretName=a": "agent.encryption.secretName is empty",
	} {
		out, err := helm(t, "install", "sealgate", chartDir, "--dry-run=client", "--set", flags)
		require.NoError(t, err, out)
		_, notes, _ := strings.Cut(out, "\nNOTES:\n")
		assert.Contains(t, notes, want, flags)
	}
}

func TestTheChartIsOfTheVersionOfTheProgram(t *testing.T) {
	chart := readYAML(t, filepath.Join(chartDir, "Chart.yaml"))
	manifest := readYAML(t, "../../builder-config.yaml")
	assert.Equal(t, manifest["dist"].(map[string]any)["version"], chart["appVersion"])
}

// Alerts and dashboards are those of the repository, not copies of them.
func TestAlertsAndDashboardsAreThoseOfTheRepository(t *testing.T) {
	r := render(t, "sealgate", "--set", "monitoring.prometheusRule.enabled=true,monitoring.dashboards.enabled=true")
	rules := all[*monitoringv1.PrometheusRule](r)
	require.Len(t, rules, 1)
	assert.Len(t, rules[0].Spec.Groups, len(readYAML(t, "../../deploy/alerts/sealgate.rules.yaml")["groups"].([]any)))

	files, err := filepath.Glob("../../deploy/dashboards/*.json")
	require.NoError(t, err)
	found := map[string]string{}
	for _, c := range all[*corev1.ConfigMap](r) {
		maps.Copy(found, c.Data)
	}
	require.Len(t, found, len(files))
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, string(content), found[filepath.Base(file)], file)
	}
}

// An agent reads the logs of all pods but those of its own release, by whatever name.
func TestAgentsDoNotReadTheirOwnLogs(t *testing.T) {
	r := render(t, "otel", "--set", "fullnameOverride=telemetry")
	for _, e := range r.workload("DaemonSet", "telemetry-agent").container().Env {
		if e.Name == "SEALGATE_POD_LOGS_EXCLUDE" {
			for _, pod := range []string{"telemetry-agent-x7k2p", "telemetry-gateway-0"} {
				matched, err := filepath.Match(e.Value, "/var/log/pods/"+namespace+"_"+pod+"_0a1b/agent/0.log")
				require.NoError(t, err)
				assert.True(t, matched, pod)
			}
			return
		}
	}
	t.Fatal("SEALGATE_POD_LOGS_EXCLUDE is not set")
}

func selects(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return len(selector) > 0
}

func portNames(c corev1.Container) []string {
	names := map[string]bool{}
	for _, p := range c.Ports {
		names[p.Name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func built(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Skipf("%s names no built program; `make test` does", variable)
	}
	return path
}
