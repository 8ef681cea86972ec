// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cloudlabelsprocessor

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sealgate/sealgate/labels"
)

// rest is what a Kubernetes resource carries besides its cloud labels.
var rest = map[string]any{
	"service.name":           "checkout",
	"service.version":        "1.14.2",
	"service.instance.id":    "checkout-7d9f-x2x",
	"k8s.cluster.name":       "prod",
	"k8s.namespace.name":     "shop",
	"k8s.pod.name":           "checkout-7d9f-x2x",
	"k8s.deployment.name":    "checkout",
	"k8s.node.name":          "node-17",
	"host.name":              "node-17",
	"os.type":                "linux",
	"telemetry.sdk.language": "go",
}

func resource(cloud map[string]any) pcommon.Map {
	m := pcommon.NewMap()
	_ = m.FromRaw(rest)
	for k, v := range cloud {
		_ = m.PutEmpty(k).FromRaw(v)
	}
	return m
}

var (
	normalCloud = map[string]any{
		"cloud_provider":          "alibaba",
		"cloud_region":            "cn-hangzhou",
		"cloud_availability_zone": "cn-hangzhou-h",
		"cloud_account_id":        "1234567890",
		"host_type":               "ecs.g7.xlarge",
		"host_id":                 "i-bp15hr53jws84akg4gkd",
	}
	foreignCloud = map[string]any{
		"cloud.provider":                   "aliyun",
		"topology.kubernetes.io/region":    "cn-hangzhou",
		"topology.kubernetes.io/zone":      "cn-hangzhou-h",
		"node.kubernetes.io/instance-type": "ecs.g7.xlarge",
	}
)

func benchmarkNormalizer(b *testing.B) *normalizer {
	table, err := labels.New(labels.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return newNormalizer(table)
}

func BenchmarkNormalResource(b *testing.B) {
	n := benchmarkNormalizer(b)
	m := resource(normalCloud)
	b.ReportAllocs()
	for b.Loop() {
		n.normalize(m)
	}
}

// BenchmarkForeignResource subtracts nothing: the copy that gives each round a
// fresh resource is measured beside it, as BenchmarkCopy.
func BenchmarkForeignResource(b *testing.B) {
	n := benchmarkNormalizer(b)
	src, m := resource(foreignCloud), pcommon.NewMap()
	b.ReportAllocs()
	for b.Loop() {
		src.CopyTo(m)
		n.normalize(m)
	}
}

func BenchmarkCopy(b *testing.B) {
	src, m := resource(foreignCloud), pcommon.NewMap()
	b.ReportAllocs()
	for b.Loop() {
		src.CopyTo(m)
	}
}
