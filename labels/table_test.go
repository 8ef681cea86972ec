// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/otlptranslator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newTable(t testing.TB, opts Options) *Table {
	t.Helper()
	table, err := New(opts)
	require.NoError(t, err)
	return table
}

func TestEverySpellingOfAKeyIsRecognised(t *testing.T) {
	spellings := map[Key][]string{
		Provider: {"cloud.provider", "cloud_provider", "cloudProvider", "cloud-provider", "cloud/provider"},
		Platform: {"cloud.platform", "cloud_platform", "cloudPlatform", "cloud.infrastructure_service", "cloud_infrastructure_service"},
		Region: {
			"cloud.region", "cloud_region", "cloudRegion",
			"topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region",
			"topology_kubernetes_io_region", "failure_domain_beta_kubernetes_io_region",
			"__meta_ec2_region", "__meta_oci_region", "__meta_digitalocean_region", "__meta_linode_region",
			"__meta_azure_machine_location",
		},
		AvailabilityZone: {
			"cloud.availability_zone", "cloud_availability_zone", "cloudAvailabilityZone",
			"cloud.zone", "cloud_zone", "cloudZone",
			"topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone", "topology.gke.io/zone",
			"__meta_ec2_availability_zone", "__meta_gce_zone",
		},
		AccountID: {
			"cloud.account.id", "cloud_account_id", "cloudAccountId", "cloudAccountID", "cloud.project.id",
			"__meta_gce_project", "__meta_azure_subscription_id", "__meta_openstack_project_id",
		},
		ResourceID: {"cloud.resource_id", "cloud_resource_id", "cloudResourceId", "faas.id", "faas_id"},
		HostID:     {"host.id", "host_id", "hostId", "hostID", "cloud.instance.id", "cloudInstanceId"},
		HostType: {
			"host.type", "host_type", "hostType", "cloud.machine.type",
			"__meta_gce_machine_type", "__meta_azure_machine_size",
			"node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type",
		},
	}
	table := newTable(t, Options{})
	for _, k := range Keys() {
		require.NotEmpty(t, spellings[k], "%s has no spellings in this test", k)
		for _, key := range spellings[k] {
			s, ok := table.Spelling(key)
			assert.True(t, ok, key)
			assert.Equal(t, k, s.Key, key)
		}
	}
}

func TestOtherKeysAreNotSpellings(t *testing.T) {
	table := newTable(t, Options{})
	for _, key := range []string{
		"", "c", "cl", "cloud", "cloud.", "cloud.providers", "cloud.provider.name", "xcloud.provider", "cloud.provide",
		"Cloud.Provider", "CLOUD_PROVIDER", "host.name", "host.arch", "service.name", "k8s.cluster.name", "region", "zone",
		"__cloud_provider__", "_cloud_provider", "cloud.provider_", "cloud\x00provider", "cloud.provider\x00", "\x00",
		"cloud.provider\n", strings.Repeat("cloud.provider", 100), "云.provider",
	} {
		_, ok := table.Spelling(key)
		assert.False(t, ok, "%q", key)
	}
}

// A spelling is recognised in every form that the backends would fold into it.
func TestFoldingAgreesWithPrometheus(t *testing.T) {
	table := newTable(t, Options{})
	namer := otlptranslator.LabelNamer{}
	for _, k := range Keys() {
		k.spellings(func(key string, _ uint8) {
			for _, sep := range []string{".", "_", "-", "/", " ", ":", "..", "_.", "é", "云"} {
				variant := strings.NewReplacer(".", sep, "_", sep, "-", sep, "/", sep).Replace(key)
				label, err := namer.Build(variant)
				require.NoError(t, err)
				assert.Equal(t, label, fold(variant), "%q", variant)
				s, ok := table.Spelling(variant)
				assert.True(t, ok, "%q", variant)
				assert.Equal(t, k, s.Key, "%q", variant)
			}
		})
	}
}

func TestEveryAliasOfAProviderHasOneName(t *testing.T) {
	tests := []struct {
		short, semconv string
		aliases        []string
	}{
		{"alibaba", "alibaba_cloud", []string{"alibaba", "alibaba_cloud", "aliyun", "aliyun_ecs", "Alibaba", "alicloud", "alibabacloud", "阿里云", "Alibaba Cloud", "ALIBABA-CLOUD", " aliyun ", "alibaba_cloud_ecs"}},
		{"tencent", "tencent_cloud", []string{"qcloud", "tencent", "tencentCloud", "tencentcloud", "tencent_cloud", "Tencent Cloud"}},
		{"huawei", "huawei_cloud", []string{"huawei", "huaweicloud", "huawei_cloud"}},
		{"aws", "aws", []string{"aws", "AWS", "ec2", "amazon", "Amazon Web Services", "aws_lambda"}},
		{"gcp", "gcp", []string{"gcp", "GCP", "gce", "google", "Google Cloud"}},
		{"azure", "azure", []string{"azure", "Azure", "azure_vm", "azure.vm", "azure_aks"}},
		{"oracle", "oracle_cloud", []string{"oracle", "Oracle", "oracle_cloud"}},
		{"scaleway", "scaleway", []string{"scaleway", "Scaleway"}},
		{"digitalocean", "digitalocean", []string{"digitalocean", "DigitalOcean"}},
		{"openstack", "openstack", []string{"openstack", "nova"}},
		{"hetzner", "hetzner", []string{"hetzner", "hcloud"}},
		{"ibm", "ibm_cloud", []string{"ibm", "ibm_cloud"}},
		{"vultr", "vultr", []string{"vultr"}},
		{"akamai", "akamai_cloud", []string{"akamai", "akamai_cloud", "linode"}},
		{"heroku", "heroku", []string{"heroku"}},
		{"volcengine", "volcengine", []string{"volcengine"}},
		{"baidu", "baidu", []string{"baidu"}},
		{"jd", "jd", []string{"jd", "jdcloud"}},
		{"on_premises", "on_premises", []string{"on_premises", "on-premises", "On Premises", "on_prem"}},
	}
	require.Len(t, tests, len(providers)-1, "every provider of the table is tested")
	short, semconv := newTable(t, Options{}), newTable(t, Options{Vocabulary: Semconv})
	for _, tt := range tests {
		for _, alias := range tt.aliases {
			got, known := short.Value(Provider, alias)
			assert.True(t, known, alias)
			assert.Equal(t, tt.short, got, alias)
			got, known = semconv.Value(Provider, alias)
			assert.True(t, known, alias)
			assert.Equal(t, tt.semconv, got, alias)
		}
	}
}

func TestOldPlatformsBecomeNew(t *testing.T) {
	table := newTable(t, Options{})
	for old, want := range map[string]string{
		"azure_vm": "azure.vm", "azure_aks": "azure.aks", "azure.aks": "azure.aks",
		"google_cloud_openshift": "gcp_openshift", "aws_eks": "aws_eks", "AWS_EKS": "aws_eks",
		"ack": "alibaba_cloud_ack", "K3s": "k3s",
	} {
		got, known := table.Value(Platform, old)
		assert.True(t, known, old)
		assert.Equal(t, want, got, old)
	}
}

func TestAmbiguousAndForeignValuesAreUnknown(t *testing.T) {
	table := newTable(t, Options{})
	for _, value := range []string{"ecs", "", "nimbus", strings.Repeat("aws", 1000), "aws\x00"} {
		got, known := table.Value(Provider, value)
		assert.False(t, known, "%.20q", value)
		assert.Equal(t, value, got, "comes back as it is")
	}
	got, known := table.Value(Region, "anywhere")
	assert.True(t, known, "the values of a region are free")
	assert.Equal(t, "anywhere", got)
}

func TestUserAliasesWin(t *testing.T) {
	table := newTable(t, Options{Aliases: map[Key]map[string]string{
		Provider: {"IDC 7": "on_premises", "alibaba": "ali", "nimbus": "Nimbus"},
		Region:   {"hz": "cn-hangzhou"},
	}})
	for _, tt := range []struct {
		key       Key
		in, out   string
		wantKnown bool
	}{
		{Provider, "idc-7", "on_premises", true},
		{Provider, "aliyun", "ali", true}, // the name that replaces a built-in one, for all its aliases
		{Provider, "ali", "ali", true},
		{Provider, "NIMBUS", "Nimbus", true},
		{Provider, "other", "other", false},
		{Region, "HZ", "cn-hangzhou", true},
		{Region, "us-east-1", "us-east-1", true},
	} {
		got, known := table.Value(tt.key, tt.in)
		assert.Equal(t, tt.out, got, tt.in)
		assert.Equal(t, tt.wantKnown, known, tt.in)
	}
}

func TestUserKeysAreSpellings(t *testing.T) {
	long := "datacenter." + strings.Repeat("x", 200)
	table := newTable(t, Options{Keys: map[Key][]string{Region: {"dc", "x-region", long, "cloud.region"}}})
	for _, key := range []string{"dc", "x-region", "x.region", long, strings.ReplaceAll(long, ".", "_")} {
		s, ok := table.Spelling(key)
		assert.True(t, ok, key)
		assert.Equal(t, Region, s.Key)
	}
}

func TestWrongOptionsAreRefusedByName(t *testing.T) {
	for _, tt := range []struct {
		opts Options
		want string
	}{
		{Options{Style: "camel"}, "`key_style` is \"camel\", which is not one of `underscore`, `dotted`"},
		{Options{Vocabulary: "long"}, "`vocabulary` is \"long\", which is not one of `short`, `semconv`"},
		{Options{OnUnknown: "fail"}, "`on_unknown` is \"fail\", which is not one of `keep`, `drop`"},
		{Options{OnConflict: "join"}, "`on_conflict` is \"join\", which is not one of `canonical`, `alias`, `drop`"},
		{Options{Keys: map[Key][]string{Region: {"cloud.zone"}}}, "`keys`: \"cloud.zone\" under `cloud.region` is a spelling of `cloud.availability_zone` already"},
		{Options{Keys: map[Key][]string{Region: {""}}}, "`keys`: \"\" under `cloud.region` cannot be the key"},
		{Options{Keys: map[Key][]string{Region: {"a\x00b"}}}, "cannot be the key"},
		{Options{Aliases: map[Key]map[string]string{Provider: {"": "aws"}}}, "`aliases`: an alias under `cloud.provider` is empty"},
		{Options{Aliases: map[Key]map[string]string{Provider: {"x": ""}}}, "`aliases`: \"x\" under `cloud.provider` has no value"},
		{Options{Aliases: map[Key]map[string]string{Provider: {"x": "y", "y": "z"}}}, "`aliases`: \"x\" under `cloud.provider` becomes \"y\", which itself becomes \"z\""},
		{Options{Aliases: map[Key]map[string]string{Provider: {"x": "y", "y": "x"}}}, "which itself becomes"},
		{Options{Aliases: map[Key]map[string]string{Provider: {"A B": "y", "a-b": "z"}}}, "is given twice"},
		{Options{Aliases: map[Key]map[string]string{Provider: {strings.Repeat("x", 65): "y"}}}, "longer than 64 bytes"},
	} {
		_, err := New(tt.opts)
		require.Error(t, err, tt.want)
		assert.Contains(t, err.Error(), tt.want)
	}
}

func TestLookupsDoNotAllocate(t *testing.T) {
	table := newTable(t, Options{})
	for _, key := range []string{"service.name", "cloud_provider", "cloud-provider", "cloud.foo", "host.name"} {
		assert.Zero(t, testing.AllocsPerRun(100, func() { table.Spelling(key) }), key)
	}
	for _, value := range []string{"alibaba", "Alibaba Cloud", "nimbus"} {
		assert.Zero(t, testing.AllocsPerRun(100, func() { table.Value(Provider, value) }), value)
	}
}

func TestIndexFindsWhatItHoldsAndNothingElse(t *testing.T) {
	m := map[string]int{"": -1}
	for i := range 1000 {
		// The same first and last eight bytes and length: all hash alike.
		m[fmt.Sprintf("aaaaaaaa%04dbbbbbbbb", i)] = i
		m[fmt.Sprintf("%d", i)] = i
	}
	ix := newIndex(m)
	for key, want := range m {
		got, ok := ix.get(key)
		require.True(t, ok, key)
		require.Equal(t, want, got, key)
	}
	for _, key := range []string{"1000", "aaaaaaaa1000bbbbbbbb", "x", strings.Repeat("a", 1000)} {
		_, ok := ix.get(key)
		assert.False(t, ok, key)
	}
}

func BenchmarkIndex(b *testing.B) {
	m := map[string]Spelling{}
	for _, k := range Keys() {
		k.spellings(func(key string, rank uint8) { m[key] = Spelling{Key: k, rank: rank} })
	}
	keys := []string{"cloud_provider", "topology.kubernetes.io/region", "host.name", "cloud.availability_zone"}
	ix := newIndex(m)
	b.Run("index", func(b *testing.B) {
		for b.Loop() {
			for _, key := range keys {
				ix.get(key)
			}
		}
	})
	b.Run("map", func(b *testing.B) {
		for b.Loop() {
			for _, key := range keys {
				_ = m[key]
			}
		}
	})
}
