// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import "strings"

// certainty orders what evidence says.
type certainty uint8

const (
	weakly    certainty = iota + 1
	generally           // strong, but yields to what is more specific: a machine to the service on it
	strongly
)

// evidence is what the attributes of one resource say besides their labels. The
// zero value is nothing.
type evidence struct {
	any  bool
	away bool  // the resource is not where its provider is
	k3s  int32 // one more than the position of what tells of K3s

	strong  suspects // from what stays in the record
	passing suspects // from the keys and values that normalising replaces
	weak    suspects

	guesses [NumKeys]guess
}

// suspects are the clouds that some pieces of evidence leave possible.
type suspects struct {
	excluded cloudSet
	pos      int32 // of the first piece, plus one
}

func (s *suspects) limit(to cloudSet, pos int32) {
	s.excluded |= ^to
	if s.pos == 0 {
		s.pos = pos + 1
	}
}

func (s *suspects) left() cloudSet { return ^s.excluded & (1<<numClouds - 1) &^ clouds(noCloud) }

// guess is what evidence says that a missing label is.
type guess struct {
	value    string
	pos      int32
	sure     certainty
	owner    cloud // in which it holds; noCloud is wherever it is
	disputed bool  // equally certain pieces say different things
}

// add takes one piece of evidence, from the attribute at pos.
func (e *evidence) add(f finding, pos int32) {
	if f.sure == weakly {
		e.take(&e.weak, f, pos)
		return
	}
	e.take(&e.strong, f, pos)
}

// addPassing takes evidence from what will be gone when the record is seen the
// next time. It must not change what the rest decides, or normalising twice
// would give another result than once.
func (e *evidence) addPassing(f finding, pos int32) { e.take(&e.passing, f, pos) }

func (e *evidence) take(s *suspects, f finding, pos int32) {
	if f.clouds != 0 {
		e.any = true
		s.limit(f.clouds, pos)
	}
	e.away = e.away || f.away
	if f.k3s && e.k3s == 0 {
		e.any = true
		e.k3s = pos + 1
	}
	owner := (f.clouds &^ clouds(onPremises)).only()
	e.guess(Platform, f.platform, f.platformSure, owner, pos)
	e.guess(Region, f.region, strongly, owner, pos)
	e.guess(AvailabilityZone, f.zone, strongly, owner, pos)
	e.guess(AccountID, f.account, strongly, owner, pos)
	e.guess(HostID, f.host, strongly, owner, pos)
}

func (e *evidence) guess(k Key, value string, sure certainty, owner cloud, pos int32) {
	g := &e.guesses[k]
	switch {
	case value == "" || sure < g.sure:
	case sure > g.sure:
		e.any = true
		g.value, g.pos, g.sure, g.owner, g.disputed = value, pos, sure, owner, false
	case value != g.value:
		g.disputed = true
	case owner == noCloud:
		g.owner = noCloud
	}
}

// clue is what kind of evidence the value of a key is.
type clue uint8

const (
	noClue     clue = iota // or the key alone, see vendor
	providerID             // of a Kubernetes node
	version                // of a kubelet or an API server
	resourceID             // an ARN and its like
	hostName
	nodeRegion // a label of a Kubernetes node
	nodeZone
	nodeType
)

// clueKeys lists the keys of evidence. Their underscore and camel-case forms
// are derived as those of labels are.
var clueKeys = map[clue][]string{
	providerID: {
		"k8s.node.provider_id", "k8s.node.spec.provider_id", "kubernetes.node.provider_id",
		"node.spec.provider_id", "spec.provider_id", "provider_id", // of kube_node_info
	},
	version: {
		"k8s.kubelet.version", "k8s.node.kubelet_version", "kubernetes.node.kubelet.version", "kubelet.version",
		"status.nodeInfo.kubelet_version",
		"k8s.cluster.version", "k8s.server.version", "kubernetes.version", "git_version", // of kubernetes_build_info
	},
	resourceID: {
		"aws.ecs.task.arn", "aws.ecs.cluster.arn", "aws.ecs.container.arn", "aws.eks.cluster.arn",
		"azure.resource_id", "azure.resource.id", "gcp.resource_name", "oci.resource_id",
	},
	hostName: {"host.name", "k8s.node.name"},
}

// nodeLabels are the labels of a Kubernetes node whose value is a cloud label.
// The last entry stands for what is no label.
var nodeLabels = [NumKeys + 1]clue{Region: nodeRegion, AvailabilityZone: nodeZone, HostType: nodeType}

// wrappers are the prefixes with which the labels of a node travel: from the
// k8sattributes processor, Beats, kube-state-metrics, and the service
// discovery of Prometheus.
var wrappers = []string{
	"k8s_node_label_", "k8s_node_labels_", "kubernetes_node_labels_", "label_", "__meta_kubernetes_node_label_",
}

// vendor is a prefix of keys that only one cloud has.
type vendor struct {
	prefix   string // folded, but for the leading underscores of Prometheus
	cloud    cloud
	platform string
	sure     certainty // of the cloud; weakly is orElsewhere
	away     string    // the value with which the key tells of a node elsewhere
}

// finding returns what a key of the vendor says, with its value.
func (v *vendor) finding(value string) finding {
	f := of(v.cloud).on(v.platform, strongly)
	switch {
	case v.away != "" && value == v.away:
		return finding{away: true}
	case v.sure == weakly:
		return f.orElsewhere()
	}
	return f
}

// vendors lists the prefixes, the longer before the shorter.
var vendors = []vendor{
	{"eks_amazonaws_com_compute_type", aws, "aws_eks", strongly, "hybrid"},
	{"eks_amazonaws_com_", aws, "aws_eks", strongly, ""},
	{"alpha_eksctl_io_", aws, "aws_eks", strongly, ""},
	{"karpenter_k8s_aws_", aws, "", strongly, ""},

	{"alibabacloud_com_is_edge_worker", alibaba, "alibaba_cloud_ack", strongly, "true"},
	{"alibabacloud_com_nodepool_id", alibaba, "alibaba_cloud_ack", strongly, ""},
	{"alibabacloud_com_", alibaba, "", strongly, ""},
	{"ack_aliyun_com", alibaba, "alibaba_cloud_ack", strongly, ""},

	// GKE's own labels are on its nodes elsewhere too; those of machines are not.
	{"cloud_google_com_machine_family", gcp, "", strongly, ""},
	{"cloud_google_com_gke_boot_disk", gcp, "gcp_kubernetes_engine", strongly, ""},
	{"cloud_google_com_gke_", gcp, "gcp_kubernetes_engine", weakly, ""},
	{"topology_gke_io_", gcp, "", strongly, ""},
	{"baremetal_cluster_gke_io_", onPremises, "", strongly, ""},
	{"onprem_gke_io_", onPremises, "", strongly, ""},

	{"kubernetes_azure_com_", azure, "azure.aks", strongly, ""},
	{"tke_cloud_tencent_com_", tencent, "tencent_cloud_tke", strongly, ""},
	{"node_tke_cloud_tencent_com_", tencent, "tencent_cloud_tke", strongly, ""},
	{"cloud_tencent_com_", tencent, "tencent_cloud_tke", strongly, ""},
	{"cce_cloud_com_", huawei, "huawei_cloud_cce", weakly, ""}, // of Huawei's software, see parseVersion
	{"oke_oraclecloud_com_", oracle, "oracle_cloud_oke", strongly, ""},
	{"oci_oraclecloud_com_", oracle, "", strongly, ""},
	{"vke_volcengine_com_", volcengine, "", strongly, ""},
	{"doks_digitalocean_com_", digitalocean, "", strongly, ""},
	{"lke_linode_com_", akamai, "", strongly, ""},
	{"k8s_scaleway_com_", scaleway, "", strongly, ""},
	{"ibm_cloud_kubernetes_io_", ibm, "", strongly, ""},
	{"vke_vultr_com_", vultr, "", strongly, ""},
	{"csi_hetzner_cloud_", hetzner, "", strongly, ""},
	{"instance_hetzner_cloud_", hetzner, "", strongly, ""},

	{"__meta_ec2_", aws, "", strongly, ""},
	{"__meta_lightsail_", aws, "", strongly, ""},
	{"__meta_gce_", gcp, "", strongly, ""},
	{"__meta_azure_", azure, "", strongly, ""},
	{"__meta_oci_", oracle, "", strongly, ""},
	{"__meta_digitalocean_", digitalocean, "", strongly, ""},
	{"__meta_linode_", akamai, "", strongly, ""},
	{"__meta_hetzner_", hetzner, "", strongly, ""},
	{"__meta_scaleway_", scaleway, "", strongly, ""},
	{"__meta_vultr_", vultr, "", strongly, ""},
}

// prefixHeads and prefixNecks are two bytes each of every prefix: the first two
// and those at neck. They reject nearly every other key at once, and of those
// that begin with k8s all but the labels of nodes.
var prefixHeads, prefixNecks = func() (heads, necks pairSet) {
	add := func(prefix string) {
		heads.add(prefix[0], prefix[1])
		necks.add(prefix[neck], prefix[neck+1])
	}
	for i := range vendors {
		add(vendors[i].prefix)
	}
	for _, w := range wrappers {
		if len(w) > neck+1 {
			add(w)
			continue
		}
		for i := range vendors {
			add(w + vendors[i].prefix)
		}
		for _, k := range Keys() {
			if nodeLabels[k] != noClue {
				k.spellings(func(key string, _ uint8) { add(w + fold(key)) })
			}
		}
	}
	return heads, necks
}()

// neck is a position that every prefix has, but for short wrappers.
const neck = 8

// mayBePrefixed tells keys that may begin with a wrapper or a vendor's prefix.
func mayBePrefixed(key string) bool {
	return len(key) >= neck+2 && prefixHeads.has(key[0], key[1]) && prefixNecks.has(key[neck], key[neck+1])
}

// prefixed finds a key that a prefix gives away.
func (t *Table) prefixed(key string) (Sign, bool) {
	none := Spelling{Key: NumKeys}
	for _, w := range wrappers {
		label, ok := cutFolded(key, w)
		if !ok {
			continue
		}
		if s, ok := t.find(label); ok && nodeLabels[s.spelling.Key] != noClue {
			none.vendor = s.spelling.vendor
			return Sign{spelling: none, clue: nodeLabels[s.spelling.Key]}, true
		}
		none.vendor, ok = vendorOf(label)
		return Sign{spelling: none}, ok
	}
	var ok bool
	none.vendor, ok = vendorOf(key)
	return Sign{spelling: none}, ok
}

// vendorOf returns one more than the position in vendors of whose key this is.
func vendorOf(key string) (uint8, bool) {
	for i := range vendors {
		if _, ok := cutFolded(key, vendors[i].prefix); ok {
			return uint8(i + 1), true
		}
	}
	return 0, false
}

// cutFolded cuts a prefix from a key, compared as the backends fold it.
func cutFolded(key, prefix string) (string, bool) {
	if len(key) < len(prefix) {
		return "", false
	}
	for i := range len(prefix) {
		if keyByte[key[i]] != prefix[i] {
			return "", false
		}
	}
	return key[len(prefix):], true
}

// compileEvidence adds the keys of evidence to those that the table knows.
func (t *Table) compileEvidence(raw map[string]Sign) {
	for kind, keys := range clueKeys {
		if kind == hostName && t.opts.MinConfidence != Weak {
			continue // nothing else comes of it
		}
		for _, key := range keys {
			stem := key[:strings.LastIndexByte(key, '.')+1] // spec.providerID
			for _, last := range camelCases(key[len(stem):]) {
				t.addClue(raw, stem+last, func(s *Sign) { s.clue = kind })
			}
			for _, spelling := range append(camelCases(key), key) {
				t.addClue(raw, spelling, func(s *Sign) { s.clue = kind })
			}
		}
	}
}

// addClue changes what the table makes of a key. A spelling of a label, which it
// may be by configuration, it leaves alone.
func (t *Table) addClue(raw map[string]Sign, key string, change func(*Sign)) {
	f := fold(key)
	s, ok := t.folded[f]
	if !ok {
		s.spelling.Key = NumKeys
	} else if _, isLabel := s.Label(); isLabel {
		return
	}
	change(&s)
	t.folded[f] = s
	raw[key], raw[f] = s, s
	for other := range raw {
		if fold(other) == f {
			raw[other] = s
		}
	}
	t.admit(key, f)
}

// Witness takes what an attribute of a resource says that is no label: its key
// was found to be the sign s, pos is its position. The value of an attribute
// that is not text is "".
func (t *Table) Witness(c *Claims, s Sign, pos int, value string) {
	if s.match != 0 {
		t.match(c, s.match, value)
	}
	e, p := &c.evidence, int32(pos)
	if s.spelling.vendor != 0 {
		e.add(vendors[s.spelling.vendor-1].finding(value), p)
	}
	switch s.clue {
	case providerID:
		e.add(parseProviderID(value), p)
	case version:
		e.add(parseVersion(value), p)
	case resourceID:
		e.add(parseResourceID(value), p)
	case hostName:
		e.add(parseHostName(value), p)
	case nodeRegion:
		e.guess(Region, place(value), strongly, noCloud, p)
	case nodeZone:
		e.guess(AvailabilityZone, place(value), strongly, noCloud, p)
	case nodeType:
		e.guess(HostType, place(value), strongly, noCloud, p)
	case noClue:
	}
}

// place returns a value that can be the name of a place or a type, or "".
func place(value string) string {
	if len(value) > maxValue || !isName(value) || isAzureEnvironment(value) {
		return ""
	}
	return value
}
