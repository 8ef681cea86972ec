// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import "strings"

// maxEvidence is the longest value, in bytes, that is read as evidence. The
// longest ARM ids have some 400.
const maxEvidence = 1024

// finding is what one piece of evidence says. What is malformed says nothing.
type finding struct {
	clouds cloudSet  // the clouds it leaves possible; 0 says nothing of them
	sure   certainty // of clouds
	away   bool      // a cloud manages it, but it is elsewhere
	k3s    bool      // it runs K3s, which says nothing of the place

	// Labels, "" where nothing is said. They hold in the one cloud of clouds.
	platform                    string
	platformSure                certainty
	region, zone, account, host string
}

// of returns the finding that the evidence is of one cloud.
func of(c cloud) finding { return finding{clouds: clouds(c), sure: strongly} }

// on adds the platform, as certain as given.
func (f finding) on(platform string, sure certainty) finding {
	f.platform, f.platformSure = platform, sure
	return f
}

// orElsewhere adds the place that has no name here to those possible: the cloud's
// software runs on its customers' own machines, or in other clouds, as well.
// Alone, this decides nothing.
func (f finding) orElsewhere() finding {
	f.clouds |= clouds(onPremises)
	f.sure = weakly
	return f
}

// outside is the finding that a node is in nobody's cloud. It keeps others from
// being believed, and decides nothing itself: a hypervisor may be rented.
var outside = of(onPremises)

// parseProviderID reads the spec.providerID of a Kubernetes node. Source: the
// cloud controller managers of the providers.
func parseProviderID(id string) finding {
	if len(id) > maxEvidence {
		return finding{}
	}
	scheme, rest, ok := strings.Cut(id, "://")
	if !ok {
		if strings.HasPrefix(id, "ocid1.") {
			return parseOCID(id)
		}
		return alibabaNode(id)
	}
	switch scheme {
	case "alicloud":
		return alibabaNode(rest)
	case "aws":
		return awsNode(rest)
	case "gce":
		return gcpNode(rest)
	case "azure":
		return parseARM("/"+strings.TrimLeft(rest, "/")).on("", 0)
	case "qcloud", "tencentcloud":
		return tencentNode(rest)
	case "oci":
		return parseOCID(rest)
	case "scaleway":
		return scalewayNode(rest)
	case "hcloud":
		return numberedNode(hetzner, rest)
	case "digitalocean":
		return numberedNode(digitalocean, rest)
	case "linode":
		return numberedNode(akamai, rest)
	case "vultr":
		return namedNode(vultr, rest, isUUID(rest))
	case "volcengine":
		return namedNode(volcengine, rest, strings.HasPrefix(rest, "i-") && isName(rest))
	case "openstack":
		id := rest[strings.LastIndexByte(rest, '/')+1:]
		return namedNode(openstack, id, isUUID(id))
	case "k3s":
		return finding{k3s: rest != ""}
	case "vsphere", "baremetal", "metal3", "tinkerbell", "nutanix", "proxmox", "moc":
		// EKS and GKE on one's own machines among them.
		if rest != "" {
			return outside
		}
	case "eks-hybrid":
		return finding{away: rest != ""}
	}
	return finding{}
}

func numberedNode(c cloud, id string) finding { return namedNode(c, id, isDigits(id)) }

func namedNode(c cloud, id string, valid bool) finding {
	if !valid {
		return finding{}
	}
	f := of(c)
	f.host = id
	return f
}

// alibabaNode reads cn-hangzhou.i-bp15hr53jws84akg4gkd.
func alibabaNode(id string) finding {
	region, instance, ok := strings.Cut(id, ".")
	if !ok || !isRegion(region) || !strings.HasPrefix(instance, "i-") || !isAlnums(instance[2:]) {
		return finding{}
	}
	f := of(alibaba)
	f.region, f.host = region, instance
	return f
}

// awsNode reads /us-east-1a/i-0123456789abcdef0, and of Fargate
// /us-east-1a/0a1b2c3d4e-.../fargate-ip-10-0-0-1.ec2.internal.
func awsNode(path string) finding {
	zone, node, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	region := aws.regionOf(zone)
	if region == "" {
		return finding{}
	}
	f := of(aws)
	f.region, f.zone = region, zone
	if id, ok := strings.CutPrefix(node, "i-"); ok && isHex(id) && len(id) >= 8 {
		f.host = node
		return f
	}
	if _, name, ok := strings.Cut(node, "/"); ok && strings.HasPrefix(name, "fargate-") && isName(name) {
		return f.on("aws_eks", strongly)
	}
	return finding{}
}

// gcpNode reads project/europe-west3-b/name.
func gcpNode(path string) finding {
	project, path, _ := strings.Cut(path, "/")
	zone, name, _ := strings.Cut(path, "/")
	region := gcp.regionOf(zone)
	if region == "" || !isProject(project) || !isName(name) {
		return finding{}
	}
	f := of(gcp)
	f.account, f.region, f.zone = project, region, zone
	return f
}

// tencentNode reads /ap-singapore/ins-abcd1234, where the place may be a
// region, a zone, or the number of a zone, which tells nothing without a list.
func tencentNode(path string) finding {
	place, instance, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if id, ok := strings.CutPrefix(instance, "ins-"); !ok || !isAlnums(id) {
		return finding{}
	}
	f := of(tencent)
	f.host = instance
	switch region := tencent.regionOf(place); {
	case region != "":
		f.region, f.zone = region, place
	case isDigits(place):
	case isRegion(place):
		f.region = place
	default:
		return finding{}
	}
	return f
}

// scalewayNode reads instance/fr-par-1/ and a UUID.
func scalewayNode(path string) finding {
	kind, path, _ := strings.Cut(path, "/")
	zone, id, _ := strings.Cut(path, "/")
	region := scaleway.regionOf(zone)
	if !isName(kind) || region == "" || !isUUID(id) {
		return finding{}
	}
	f := of(scaleway)
	f.region, f.zone, f.host = region, zone, id
	return f
}

// parseOCID reads ocid1.instance.oc1.eu-frankfurt-1.anqw... The region may be a
// short code, which is not translated.
func parseOCID(id string) finding {
	parts, n := split(id, '.')
	if n < 5 || parts[0] != "ocid1" || parts[1] == "" || !isName(parts[n-1]) {
		return finding{}
	}
	f := of(oracle)
	if isRegion(parts[3]) {
		f.region = parts[3]
	}
	if parts[1] == "instance" {
		f.host = id
	}
	return f
}

// parseVersion reads the version of a kubelet or an API server for the marker
// of who built it.
//
// EKS' and GKE's builds run on their customers' own machines as well, as EKS
// Anywhere (v1.25.5-eks-c248520 on bare metal) and GKE on premises, and Huawei's
// in the clouds that others run with its software. Their markers name the
// platform where the place is known from elsewhere.
func parseVersion(version string) finding {
	if len(version) > maxValue || !isVersion(version) {
		return finding{}
	}
	f := finding{}
	switch {
	case strings.Contains(version, "-aliyun."):
		f = of(alibaba).on("alibaba_cloud_ack", strongly)
	case strings.Contains(version, "-tke."):
		f = of(tencent).on("tencent_cloud_tke", strongly)
	case strings.Contains(version, "-eks-"):
		f = of(aws).on("aws_eks", strongly).orElsewhere()
	case strings.Contains(version, "-gke."):
		f = of(gcp).on("gcp_kubernetes_engine", strongly).orElsewhere()
	case strings.Contains(version, "-CCE"):
		f = of(huawei).on("huawei_cloud_cce", strongly).orElsewhere()
	case strings.Contains(version, "+k3s"):
		f.k3s = true
	}
	return f
}

// parseResourceID reads what names a resource of a cloud: an ARN, an ARM id, and
// their like.
func parseResourceID(id string) finding {
	if len(id) > maxEvidence {
		return finding{}
	}
	switch {
	case strings.HasPrefix(id, "arn:"):
		return parseARN(id)
	case strings.HasPrefix(id, "acs:"):
		return parseACS(id)
	case strings.HasPrefix(id, "/"):
		if strings.HasPrefix(id, "//") {
			return parseGoogleName(id)
		}
		return parseARM(id)
	case strings.HasPrefix(id, "ocid1."):
		return parseOCID(id)
	}
	return finding{}
}

// parseARN reads arn:aws:lambda:eu-central-1:123456789012:function:checkout.
// Source: AWS General Reference, "Amazon Resource Names".
func parseARN(arn string) finding {
	parts, n := split(arn, ':')
	if n < 6 {
		return finding{}
	}
	partition, service, region, account, resource := parts[1], parts[2], parts[3], parts[4], parts[5]
	if partition != "aws" && !strings.HasPrefix(partition, "aws-") || !isName(service) || resource == "" ||
		region != "" && !isRegion(region) || account != "" && !isAccount(account) {
		return finding{}
	}
	f := of(aws)
	f.region, f.account = region, account
	kind, name := resource, ""
	if n > 6 { // function:checkout
		name = parts[6]
	} else if i := strings.IndexByte(resource, '/'); i >= 0 { // instance/i-0123456789abcdef0
		kind, name = resource[:i], resource[i+1:]
	}
	switch service + ":" + kind {
	case "lambda:function":
		return f.on("aws_lambda", strongly)
	case "eks:cluster":
		return f.on("aws_eks", strongly)
	case "ecs:task", "ecs:cluster", "ecs:container", "ecs:service":
		return f.on("aws_ecs", strongly)
	case "elasticbeanstalk:environment":
		return f.on("aws_elastic_beanstalk", strongly)
	case "apprunner:service":
		return f.on("aws_app_runner", strongly)
	case "ec2:instance":
		if strings.HasPrefix(name, "i-") && isHex(name[2:]) {
			f.host = name
		}
		return f.on("aws_ec2", generally)
	}
	return f
}

// parseACS reads acs:ecs:cn-hangzhou:1234567890123456:instance/i-bp1....
// Source: Alibaba Cloud, "ARN" in the reference of Resource Access Management.
func parseACS(name string) finding {
	parts, n := split(name, ':')
	if n < 5 {
		return finding{}
	}
	service, region, account, resource := parts[1], parts[2], parts[3], parts[4]
	if !isName(service) || resource == "" || region != "" && !isRegion(region) || account != "" && !isDigits(account) {
		return finding{}
	}
	f := of(alibaba)
	f.region, f.account = region, account
	switch id, isInstance := strings.CutPrefix(resource, "instance/"); {
	case service == "ecs" && isInstance && isName(id):
		f.host = id
		return f.on("alibaba_cloud_ecs", generally)
	case service == "fc":
		return f.on("alibaba_cloud_fc", strongly)
	case service == "cs":
		return f.on("alibaba_cloud_ack", strongly)
	}
	return f
}

// parseARM reads /subscriptions/<uuid>/resourceGroups/<name>/providers/<namespace>/<type>/<name>,
// in any case. Source: Azure Resource Manager, "Resource ID".
func parseARM(id string) finding {
	parts, n := split(id, '/')
	if n < 5 || parts[0] != "" || !strings.EqualFold(parts[1], "subscriptions") || !isUUID(parts[2]) ||
		!strings.EqualFold(parts[3], "resourceGroups") || parts[4] == "" {
		return finding{}
	}
	f := of(azure)
	f.account = parts[2]
	if n < 9 || !strings.EqualFold(parts[5], "providers") {
		return f
	}
	namespace, kind := parts[6], parts[7]
	is := func(n, k string) bool { return strings.EqualFold(namespace, n) && strings.EqualFold(kind, k) }
	switch {
	case is("Microsoft.Compute", "virtualMachines"):
		return f.on("azure.vm", generally)
	case is("Microsoft.ContainerService", "managedClusters"):
		return f.on("azure.aks", strongly)
	case is("Microsoft.App", "containerApps"):
		return f.on("azure.container_apps", strongly)
	case is("Microsoft.ContainerInstance", "containerGroups"):
		return f.on("azure.container_instances", strongly)
	case is("Microsoft.HybridCompute", "machines"), is("Microsoft.Kubernetes", "connectedClusters"):
		return finding{away: true} // Azure Arc
	}
	return f
}

// parseGoogleName reads //run.googleapis.com/projects/<id>/locations/europe-west3/services/<name>.
// Source: Google Cloud, "Full resource names".
func parseGoogleName(name string) finding {
	service, path, ok := strings.Cut(strings.TrimPrefix(name, "//"), ".googleapis.com/projects/")
	parts, n := split(path, '/')
	if !ok || !isName(service) || !isProject(parts[0]) {
		return finding{}
	}
	f := of(gcp)
	f.account = parts[0]
	if n > 3 {
		switch parts[1] {
		case "zones", "regions", "locations":
			if r := gcp.regionOf(parts[2]); r != "" {
				f.region, f.zone = r, parts[2]
			} else if isRegion(parts[2]) {
				f.region = parts[2]
			}
		}
	}
	switch service {
	case "compute":
		return f.on("gcp_compute_engine", generally)
	case "container":
		return f.on("gcp_kubernetes_engine", strongly)
	case "run":
		return f.on("gcp_cloud_run", strongly)
	case "cloudfunctions":
		return f.on("gcp_cloud_functions", strongly)
	}
	return f
}

// parseInstanceType reads the type of a machine. Alibaba and Volcengine both
// write ecs.g3i.large; only the families listed are Alibaba's alone.
func parseInstanceType(name string) finding {
	if len(name) > maxValue {
		return finding{}
	}
	if name == "k3s" {
		return finding{k3s: true}
	}
	family, ok := strings.CutPrefix(name, "ecs.")
	if !ok || !isName(family) {
		return finding{}
	}
	f := finding{clouds: clouds(alibaba, volcengine), sure: strongly}
	if isAlibabaFamily(family) {
		f.clouds = clouds(alibaba)
	}
	return f
}

func isAlibabaFamily(family string) bool {
	general := strings.TrimPrefix(strings.TrimPrefix(family, "ebm"), "hf")
	if len(general) > 1 && (general[0] == 'g' || general[0] == 'c' || general[0] == 'r') && isDigit(general[1]) {
		return general[1] >= '5' // Volcengine is at the fourth generation, Alibaba began with the fifth
	}
	for _, prefix := range [...]string{"gn5", "gn6", "gn7", "gn8", "t5-", "t6-", "sn1", "sn2", "mn4", "xn4"} {
		if strings.HasPrefix(family, prefix) {
			return true
		}
	}
	return false
}

// parseHostName reads the names that machines get where nobody chooses one. Any
// machine may be given such a name, so all of it is weak.
func parseHostName(name string) finding {
	if len(name) > 255 {
		return finding{}
	}
	var f finding
	switch {
	case strings.HasPrefix(name, "ip-") && (strings.HasSuffix(name, ".ec2.internal") || strings.HasSuffix(name, ".compute.internal")):
		f = of(aws)
	case len(name) == 23 && strings.HasPrefix(name, "iZ") && name[22] == 'Z' && isAlnums(name):
		f = of(alibaba)
	case strings.HasPrefix(name, "aks-") && strings.Contains(name, "-vmss"):
		f = of(azure).on("azure.aks", weakly)
	case strings.HasPrefix(name, "gke-"):
		f = of(gcp).on("gcp_kubernetes_engine", weakly)
	}
	f.sure = min(f.sure, weakly)
	return f
}

// zonePath reads a zone as Google's metadata server and its API write it:
// projects/123/zones/europe-west3-b, with or without the API's address.
func zonePath(value string) (project, zone string, ok bool) {
	if len(value) > maxEvidence {
		return "", "", false
	}
	at, path, ok := strings.Cut(value, "projects/")
	if !ok || at != "" && !strings.HasPrefix(at, "https://") {
		return "", "", false
	}
	project, zone, ok = strings.Cut(path, "/zones/")
	return project, zone, ok && isProject(project) && gcp.regionOf(zone) != ""
}

// split cuts s at every sep, into 10 parts at most, of which the last has the
// rest. It does not allocate.
func split(s string, sep byte) (parts [10]string, n int) {
	for n < len(parts)-1 {
		i := strings.IndexByte(s, sep)
		if i < 0 {
			break
		}
		parts[n], s = s[:i], s[i+1:]
		n++
	}
	parts[n] = s
	return parts, n + 1
}

// The shapes of names. None of them is empty.

func isDigits(s string) bool { return all(s, func(c byte) bool { return '0' <= c && c <= '9' }) }

func isAlnums(s string) bool { return all(s, isAlnum) }

func isHex(s string) bool {
	return all(s, func(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' })
}

func isName(s string) bool {
	return all(s, func(c byte) bool { return isAlnum(c) || c == '-' || c == '.' || c == '_' })
}

// isProject tells the id or number of a Google project, or a legacy id with its
// domain: example.com:prod.
func isProject(s string) bool {
	return all(s, func(c byte) bool { return isAlnum(c) || c == '-' || c == '.' || c == ':' })
}

// isRegion tells names such as cn-hangzhou, eu-central-1 and europe-west3.
func isRegion(s string) bool {
	return isPlace(s) && strings.IndexByte(s, '-') > 0 && s[len(s)-1] != '-'
}

// isPlace tells lower-case names of a sensible length.
func isPlace(s string) bool {
	return len(s) <= maxValue && all(s, func(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' })
}

func isAccount(s string) bool { return len(s) == 12 && isDigits(s) }

func isVersion(s string) bool {
	s = strings.TrimPrefix(s, "v")
	return strings.Contains(s, ".") && '0' <= s[0] && s[0] <= '9'
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !('0' <= s[i] && s[i] <= '9' || 'a' <= c && c <= 'f') {
				return false
			}
		}
	}
	return true
}

func all(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return s != ""
}
