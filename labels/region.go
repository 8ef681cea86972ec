// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import "strings"

// regionNames lists the regions of the larger clouds, not to tell which exist
// but to tell which belong to one cloud alone: us-east-1 is AWS' and Alibaba's,
// cn-north-1 is AWS', Huawei's and JD's. A name that is missing here is no
// evidence. Source: the clouds' lists of regions.
var regionNames = map[cloud]string{
	alibaba: "cn-qingdao cn-beijing cn-zhangjiakou cn-huhehaote cn-wulanchabu cn-hangzhou cn-shanghai cn-nanjing cn-fuzhou " +
		"cn-wuhan-lr cn-shenzhen cn-heyuan cn-guangzhou cn-chengdu cn-hongkong ap-southeast-1 ap-southeast-2 ap-southeast-3 " +
		"ap-southeast-5 ap-southeast-6 ap-southeast-7 ap-northeast-1 ap-northeast-2 ap-south-1 us-east-1 us-west-1 na-south-1 " +
		"eu-west-1 eu-central-1 me-east-1 me-central-1 cn-hangzhou-finance cn-shanghai-finance-1 cn-shenzhen-finance-1 cn-north-2-gov-1",
	aws: "us-east-1 us-east-2 us-west-1 us-west-2 af-south-1 ap-east-1 ap-east-2 ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2 " +
		"ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ap-northeast-1 ap-northeast-2 ap-northeast-3 " +
		"ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-west-1 eu-west-2 eu-west-3 eu-south-1 eu-south-2 eu-north-1 il-central-1 " +
		"me-south-1 me-central-1 mx-central-1 sa-east-1 us-gov-east-1 us-gov-west-1 cn-north-1 cn-northwest-1",
	tencent: "ap-beijing ap-nanjing ap-shanghai ap-guangzhou ap-chengdu ap-chongqing ap-hongkong ap-singapore ap-bangkok ap-jakarta " +
		"ap-mumbai ap-seoul ap-tokyo na-siliconvalley na-ashburn na-toronto eu-frankfurt sa-saopaulo ap-taipei ap-shenzhen-fsi " +
		"ap-shanghai-fsi ap-beijing-fsi",
	huawei: "cn-north-1 cn-north-4 cn-north-9 cn-north-11 cn-north-12 cn-east-2 cn-east-3 cn-east-4 cn-east-5 cn-south-1 cn-south-4 " +
		"cn-southwest-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 af-south-1 af-north-1 la-north-2 la-south-2 " +
		"na-mexico-1 sa-brazil-1 tr-west-1 me-east-1 ru-northwest-2 eu-west-101",
	gcp: "africa-south1 asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2 asia-southeast1 " +
		"asia-southeast2 australia-southeast1 australia-southeast2 europe-central2 europe-north1 europe-north2 europe-southwest1 " +
		"europe-west1 europe-west2 europe-west3 europe-west4 europe-west6 europe-west8 europe-west9 europe-west10 europe-west12 " +
		"me-central1 me-central2 me-west1 northamerica-northeast1 northamerica-northeast2 northamerica-south1 southamerica-east1 " +
		"southamerica-west1 us-central1 us-east1 us-east4 us-east5 us-south1 us-west1 us-west2 us-west3 us-west4",
	azure: "eastus eastus2 centralus northcentralus southcentralus westcentralus westus westus2 westus3 canadacentral canadaeast " +
		"brazilsouth northeurope westeurope uksouth ukwest francecentral germanywestcentral norwayeast swedencentral switzerlandnorth " +
		"polandcentral italynorth spaincentral uaenorth qatarcentral israelcentral southafricanorth centralindia southindia westindia " +
		"eastasia southeastasia japaneast japanwest koreacentral koreasouth australiaeast australiasoutheast australiacentral " +
		"chinanorth chinanorth2 chinanorth3 chinaeast chinaeast2 chinaeast3 mexicocentral newzealandnorth indonesiacentral malaysiawest",
	oracle: "us-ashburn-1 us-phoenix-1 us-sanjose-1 us-chicago-1 ca-toronto-1 ca-montreal-1 sa-saopaulo-1 eu-frankfurt-1 eu-amsterdam-1 " +
		"eu-zurich-1 eu-milan-1 eu-madrid-1 eu-stockholm-1 eu-marseille-1 eu-paris-1 uk-london-1 ap-tokyo-1 ap-osaka-1 ap-seoul-1 " +
		"ap-mumbai-1 ap-sydney-1 ap-singapore-1 ap-hyderabad-1 me-jeddah-1 me-dubai-1 il-jerusalem-1 af-johannesburg-1",
	volcengine: "cn-beijing cn-beijing2 cn-shanghai cn-guangzhou cn-hongkong cn-chengdu cn-wulanchabu cn-datong ap-southeast-1 " +
		"ap-southeast-2 ap-southeast-3",
	jd: "cn-north-1 cn-east-1 cn-east-2 cn-south-1",
}

var regionIndex = func() *index[cloudSet] {
	sets := make(map[string]cloudSet)
	for c, names := range regionNames {
		for name := range strings.FieldsSeq(names) {
			sets[name] |= clouds(c)
		}
	}
	return newIndex(sets)
}()

// zoneRules are the clouds with a rule for zones, one of each rule.
var zoneRules = [...]cloud{aws, alibaba, tencent, gcp, azure}

// cloudsOf returns the clouds that have a region, or a zone, of this name; none
// if the name is not listed.
func cloudsOf(place string) cloudSet {
	set, _ := regionIndex.get(place)
	for _, rule := range zoneRules {
		if r := rule.regionOf(place); r != "" {
			in, _ := regionIndex.get(r)
			for c := range cloud(numClouds) {
				if in.has(c) && c.regionOf(place) == r {
					set |= clouds(c)
				}
			}
		}
	}
	return set
}
