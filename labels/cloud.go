// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import "math/bits"

// cloud is one provider; its value is the position in providers.
type cloud uint8

// The providers that evidence can point to. The zero value is none of them.
const (
	noCloud cloud = iota
	alibaba
	tencent
	huawei
	aws
	gcp
	azure
	oracle
	ibm
	akamai
	hetzner
	vultr
	heroku
	scaleway
	digitalocean
	openstack
	volcengine
	baidu
	jd
	onPremises
	numClouds = iota
)

// cloudSet is a set of clouds, one bit each: what a piece of evidence leaves
// possible. `us-east-1` leaves AWS and Alibaba, a providerID leaves one.
type cloudSet uint32

func clouds(all ...cloud) (s cloudSet) {
	for _, c := range all {
		s |= 1 << c
	}
	return s
}

func (s cloudSet) has(c cloud) bool { return s&(1<<c) != 0 }

// only returns the one cloud of s, or noCloud if it has none or several.
func (s cloudSet) only() cloud {
	if s == 0 || s&(s-1) != 0 {
		return noCloud
	}
	return cloud(bits.TrailingZeros32(uint32(s)))
}
