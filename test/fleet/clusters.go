// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Package fleet makes the telemetry of three clusters, in three clouds, each of
// which spells its cloud labels its own way, and sends it over OTLP. Given the
// same run and time it makes the same telemetry.
package fleet

// Cluster is one Kubernetes cluster.
type Cluster struct {
	Name string
	// Spelling is how the cluster writes its cloud labels, by signal: in the
	// wild, traces, logs and metrics come from agents that do not agree.
	Spelling map[Signal]map[string]any
	// Labels is what every one of them has to become: the vocabulary `short`,
	// with underscores.
	Labels map[string]string
}

// Signal is a kind of telemetry.
type Signal string

// The signals.
const (
	Traces  Signal = "traces"
	Logs    Signal = "logs"
	Metrics Signal = "metrics"
)

// Signals lists all signals.
var Signals = []Signal{Traces, Logs, Metrics}

// Clusters is the fleet: Alibaba's ACK, AWS' EKS, and K3s on premises.
var Clusters = []Cluster{
	{
		Name: "ack-prod",
		Spelling: map[Signal]map[string]any{
			Traces: { // an SDK with the contrib detector, and node labels
				"cloud.provider":                   "alibaba_cloud",
				"cloud.platform":                   "ack",
				"topology.kubernetes.io/region":    "cn-hangzhou",
				"topology.kubernetes.io/zone":      "cn-hangzhou-h",
				"node.kubernetes.io/instance-type": "ecs.g7.xlarge",
				"cloud.account.id":                 "1234567890123456",
			},
			Logs: { // a Beats-like shipper
				"cloud.provider":          "aliyun",
				"cloud.platform":          "alibaba_cloud_ack",
				"cloud.region":            "cn-hangzhou",
				"cloud.availability_zone": "cn-hangzhou-h",
				"cloud.machine.type":      "ecs.g7.xlarge",
				"cloud.project.id":        "1234567890123456",
			},
			Metrics: { // older node labels, and a cost exporter's names
				"cloud_provider": "Alibaba",
				"cloudPlatform":  "aliyun_ack",
				"failure-domain.beta.kubernetes.io/region": "cn-hangzhou",
				"failure-domain.beta.kubernetes.io/zone":   "cn-hangzhou-h",
				"beta.kubernetes.io/instance-type":         "ecs.g7.xlarge",
				"cloud_account_id":                         "1234567890123456",
			},
		},
		Labels: map[string]string{
			"cloud_provider":          "alibaba",
			"cloud_platform":          "alibaba_cloud_ack",
			"cloud_region":            "cn-hangzhou",
			"cloud_availability_zone": "cn-hangzhou-h",
			"cloud_account_id":        "1234567890123456",
			"host_type":               "ecs.g7.xlarge",
		},
	},
	{
		Name: "eks-prod",
		Spelling: map[Signal]map[string]any{
			Traces: { // as the semantic conventions have it
				"cloud.provider":          "aws",
				"cloud.platform":          "aws_eks",
				"cloud.region":            "us-east-1",
				"cloud.availability_zone": "us-east-1a",
				"cloud.account.id":        "123456789012",
				"host.type":               "m6i.large",
			},
			Logs: { // two agents on the way, each with its own names
				"cloud.provider":          "ec2",
				"cloud_provider":          "AWS",
				"cloud.platform":          "AWS_EKS",
				"cloud.region":            "us-east-1",
				"cloud_region":            "us-east-1",
				"cloud_availability_zone": "us-east-1a",
				"cloudAccountId":          "123456789012",
				"cloud.machine.type":      "m6i.large",
			},
			Metrics: { // Prometheus service discovery
				"cloudProvider":                    "AWS",
				"cloud.infrastructure_service":     "aws_eks",
				"__meta_ec2_region":                "us-east-1",
				"__meta_ec2_availability_zone":     "us-east-1a",
				"cloud.account.id":                 "123456789012",
				"node.kubernetes.io/instance-type": "m6i.large",
			},
		},
		Labels: map[string]string{
			"cloud_provider":          "aws",
			"cloud_platform":          "aws_eks",
			"cloud_region":            "us-east-1",
			"cloud_availability_zone": "us-east-1a",
			"cloud_account_id":        "123456789012",
			"host_type":               "m6i.large",
		},
	},
	{
		Name: "k3s-edge",
		Spelling: map[Signal]map[string]any{
			Traces: {
				"cloudProvider":                    "on-premises",
				"cloud.platform":                   "K3s",
				"cloudRegion":                      "idc-shanghai",
				"cloud.zone":                       "idc-shanghai-1",
				"node.kubernetes.io/instance-type": "k3s",
			},
			Logs: {
				"cloud.provider":                "on_prem",
				"cloud.platform":                "k3s",
				"topology.kubernetes.io/region": "idc-shanghai",
				"topology.kubernetes.io/zone":   "idc-shanghai-1",
				"hostType":                      "k3s",
			},
			Metrics: {
				"cloud-provider":                   "On Premises",
				"cloud-platform":                   "k3s",
				"cloud_region":                     "idc-shanghai",
				"cloudZone":                        "idc-shanghai-1",
				"beta.kubernetes.io/instance-type": "k3s",
			},
		},
		Labels: map[string]string{
			"cloud_provider":          "on_premises",
			"cloud_platform":          "k3s",
			"cloud_region":            "idc-shanghai",
			"cloud_availability_zone": "idc-shanghai-1",
			"host_type":               "k3s",
		},
	},
}
