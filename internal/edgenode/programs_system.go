// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

const system = "kube-system"

var coredns = program{
	name: "coredns", namespace: system, kind: deployment, replicas: 2,
	levels: upperLevels, prefix: `[«level»] `,
	says: []statement{
		{"query", info, 13000, `«podip»:«int 32768 60999» - «int 1 65535» "«A|AAAA» IN «checkout|payment|inventory|notifier|redis|postgres».shop.svc.cluster.local. udp «int 45 70» false 512" NOERROR qr,aa,rd «int 90 170» 0.000«int 100 999»s`},
		{"nxdomain", info, 5000, `«podip»:«int 32768 60999» - «int 1 65535» "«A|AAAA» IN «checkout|payment|inventory|notifier|redis|postgres».shop.svc.cluster.local.«shop.svc.cluster.local|svc.cluster.local|cluster.local». udp «int 60 90» false 512" NXDOMAIN qr,aa,rd «int 150 190» 0.000«int 100 999»s`},
		{"forwarded", info, 1500, `«podip»:«int 32768 60999» - «int 1 65535» "«A|AAAA» IN «gateway.bank.example|oss-cn-hangzhou.aliyuncs.com|sync.central.example». udp «int 40 70» false 512" NOERROR qr,rd,ra «int 90 250» 0.0«int 10 99»«int 100 999»s`},
		{"upstream-timeout", bad, 60, `plugin/errors: 2 «gateway.bank.example|oss-cn-hangzhou.aliyuncs.com|sync.central.example». A: read udp 10.42.3.«int 2 60»:«int 32768 60999»->100.100.2.136:53: i/o timeout`},
		{"reloading", info, 1, `Reloading`},
		{"running", info, 1, `plugin/reload: Running configuration SHA512 = «hex 128»`},
		{"reloaded", info, 1, `Reloading complete`},
		{"slow-health", warn, 2, `plugin/health: Local health request to "http://:8080/health" took more than 1s: «go 1000 1900»`},
	},
}

var kubeProxy = program{
	name: "kube-proxy", namespace: system, kind: daemonSet, replicas: 1, stderr: true,
	levels: klogLevels, prefix: klogPrefix, pid: 1,
	says: []statement{
		{"sync", info, 360, `proxier.go:805] "SyncProxyRules complete" elapsed="«go 12 60»"`},
		{"endpoints", info, 360, `endpointslicecache.go:303] "Setting endpoints for service port name" portName="shop/«checkout|payment|inventory|notifier»:http" endpoints=["«podip»:8080","«podip»:8080"]`},
		{"chains", info, 360, `proxier.go:1508] "Reloading service iptables data" numServices=«int 40 60» numEndpoints=«int 80 120» numFilterChains=6 numFilterRules=5 numNATChains=«int 100 140» numNATRules=«int 200 280»`},
		{"conntrack", info, 30, `conntrack.go:66] "Deleting conntrack entries for stale UDP endpoint" endpoint="«podip»" count=«int 1 20»`},
		{"service-change", info, 4, `service.go:413] "Adding new service port" portName="shop/preview-«hex 5»:http" servicePort="172.21.«int 1 15».«int 1 250»:80/TCP"`},
		{"service-removed", info, 4, `service.go:438] "Removing service port" portName="shop/preview-«hex 5»:http"`},
	},
}

var flannel = program{
	name: "kube-flannel", namespace: "kube-flannel", kind: daemonSet, replicas: 1, stderr: true,
	levels: klogLevels, prefix: klogPrefix, pid: 1,
	says: []statement{
		{"lease", info, 120, `kube.go:486] Watching of node leases, lease of subnet 10.42.«int 1 20».0/24 unchanged`},
		{"iptables", info, 360, `iptables.go:372] bootstrap done, all «int 8 12» masquerade rules are in place`},
		{"event", info, 30, `vxlan_network.go:141] Received Subnet Event with VxLan: BackendType: vxlan, PublicIP: 172.16.3.«int 2 250», PublicIPv6: (nil), BackendData: {"VNI":1,"VtepMAC":"«hex 2»:«hex 2»:«hex 2»:«hex 2»:«hex 2»:«hex 2»"}, BackendV6Data: (nil)`},
		{"watch-ended", warn, 6, `reflector.go:470] pkg/subnet/kube/kube.go:482: watch of *v1.Node ended with: an error on the server ("unable to decode an event from the watch stream: http2: client connection lost") has prevented the request from succeeding`},
		{"renewed", info, 1, `main.go:527] Lease renewed, new expiration: «dot» +0000 UTC`},
	},
}

var csi = program{
	name: "csi-plugin", namespace: system, kind: daemonSet, replicas: 1, stderr: true,
	levels: logrusLevels, prefix: `time="«rfc»" level=«level» `,
	says: []statement{
		{"stats", info, 700, `msg="NodeGetVolumeStats: volume d-bp1«hex 16» at /var/lib/kubelet/pods/«uuid»/volumes/kubernetes.io~csi/d-bp1«hex 16»/mount: used «int 1000000000 9000000000» of 21474836480 bytes"`},
		{"probe", info, 360, `msg="GRPC call: /csi.v1.Identity/Probe, request: {}, response: {\"ready\":{\"value\":true}}"`},
		{"capabilities", info, 120, `msg="GRPC call: /csi.v1.Node/NodeGetCapabilities, request: {}"`},
		{"attach", info, 2, `msg="NodeStageVolume: device /dev/vd«b|c|d» of disk d-bp1«hex 16» is formatted as ext4"`},
		{"metadata", warn, 4, `msg="metadata: request to 100.100.100.200 was retried «int 1 3» times"`},
	},
}

var problemDetector = program{
	name: "node-problem-detector", namespace: system, kind: daemonSet, replicas: 1, stderr: true,
	levels: klogLevels, prefix: klogPrefix, pid: 1,
	says: []statement{
		{"ok", info, 120, `plugin.go:282] End to run custom plugins in «go 20 90»`},
		{"start", info, 120, `plugin.go:149] Start to run custom plugins`},
		{"condition", info, 1, `log_monitor.go:159] New status generated: &{Source:kernel-monitor Events:[] Conditions:[{Type:KernelDeadlock Status:False Transition:«dot» +0000 UTC Reason:KernelHasNoDeadlock Message:kernel has no deadlock}]}`},
		{"heartbeat", info, 12, `exporter.go:96] Updated node conditions of «node», «int 7 9» conditions in «go 4 30»`},
		{"disk", bad, 0, `plugin.go:230] custom plugin disk_usage exited with 1: usage of /var/lib/containerd is «int 90 99»%`},
	},
}

var metricsServer = program{
	name: "metrics-server", namespace: system, kind: deployment, replicas: 1, stderr: true,
	levels: klogLevels, prefix: klogPrefix, pid: 1,
	says: []statement{
		{"scraped", info, 240, `scraper.go:154] "Scraping metrics from nodes" nodeCount=«int 3 5»`},
		{"scrape", info, 240, `manager.go:152] "Storing metrics" duration="«go 8 70»" pods=«int 30 60» nodes=«int 3 5»`},
		{"failed", bad, 12, `scraper.go:149] "Failed to scrape node" err="Get \"https://172.16.3.«int 2 250»:10250/metrics/resource\": context deadline exceeded" node="edge-hz-«hex 6»"`},
	},
}

var nodeExporter = program{
	name: "node-exporter", namespace: "monitoring", kind: daemonSet, replicas: 1, stderr: true,
	levels: lowerLevels, prefix: `time=«rfc» level=«level» `,
	says: []statement{
		{"collector", debug, 240, `source=collector.go:189 msg="collector succeeded" name=«filesystem|cpu|meminfo|netdev|diskstats» duration_seconds=0.00«int 1000 9999»`},
		{"collector-failed", warn, 6, `source=collector.go:186 msg="collector failed" name=hwmon duration_seconds=0.00«int 1000 9999» err="open /sys/class/hwmon: permission denied"`},
		{"reload", info, 1, `source=tls_config.go:354 msg="TLS configuration reloaded" http2=true`},
	},
}

const access = `{"time":"«clf»","remote_addr":"«client»","request_id":"«hex 32»","method":"«method»","uri":"«path»","protocol":"HTTP/2.0","status":"«variant»","bytes_sent":"«int 200 40000»","request_length":"«int 200 1900»","request_time":"0.«int 100 999»","host":"shop.example","user_agent":"«agent»","upstream_name":"shop-«upstream»-8080","upstream_addr":"«podip»:8080","upstream_response_time":"0.«int 100 999»","upstream_status":"«variant»"}`

var ingress = program{
	name: "controller", namespace: "ingress-nginx", kind: daemonSet, replicas: 1,
	levels: klogLevels, pid: 7,
	says: []statement{
		{"reload-needed", info, 4, klogPrefix + `controller.go:196] "Configuration changes detected, backend reload required"`},
		{"reloaded", info, 4, klogPrefix + `controller.go:216] "Backend successfully reloaded"`},
		{"reload-event", info, 3, klogPrefix + `event.go:377] Event(v1.ObjectReference{Kind:"Pod", Namespace:"ingress-nginx", Name:"«name controller»", UID:"«uid controller»", APIVersion:"v1", ResourceVersion:"«int 80000000 90000000»", FieldPath:""}): type: 'Normal' reason: 'RELOAD' NGINX reload triggered due to a change in configuration`},
		{"certificate", info, 1, klogPrefix + `store.go:589] "secret was updated and it is used in ingress annotations. Parsing" secret="shop/shop-tls"`},
		{"admission", info, 2, klogPrefix + `main.go:107] "successfully validated configuration, accepting" ingress="shop/storefront"`},
		{"no-endpoints", warn, 60, klogPrefix + `controller.go:1216] Service "shop/preview-«hex 5»" does not have any active Endpoint.`},
		// Plain text of nginx itself: the agent finds no severity in it.
		{"buffered", hidden | warn, 300, `«slash» [warn] «int 20 40»#«int 20 40»: *«int 100000 999999» an upstream response is buffered to a temporary file /tmp/nginx/proxy-temp/«int 0 9»/«int 10 99»/00000«int 10000 99999» while reading upstream, client: «ip», server: shop.example, request: "GET /api/export HTTP/2.0", upstream: "http://«podip»:8080/api/export", host: "shop.example"`},
		{"worker", hidden | info, 3, `«slash» [notice] 7#7: signal 17 (SIGCHLD) received from «int 20 40»`},
		// The format of the access log, by status.
		{"access 200", info, 0, access},
		{"access 201", info, 0, access},
		{"access 304", info, 0, access},
		{"access 404", warn, 0, access},
		{"access 499", warn, 0, access},
		{"access 504", bad, 0, access},
		{"upstream-timeout", hidden | bad, 0, `«slash» [error] «int 20 40»#«int 20 40»: *«int 100000 999999» upstream timed out (110: Operation timed out) while reading response header from upstream, client: «client», server: shop.example, request: "POST «path» HTTP/2.0", upstream: "http://«podip»:8080«path»", host: "shop.example"`},
	},
}
