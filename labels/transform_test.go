// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/labels/testdata"
)

// update writes what the test generates, to be read before it is committed:
// go test ./labels -run Transform -update
var update = flag.Bool("update", false, "rewrite testdata/transform.ottl")

// The configuration with which contrib's transform processor does what a table
// does by default, as far as OTTL can. It is what the benchmark compares with.
//
// What it cannot: keys that no list has (cloud-provider, the labels of nodes by
// their prefix), values in any case, sets of clouds that evidence leaves
// possible, evidence that disagrees, and counting any of it.
func TestTransformConfiguration(t *testing.T) {
	statements := ottl()
	want := strings.Join(statements, "\n") + "\n"
	file := filepath.Join("testdata", "transform.ottl")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o600))
	}
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "run this test with -update, and read what changed")
	require.Equal(t, statements, testdata.Transform())
	t.Logf("%d statements, %d bytes", len(statements), len(want))
}

func ottl() (all []string) {
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	for _, k := range Keys() {
		name := k.Name(Underscore)
		k.spellings(func(key string, _ uint8) {
			if key == name {
				return
			}
			add(`set(attributes[%q], attributes[%q]) where attributes[%[1]q] == nil and attributes[%[2]q] != nil`, name, key)
			add(`delete_key(attributes, %q)`, key)
		})
	}
	for _, k := range []Key{Provider, Platform} {
		seen := map[string]bool{}
		builtinValues(k, Short, func(spelling string, m meaning) {
			if spelling != m.text && !seen[spelling] {
				seen[spelling] = true
				add(`set(attributes[%q], %q) where attributes[%[1]q] == %[3]q`, k.Name(Underscore), m.text, spelling)
			}
		})
	}
	// What labels give away, under the keys that most senders use.
	copied := func(to string, keys ...string) {
		for _, key := range keys {
			add(`set(cache[%q], attributes[%q]) where attributes[%[2]q] != nil`, to, key)
		}
	}
	copied("id", "k8s.node.provider_id", "provider_id", "providerID", "spec.providerID")
	copied("version", "k8s.kubelet.version", "kubelet_version")
	copied("arn", "aws.ecs.task.arn", "aws.eks.cluster.arn", "cloud_resource_id")
	infer := func(k Key, value, from, pattern string) {
		add(`set(attributes[%q], %q) where attributes[%[1]q] == nil and cache[%[3]q] != nil and IsMatch(cache[%[3]q], %[4]q)`, k.Name(Underscore), value, from, pattern)
	}
	extract := func(k Key, from, pattern string) {
		add(`set(attributes[%q], ExtractPatterns(cache[%q], %q)["v"]) where attributes[%[1]q] == nil and cache[%[2]q] != nil and IsMatch(cache[%[2]q], %[3]q)`, k.Name(Underscore), from, pattern)
	}
	for _, e := range []struct{ provider, pattern string }{
		{"aws", `^aws:///[a-z0-9-]+/i-[0-9a-f]{8,17}$`}, {"alibaba", `^(alicloud://)?[a-z0-9-]+\.i-[A-Za-z0-9]+$`}, {"gcp", `^gce://[^/]+/[a-z0-9-]+/[^/]+$`},
		{"azure", `^azure:///subscriptions/`}, {"tencent", `^(qcloud|tencentcloud):///[a-z0-9-]+/ins-`}, {"hetzner", `^hcloud://[0-9]+$`},
		{"digitalocean", `^digitalocean://[0-9]+$`}, {"volcengine", `^volcengine://i-`}, {"scaleway", `^scaleway://[a-z]+/[a-z0-9-]+/`},
		{"oracle", `^(oci://)?ocid1\.`}, {"openstack", `^openstack:///`},
	} {
		infer(Provider, e.provider, "id", e.pattern)
	}
	infer(Provider, "alibaba", "version", `-aliyun\.`)
	infer(Provider, "tencent", "version", `-tke\.`)
	infer(Provider, "aws", "arn", `^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12})?:.+`)
	infer(Provider, "gcp", "arn", `^//[a-z]+\.googleapis\.com/projects/`)
	infer(Provider, "azure", "arn", `(?i)^/subscriptions/[0-9a-f-]{36}/resourceGroups/`)
	infer(Platform, "alibaba_cloud_ack", "version", `-aliyun\.`)
	infer(Platform, "tencent_cloud_tke", "version", `-tke\.`)
	add(`set(attributes["cloud_platform"], "aws_eks") where attributes["cloud_platform"] == nil and attributes["cloud_provider"] == "aws" and cache["version"] != nil and IsMatch(cache["version"], "-eks-")`)
	add(`set(attributes["cloud_platform"], "gcp_kubernetes_engine") where attributes["cloud_platform"] == nil and attributes["cloud_provider"] == "gcp" and cache["version"] != nil and IsMatch(cache["version"], "-gke\\.")`)
	infer(Platform, "aws_lambda", "arn", `^arn:aws[a-z-]*:lambda:[^:]*:[^:]*:function:`)
	infer(Platform, "aws_ecs", "arn", `^arn:aws[a-z-]*:ecs:[^:]*:[^:]*:(task|cluster|container|service)/`)
	infer(Platform, "aws_eks", "arn", `^arn:aws[a-z-]*:eks:[^:]*:[^:]*:cluster/`)
	infer(Platform, "gcp_cloud_run", "arn", `^//run\.googleapis\.com/`)
	infer(Platform, "k3s", "version", `\+k3s`)
	infer(Platform, "k3s", "id", `^k3s://.+`)
	extract(AvailabilityZone, "id", `^(aws:///|gce://[^/]+/)(?P<v>[a-z0-9-]+)/`)
	extract(Region, "id", `^(alicloud://)?(?P<v>[a-z0-9-]+)\.i-`)
	extract(Region, "arn", `^arn:aws[a-z-]*:[a-z0-9-]+:(?P<v>[a-z0-9-]+):`)
	extract(Region, "arn", `/locations/(?P<v>[a-z]+-[a-z]+[0-9]+)/`)
	extract(AccountID, "arn", `^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(?P<v>[0-9]{12}):`)
	extract(AccountID, "arn", `^//[a-z]+\.googleapis\.com/projects/(?P<v>[^/]+)/`)
	extract(AccountID, "id", `^gce://(?P<v>[^/]+)/`)
	extract(AccountID, "id", `(?i)^azure:///subscriptions/(?P<v>[0-9a-f-]{36})/`)
	extract(HostID, "id", `^aws:///[a-z0-9-]+/(?P<v>i-[0-9a-f]+)$`)
	extract(HostID, "id", `^(alicloud://)?[a-z0-9-]+\.(?P<v>i-[A-Za-z0-9]+)$`)
	extract(HostID, "id", `^hcloud://(?P<v>[0-9]+)$`)
	// What is implausible.
	add(`replace_pattern(attributes["cloud_availability_zone"], "^.*projects/[^/]+/zones/", "")`)
	add(`set(attributes["cloud_availability_zone"], Concat([attributes["cloud_region"], attributes["cloud_availability_zone"]], "-")) where attributes["cloud_provider"] == "azure" and attributes["cloud_region"] != nil and attributes["cloud_availability_zone"] != nil and IsMatch(attributes["cloud_availability_zone"], "^[1-9]$")`)
	// A region from its zone.
	for _, z := range []struct{ provider, pattern string }{
		{"aws", `^(?P<v>[a-z]+(-[a-z]+)+-[0-9]+)[a-z]$`}, {"gcp", `^(?P<v>[a-z]+-[a-z]+[0-9]+)-[a-z]$`},
		{"alibaba", `^(?P<v>[a-z]+-[a-z]+)-[a-z]$`}, {"tencent", `^(?P<v>[a-z]+-[a-z]+)-[0-9]$`},
	} {
		add(`set(attributes["cloud_region"], ExtractPatterns(attributes["cloud_availability_zone"], %q)["v"]) where attributes["cloud_region"] == nil and attributes["cloud_availability_zone"] != nil and attributes["cloud_provider"] == %q and IsMatch(attributes["cloud_availability_zone"], %[1]q)`, z.pattern, z.provider)
	}
	return all
}
