// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import "strings"

// Key is one canonical cloud label.
type Key uint8

// The cloud labels, in the order of the semantic conventions.
const (
	Provider Key = iota
	Platform
	Region
	AvailabilityZone
	AccountID
	ResourceID
	HostID
	HostType

	// NumKeys is the number of cloud labels; it is not a label itself.
	NumKeys = iota
)

// keyTable gives each label its semantic-convention key and the other keys it
// travels under. The underscore and camel-case forms are derived, see
// spellings.
var keyTable = [NumKeys]struct {
	dotted   string
	variants []string
}{
	Provider: {dotted: "cloud.provider"},
	Platform: {dotted: "cloud.platform", variants: []string{
		"cloud.infrastructure_service", // older semantic conventions
	}},
	Region: {dotted: "cloud.region", variants: []string{
		"topology.kubernetes.io/region",
		"failure-domain.beta.kubernetes.io/region",
		"__meta_ec2_region",
		"__meta_oci_region",
		"__meta_digitalocean_region",
		"__meta_linode_region",
		"__meta_azure_machine_location",
	}},
	AvailabilityZone: {dotted: "cloud.availability_zone", variants: []string{
		"cloud.zone", // older semantic conventions
		"topology.kubernetes.io/zone",
		"failure-domain.beta.kubernetes.io/zone",
		"topology.gke.io/zone",
		"__meta_ec2_availability_zone",
		"__meta_gce_zone",
	}},
	AccountID: {dotted: "cloud.account.id", variants: []string{
		"cloud.project.id", // Elastic Common Schema
		"__meta_gce_project",
		"__meta_azure_subscription_id",
		"__meta_openstack_project_id",
	}},
	ResourceID: {dotted: "cloud.resource_id", variants: []string{
		"faas.id", // semantic conventions up to 1.19
	}},
	HostID: {dotted: "host.id", variants: []string{
		"cloud.instance.id", // Elastic Common Schema
	}},
	HostType: {dotted: "host.type", variants: []string{
		"cloud.machine.type", // Elastic Common Schema
		"node.kubernetes.io/instance-type",
		"beta.kubernetes.io/instance-type",
		"__meta_gce_machine_type",
		"__meta_azure_machine_size",
	}},
}

// Keys returns every label in order.
func Keys() []Key {
	all := make([]Key, NumKeys)
	for i := range all {
		all[i] = Key(i)
	}
	return all
}

// ParseKey finds the label whose semantic-convention key is dotted, such as
// "cloud.provider".
func ParseKey(dotted string) (Key, bool) {
	for k, entry := range keyTable {
		if entry.dotted == dotted {
			return Key(k), true
		}
	}
	return 0, false
}

// String returns the semantic-convention key, such as "cloud.provider".
func (k Key) String() string { return keyTable[k].dotted }

// Name returns the label's key in the given style: "cloud_provider" or
// "cloud.provider".
func (k Key) Name(style Style) string {
	if style == Dotted {
		return keyTable[k].dotted
	}
	return fold(keyTable[k].dotted)
}

// Ranks order the spellings of one label, the most trustworthy first.
const (
	rankDotted     = iota // cloud.provider
	rankUnderscore        // cloud_provider
	rankUser              // a key the configuration adds
	rankDerived           // cloudProvider, cloud-provider
	rankVariant           // the first entry of variants; the rest follow
)

// isCanonical tells the two canonical spellings from aliases.
func isCanonical(rank uint8) bool { return rank <= rankUnderscore }

// spellings calls yield with every built-in spelling of k and its rank.
func (k Key) spellings(yield func(spelling string, rank uint8)) {
	yield(k.Name(Dotted), rankDotted)
	yield(k.Name(Underscore), rankUnderscore)
	for _, c := range camelCases(k.Name(Dotted)) {
		yield(c, rankDerived)
	}
	for i, v := range keyTable[k].variants {
		rank := uint8(rankVariant + i)
		yield(v, rank)
		if strings.HasPrefix(v, "cloud.") {
			for _, c := range camelCases(v) {
				yield(c, rank)
			}
		}
	}
}

// camelCases returns the camel-case forms of a dotted key: cloudAccountId and
// cloudAccountID for cloud.account.id.
func camelCases(dotted string) []string {
	words := strings.FieldsFunc(dotted, func(r rune) bool { return r == '.' || r == '_' })
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			w = strings.ToUpper(w[:1]) + w[1:]
		}
		b.WriteString(w)
	}
	camel := b.String()
	if stem, ok := strings.CutSuffix(camel, "Id"); ok {
		return []string{camel, stem + "ID"}
	}
	return []string{camel}
}
