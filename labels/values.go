// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

// provider is one cloud provider: its name in each vocabulary and the aliases
// seen in the wild. Aliases are written folded, see foldValue.
type provider struct {
	short   string
	semconv string
	aliases []string
}

// providers lists every provider that the semantic conventions name, and those
// of common use that they do not; for these the semconv name is ours.
//
// Aliases that mean different providers in different mouths are left out on
// purpose: "ecs" is Alibaba's in Beats and a service of AWS everywhere else.
var providers = []provider{
	{short: "alibaba", semconv: "alibaba_cloud", aliases: []string{
		"aliyun",       // its own console, Prometheus
		"aliyun_ecs",   // OpenTelemetry JavaScript detector
		"alicloud",     // cloud controller manager, Terraform
		"alibabacloud", // node labels
		"阿里云",
	}},
	{short: "tencent", semconv: "tencent_cloud", aliases: []string{
		"qcloud",       // Beats, providerID
		"tencentcloud", // cloud controller manager, KubeBlocks
		"腾讯云",
	}},
	{short: "huawei", semconv: "huawei_cloud", aliases: []string{
		"huaweicloud", // Terraform
		"华为云",
	}},
	{short: "aws", semconv: "aws", aliases: []string{
		"ec2", // old Beats
		"amazon",
		"amazon_web_services",
	}},
	{short: "gcp", semconv: "gcp", aliases: []string{
		"gce", // providerID
		"google",
		"google_cloud",
	}},
	{short: "azure", semconv: "azure", aliases: []string{"microsoft_azure"}},
	{short: "oracle", semconv: "oracle_cloud", aliases: []string{"oci"}},
	{short: "ibm", semconv: "ibm_cloud", aliases: []string{"ibmcloud"}},
	{short: "akamai", semconv: "akamai_cloud", aliases: []string{"linode"}},
	{short: "hetzner", semconv: "hetzner", aliases: []string{"hcloud", "hetzner_cloud"}},
	{short: "vultr", semconv: "vultr"},
	{short: "heroku", semconv: "heroku"},
	{short: "scaleway", semconv: "scaleway"},
	{short: "digitalocean", semconv: "digitalocean", aliases: []string{"digital_ocean"}},
	{short: "openstack", semconv: "openstack", aliases: []string{"nova"}}, // Beats
	{short: "volcengine", semconv: "volcengine"},
	{short: "baidu", semconv: "baidu", aliases: []string{"baiducloud", "baidu_cloud"}},
	{short: "jd", semconv: "jd", aliases: []string{"jdcloud", "jd_cloud"}},
	{short: "on_premises", semconv: "on_premises", aliases: []string{"on_premise", "on_prem", "onpremises", "onprem"}},
}

// platform is one value of cloud.platform, the same in both vocabularies.
type platform struct {
	name     string
	provider string // short name; "" where the platform runs anywhere
	aliases  []string
}

// platforms lists the enum of the semantic conventions, its older spellings
// (azure_vm became azure.vm in 1.35; the two fold alike), and, marked as ours,
// the Kubernetes services that the enum lacks.
var platforms = []platform{
	{name: "akamai_cloud.compute", provider: "akamai"},
	{name: "alibaba_cloud_ecs", provider: "alibaba", aliases: []string{"aliyun_ecs"}},
	{name: "alibaba_cloud_fc", provider: "alibaba", aliases: []string{"aliyun_fc"}},
	{name: "alibaba_cloud_openshift", provider: "alibaba"},
	{name: "alibaba_cloud_ack", provider: "alibaba", aliases: []string{"ack", "aliyun_ack"}}, // ours
	{name: "aws_app_runner", provider: "aws"},
	{name: "aws_ec2", provider: "aws"},
	{name: "aws_ecs", provider: "aws"},
	{name: "aws_eks", provider: "aws"},
	{name: "aws_elastic_beanstalk", provider: "aws"},
	{name: "aws_lambda", provider: "aws"},
	{name: "aws_openshift", provider: "aws"},
	{name: "azure.aks", provider: "azure", aliases: []string{"aks"}},
	{name: "azure.app_service", provider: "azure"},
	{name: "azure.container_apps", provider: "azure"},
	{name: "azure.container_instances", provider: "azure"},
	{name: "azure.functions", provider: "azure"},
	{name: "azure.openshift", provider: "azure"},
	{name: "azure.vm", provider: "azure"},
	{name: "gcp.agent_engine", provider: "gcp"},
	{name: "gcp_app_engine", provider: "gcp"},
	{name: "gcp_bare_metal_solution", provider: "gcp"},
	{name: "gcp_cloud_functions", provider: "gcp"},
	{name: "gcp_cloud_run", provider: "gcp"},
	{name: "gcp_compute_engine", provider: "gcp"},
	{name: "gcp_kubernetes_engine", provider: "gcp", aliases: []string{"gke"}},
	{name: "gcp_openshift", provider: "gcp", aliases: []string{"google_cloud_openshift"}},
	{name: "hetzner.cloud_server", provider: "hetzner"},
	{name: "huawei_cloud_cce", provider: "huawei", aliases: []string{"cce"}}, // ours
	{name: "ibm_cloud_openshift", provider: "ibm"},
	{name: "k3s"}, // ours: a distribution, not a place
	{name: "oracle_cloud_compute", provider: "oracle"},
	{name: "oracle_cloud_oke", provider: "oracle"},
	{name: "tencent_cloud_cvm", provider: "tencent"},
	{name: "tencent_cloud_eks", provider: "tencent"},
	{name: "tencent_cloud_scf", provider: "tencent"},
	{name: "tencent_cloud_tke", provider: "tencent", aliases: []string{"tke"}}, // ours
	{name: "vultr.cloud_compute", provider: "vultr"},
}

// builtinValues calls yield with every spelling of every value of k and the
// value it stands for in the vocabulary. Spellings need not be folded.
func builtinValues(k Key, v Vocabulary, yield func(spelling, value string)) {
	switch k {
	case Provider:
		names := make(map[string]string, len(providers))
		for _, p := range providers {
			name := p.short
			if v == Semconv {
				name = p.semconv
			}
			names[p.short] = name
			yield(p.short, name)
			yield(p.semconv, name)
			for _, a := range p.aliases {
				yield(a, name)
			}
		}
		// Some detectors put the platform where the provider belongs.
		for _, p := range platforms {
			if p.provider != "" {
				yield(p.name, names[p.provider])
			}
		}
	case Platform:
		for _, p := range platforms {
			yield(p.name, p.name)
			for _, a := range p.aliases {
				yield(a, p.name)
			}
		}
	}
}

// isEnum tells the labels with a closed vocabulary, where a value can be
// unknown, from those whose values are free.
func (k Key) isEnum() bool { return k == Provider || k == Platform }
