// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import "strings"

// regionOf returns the region in which a zone of the cloud lies, by the rule
// with which the cloud makes the name of a zone from that of its region. It is
// "" for a name that is no zone by that rule, and for clouds without one.
func (c cloud) regionOf(zone string) string {
	if !isPlace(zone) {
		return ""
	}
	last := len(zone) - 1
	var region string
	switch c {
	case aws:
		return awsRegionOf(zone)
	case gcp: // europe-west3-b
		if last > 2 && isLower(zone[last]) && zone[last-1] == '-' && isDigit(zone[last-2]) {
			region = zone[:last-1]
		}
	case alibaba, volcengine: // cn-hangzhou-h, ap-southeast-1a
		switch {
		case last < 2 || !isLower(zone[last]):
		case zone[last-1] == '-':
			region = zone[:last-1]
		case isDigit(zone[last-1]):
			region = zone[:last]
		}
	case tencent, scaleway: // ap-guangzhou-3, fr-par-1
		if last > 2 && isDigit(zone[last]) && zone[last-1] == '-' && isLower(zone[last-2]) {
			region = zone[:last-1]
		}
	case huawei: // cn-north-4a
		if last > 2 && isLower(zone[last]) && isDigit(zone[last-1]) {
			region = zone[:last]
		}
	case azure: // westeurope-1
		region = strings.TrimSuffix(zone, "-"+zone[last:])
		if region == zone || !isAzureZone(zone[last:]) || !isAlnums(region) {
			return ""
		}
		return region
	}
	if !isRegion(region) {
		return ""
	}
	return region
}

// awsRegionOf reads us-east-1a, the local zone us-west-2-lax-1a, and Wavelength's
// us-east-1-wl1-bos-wlz-1. A zone id, use1-az1, has no region to read.
func awsRegionOf(zone string) string {
	end := strings.IndexAny(zone, "0123456789")
	if end < 1 || zone[end-1] != '-' || strings.Count(zone[:end-1], "-") == 0 {
		return ""
	}
	for end < len(zone) && isDigit(zone[end]) {
		end++
	}
	switch rest := zone[end:]; {
	case len(rest) == 1 && isLower(rest[0]), len(rest) > 2 && rest[0] == '-' && strings.Count(rest, "-") > 1:
		return zone[:end]
	}
	return ""
}

// swapped tells that region holds the name of a zone, and zone that of its
// region. Where the cloud is not known, some cloud's rule has to say so, and
// none that all is well.
func (c cloud) swapped(region, zone string) bool {
	if c != noCloud {
		return c.regionOf(region) == zone
	}
	found := false
	for _, c := range []cloud{alibaba, aws, gcp, tencent, huawei} {
		if c.regionOf(zone) == region {
			return false
		}
		found = found || c.regionOf(region) == zone
	}
	return found
}

// isAzureZone tells the number that Azure's zones have within a region. The 0
// that Kubernetes has on machines without one is not among them.
func isAzureZone(zone string) bool { return len(zone) == 1 && '1' <= zone[0] && zone[0] <= '9' }

// isAzureEnvironment tells the name of one of Azure's clouds, which some put in
// the region's place.
func isAzureEnvironment(region string) bool {
	switch len(region) {
	case len("AzureCloud"):
		return strings.EqualFold(region, "AzureCloud")
	case len("AzurePublicCloud"):
		return strings.EqualFold(region, "AzurePublicCloud")
	case len("AzureChinaCloud"):
		return strings.EqualFold(region, "AzureChinaCloud")
	case len("AzureUSGovernmentCloud"):
		return strings.EqualFold(region, "AzureUSGovernmentCloud")
	}
	return false
}

// modernTencent returns today's name of a region or zone that an old Tencent
// metadata server names (china-south-gz, gz-azone2), or the label of an older
// node (gz). Source: Beats' add_cloud_metadata.
func modernTencent(old string) (name string, ok bool) {
	for _, r := range []struct{ long, short, name string }{
		{"china-south-gz", "gz", "ap-guangzhou"},
		{"china-east-sh", "sh", "ap-shanghai"},
		{"china-north-bj", "bj", "ap-beijing"},
	} {
		if old == r.long || old == r.short {
			return r.name, true
		}
		if n, ok := strings.CutPrefix(old, r.short+"-azone"); ok && len(n) == 1 && '1' <= n[0] && n[0] <= '9' {
			return r.name + "-" + n, true
		}
	}
	return "", false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
