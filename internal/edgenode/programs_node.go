// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

// programs is what runs on the node. The order is part of what a seed means.
var programs = []*program{
	&kubelet, &containerd, &yurthub, &kernel, &systemd, &sshd, &chronyd,
	&coredns, &kubeProxy, &flannel, &csi, &problemDetector, &metricsServer, &nodeExporter,
	&ingress,
	&storefront, &checkout, &payment, &inventory, &notifier, &edgeSync, &redis, &postgres, &report,
	&mongodb, &mysql, &haproxy, &webServer, &istioAgent, &syslogRelay,
	&catalogue, &pricing, &reviews, &recommender, &meters, &sensors, &bff, &billing, &scheduler,
	&loginService, &orderService, &payService, &tomcat,
}

const klogPrefix = `«klog» `

var kubelet = program{
	name: "kubelet", levels: klogLevels, prefix: klogPrefix, bare: true, pid: 1187,
	says: []statement{
		// The life of a pod.
		{"pleg Started", info, 0, `kubelet.go:2453] "SyncLoop (PLEG): event for pod" pod="«pod»" event={"ID":"«uid»","Type":"Container«variant»","Data":"«hex 64»"}`},
		{"pleg Died", info, 0, `kubelet.go:2453] "SyncLoop (PLEG): event for pod" pod="«pod»" event={"ID":"«uid»","Type":"Container«variant»","Data":"«hex 64»"}`},
		{"pleg Removed", info, 0, `kubelet.go:2453] "SyncLoop (PLEG): event for pod" pod="«pod»" event={"ID":"«uid»","Type":"Container«variant»","Data":"«hex 64»"}`},
		{"add", info, 0, `kubelet.go:2421] "SyncLoop ADD" source="api" pods=["«pod»"]`},
		{"update", info, 180, `kubelet.go:2428] "SyncLoop UPDATE" source="api" pods=["«pod»"]`},
		{"delete", info, 0, `kubelet.go:2437] "SyncLoop DELETE" source="api" pods=["«pod»"]`},
		{"remove", info, 0, `kubelet.go:2431] "SyncLoop REMOVE" source="api" pods=["«pod»"]`},
		{"ready", info, 240, `kubelet.go:2542] "SyncLoop (probe)" probe="readiness" status="ready" pod="«pod»"`},
		{"probe-failed", info, 90, `prober.go:107] "Probe failed" probeType="Readiness" pod="«pod»" podUID="«uid»" containerName="«container»" probeResult="failure" output="Get \"http://«podip»:8080/readyz\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"`},
		{"verify-volume", info, 0, `reconciler_common.go:245] "operationExecutor.VerifyControllerAttachedVolume started for volume \"«volume»\" (UniqueName: \"kubernetes.io/projected/«uid»-«volume»\") pod \"«name»\" (UID: \"«uid»\") " pod="«pod»"`},
		{"mount", info, 0, `operation_generator.go:721] "MountVolume.SetUp succeeded for volume \"«volume»\" (UniqueName: \"kubernetes.io/projected/«uid»-«volume»\") pod \"«name»\" (UID: \"«uid»\") " pod="«pod»"`},
		{"unmount", info, 0, `operation_generator.go:803] UnmountVolume.TearDown succeeded for volume "kubernetes.io/projected/«uid»-«volume»" (OuterVolumeSpecName: "«volume»") pod "«uid»" (UID: "«uid»"). InnerVolumeSpecName "«volume»". PluginName "kubernetes.io/projected", VolumeGIDValue ""`},
		{"detached", info, 0, `reconciler_common.go:288] "Volume detached for volume \"«volume»\" (UniqueName: \"kubernetes.io/projected/«uid»-«volume»\") on node \"«node»\" DevicePath \"\""`},
		{"startup", info, 0, `pod_startup_latency_tracker.go:104] "Observed pod startup duration" pod="«pod»" podStartSLOduration=«ms 900 2400» podStartE2EDuration="«go 900 2400»" podCreationTimestamp="«dot» +0000 UTC" firstStartedPulling="0001-01-01 00:00:00 +0000 UTC" lastFinishedPulling="0001-01-01 00:00:00 +0000 UTC" observedRunningTime="«dot» +0000 UTC" watchObservedRunningTime="«dot» +0000 UTC m=+«ms 86400000 90000000»"`},
		{"remove-container", info, 0, `scope.go:117] "RemoveContainer" containerID="«hex 64»"`},
		{"container-not-found", info, 0, `pod_container_deletor.go:80] "Container not found in pod's containers" containerID="«hex 64»"`},
		{"orphaned", info, 0, `kubelet_volumes.go:163] "Cleaned up orphaned pod volumes dir" podUID="«uid»" path="/var/lib/kubelet/pods/«uid»/volumes"`},
		{"no-sandbox", info, 0, `util.go:30] "No sandbox for pod can be found. Need to start a new one" pod="«pod»"`},
		{"topology", info, 0, `topology_manager.go:215] "Topology Admit Handler" podUID="«uid»" podNamespace="shop" podName="«name»"`},
		{"stale-memory", info, 0, `memory_manager.go:354] "RemoveStaleState removing state" podUID="«uid»" containerName="report"`},
		{"stale-cpu", info, 0, `cpu_manager.go:395] "RemoveStaleState: removing container" podUID="«uid»" containerName="report"`},
		{"status", info, 240, `kubelet_getters.go:187] "Pod status updated" pod="«pod»" status="Running"`},
		{"machine-info", info, 12, `container_manager_linux.go:712] "Machine memory capacity" bytes=«int 16000000000 16800000000»`},
		{"gc-start", info, 12, `container_gc.go:88] "Attempting to delete unused containers"`},
		{"gc-images", info, 12, `image_gc_manager.go:431] "Attempting to delete unused images"`},
		{"nameservers", bad, 30, `dns.go:153] "Nameserver limits exceeded" err="Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 100.100.2.136 100.100.2.138 10.0.0.2"`},
		{"pull-secret", warn, 12, `kubelet_pods.go:881] "Unable to retrieve pull secret, the image pull may not succeed." pod="«pod»" secret="" err="secret \"registry-«hex 5»\" not found"`},
		{"lease", bad, 4, `controller.go:145] "Failed to ensure lease exists, will retry" err="Get \"https://127.0.0.1:6443/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/«node»?timeout=10s\": net/http: request canceled (Client.Timeout exceeded while awaiting headers)" interval="«int 200 800»ms"`},
		{"certificate-rotation", info, 1, `certificate_manager.go:356] "Rotating certificates" logger="kubernetes.io/kubelet-serving"`},
		{"certificate-deadline", info, 1, `certificate_manager.go:566] "Certificate expiration and rotation deadline is set" logger="kubernetes.io/kubelet-serving" expiration="2027-11-24 11:56:10 +0000 UTC" deadline="2027-09-«int 10 28» 03:21:44.«int 100000 999999» +0000 UTC"`},
		{"server-certificate", info, 1, `server.go:1024] "Kubelet serving certificate reloaded" fingerprint="sha256:«hex 64»"`},
		{"labels", info, 2, `kubelet_node_status.go:243] "Node label changed" node="«node»" key="topology.example/rack" oldValue="r«int 1 9»" newValue="r«int 1 9»"`},
		{"device-plugin", info, 1, `server.go:144] "Got registration request from device plugin with resource" resourceName="aliyun.com/gpu-mem"`},
		{"config", info, 1, `config.go:396] "Receiving a new pod" pod="kube-system/«node»-static"`},
		// Incidents.
		{"evict-attempt", info, 0, `eviction_manager.go:376] "Eviction manager: attempting to reclaim" resourceName="ephemeral-storage"`},
		{"evict-must", info, 0, `eviction_manager.go:387] "Eviction manager: must evict pod(s) to reclaim" resourceName="ephemeral-storage"`},
		{"evict-ranked", info, 0, `eviction_manager.go:405] "Eviction manager: pods ranked for eviction" pods=["«pod notifier»","«pod edge-sync»","«pod storefront»","«pod checkout»"]`},
		{"evicted", info, 0, `eviction_manager.go:627] "Eviction manager: pod is evicted successfully" pod="«pod notifier»"`},
		{"evict-critical", bad, 0, `eviction_manager.go:610] "Eviction manager: cannot evict a critical pod" pod="«pod coredns»"`},
		{"image-gc-failed", bad, 0, `kubelet.go:1442] "Image garbage collection failed multiple times in a row" err="failed to garbage collect required amount of images. Attempted to free «int 3000000000 9000000000» bytes, but only found «int 0 90000000» bytes eligible to free."`},
		{"disk-pressure", info, 0, `kubelet_node_status.go:669] "Recording event message for node" node="«node»" event="NodeHasDiskPressure"`},
		{"no-disk-pressure", info, 0, `kubelet_node_status.go:669] "Recording event message for node" node="«node»" event="NodeHasNoDiskPressure"`},
		{"not-admitted", warn, 0, `eviction_manager.go:168] "Failed to admit pod to node" pod="shop/report-«int 29000000 29999999»-«hex 5»" nodeCondition=["DiskPressure"]`},
		{"disk-usage", warn, 0, `image_gc_manager.go:373] "Disk usage on image filesystem is over the high threshold, trying to free bytes down to the low threshold" usage=«int 86 97» highThreshold=85 amountToFree=«int 3000000000 9000000000» lowThreshold=80`},
		{"probe-503", info | severe, 0, `prober.go:107] "Probe failed" probeType="Liveness" pod="«pod payment»" podUID="«uid payment»" containerName="payment" probeResult="failure" output="HTTP probe failed with statuscode: 503"`},
		{"backoff", bad, 0, `pod_workers.go:1301] "Error syncing pod, skipping" err="failed to \"StartContainer\" for \"edge-sync\" with CrashLoopBackOff: \"back-off «10s|20s|40s|1m20s|2m40s» restarting failed container=edge-sync pod=«name edge-sync»_shop(«uid edge-sync»)\"" pod="«pod edge-sync»" podUID="«uid edge-sync»"`},
	},
}

var containerd = program{
	name: "containerd", levels: logrusLevels, prefix: `time="«nano»" level=«level» `, bare: true, pid: 803,
	says: []statement{
		{"exec", info, 2600, `msg="ExecSync for \"«cid»\" with command [/bin/grpc_health_probe -addr=:9090] and timeout 1 (s)"`},
		{"exec-exit", info, 2600, `msg="Exec process \"«hex 64»\" exits with exit code 0 and error <nil>"`},
		{"exec-finish", info, 2600, `msg="Finish piping \"stdout\" of container exec \"«hex 64»\""`},
		{"stats", info, 700, `msg="Container stats for \"«cid»\" took «go 2 40»"`},
		{"run-sandbox", info, 0, `msg="RunPodSandbox for &PodSandboxMetadata{Name:«name»,Uid:«uid»,Namespace:shop,Attempt:0,}"`},
		{"sandbox-id", info, 0, `msg="RunPodSandbox for &PodSandboxMetadata{Name:«name»,Uid:«uid»,Namespace:shop,Attempt:0,} returns sandbox id \"«hex 64»\""`},
		{"create", info, 0, `msg="CreateContainer within sandbox \"«hex 64»\" for container &ContainerMetadata{Name:report,Attempt:0,}"`},
		{"create-id", info, 0, `msg="CreateContainer within sandbox \"«hex 64»\" for &ContainerMetadata{Name:report,Attempt:0,} returns container id \"«hex 64»\""`},
		{"start", info, 0, `msg="StartContainer for \"«hex 64»\""`},
		{"started", info, 0, `msg="StartContainer for \"«hex 64»\" returns successfully"`},
		{"connect-shim", info, 0, `msg="connecting to shim «hex 64»" address="unix:///run/containerd/s/«hex 64»" protocol=ttrpc version=3`},
		{"shim-disconnected", info, 0, `msg="shim disconnected" id=«hex 64» namespace=k8s.io`},
		{"dead-shim", warn, 20, `msg="cleaning up after shim disconnected" id=«hex 64» namespace=k8s.io`},
		{"clean-shim", info, 0, `msg="cleaning up dead shim" namespace=k8s.io`},
		{"stop", info, 0, `msg="StopPodSandbox for \"«hex 64»\""`},
		{"teardown", info, 0, `msg="TearDown network for sandbox \"«hex 64»\" successfully"`},
		{"removed", info, 0, `msg="RemovePodSandbox \"«hex 64»\" returns successfully"`},
		{"remove-container", info, 0, `msg="RemoveContainer for \"«hex 64»\" returns successfully"`},
		{"event", info, 0, `msg="received container exit event container_id:\"«hex 64»\" id:\"«hex 64»\" pid:«int 2000 99999» exited_at:{seconds:«int 1790000000 1799999999» nanos:«int 1 999999999»}"`},
		{"dead-container", warn, 8, `msg="failed to cleanup rootfs mount" error="failed to unmount target /run/containerd/io.containerd.runtime.v2.task/k8s.io/«hex 64»/rootfs: device or resource busy"`},
		{"pull", info, 4, `msg="PullImage \"registry-vpc.cn-hangzhou.aliyuncs.com/shop/report:2.«int 10 40».«int 0 9»\""`},
		{"pulled", info, 4, `msg="Pulled image \"registry-vpc.cn-hangzhou.aliyuncs.com/shop/report:2.«int 10 40».«int 0 9»\" with image id \"sha256:«hex 64»\", repo tag \"registry-vpc.cn-hangzhou.aliyuncs.com/shop/report:2.«int 10 40».«int 0 9»\", repo digest \"registry-vpc.cn-hangzhou.aliyuncs.com/shop/report@sha256:«hex 64»\", size \"«int 20000000 90000000»\" in «go 900 9000»"`},
		{"stop-pulling", info, 3, `msg="stop pulling image registry-vpc.cn-hangzhou.aliyuncs.com/shop/report:2.«int 10 40».«int 0 9»: active requests=0, bytes read=«int 10000000 90000000»"`},
		{"image-create", info, 3, `msg="ImageCreate event name:\"sha256:«hex 64»\" labels:{key:\"io.cri-containerd.image\" value:\"managed\"}"`},
		{"snapshot-gc", info, 2, `msg="schedule garbage collection in 100ms" caller="gc/scheduler" trigger=threshold`},
		{"cni-config", info, 1, `msg="No cni config template is specified, wait for other system components to drop the config."`},
		{"cni-reload", info, 1, `msg="Loaded cni network conflist /etc/cni/net.d/10-flannel.conflist after fs change event"`},
		// Incidents.
		{"no-space", bad, 0, `msg="Failed to pull image \"registry-vpc.cn-hangzhou.aliyuncs.com/shop/report:2.«int 10 40».0\": failed to extract layer sha256:«hex 64»: write /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/«int 100 999»/fs/usr/lib/x86_64-linux-gnu/libicudata.so.72.1: no space left on device: unknown"`},
		{"kill-evicted", info, 0, `msg="Kill container \"«hex 64»\" with signal terminated, reason: evicted for ephemeral-storage"`},
		{"exit-1", info | severe, 0, `msg="received exit event container_id:\"«hex 64»\" exit_status:1 exited_at:{seconds:«int 1790000000 1799999999»}"`},
	},
}

var yurthub = program{
	name: "yurthub", levels: klogLevels, prefix: klogPrefix, pid: 1342,
	says: []statement{
		{"start-proxy", info, 3600, `util.go:289] start proxying: «get|get|get|patch|update» /api/v1/«nodes/|namespaces/kube-system/pods/|namespaces/shop/pods/»«name», in flight requests: «int 1 9»`},
		{"served", info, 3600, `util.go:252] kubelet get «nodes|pods|leases»: /apis/v1/«name» with status code 200, spent «go 2 60»`},
		{"watch", info, 400, `util.go:252] «coredns|kube-proxy|flanneld» watch endpointslices: /apis/discovery.k8s.io/v1/endpointslices?allowWatchBookmarks=true&resourceVersion=«int 80000000 90000000»&timeoutSeconds=«int 300 600» with status code 200, spent «go 300000 600000»`},
		{"cache", info, 1200, `cache_manager.go:445] «kubelet|coredns|kube-proxy» watch component cache updated, key: «pods|services|endpointslices»/«pod», type: MODIFIED`},
		{"healthy", info, 360, `health_checker.go:214] ping cluster healthz with result OK, remote server https://47.98.«int 1 250».«int 1 250»:6443`},
		{"heartbeat", info, 360, `node_lease.go:121] lease of node «node» renewed, duration 40s`},
		{"gc", info, 12, `gc.go:118] list pod keys from storage, total: «int 24 40», stale: 0`},
		{"closed", warn, 10, `transport.go:176] connection to 47.98.«int 1 250».«int 1 250»:6443 closed by peer, «int 1 8» streams are resumed`},
		{"pool-scope", info, 2, `pool_coordinator.go:207] leader of the node pool elected: «node», term «int 1 9»`},
		{"filter", info, 1, `filter.go:96] data filter servicetopology is enabled for component kube-proxy`},
		{"token", info, 3, `token.go:88] bootstrap token in hub conf refreshed, expires in 23h59m«int 10 59»s`},
	},
}

var kernel = program{
	name: "kernel",
	says: []statement{
		{"veth-enter", none, 0, `[«uptime»] cni0: port «int 2 40»(veth«hex 8») entered blocking state`},
		{"veth-forward", none, 0, `[«uptime»] cni0: port «int 2 40»(veth«hex 8») entered forwarding state`},
		{"veth-disabled", none, 0, `[«uptime»] cni0: port «int 2 40»(veth«hex 8») entered disabled state`},
		{"promiscuous", none, 0, `[«uptime»] device veth«hex 8» entered promiscuous mode`},
		{"link-ready", none, 0, `[«uptime»] IPv6: ADDRCONF(NETDEV_CHANGE): veth«hex 8»: link becomes ready`},
		{"drop", none, 240, `[«uptime»] IN=eth0 OUT= MAC=00:16:3e:«hex 2»:«hex 2»:«hex 2» SRC=«ip» DST=172.16.3.7 LEN=«int 40 60» TOS=0x00 PREC=0x00 TTL=«int 40 250» ID=«int 1 65000» DF PROTO=TCP SPT=«int 1025 65000» DPT=«int 1 9999» WINDOW=1024 RES=0x00 SYN URGP=0`},
		{"syn-flood", none, 2, `[«uptime»] TCP: request_sock_TCP: Possible SYN flooding on port 443. Sending cookies.  Check SNMP counters.`},
		{"ext4", hidden | warn, 2, `[«uptime»] EXT4-fs warning (device vda3): ext4_dx_add_entry:2461: Directory (ino: «int 100000 999999») index full, reach max htree level :2`},
		{"nvme", none, 1, `[«uptime»] nvme nvme0: I/O «int 1 900» QID «int 1 8» timeout, completion polled`},
		{"perf", none, 1, `[«uptime»] perf: interrupt took too long («int 2500 3900» > 2500), lowering kernel.perf_event_max_sample_rate to «int 50000 79000»`},
		{"oom", none | severe, 2, `[«uptime»] Memory cgroup out of memory: Killed process «int 2000 99999» (java) total-vm:«int 1000000 9000000»kB, anon-rss:«int 100000 900000»kB, file-rss:«int 1000 9000»kB, shmem-rss:0kB, UID:1000 pgtables:«int 1000 9000»kB oom_score_adj:«int 900 999»`},
		{"segfault", none | severe, 2, `[«uptime»] thumbnailer[«int 2000 99999»]: segfault at «hex 2» ip 00007f«hex 10» sp 00007f«hex 10» error 4 in libvips.so.42[7f«hex 10»+«hex 6»]`},
		{"clock", none, 1, `[«uptime»] clocksource: timekeeping watchdog on CPU«int 0 3»: hpet wd-wd read-back delay of «int 60000 90000»ns`},
	},
}

var systemd = program{
	name: "systemd",
	says: []statement{
		{"scope-started", none, 0, `Started cri-containerd-«hex 64».scope - libcontainer container «hex 64».`},
		{"scope-gone", none, 0, `cri-containerd-«hex 64».scope: Deactivated successfully.`},
		{"scope-cpu", none, 0, `cri-containerd-«hex 64».scope: Consumed «int 1 9».«int 100 999»s CPU time.`},
		{"slice", none, 0, `Created slice kubepods-burstable-pod«hex 8»_«hex 4»_«hex 4»_«hex 4»_«hex 12».slice - libcontainer container kubepods-burstable-pod«hex 8»_«hex 4»_«hex 4»_«hex 4»_«hex 12».slice.`},
		{"slice-gone", none, 0, `Removed slice kubepods-burstable-pod«hex 8»_«hex 4»_«hex 4»_«hex 4»_«hex 12».slice - libcontainer container kubepods-burstable-pod«hex 8»_«hex 4»_«hex 4»_«hex 4»_«hex 12».slice.`},
		{"netns", none, 0, `run-netns-cni\x2d«hex 8»\x2d«hex 4»\x2d«hex 4»\x2d«hex 4»\x2d«hex 12».mount: Deactivated successfully.`},
		{"timer", none, 12, `Started sysstat-collect.service - system activity accounting tool.`},
		{"timer-done", none, 12, `sysstat-collect.service: Deactivated successfully.`},
		{"logrotate", none, 1, `Starting logrotate.service - Rotate log files...`},
		{"logrotate-done", none, 1, `Finished logrotate.service - Rotate log files.`},
		{"fstrim", none, 1, `Starting fstrim.service - Discard unused blocks on filesystems from /etc/fstab...`},
		{"apt", none, 1, `apt-daily.service: Consumed «int 2 9».«int 100 999»s CPU time, «int 40 90».«int 1 9»M memory peak.`},
		{"tmpfiles", none, 1, `Finished systemd-tmpfiles-clean.service - Cleanup of Temporary Directories.`},
		{"reload", none, 1, `Reloading requested from client PID «int 2000 99999» ('systemctl') (unit session-«int 1 99».scope)...`},
	},
}

var sshd = program{
	name: "sshd",
	says: []statement{
		{"invalid-user", none, 150, `Invalid user «admin|test|oracle|ubuntu|git|postgres|ftpuser|deploy» from «ip» port «int 1025 65000»`},
		{"failed", none, 150, `Failed password for invalid user «admin|test|oracle|ubuntu|git|postgres|ftpuser|deploy» from «ip» port «int 1025 65000» ssh2`},
		{"preauth", none, 150, `Connection closed by invalid user «admin|test|oracle|ubuntu|git|postgres|ftpuser|deploy» «ip» port «int 1025 65000» [preauth]`},
		{"bye", none, 120, `Received disconnect from «ip» port «int 1025 65000»:11: Bye Bye [preauth]`},
		{"accepted", none, 2, `Accepted publickey for ops from 10.0.0.«int 2 30» port «int 1025 65000» ssh2: ED25519 SHA256:«hex 43»`},
		{"session", none, 2, `pam_unix(sshd:session): session opened for user ops(uid=1001) by ops(uid=0)`},
		{"kex", hidden | bad, 4, `error: kex_exchange_identification: Connection closed by remote host`},
		{"banner", none, 3, `banner exchange: Connection from «ip» port «int 1025 65000»: invalid format`},
	},
}

var chronyd = program{
	name: "chronyd",
	says: []statement{
		{"source", none, 4, `Selected source 100.100.«int 3 61».88 (ntp.cloud.aliyuncs.com)`},
		{"step", none, 1, `System clock wrong by -0.«int 100000 999999» seconds`},
		{"frequency", none, 1, `Frequency -«int 10 30».«int 100 999» +/- 0.«int 100 999» ppm read from /var/lib/chrony/drift`},
	},
}
