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
var providers = [numClouds]provider{
	alibaba: {short: "alibaba", semconv: "alibaba_cloud", aliases: []string{
		"aliyun",       // its own console, Prometheus
		"aliyun_ecs",   // OpenTelemetry JavaScript detector
		"alicloud",     // cloud controller manager, Terraform
		"alibabacloud", // node labels
		"阿里云",
	}},
	tencent: {short: "tencent", semconv: "tencent_cloud", aliases: []string{
		"qcloud",       // Beats, providerID
		"tencentcloud", // cloud controller manager, KubeBlocks
		"腾讯云",
	}},
	huawei: {short: "huawei", semconv: "huawei_cloud", aliases: []string{
		"huaweicloud", // Terraform
		"华为云",
	}},
	aws: {short: "aws", semconv: "aws", aliases: []string{
		"ec2", // old Beats
		"amazon",
		"amazon_web_services",
	}},
	gcp: {short: "gcp", semconv: "gcp", aliases: []string{
		"gce", // providerID
		"google",
		"google_cloud",
	}},
	azure:        {short: "azure", semconv: "azure", aliases: []string{"microsoft_azure"}},
	oracle:       {short: "oracle", semconv: "oracle_cloud", aliases: []string{"oci"}},
	ibm:          {short: "ibm", semconv: "ibm_cloud", aliases: []string{"ibmcloud"}},
	akamai:       {short: "akamai", semconv: "akamai_cloud", aliases: []string{"linode"}},
	hetzner:      {short: "hetzner", semconv: "hetzner", aliases: []string{"hcloud", "hetzner_cloud"}},
	vultr:        {short: "vultr", semconv: "vultr"},
	heroku:       {short: "heroku", semconv: "heroku"},
	scaleway:     {short: "scaleway", semconv: "scaleway"},
	digitalocean: {short: "digitalocean", semconv: "digitalocean", aliases: []string{"digital_ocean"}},
	openstack:    {short: "openstack", semconv: "openstack", aliases: []string{"nova"}}, // Beats
	volcengine:   {short: "volcengine", semconv: "volcengine"},
	baidu:        {short: "baidu", semconv: "baidu", aliases: []string{"baiducloud", "baidu_cloud"}},
	jd:           {short: "jd", semconv: "jd", aliases: []string{"jdcloud", "jd_cloud"}},
	onPremises:   {short: "on_premises", semconv: "on_premises", aliases: []string{"on_premise", "on_prem", "onpremises", "onprem"}},
}

// platform is one value of cloud.platform, the same in both vocabularies.
type platform struct {
	name    string
	cloud   cloud // noCloud where the platform runs anywhere
	aliases []string
}

// platforms lists the enum of the semantic conventions, its older spellings
// (azure_vm became azure.vm in 1.35; the two fold alike), and, marked as ours,
// the Kubernetes services that the enum lacks.
var platforms = []platform{
	{name: "akamai_cloud.compute", cloud: akamai},
	{name: "alibaba_cloud_ecs", cloud: alibaba, aliases: []string{"aliyun_ecs"}},
	{name: "alibaba_cloud_fc", cloud: alibaba, aliases: []string{"aliyun_fc"}},
	{name: "alibaba_cloud_openshift", cloud: alibaba},
	{name: "alibaba_cloud_ack", cloud: alibaba, aliases: []string{"ack", "aliyun_ack"}}, // ours
	{name: "aws_app_runner", cloud: aws},
	{name: "aws_ec2", cloud: aws},
	{name: "aws_ecs", cloud: aws},
	{name: "aws_eks", cloud: aws},
	{name: "aws_elastic_beanstalk", cloud: aws},
	{name: "aws_lambda", cloud: aws},
	{name: "aws_openshift", cloud: aws},
	{name: "azure.aks", cloud: azure, aliases: []string{"aks"}},
	{name: "azure.app_service", cloud: azure},
	{name: "azure.container_apps", cloud: azure},
	{name: "azure.container_instances", cloud: azure},
	{name: "azure.functions", cloud: azure},
	{name: "azure.openshift", cloud: azure},
	{name: "azure.vm", cloud: azure},
	{name: "gcp.agent_engine", cloud: gcp},
	{name: "gcp_app_engine", cloud: gcp},
	{name: "gcp_bare_metal_solution", cloud: gcp},
	{name: "gcp_cloud_functions", cloud: gcp},
	{name: "gcp_cloud_run", cloud: gcp},
	{name: "gcp_compute_engine", cloud: gcp},
	{name: "gcp_kubernetes_engine", cloud: gcp, aliases: []string{"gke"}},
	{name: "gcp_openshift", cloud: gcp, aliases: []string{"google_cloud_openshift"}},
	{name: "hetzner.cloud_server", cloud: hetzner},
	{name: "huawei_cloud_cce", cloud: huawei, aliases: []string{"cce"}}, // ours
	{name: "ibm_cloud_openshift", cloud: ibm},
	{name: "k3s"}, // ours: a distribution, not a place
	{name: "oracle_cloud_compute", cloud: oracle},
	{name: "oracle_cloud_oke", cloud: oracle},
	{name: "tencent_cloud_cvm", cloud: tencent},
	{name: "tencent_cloud_eks", cloud: tencent},
	{name: "tencent_cloud_scf", cloud: tencent},
	{name: "tencent_cloud_tke", cloud: tencent, aliases: []string{"tke"}}, // ours
	{name: "vultr.cloud_compute", cloud: vultr},
}

// meaning is what a value stands for: the text that a table writes, and the
// cloud that it names or that the platform belongs to, if any.
type meaning struct {
	text  string
	cloud cloud
}

// name returns the name of the provider in the vocabulary.
func (p *provider) name(v Vocabulary) string {
	if v == Semconv {
		return p.semconv
	}
	return p.short
}

// builtinValues calls yield with every spelling of every value of k and what
// it stands for in the vocabulary. Spellings need not be folded.
func builtinValues(k Key, v Vocabulary, yield func(spelling string, m meaning)) {
	switch k {
	case Provider:
		for i := range providers[1:] {
			c := cloud(i + 1)
			p := &providers[c]
			m := meaning{text: p.name(v), cloud: c}
			yield(p.short, m)
			yield(p.semconv, m)
			for _, a := range p.aliases {
				yield(a, m)
			}
		}
		// Some detectors put the platform where the provider belongs.
		for _, p := range platforms {
			if p.cloud != noCloud {
				yield(p.name, meaning{text: providers[p.cloud].name(v), cloud: p.cloud})
			}
		}
	case Platform:
		for _, p := range platforms {
			m := meaning{text: p.name, cloud: p.cloud}
			yield(p.name, m)
			for _, a := range p.aliases {
				yield(a, m)
			}
		}
	}
}

// isEnum tells the labels with a closed vocabulary, where a value can be
// unknown, from those whose values are free.
func (k Key) isEnum() bool { return k == Provider || k == Platform }
