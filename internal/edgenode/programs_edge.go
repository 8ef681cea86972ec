// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

const (
	combined   = `«client» - - [«clf»] "«method» «path» HTTP/1.1" «variant» «int 200 40000» "https://shop.example/" "«agent»"`
	balanced   = `«ip»:«int 1025 65000» [«haproxy»] shop~ carts/c«int 1 3» 0/0/«int 1 9»/«int 2 90»/«int 2 99» «variant» «int 200 9000» - - ---- «int 1 40»/«int 1 40»/«int 0 9»/«int 0 9»/0 0/0 "GET /carts/«int 10000 99999» HTTP/1.1"`
	unbalanced = `«ip»:«int 1025 65000» [«haproxy»] shop~ carts/<NOSRV> 0/-1/-1/-1/«int 2 99» «variant» 217 - - SC-- «int 1 40»/«int 1 40»/«int 0 9»/0/0 0/0 "GET /carts/«int 10000 99999» HTTP/1.1"`
	static     = `«ip» - - [«clf»] "GET /media/«int 10000 99999».jpg HTTP/1.1" «variant» «int 200 40000» "-" "okhttp/4.12.0"`
	staticPing = `10.42.3.1 - - [«clf»] "GET /healthz HTTP/1.1" «variant» 2 "-" "kube-probe/1.31"`
)

// haproxy writes an access log without a level, and a level in brackets for itself.
var haproxy = program{
	name: "haproxy", namespace: "edge", kind: daemonSet, replicas: 1, bare: true,
	levels: alertLevels,
	says: []statement{
		{"access 200", none, 5000, balanced},
		{"access 404", none, 120, balanced},
		{"access 500", none | severe, 20, balanced},
		{"access 503", none | severe, 20, unbalanced},
		{"server-down", warn, 4, `[«level»]  (7) : Server carts/c«int 1 3» is DOWN, reason: Layer4 timeout, check duration: «int 2000 2009»ms. «int 1 2» active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.`},
		{"server-up", info, 4, `[«level»]  (7) : Server carts/c«int 1 3» is UP, reason: Layer4 check passed, check duration: «int 0 9»ms. «int 2 3» active and 0 backup servers online. 0 sessions requeued, 0 total in queue.`},
		{"no-server", bad, 2, `[«level»]    (7) : backend carts has no server available!`},
	},
}

// webServer is nginx with its own formats: the combined access log, and the error log.
var webServer = program{
	name: "media", namespace: "edge", kind: deployment, replicas: 1, bare: true,
	says: []statement{
		{"access 200", none, 5000, static},
		{"access 304", none, 1800, static},
		{"access 404", none, 200, static},
		{"access 502", none | severe, 30, static},
		{"probe 200", none, 1080, staticPing},
		{"probe 503", none | severe, 6, staticPing},
		{"open-failed", bad, 24, `«slash» [error] «int 20 40»#«int 20 40»: *«int 100000 999999» open() "/srv/media/«int 10000 99999».jpg" failed (13: Permission denied), client: «ip», server: media.example`},
		{"low-on-files", fatal, 2, `«slash» [crit] «int 20 40»#«int 20 40»: *«int 100000 999999» accept4() failed (24: Too many open files)`},
		{"reopened", info, 2, `«slash» [notice] 1#1: signal 1 (SIGHUP) received from «int 20 40», reconfiguring`},
	},
}

// istioAgent writes as zap's console encoder: time, level and scope between tabs.
var istioAgent = program{
	name: "istio-proxy", namespace: "istio-system", kind: deployment, replicas: 1, bare: true,
	levels: lowerLevels, prefix: "«micro»\t«level»\t",
	says: []statement{
		{"push", info, 1500, "ads\tCDS: PUSH for node:«name».shop resources:«int 40 90» size:«int 20 90».«int 1 9»kB cached:«int 20 60»/«int 60 90»"},
		{"connected", info, 360, "xdsproxy\tconnected to upstream XDS server: istiod.istio-system.svc:15012 [«int 1 9999»]"},
		{"gen", debug, 1500, "ads\tgenerated «int 1 90» resources for node «name» in «go 1 9»"},
		{"ca-retry", warn, 24, "ca\tca request failed, starting attempt «int 1 5» in «int 100 900»ms"},
		{"csr", bad, 12, "citadelclient\tFailed to sign CSR: rpc error: code = Unavailable desc = connection error: dial tcp «podip»:15012: connect: connection refused"},
		{"listen", fatal, 1, "boot\tcannot listen on port «int 15000 15099»"},
	},
}

// syslogRelay hands on what routers and cameras of the site say, with the priority of syslog.
var syslogRelay = program{
	name: "syslog-relay", namespace: "edge", kind: daemonSet, replicas: 1, bare: true,
	levels: priorities, prefix: `<«level»>`,
	says: []statement{
		{"dhcp", info, 1200, `«syslog» gw-1 dnsmasq-dhcp[«int 100 9999»]: DHCPACK(br0) 192.168.8.«int 2 250» «hex 2»:«hex 2»:«hex 2»:«hex 2»:«hex 2»:«hex 2»`},
		{"motion", info, 700, `1 «rfc» cam-«int 1 9» detector «int 100 9999» - - motion in zone «int 1 4», score 0.«int 10 99»`},
		{"signal", warn, 30, `1 «rfc» cam-«int 1 9» detector «int 100 9999» - - frames were lost, «int 2 90» of «int 100 900»`},
		{"link", bad, 6, `«syslog» gw-1 netifd[«int 100 9999»]: Network device 'wan' link state is «int 0 0»`},
		{"fan", fatal, 1, `«syslog» gw-1 hwmon[«int 100 9999»]: fan stopped at «int 80 99» C`},
	},
}
