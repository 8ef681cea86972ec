// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// labelled gives each label by its semantic-convention key.
type labelled = map[string]string

// attrsOf returns the attributes of a resource in the order of their keys.
func attrsOf(resource map[string]string) []attr {
	var set []attr
	for _, key := range slices.Sorted(maps.Keys(resource)) {
		set = append(set, attr{key: key, value: resource[key]})
	}
	return set
}

// infer returns the labels that a resource has in the end.
func infer(t testing.TB, opts Options, resource map[string]string) (labelled, Stats) {
	t.Helper()
	table := newTable(t, opts)
	_, st := normalizeResource(table, attrsOf(resource))
	return labelsOf(table, attrsOf(resource)), st
}

func TestAProviderIDGivesAwayThePlace(t *testing.T) {
	for id, want := range map[string]labelled{
		"aws:///us-east-1a/i-0123456789abcdef0":                              {"cloud.provider": "aws", "cloud.region": "us-east-1", "cloud.availability_zone": "us-east-1a", "host.id": "i-0123456789abcdef0"},
		"aws:///us-west-2-lax-1a/i-0123456789abcdef0":                        {"cloud.provider": "aws", "cloud.region": "us-west-2", "cloud.availability_zone": "us-west-2-lax-1a", "host.id": "i-0123456789abcdef0"},
		"aws:///us-east-1a/0a1b2c3d4e-5f60/fargate-ip-10-0-0-1.ec2.internal": {"cloud.provider": "aws", "cloud.platform": "aws_eks", "cloud.region": "us-east-1", "cloud.availability_zone": "us-east-1a"},
		"gce://prod-247113/europe-west3-b/gke-prod-pool-1":                   {"cloud.provider": "gcp", "cloud.region": "europe-west3", "cloud.availability_zone": "europe-west3-b", "cloud.account.id": "prod-247113"},
		"azure:///subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/mc_a_b_westeurope/providers/Microsoft.Compute/virtualMachineScaleSets/aks-1/virtualMachines/0": {
			"cloud.provider": "azure", "cloud.account.id": "0b1f6471-1bf0-4dda-aec3-cb9272f09590"},
		"cn-hangzhou.i-bp15hr53jws84akg4gkd":           {"cloud.provider": "alibaba", "cloud.region": "cn-hangzhou", "host.id": "i-bp15hr53jws84akg4gkd"},
		"alicloud://cn-hangzhou.i-bp15hr53jws84akg4gk": {"cloud.provider": "alibaba", "cloud.region": "cn-hangzhou", "host.id": "i-bp15hr53jws84akg4gk"},
		"qcloud:///100003/ins-abcd1234":                {"cloud.provider": "tencent", "host.id": "ins-abcd1234"},
		"qcloud:///ap-singapore/ins-abcd1234":          {"cloud.provider": "tencent", "cloud.region": "ap-singapore", "host.id": "ins-abcd1234"},
		"tencentcloud:///ap-guangzhou-3/ins-abcd1234":  {"cloud.provider": "tencent", "cloud.region": "ap-guangzhou", "cloud.availability_zone": "ap-guangzhou-3", "host.id": "ins-abcd1234"},
		"hcloud://4711":         {"cloud.provider": "hetzner", "host.id": "4711"},
		"digitalocean://4711":   {"cloud.provider": "digitalocean", "host.id": "4711"},
		"volcengine://i-yd1234": {"cloud.provider": "volcengine", "host.id": "i-yd1234"},
		"scaleway://instance/fr-par-1/0b1f6471-1bf0-4dda-aec3-cb9272f09590": {"cloud.provider": "scaleway", "cloud.region": "fr-par", "cloud.availability_zone": "fr-par-1", "host.id": "0b1f6471-1bf0-4dda-aec3-cb9272f09590"},
		"ocid1.instance.oc1.eu-frankfurt-1.antheljt":                        {"cloud.provider": "oracle", "cloud.region": "eu-frankfurt-1", "host.id": "ocid1.instance.oc1.eu-frankfurt-1.antheljt"},
		"ocid1.instance.oc1.phx.abyhqljt":                                   {"cloud.provider": "oracle", "host.id": "ocid1.instance.oc1.phx.abyhqljt"},
		"openstack:///0b1f6471-1bf0-4dda-aec3-cb9272f09590":                 {"cloud.provider": "openstack", "host.id": "0b1f6471-1bf0-4dda-aec3-cb9272f09590"},
		"k3s://bene-pc":                             {"cloud.platform": "k3s"},
		"vsphere://4211dd9b-4b5a":                   {},
		"eks-hybrid:///eu-central-1/prod/mi-0abc":   {},
		"kind://docker/kind/kind-control-plane":     {},
		"aws:///us-east-1a":                         {},
		"aws:///us-east-1a/":                        {},
		"aws:///nowhere/i-0123456789abcdef0":        {},
		"aws:///us-east-1a/i-xyz":                   {},
		"aws://":                                    {},
		"gce://":                                    {},
		"gce://p/europe-west3-b":                    {},
		"gce://p/somewhere/name":                    {},
		"azure://":                                  {},
		"azure:///subscriptions//resourceGroups/x":  {},
		"azure:///subscriptions/x/resourceGroups/y": {},
		"qcloud:///":                                {},
		"qcloud:///100003/i-abc":                    {},
		"hcloud://x":                                {},
		"cn-hangzhou.":                              {},
		".i-abc":                                    {},
		"cn-hangzhou.i-":                            {},
		"ocid1.":                                    {},
		"scaleway://instance/fr-par-1":              {},
		"":                                          {},
		"://":                                       {},
		strings.Repeat("cn-hangzhou.i-a", 1<<16):    {},
	} {
		got, st := infer(t, Options{}, map[string]string{"k8s.node.provider_id": id})
		assert.Equal(t, want, got, "%.80s", id)
		assert.Zero(t, st.Disagreements, "%.80s", id)
	}
}

func TestEvidenceIsFoundUnderEveryKeyThatCarriesIt(t *testing.T) {
	const id = "cn-hangzhou.i-bp15hr53jws84akg4gkd"
	for _, key := range []string{
		"k8s.node.provider_id", "k8s_node_provider_id", "provider_id", "providerID", "providerId", "spec.provider_id",
		"spec.providerID", "spec.providerId", "k8s.node.providerID", "k8sNodeProviderId", "k8s/node/provider-id",
	} {
		got, _ := infer(t, Options{}, map[string]string{key: id})
		assert.Equal(t, "alibaba", got["cloud.provider"], key)
	}
	for _, key := range []string{
		"eks.amazonaws.com/nodegroup", "k8s.node.label.eks.amazonaws.com/nodegroup", "k8s.node.labels.eks.amazonaws.com/nodegroup",
		"label_eks_amazonaws_com_nodegroup", "kubernetes.node.labels.eks_amazonaws_com/nodegroup",
		"__meta_kubernetes_node_label_eks_amazonaws_com_nodegroup",
	} {
		got, _ := infer(t, Options{}, map[string]string{key: "workers"})
		assert.Equal(t, labelled{"cloud.provider": "aws", "cloud.platform": "aws_eks"}, got, key)
	}
	for _, key := range []string{"k8s.node.label.topology.kubernetes.io/zone", "label_topology_kubernetes_io_zone"} {
		got, _ := infer(t, Options{}, map[string]string{key: "ap-guangzhou-3"})
		assert.Equal(t, labelled{"cloud.availability_zone": "ap-guangzhou-3"}, got, key)
	}
}

func TestAKeyThatTheConfigurationMakesALabelIsNoEvidence(t *testing.T) {
	got, _ := infer(t, Options{Keys: map[Key][]string{HostID: {"provider_id"}}}, map[string]string{"provider_id": "hcloud://4711"})
	assert.Equal(t, labelled{"host.id": "hcloud://4711"}, got)
}

func TestOtherEvidence(t *testing.T) {
	const (
		version = "k8s.kubelet.version"
		sub     = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/x"
	)
	for _, tt := range []struct {
		name     string
		resource map[string]string
		want     labelled
	}{
		{"ACK's kubelet", map[string]string{version: "1.28.15-aliyun.1"}, labelled{"cloud.provider": "alibaba", "cloud.platform": "alibaba_cloud_ack"}},
		{"TKE's kubelet", map[string]string{version: "v1.26.1-tke.4"}, labelled{"cloud.provider": "tencent", "cloud.platform": "tencent_cloud_tke"}},
		{"K3s is a distribution", map[string]string{version: "v1.31.2+k3s1"}, labelled{"cloud.platform": "k3s"}},
		{"and RKE2 has no name", map[string]string{version: "v1.31.2+rke2r1"}, labelled{}},
		{"EKS' kubelet runs anywhere", map[string]string{version: "v1.30.0-eks-036c24b"}, labelled{}},
		{"but names the platform in AWS", map[string]string{version: "v1.30.0-eks-036c24b", "cloud.provider": "aws"}, labelled{"cloud.provider": "aws", "cloud.platform": "aws_eks"}},
		{"GKE on premises", map[string]string{version: "v1.28.9-gke.1000", "provider_id": "vsphere://4211dd9b"}, labelled{}},
		{"a version is one", map[string]string{version: "my-aliyun.fork"}, labelled{}},
		{"an ARN", map[string]string{"cloud.resource_id": "arn:aws:ecs:eu-central-1:123456789012:service/x"}, labelled{
			"cloud.resource_id": "arn:aws:ecs:eu-central-1:123456789012:service/x",
			"cloud.provider":    "aws", "cloud.platform": "aws_ecs", "cloud.region": "eu-central-1", "cloud.account.id": "123456789012"}},
		{"an ARN of a partition, of a service without a region", map[string]string{"aws.eks.cluster.arn": "arn:aws-cn:iam::123456789012:role/x"}, labelled{
			"cloud.provider": "aws", "cloud.account.id": "123456789012"}},
		{"an ARN of nothing", map[string]string{"aws.eks.cluster.arn": "arn:aws:eks:::"}, labelled{}},
		{"half an ARN", map[string]string{"aws.eks.cluster.arn": "arn:aws:eks"}, labelled{}},
		{"an ARN of no partition", map[string]string{"aws.eks.cluster.arn": "arn:nimbus:eks:eu-central-1:123456789012:cluster/x"}, labelled{}},
		{"an ARM id", map[string]string{"azure.resource_id": strings.ToUpper(sub) + "/providers/microsoft.compute/virtualmachines/vm"}, labelled{
			"cloud.provider": "azure", "cloud.platform": "azure.vm", "cloud.account.id": "0B1F6471-1BF0-4DDA-AEC3-CB9272F09590"}},
		{"a machine that Azure Arc manages", map[string]string{"azure.resource_id": sub + "/providers/Microsoft.HybridCompute/machines/m"}, labelled{}},
		{"Alibaba's resource name", map[string]string{"faas.id": "acs:fc:cn-shanghai:1234567890123456:functions/x"}, labelled{
			"cloud.resource_id": "acs:fc:cn-shanghai:1234567890123456:functions/x",
			"cloud.provider":    "alibaba", "cloud.platform": "alibaba_cloud_fc", "cloud.region": "cn-shanghai", "cloud.account.id": "1234567890123456"}},
		{"Google's full resource name", map[string]string{"gcp.resource_name": "//run.googleapis.com/projects/prod-1/locations/europe-west3/services/x"}, labelled{
			"cloud.provider": "gcp", "cloud.platform": "gcp_cloud_run", "cloud.region": "europe-west3", "cloud.account.id": "prod-1"}},
		{"an instance type of Alibaba's alone", map[string]string{"host.type": "ecs.g7.xlarge"}, labelled{"host.type": "ecs.g7.xlarge", "cloud.provider": "alibaba"}},
		{"one that Volcengine has too", map[string]string{"host.type": "ecs.g3i.large"}, labelled{"host.type": "ecs.g3i.large"}},
		{"and that is Volcengine's here", map[string]string{"host.type": "ecs.g3i.large", "provider_id": "volcengine://i-yd1"}, labelled{"host.type": "ecs.g3i.large", "cloud.provider": "volcengine", "host.id": "i-yd1"}},
		{"a platform has its provider", map[string]string{"cloud.platform": "aks"}, labelled{"cloud.platform": "azure.aks", "cloud.provider": "azure"}},
		{"a service is more than its machine", map[string]string{"cloud.resource_id": "arn:aws:ec2:eu-west-1:123456789012:instance/i-0123456789abcdef0", version: "v1.30.0-eks-036c24b"}, labelled{
			"cloud.resource_id": "arn:aws:ec2:eu-west-1:123456789012:instance/i-0123456789abcdef0",
			"cloud.provider":    "aws", "cloud.platform": "aws_eks", "cloud.region": "eu-west-1", "cloud.account.id": "123456789012", "host.id": "i-0123456789abcdef0"}},
		{"a machine more than K3s on it", map[string]string{"cloud.resource_id": "acs:ecs:cn-hangzhou:1:instance/i-bp1", version: "v1.31.2+k3s1"}, labelled{
			"cloud.resource_id": "acs:ecs:cn-hangzhou:1:instance/i-bp1",
			"cloud.provider":    "alibaba", "cloud.platform": "alibaba_cloud_ecs", "cloud.region": "cn-hangzhou", "cloud.account.id": "1", "host.id": "i-bp1"}},
		{"a hybrid node", map[string]string{"k8s.node.provider_id": "eks-hybrid:///eu-central-1/prod/mi-0", "eks.amazonaws.com/compute-type": "hybrid", "eks.amazonaws.com/nodegroup": "x"}, labelled{}},
		{"a node of an edge pool", map[string]string{"alibabacloud.com/is-edge-worker": "true", "alibabacloud.com/nodepool-id": "np1"}, labelled{}},
		{"a node of a cloud pool", map[string]string{"alibabacloud.com/is-edge-worker": "false", "alibabacloud.com/nodepool-id": "np1"}, labelled{"cloud.provider": "alibaba", "cloud.platform": "alibaba_cloud_ack"}},
		{"CCE's labels are in other clouds too", map[string]string{"cce.cloud.com/cce-nodepool": "np1"}, labelled{}},
		{"Prometheus' discovery of EC2", map[string]string{"__meta_ec2_availability_zone": "us-east-1c"}, labelled{"cloud.provider": "aws", "cloud.region": "us-east-1", "cloud.availability_zone": "us-east-1c"}},
		{"an unknown provider yields", map[string]string{"cloud.provider": "ecs", "provider_id": "cn-hangzhou.i-bp1"}, labelled{"cloud.provider": "alibaba", "cloud.region": "cn-hangzhou", "host.id": "i-bp1"}},
		{"a known one does not", map[string]string{"cloud.provider": "aws", "provider_id": "cn-hangzhou.i-bp1"}, labelled{"cloud.provider": "aws"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := infer(t, Options{}, tt.resource)
			assert.Equal(t, tt.want, got)
		})
	}
}

// With all of it off, a resource is treated as a span is.
func TestNothingIsInferredWhereThatIsTurnedOff(t *testing.T) {
	keys, values := evidenceWords()
	table := newTable(t, Options{NoInference: true, Plausibility: IgnoreImplausible})
	r := rand.New(rand.NewPCG(6, 43))
	for range 2000 {
		in := randomSet(r, keys, values)
		want, wantStats := normalize(table, in)
		got, stats := normalizeResource(table, in)
		require.Equal(t, want, got)
		require.Equal(t, wantStats, stats)
	}
}

func TestNamesOfResources(t *testing.T) {
	const sub = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/x"
	for id, want := range map[string]finding{
		"arn:aws:eks:eu-west-1:123456789012:cluster/prod":                 {platform: "aws_eks", region: "eu-west-1", account: "123456789012"},
		"arn:aws:elasticbeanstalk:eu-west-1:123456789012:environment/a/b": {platform: "aws_elastic_beanstalk", region: "eu-west-1", account: "123456789012"},
		"arn:aws:apprunner:eu-west-1:123456789012:service/a/b":            {platform: "aws_app_runner", region: "eu-west-1", account: "123456789012"},
		"arn:aws:lambda:eu-west-1:123456789012:function:checkout:7":       {platform: "aws_lambda", region: "eu-west-1", account: "123456789012"},
		"arn:aws:s3:::bucket":                           {},
		"arn:aws:ec2:eu-west-1:12345:instance/i-0":      {},
		"arn:aws:ec2:EU WEST:123456789012:instance/i-0": {},
		"acs:cs:cn-beijing:1:cluster/c":                 {platform: "alibaba_cloud_ack", region: "cn-beijing", account: "1"},
		"acs:oss:*:1:bucket":                            {},
		"acs:oss::1:bucket":                             {account: "1"},
		"acs:ecs":                                       {},
		sub + "/providers/Microsoft.ContainerService/managedClusters/c":  {platform: "azure.aks", account: "0b1f6471-1bf0-4dda-aec3-cb9272f09590"},
		sub + "/providers/Microsoft.App/containerApps/c":                 {platform: "azure.container_apps", account: "0b1f6471-1bf0-4dda-aec3-cb9272f09590"},
		sub + "/providers/Microsoft.ContainerInstance/containerGroups/c": {platform: "azure.container_instances", account: "0b1f6471-1bf0-4dda-aec3-cb9272f09590"},
		sub + "/providers/Microsoft.Web/sites/app":                       {account: "0b1f6471-1bf0-4dda-aec3-cb9272f09590"}, // an app or a function
		sub:                                  {account: "0b1f6471-1bf0-4dda-aec3-cb9272f09590"},
		"/subscriptions/me/resourceGroups/x": {},
		"//compute.googleapis.com/projects/p/zones/europe-west3-b/instances/7":      {platform: "gcp_compute_engine", account: "p", region: "europe-west3", zone: "europe-west3-b"},
		"//container.googleapis.com/projects/p/locations/europe-west3/clusters/c":   {platform: "gcp_kubernetes_engine", account: "p", region: "europe-west3"},
		"//cloudfunctions.googleapis.com/projects/p/locations/us-east1/functions/f": {platform: "gcp_cloud_functions", account: "p", region: "us-east1"},
		"//pubsub.googleapis.com/projects/p/topics/t":                               {account: "p"},
		"//googleapis.com/projects/p":                                               {},
		"//example.com/projects/p":                                                  {},
		"ocid1.instance.oc1.phx.x":                                                  {host: "ocid1.instance.oc1.phx.x"},
		"ocid1.vnic.oc1.phx.x":                                                      {},
		"arn:":                                                                      {},
		"/var/lib/kubelet":                                                          {},
		"checkout":                                                                  {},
		"arn:aws:lambda:eu-west-1:123456789012:function:" + strings.Repeat("x", 2048): {},
	} {
		got := parseResourceID(id)
		assert.Equal(t, want.platform, got.platform, "%.80s", id)
		assert.Equal(t, [...]string{want.region, want.zone, want.account, want.host}, [...]string{got.region, got.zone, got.account, got.host}, "%.80s", id)
	}
}

func TestInstanceTypes(t *testing.T) {
	both := clouds(alibaba, volcengine)
	for name, want := range map[string]cloudSet{
		"ecs.g7.xlarge": clouds(alibaba), "ecs.hfg6.large": clouds(alibaba), "ecs.ebmg8i.48xlarge": clouds(alibaba),
		"ecs.t6-c1m1.large": clouds(alibaba), "ecs.gn7i-c8g1.2xlarge": clouds(alibaba),
		"ecs.g4i.large": both, "ecs.r1ie.large": both, "ecs.e-c1m2.large": both, "ecs.x": both,
		"ecs.": 0, "ecs": 0, "m6i.large": 0, "": 0, "ecs." + strings.Repeat("g7", 100): 0,
	} {
		assert.Equal(t, want, parseInstanceType(name).clouds, "%.40s", name)
	}
}

func TestWeakEvidenceDecidesOnlyWhereItIsAskedForAndUnambiguous(t *testing.T) {
	for _, tt := range []struct {
		resource map[string]string
		provider string
	}{
		{map[string]string{"cloud.region": "cn-hangzhou"}, "alibaba"},
		{map[string]string{"cloud.region": "us-east-1"}, ""},      // AWS, Alibaba
		{map[string]string{"cloud.region": "eu-central-1"}, ""},   // AWS, Alibaba
		{map[string]string{"cloud.region": "ap-southeast-1"}, ""}, // and Huawei, Volcengine
		{map[string]string{"cloud.region": "cn-north-1"}, ""},     // AWS, Huawei, JD
		{map[string]string{"cloud.region": "cn-beijing"}, ""},     // Alibaba, Volcengine
		{map[string]string{"cloud.region": "cn-north-4"}, "huawei"},
		{map[string]string{"cloud.region": "ap-guangzhou"}, "tencent"},
		{map[string]string{"cloud.availability_zone": "ap-guangzhou-3"}, "tencent"},
		{map[string]string{"cloud.availability_zone": "europe-west3-b"}, "gcp"},
		{map[string]string{"cloud.availability_zone": "us-east-1a"}, ""},
		{map[string]string{"cloud.availability_zone": "us-east-2a"}, "aws"},
		{map[string]string{"cloud.region": "westeurope"}, "azure"},
		{map[string]string{"cloud.region": "nowhere-1"}, ""},
		{map[string]string{"cloud.region": "cn-hangzhou", "cloud.availability_zone": "europe-west3-b"}, ""},
		{map[string]string{"host.name": "ip-10-0-0-1.eu-central-1.compute.internal"}, "aws"},
		{map[string]string{"host.name": "iZbp1hr53jws84akg4gkdyZ"}, "alibaba"},
		{map[string]string{"k8s.node.name": "aks-pool-12345678-vmss000000"}, "azure"},
		{map[string]string{"host.name": "ip-10-0-0-1"}, ""},
		{map[string]string{"k8s.kubelet.version": "v1.30.0-eks-036c24b"}, ""},                                 // or EKS Anywhere
		{map[string]string{"k8s.kubelet.version": "v1.30.0-eks-036c24b", "cloud.region": "us-east-1"}, "aws"}, // not Alibaba
		{map[string]string{"k8s.kubelet.version": "v1.35.7-gke.1222000", "cloud.availability_zone": "us-east1-b"}, "gcp"},
		{map[string]string{"k8s.kubelet.version": "v1.28.9-gke.1000", "provider_id": "vsphere://4211dd9b"}, ""},
		{map[string]string{"cce.cloud.com/cce-nodepool": "np1", "cloud.region": "cn-north-4"}, "huawei"},
		{map[string]string{"cce.cloud.com/cce-nodepool": "np1", "cloud.region": "eu-de"}, ""}, // Open Telekom Cloud
		{map[string]string{"cloud.provider": "ecs", "cloud.region": "cn-beijing"}, "alibaba"}, // not Volcengine, not AWS
		{map[string]string{"host.type": "ecs.g3i.large", "cloud.region": "cn-datong"}, "volcengine"},
		{map[string]string{"provider_id": "hcloud://1", "cloud.region": "cn-hangzhou"}, "hetzner"}, // strong before weak
	} {
		got, st := infer(t, Options{MinConfidence: Weak}, tt.resource)
		want := tt.provider
		if want == "" {
			want = tt.resource["cloud.provider"]
		}
		assert.Equal(t, want, got["cloud.provider"], tt.resource)
		if tt.provider != "hetzner" {
			assert.Zero(t, st.InferredStrong[Provider], tt.resource)
			strong, _ := infer(t, Options{}, tt.resource)
			assert.Equal(t, tt.resource["cloud.provider"], strong["cloud.provider"], tt.resource)
		}
	}
}

func TestEvidenceThatDisagreesDecidesNothingAndIsCounted(t *testing.T) {
	for _, tt := range []struct {
		name     string
		resource map[string]string
		want     labelled
		counted  Key
	}{
		{"two clouds", map[string]string{"provider_id": "cn-hangzhou.i-bp1", "eks.amazonaws.com/nodegroup": "x"}, labelled{}, Provider},
		{"a cloud and a hypervisor", map[string]string{"provider_id": "vsphere://4211dd9b", "eks.amazonaws.com/nodegroup": "x"}, labelled{}, Provider},
		{"the provider and evidence", map[string]string{"cloud.provider": "gcp", "provider_id": "cn-hangzhou.i-bp1"}, labelled{"cloud.provider": "gcp"}, Provider},
		{"two regions", map[string]string{"provider_id": "cn-hangzhou.i-bp1", "k8s.node.label.topology.kubernetes.io/region": "cn-beijing"}, labelled{"cloud.provider": "alibaba", "host.id": "i-bp1"}, Region},
		{"the region and evidence", map[string]string{"provider_id": "cn-hangzhou.i-bp1", "cloud.region": "cn-beijing"}, labelled{"cloud.provider": "alibaba", "host.id": "i-bp1", "cloud.region": "cn-beijing"}, Region},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, st := infer(t, Options{MinConfidence: Weak}, tt.resource)
			assert.Equal(t, tt.want, got)
			want := [NumKeys]int64{}
			want[tt.counted] = 1
			assert.Equal(t, want, st.Disagreements)
		})
	}
}

func TestPrecedence(t *testing.T) {
	const cluster = "k8s.cluster.name"
	everything := map[string]string{
		cluster:                "idc-7",         // static
		"cloud.provider":       "aws",           // canonical
		"cloudProvider":        "gcp",           // alias
		"k8s.node.provider_id": "hcloud://4711", // strong
		"host.name":            "ip-10-0-0-1.ec2.internal",
	}
	opts := Options{MinConfidence: Weak, Static: []StaticRule{
		{Match: map[string]string{cluster: "nowhere"}, Set: map[Key]string{Provider: "ibm"}},
		{Match: map[string]string{cluster: "idc-*"}, Set: map[Key]string{Provider: "On Premises"}},
		{Match: map[string]string{cluster: "*"}, Set: map[Key]string{Provider: "ibm"}},
	}}
	for _, step := range []struct {
		want string
		rule Rule
		then string // removed for the next step
	}{
		{"on_premises", ByStatic, cluster},
		{"aws", ByCanonical, "cloud.provider"},
		{"gcp", ByAlias, "cloudProvider"},
		{"hetzner", ByStrong, "k8s.node.provider_id"},
		{"aws", ByWeak, "host.name"},
	} {
		got, _ := infer(t, opts, everything)
		assert.Equal(t, step.want, got["cloud.provider"])
		decisions := newTable(t, opts).Explain(seqOf(everything))
		require.Equal(t, Provider, decisions[0].Key)
		assert.Equal(t, step.rule, decisions[0].Rule)
		delete(everything, step.then)
	}
}

func seqOf(resource map[string]string) func(func(string, any) bool) {
	return func(yield func(string, any) bool) {
		for _, a := range attrsOf(resource) {
			if !yield(a.key, a.value) {
				return
			}
		}
	}
}

func TestExplainTellsWhatDecidedEachLabel(t *testing.T) {
	table := newTable(t, Options{OnUnknown: DropUnknown, Static: []StaticRule{
		{Match: map[string]string{"team": "*"}, Set: map[Key]string{AccountID: "42"}},
	}})
	got := table.Explain(func(yield func(string, any) bool) {
		_ = yield("service.name", "checkout") &&
			yield("k8s.node.provider_id", "gce://prod/europe-west3-b/n1") &&
			yield("__meta_gce_zone", "projects/7/zones/europe-west3-b") &&
			yield("cloud.platform", "nimbus") &&
			yield("host_id", 7) &&
			yield("team", "payments")
	})
	assert.Equal(t, []Decision{
		{Key: Provider, Name: "cloud_provider", Value: "gcp", Rule: ByStrong, From: "k8s.node.provider_id"},
		{Key: Platform, Name: "cloud_platform", Value: "nimbus", Rule: ByCanonical, From: "cloud.platform", Dropped: true},
		{Key: Region, Name: "cloud_region", Value: "europe-west3", Rule: ByStrong, From: "k8s.node.provider_id"},
		{Key: AvailabilityZone, Name: "cloud_availability_zone", Value: "europe-west3-b", Rule: ByAlias, From: "__meta_gce_zone", Repaired: true},
		{Key: AccountID, Name: "cloud_account_id", Value: "42", Rule: ByStatic},
		{Key: HostID, Name: "host_id", Value: 7, Rule: ByCanonical, From: "host_id"},
	}, got)
}

func TestImplausibleLabels(t *testing.T) {
	const zone = "cloud.availability_zone"
	for _, tt := range []struct {
		name              string
		resource, want    labelled // want is nil where all is well or nothing can be done
		repaired, implaus []Key
	}{
		{"region and zone swapped", labelled{"cloud.provider": "aliyun", "cloud.region": "cn-shenzhen-a", zone: "cn-shenzhen"},
			labelled{"cloud.provider": "alibaba", "cloud.region": "cn-shenzhen", zone: "cn-shenzhen-a"}, []Key{Region, AvailabilityZone}, nil},
		{"swapped, of nobody knows whom", labelled{"cloud.region": "europe-west3-b", zone: "europe-west3"},
			labelled{"cloud.region": "europe-west3", zone: "europe-west3-b"}, []Key{Region, AvailabilityZone}, nil},
		{"a zone of another region", labelled{"cloud.provider": "aws", "cloud.region": "us-east-1", zone: "eu-central-1a"}, nil, nil, []Key{AvailabilityZone}},
		{"a zone of another region, and evidence for the zone", labelled{"cloud.provider": "aws", "cloud.region": "us-east-1", zone: "eu-central-1a", "provider_id": "aws:///eu-central-1a/i-0123456789abcdef0", "host.id": "x"},
			labelled{"cloud.provider": "aws", "cloud.region": "eu-central-1", zone: "eu-central-1a", "host.id": "x"}, []Key{Region}, nil},
		{"a zone of another region, and evidence for the region", labelled{"cloud.provider": "aws", "cloud.region": "us-east-1", zone: "eu-central-1a", "provider_id": "aws:///us-east-1b/i-0123456789abcdef0", "host.id": "x"},
			labelled{"cloud.provider": "aws", "cloud.region": "us-east-1", zone: "us-east-1b", "host.id": "x"}, []Key{AvailabilityZone}, nil},
		{"a local zone", labelled{"cloud.provider": "aws", "cloud.region": "us-west-2", zone: "us-west-2-lax-1a"}, nil, nil, nil},
		{"a Wavelength zone", labelled{"cloud.provider": "aws", "cloud.region": "us-east-1", zone: "us-east-1-wl1-bos-wlz-1"}, nil, nil, nil},
		{"a zone id", labelled{"cloud.provider": "aws", "cloud.region": "us-east-1", zone: "use1-az1"}, nil, nil, nil},
		{"Alibaba's two forms", labelled{"cloud.provider": "alibaba", "cloud.region": "ap-southeast-1", zone: "ap-southeast-1a"}, nil, nil, nil},
		{"a zone of several", labelled{"cloud.provider": "alibaba", "cloud.region": "cn-hangzhou", zone: "cn-hangzhou-MAZ5(f,g)"}, nil, nil, nil},
		{"Huawei's zones", labelled{"cloud.provider": "huawei", "cloud.region": "cn-north-4", zone: "cn-north-4a"}, nil, nil, nil},
		{"a private cloud's zones", labelled{"cloud.provider": "on_premises", "cloud.region": "fra", zone: "rack-7"}, nil, nil, nil},
		{"the number of an Azure zone", labelled{"cloud.provider": "azure", "cloud.region": "westeurope", zone: "1"},
			labelled{"cloud.provider": "azure", "cloud.region": "westeurope", zone: "westeurope-1"}, []Key{AvailabilityZone}, nil},
		{"a machine in no Azure zone", labelled{"cloud.provider": "azure", "cloud.region": "westeurope", zone: "0"}, nil, nil, nil},
		{"Azure for a region", labelled{"cloud.provider": "azure", "cloud.region": "AzurePublicCloud", zone: "westeurope-1"},
			labelled{"cloud.provider": "azure", "cloud.region": "westeurope", zone: "westeurope-1"}, []Key{Region}, nil},
		{"Azure for a region, and a better one", labelled{"cloud.provider": "azure", "cloud.region": "azurepubliccloud", "__meta_azure_machine_location": "westeurope"},
			labelled{"cloud.provider": "azure", "cloud.region": "westeurope"}, nil, nil},
		{"Azure for a region, and the label of a node", labelled{"cloud.provider": "azure", "cloud.region": "azurepubliccloud", "k8s.node.label.topology.kubernetes.io/region": "westeurope"},
			labelled{"cloud.provider": "azure", "cloud.region": "westeurope"}, []Key{Region}, nil},
		{"Azure for a region, and nothing else", labelled{"cloud.provider": "azure", "cloud.region": "azurepubliccloud"}, nil, nil, []Key{Region}},
		{"Tencent's old names", labelled{"cloud.provider": "qcloud", "cloud.region": "china-south-gz", zone: "gz-azone2"},
			labelled{"cloud.provider": "tencent", "cloud.region": "ap-guangzhou", zone: "ap-guangzhou-2"}, []Key{Region, AvailabilityZone}, nil},
		{"a zone with the path to it", labelled{"cloud.zone": "https://www.googleapis.com/compute/v1/projects/prod-1/zones/europe-west3-b"},
			labelled{"cloud.provider": "gcp", "cloud.account.id": "prod-1", "cloud.region": "europe-west3", zone: "europe-west3-b"}, []Key{AvailabilityZone}, nil},
		{"a zone with its project's number", labelled{zone: "projects/123/zones/europe-west3-b"},
			labelled{"cloud.provider": "gcp", "cloud.region": "europe-west3", zone: "europe-west3-b"}, []Key{AvailabilityZone}, nil},
		{"a path to nowhere", labelled{zone: "projects/123/zones/here"}, nil, nil, nil},
		{"a platform of another provider", labelled{"cloud.provider": "aws", "cloud.platform": "gcp_compute_engine"}, nil, nil, []Key{Platform}},
		{"a platform of another provider, and evidence", labelled{"cloud.provider": "aws", "cloud.platform": "gcp_compute_engine", "k8s.node.label.eks.amazonaws.com/nodegroup": "x"},
			labelled{"cloud.provider": "aws", "cloud.platform": "aws_eks"}, []Key{Platform}, nil},
		{"K3s runs anywhere", labelled{"cloud.provider": "aws", "cloud.platform": "k3s"}, nil, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.want
			if want == nil {
				want = tt.resource
			}
			got, st := infer(t, Options{}, tt.resource)
			assert.Equal(t, want, got)
			assert.Equal(t, countsOf(tt.repaired), st.Repaired, "repaired")
			assert.Equal(t, countsOf(tt.implaus), st.Implausible, "implausible")

			_, st = infer(t, Options{Plausibility: CountImplausible}, tt.resource)
			assert.Equal(t, countsOf(append(tt.repaired, tt.implaus...)), st.Implausible, "only counted")
			assert.Zero(t, st.Repaired)

			_, st = infer(t, Options{Plausibility: IgnoreImplausible}, tt.resource)
			assert.Zero(t, st.Implausible)
			assert.Zero(t, st.Repaired)
		})
	}
}

func countsOf(keys []Key) (counts [NumKeys]int64) {
	for _, k := range keys {
		counts[k]++
	}
	return counts
}

func TestStaticRules(t *testing.T) {
	rules := []StaticRule{
		{Match: map[string]string{"k8s.cluster.name": "idc-*", "env": "prod"}, Set: map[Key]string{Provider: "on_premises", Region: "idc-1"}},
		{Match: map[string]string{"k8s.cluster.name": "idc-*"}, Set: map[Key]string{Provider: "on_premises"}},
	}
	for _, tt := range []struct {
		name           string
		resource, want labelled
	}{
		{"all have to match", labelled{"k8s.cluster.name": "idc-7", "env": "prod", "cloud.region": "eu"}, labelled{"cloud.provider": "on_premises", "cloud.region": "idc-1"}},
		{"else the next is tried", labelled{"k8s.cluster.name": "idc-7", "env": "test"}, labelled{"cloud.provider": "on_premises"}},
		{"or none", labelled{"k8s.cluster.name": "ack-7", "env": "prod"}, labelled{}},
		{"keys are compared folded", labelled{"k8s_cluster_name": "idc-7"}, labelled{"cloud.provider": "on_premises"}},
		{"a static provider has its platform", labelled{"k8s.cluster.name": "idc-7", "k8s.kubelet.version": "v1.31.2+k3s1"}, labelled{"cloud.provider": "on_premises", "cloud.platform": "k3s"}},
		{"what evidence says of another is not used", labelled{"k8s.cluster.name": "idc-7", "provider_id": "cn-hangzhou.i-bp1"}, labelled{"cloud.provider": "on_premises"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, st := infer(t, Options{Static: rules}, tt.resource)
			assert.Equal(t, tt.want, got)
			assert.Zero(t, st.Disagreements)
		})
	}
}

func TestGlobs(t *testing.T) {
	for _, tt := range []struct {
		pattern string
		yes, no []string
	}{
		{"idc", []string{"idc"}, []string{"", "id", "idc-1", "xidc"}},
		{"", []string{""}, []string{"x"}},
		{"*", []string{"", "x", "idc"}, nil},
		{"idc-*", []string{"idc-", "idc-1"}, []string{"idc", "xidc-1"}},
		{"*-idc", []string{"-idc", "1-idc", "-idc-idc"}, []string{"idc", "1-idc2"}},
		{"a*b*c", []string{"abc", "axbyc", "abbcc"}, []string{"ab", "acb", "abcd"}},
		{"a**", []string{"a", "ab"}, []string{"b"}},
		{"a*a", []string{"aa", "aba"}, []string{"a"}},
	} {
		for _, s := range tt.yes {
			assert.True(t, glob(tt.pattern, s), "%q %q", tt.pattern, s)
		}
		for _, s := range tt.no {
			assert.False(t, glob(tt.pattern, s), "%q %q", tt.pattern, s)
		}
	}
}

func TestWrongStaticRulesAreRefusedByIndexAndKey(t *testing.T) {
	match, set := map[string]string{"k8s.cluster.name": "x"}, map[Key]string{Region: "y"}
	for _, tt := range []struct {
		rule StaticRule
		want string
	}{
		{StaticRule{Set: set}, "`static[1]`: `match` is empty"},
		{StaticRule{Match: match}, "`static[1]`: `set` is empty"},
		{StaticRule{Match: map[string]string{"": "x"}, Set: set}, "`static[1]`: `match`: \"\" cannot be the key of an attribute"},
		{StaticRule{Match: map[string]string{"cloud_zone": "x"}, Set: set}, "`static[1]`: `match`: \"cloud_zone\" is a spelling of `cloud.availability_zone`"},
		{StaticRule{Match: match, Set: map[Key]string{Region: ""}}, "`static[1]`: `set`: `cloud.region` has no value"},
		{StaticRule{Match: match, Set: map[Key]string{Provider: "nimbus"}}, "`static[1]`: `set`: \"nimbus\" is no known `cloud.provider`"},
	} {
		_, err := New(Options{Static: []StaticRule{{Match: match, Set: set}, tt.rule}})
		require.ErrorContains(t, err, tt.want)
	}
	_, err := New(Options{
		Aliases: map[Key]map[string]string{Provider: {"nimbus": "nimbus"}},
		Static:  []StaticRule{{Match: match, Set: map[Key]string{Provider: "nimbus"}}},
	})
	require.NoError(t, err, "what the configuration introduces is known")
}

// resourceOptions are those under which what must always hold is tested.
func resourceOptions() []Options {
	var some []Options
	for i, opts := range allOptions {
		opts.MinConfidence = []Confidence{Strong, Weak}[i%2]
		opts.Plausibility = []Plausibility{RepairImplausible, CountImplausible, IgnoreImplausible}[i%3]
		if i%5 == 0 {
			opts.Static = []StaticRule{
				{Match: map[string]string{"k8s.cluster.name": "idc*"}, Set: map[Key]string{Provider: "on_premises", Region: "cn-beijing"}},
				{Match: map[string]string{"host.name": "*-*", "dc2": "*"}, Set: map[Key]string{Platform: "k3s", AvailabilityZone: "westeurope-1"}},
			}
		}
		some = append(some, opts, Options{MinConfidence: opts.MinConfidence, Plausibility: opts.Plausibility, OnConflict: opts.OnConflict})
	}
	return some
}

// evidenceWords are keys and values that mean something.
func evidenceWords() (keys, values []string) {
	keys, values = vocabulary()
	for _, kind := range slices.Sorted(maps.Keys(clueKeys)) {
		keys = append(keys, clueKeys[kind]...)
	}
	for _, v := range vendors {
		keys = append(keys, v.prefix+"x", "label_"+v.prefix+"x", "k8s.node.label."+v.prefix)
	}
	keys = append(keys, "k8s.cluster.name", "dc2", "label_topology_kubernetes_io_zone", "k8s.node.label.topology.kubernetes.io/region",
		"k8s.node.label.node.kubernetes.io/instance-type", "eks.amazonaws.com/compute-type")
	return keys, append(values, "idc-1", "hybrid", "true",
		"aws:///us-east-1a/i-0123456789abcdef0", "cn-hangzhou.i-bp1", "gce://prod/europe-west3-b/n", "qcloud:///ap-singapore/ins-1",
		"azure:///subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/x", "k3s://x", "vsphere://x", "hcloud://1",
		"1.28.15-aliyun.1", "v1.30.0-eks-036c24b", "v1.35.7-gke.1222000", "v1.31.2+k3s1", "v1.2.3-tke.1",
		"arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0", "acs:ecs:cn-beijing:1:instance/i-1",
		"ecs.g7.xlarge", "ecs.g3i.large", "k3s", "us-east-1a", "eu-central-1", "eu-central-1b", "cn-hangzhou-h", "cn-shenzhen-a", "cn-shenzhen",
		"europe-west3", "europe-west3-b", "ap-guangzhou", "ap-guangzhou-3", "gz-azone2", "china-south-gz", "AzurePublicCloud", "1", "westeurope",
		"westeurope-1", "projects/1/zones/europe-west3-b", "https://www.googleapis.com/compute/v1/projects/p/zones/us-central1-a",
		"ip-10-0-0-1.ec2.internal", "aks-a-vmss0", "gke-x", "cn-north-4", "cn-north-4a", "cn-beijing", "cn-beijing-a")
}

// Over random resources of keys and values that mean something: normalising
// twice is normalising once, no two keys of a set fold into one label, what is
// no label stays, and no label that was known is lost.
func TestNormalisingRandomResources(t *testing.T) {
	keys, values := evidenceWords()
	for i, opts := range resourceOptions() {
		table := newTable(t, opts)
		r := rand.New(rand.NewPCG(uint64(i), 43))
		for range 1000 {
			in := randomSet(r, keys, values)
			requireNormalisedResource(t, table, in)
		}
	}
}

func requireNormalisedResource(t *testing.T, table *Table, in []attr) {
	t.Helper()
	once, _ := normalizeResource(table, in)
	twice, st := normalizeResource(table, once)
	require.Equal(t, once, twice, "%+v\n%+v", table.opts, in)
	require.Zero(t, st.Normalized, "%+v\n%+v", table.opts, in)
	require.Zero(t, st.InferredStrong, "%+v\n%+v", table.opts, in)
	require.Zero(t, st.InferredWeak, "%+v\n%+v", table.opts, in)
	require.Zero(t, st.Repaired, "%+v\n%+v", table.opts, in)
	requireDistinctLabels(t, table, once)
	require.Equal(t, others(table, in), others(table, once))
}

// The order of attributes is a matter of chance; what is decided is not.
func TestTheOrderOfAttributesDoesNotMatter(t *testing.T) {
	keys, values := evidenceWords()
	table := newTable(t, Options{MinConfidence: Weak})
	r := rand.New(rand.NewPCG(5, 43))
	for range 2000 {
		in := randomSet(r, keys, values)
		in = oneOfEach(table, in)
		first := labelsOf(table, in)
		r.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
		require.Equal(t, first, labelsOf(table, in), "%+v", in)
	}
}

// oneOfEach leaves one spelling of each label: of two of equal rank the first
// wins.
func oneOfEach(table *Table, set []attr) (some []attr) {
	var seen keySet
	for _, a := range set {
		if s, ok := table.Spelling(a.key); ok && seen.has(s.Key) {
			continue
		} else if ok {
			seen |= 1 << s.Key
		}
		some = append(some, a)
	}
	return some
}

// labelsOf returns the labels that a resource gets.
func labelsOf(table *Table, in []attr) labelled {
	out, _ := normalizeResource(table, in)
	got := labelled{}
	for _, a := range out {
		if s, ok := table.Spelling(a.key); ok {
			got[s.Key.String()] = a.value
		}
	}
	return got
}
