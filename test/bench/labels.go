// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/sealgate/sealgate/labels/testdata"
	"github.com/sealgate/sealgate/processor/cloudlabelsprocessor"
)

// resources is how many resources one batch has, one span each.
const resources = 120

// labelComparisons measures the `cloudlabels` processor beside contrib's
// `transform`, which does the same for six keys and six providers in 18
// statements, and nearly all of it in some hundreds.
func labelComparisons() []producer {
	compare := func(name string, kinds []map[string]string) producer {
		return &comparison{
			name: name, unit: "ns/resource", peer: "contrib transform v0.161.0, 18 statements",
			open: func(context.Context) (*subject, *subject, error) { return openLabels(batchOf(kinds), statements()) },
		}
	}
	ack := clouds[0]
	return []producer{
		compare("labels/normal_resource", []map[string]string{ack.normal()}),
		compare("labels/foreign_resource", []map[string]string{{
			"cloud.provider":                   ack.alias,
			"topology.kubernetes.io/region":    ack.region,
			"topology.kubernetes.io/zone":      ack.zone,
			"node.kubernetes.io/instance-type": ack.hostType,
		}}),
		compare("labels/vs_transform", mix()),
		corpusComparison(),
	}
}

// corpusComparison gives both the corpus of real resources, but for those of
// which `transform` cannot make the same.
func corpusComparison() producer {
	c := &comparison{name: "labels/corpus", unit: "ns/resource"}
	c.open = func(context.Context) (*subject, *subject, error) {
		all, err := testdata.Resources()
		if err != nil {
			return nil, nil, err
		}
		input := ptrace.NewTraces()
		for _, r := range all {
			if err := input.ResourceSpans().AppendEmpty().Resource().Attributes().FromRaw(r.Resource); err != nil {
				return nil, nil, err
			}
		}
		their, err := transformed(input)
		if err != nil {
			return nil, nil, err
		}
		_, our, err := openTraces(cloudlabelsprocessor.NewFactory(), nil, input)
		if err != nil {
			return nil, nil, err
		}
		same := agreeing(input, our(), their)
		c.peer = fmt.Sprintf("contrib transform v0.161.0, %d statements, which does the same to %d of %d resources",
			len(testdata.Transform()), same.ResourceSpans().Len(), len(all))
		return openLabels(same, testdata.Transform())
	}
	return c
}

// transformed returns what all statements make of input.
func transformed(input ptrace.Traces) (ptrace.Traces, error) {
	_, run, err := openTraces(transformprocessor.NewFactory(), transformSettings(testdata.Transform()), input)
	if err != nil {
		return input, err
	}
	return run(), nil
}

// agreeing returns the resources of input of which both make the same.
func agreeing(input, ours, theirs ptrace.Traces) ptrace.Traces {
	same := ptrace.NewTraces()
	for i, rs := range input.ResourceSpans().All() {
		our, their := ours.ResourceSpans().At(i).Resource(), theirs.ResourceSpans().At(i).Resource()
		if reflect.DeepEqual(our.Attributes().AsRaw(), their.Attributes().AsRaw()) {
			rs.CopyTo(same.ResourceSpans().AppendEmpty())
		}
	}
	return same
}

func transformSettings(statements []string) map[string]any {
	return map[string]any{
		"error_mode":       "propagate",
		"trace_statements": []any{map[string]any{"context": "resource", "statements": statements}},
	}
}

// cloud is what the resources of a cloud say of it.
type cloud struct {
	provider, alias, platform, region, zone, account, hostType string
}

var clouds = []cloud{
	{"alibaba", "aliyun", "alibaba_cloud_ecs", "cn-hangzhou", "cn-hangzhou-h", "1234567890123456", "ecs.g7.xlarge"},
	{"tencent", "qcloud", "tencent_cloud_cvm", "ap-singapore", "ap-singapore-2", "100003456789", "S5.MEDIUM4"},
	{"huawei", "huaweicloud", "huawei_cloud_cce", "cn-north-4", "cn-north-4a", "05f1e6a9c9c54f0e", "c7.large.2"},
	{"aws", "amazon", "aws_eks", "eu-central-1", "eu-central-1b", "123456789012", "m6i.large"},
	{"gcp", "google", "gcp_kubernetes_engine", "europe-west3", "europe-west3-b", "prod-247113", "e2-standard-4"},
	{"azure", "microsoft_azure", "azure.aks", "westeurope", "westeurope-1", "0b1f6471-1bf0-4dda-aec3-cb9272f09590", "Standard_D4s_v5"},
}

func (c cloud) normal() map[string]string {
	return map[string]string{
		"cloud_provider":          c.provider,
		"cloud_platform":          c.platform,
		"cloud_region":            c.region,
		"cloud_availability_zone": c.zone,
		"cloud_account_id":        c.account,
		"host_type":               c.hostType,
	}
}

func (c cloud) foreign() map[string]string {
	return map[string]string{
		"cloud.provider":                   c.alias,
		"cloud.platform":                   c.platform,
		"topology.kubernetes.io/region":    c.region,
		"topology.kubernetes.io/zone":      c.zone,
		"cloud.account.id":                 c.account,
		"node.kubernetes.io/instance-type": c.hostType,
	}
}

// mix has every cloud once as it should be and once as it comes.
func mix() []map[string]string {
	var kinds []map[string]string
	for _, c := range clouds {
		kinds = append(kinds, c.normal(), c.foreign())
	}
	return kinds
}

// statements do with `transform` what `cloudlabels` does to the resources of
// this benchmark.
func statements() []string {
	var all []string
	for _, key := range [][2]string{
		{"cloud_provider", "cloud.provider"},
		{"cloud_platform", "cloud.platform"},
		{"cloud_region", "topology.kubernetes.io/region"},
		{"cloud_availability_zone", "topology.kubernetes.io/zone"},
		{"cloud_account_id", "cloud.account.id"},
		{"host_type", "node.kubernetes.io/instance-type"},
	} {
		all = append(all,
			fmt.Sprintf("set(attributes[%q], attributes[%q]) where attributes[%[2]q] != nil", key[0], key[1]),
			fmt.Sprintf("delete_key(attributes, %q)", key[1]))
	}
	for _, c := range clouds {
		all = append(all, fmt.Sprintf(`set(attributes["cloud_provider"], %q) where attributes["cloud_provider"] == %q`, c.provider, c.alias))
	}
	return all
}

// batchOf makes a batch of the kinds in turn, with what else a Kubernetes
// resource carries.
func batchOf(kinds []map[string]string) ptrace.Traces {
	td := ptrace.NewTraces()
	for i := range resources {
		attrs := map[string]string{
			"service.name":           "checkout",
			"service.version":        "1.14.2",
			"service.instance.id":    fmt.Sprintf("checkout-7d9f-%d", i),
			"k8s.cluster.name":       "prod",
			"k8s.namespace.name":     "shop",
			"k8s.pod.name":           fmt.Sprintf("checkout-7d9f-%d", i),
			"k8s.deployment.name":    "checkout",
			"k8s.node.name":          "node-17",
			"host.name":              "node-17",
			"os.type":                "linux",
			"telemetry.sdk.language": "go",
		}
		maps.Copy(attrs, kinds[i%len(kinds)])
		rs := td.ResourceSpans().AppendEmpty()
		// In order, as most SDKs send them: from a map they would come in another
		// order for every resource and every run.
		for _, key := range slices.Sorted(maps.Keys(attrs)) {
			rs.Resource().Attributes().PutStr(key, attrs[key])
		}
		rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("GET /cart")
	}
	return td
}

// openLabels sets both processors up and makes sure that they agree on input.
func openLabels(input ptrace.Traces, statements []string) (ours, theirs *subject, err error) {
	ours, our, err := openTraces(cloudlabelsprocessor.NewFactory(), nil, input)
	if err != nil {
		return nil, nil, err
	}
	theirs, their, err := openTraces(transformprocessor.NewFactory(), transformSettings(statements), input)
	if err != nil {
		return nil, nil, err
	}
	return ours, theirs, agree(our(), their())
}

// openTraces makes a subject of a processor. Each run gets a fresh copy of
// input; the function that comes back does one run and returns the result.
func openTraces(f processor.Factory, settings map[string]any, input ptrace.Traces) (*subject, func() ptrace.Traces, error) {
	ctx := context.Background()
	cfg := f.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(settings).Unmarshal(cfg); err != nil {
		return nil, nil, err
	}
	var next consumer.Traces = consumertest.NewNop()
	p, err := f.CreateTraces(ctx, processortest.NewNopSettings(f.Type()), cfg, next)
	if err != nil {
		return nil, nil, err
	}
	if err := p.Start(ctx, nil); err != nil {
		return nil, nil, err
	}
	batch := ptrace.NewTraces()
	s := &subject{
		items:   input.ResourceSpans().Len(),
		prepare: func() { input.CopyTo(batch) },
		run: func() {
			if err := p.ConsumeTraces(ctx, batch); err != nil {
				panic(err)
			}
		},
	}
	return s, func() ptrace.Traces {
		s.prepare()
		s.run()
		return batch
	}, nil
}

// agree fails unless the resources of both results are the same.
func agree(ours, theirs ptrace.Traces) error {
	if ours.ResourceSpans().Len() != theirs.ResourceSpans().Len() {
		return errors.New("a resource was lost")
	}
	for i, rs := range ours.ResourceSpans().All() {
		our, their := rs.Resource().Attributes().AsRaw(), theirs.ResourceSpans().At(i).Resource().Attributes().AsRaw()
		if !reflect.DeepEqual(our, their) {
			return fmt.Errorf("resource %d differs: ours is %v, theirs is %v", i, our, their)
		}
	}
	return nil
}
