// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Lines made up after the manner of many programs. Each group has one template, and no two groups have the same.
var styles = []struct {
	template string
	lines    []string
}{
	{ // a phone
		`acquire lock=<*>, flags=<*>, tag="View Lock", name=com.example.systemui, ws=null, uid=<*>`, []string{
			`acquire lock=233570404, flags=0x1, tag="View Lock", name=com.example.systemui, ws=null, uid=10037`,
			`acquire lock=1, flags=0x10, tag="View Lock", name=com.example.systemui, ws=null, uid=1001`,
		},
	},
	{`release:lock=<*>, flg=<*>, tag="RADIO_LOCK"`, []string{`release:lock=166121161, flg=0x0, tag="RADIO_LOCK"`}},
	{
		`Skipping Token{<*> Record{<*> u<*> com.example.app/.Player t<*>}} -- going to hide`, []string{
			`Skipping Token{df0798e Record{3b04890 u0 com.example.app/.Player t761}} -- going to hide`,
			`Skipping Token{78af589 Record{de9231d u10 com.example.app/.Player t2}} -- going to hide`,
		},
	},
	{ // a web server
		`jk2_init() Found child <*> in slot <*>`, []string{`jk2_init() Found child 6725 in slot 10`, `jk2_init() Found child 1 in slot 6`},
	},
	{`[client <*>] File does not exist: /var/<*>`, []string{
		`[client 64.242.88.10] File does not exist: /var/www/html/scripts`, `[client 10.0.0.1] File does not exist: /var/www/favicon.ico`,
	}},
	{ // a supercomputer
		`Component \<*> is in the unavailable state (HWID=<*>)`, []string{`Component \042alt0\042 is in the unavailable state (HWID=3180)`},
	},
	{`Component \<*> is in the available state (HWID=<*>)`, []string{`Component \042alt0\042 is in the available state (HWID=80)`}},
	{`Fan speeds ( <*> )`, []string{`Fan speeds ( 3552 3534 3375 4245 3515 3479 )`, `Fan speeds ( 3 3 )`}},
	{`Link in reset on interconnect-<*>`, []string{`Link in reset on interconnect-0N03:00:0:1`, `Link in reset on interconnect-1T00:00:2:5`}},
	{ // jobs of a cluster
		`attempt_<*>_m_<*> Transitioned from NEW to RUNNING`, []string{`attempt_1445144423722_0020_m_000000_0 Transitioned from NEW to RUNNING`},
	},
	{`attempt_<*>_r_<*> Transitioned from RUNNING to FAILED`, []string{`attempt_1445144423722_0020_r_000001_1 Transitioned from RUNNING to FAILED`}},
	{`Address change detected. Old: master-sa-<*> New: master-sa-<*>`, []string{
		`Address change detected. Old: master-sa-41/10.190.173.170:9000 New: master-sa-41:9000`,
	}},
	{`exception for block BP-<*>:blk_<*>`, []string{`exception for block BP-1347369012-10.190.173.170-1444972147527:blk_1073743512_2729`}},
	{ // steps and hearts
		`getTotalSteps = <*>`, []string{`getTotalSteps = 1514038440000##6993##548365##8661`, `getTotalSteps = 1514038440000##7##12`},
	},
	{`<*>|Step_LSC|<*>|onStepChanged <*>`, []string{`20171223-22:15:29:606|Step_LSC|30002312|onStepChanged 3579`}},
	{`action:org.example.intent.SCREEN_ON`, []string{`action:org.example.intent.SCREEN_ON`}},
	{`action:org.example.intent.SCREEN_OFF`, []string{`action:org.example.intent.SCREEN_OFF`}},
	{ // a machine of one's own
		`authentication failure; uid=<*> tty=ssh ruser= rhost=<*>`, []string{
			`authentication failure; uid=0 tty=ssh ruser= rhost=218.188.2.4`,
			`authentication failure; uid=0 tty=ssh ruser= rhost=n219076184117.example.com`,
			`authentication failure; uid=0 tty=ssh ruser= rhost=p15105218.pool.example.info`,
			`authentication failure; uid=0 tty=ssh ruser= rhost=mail.dept.example.pl`,
		},
	},
	{`authentication failure; uid=<*> tty=ssh ruser= rhost=<*> user=<*>`, []string{`authentication failure; uid=0 tty=ssh ruser= rhost=218.188.2.4  user=root`}},
	{`connection from <*> (<*>) at <*>`, []string{
		`connection from 24.54.76.216 (24-54-76-216.cable.example.net) at Fri Jun 17 07:07:00 2005`,
		`connection from 1.2.3.4 (www.example.org) at Sat Jul  2 17:07:00 2005`,
	}},
	{`connection from <*> () at <*>`, []string{`connection from 218.146.61.230 () at Sat Jun 18 02:08:10 2005`}},
	{`BIOS-<*> (usable)`, []string{`BIOS-e820: 0000000000000000 - 00000000000a0000 (usable)`}},
	{`BIOS-<*> (reserved)`, []string{`BIOS-e820: 00000000000f0000 - 0000000000100000 (reserved)`}},
	{`eth<*>: link up`, []string{`eth0: link up`, `eth1: link up`, `eth12: link up`}},
	{`DHCPDISCOVER from <*> via eth<*>`, []string{`DHCPDISCOVER from 00:11:43:e3:ba:c3 via eth1`, `DHCPDISCOVER from fe:ba:11:22:33:44 via eth2`}},
	{`[ib_sweep.c:<*>]: No topology change`, []string{`[ib_sweep.c:1455]: No topology change`}},
	{`<*>: from=root, size=<*>, msgid=<<*>>`, []string{
		`jA6J1HEt013414: from=root, size=1, msgid=<200511091701.jA9H1X6h019190@bn431.example.gov>`,
	}},
	{ // a cloud
		`<*> "GET /v<*> HTTP/<*>" status: 200 len: <*> time: <*>`, []string{
			`10.11.10.1 "GET /v2/54fadb412c4e40cdbaed9335e4c35a9e/servers/detail HTTP/1.1" status: 200 len: 1893 time: 0.2477829`,
			`10.11.21.122 "GET /v2/e9746973ac574c6b8a9e8857f56a7608/servers HTTP/1.1" status: 200 len: 12 time: 1.5`,
		},
	},
	{`[instance: <*>] Took <*> seconds to build instance.`, []string{
		`[instance: b9000564-fe1a-409b-b8cc-1e88b294cd1d] Took 19.84 seconds to build instance.`,
		`[instance: 1eadbeef-fe1a-fade-b8cc-1e88b294cd1d] Took 9 seconds to build instance.`,
	}},
	{`synced instances from host '<*>'.`, []string{
		`synced instances from host 'cp-1.slowvm1.pg0.example.us'.`, `synced instances from host 'cp-12.fast.example.us'.`,
	}},
	{`memory: <*>, used: <*>`, []string{`memory: 64172 MB, used: 512.00 MB`, `memory: 64 GB, used: 1.5 GB`}},
	{ // a proxy
		`<*> close, <*> bytes sent, lifetime <*>`, []string{
			`proxy.example.edu.hk:5070 close, 403 bytes sent, lifetime <1 sec`,
			`www.example.com:443 close, 1190 bytes sent, lifetime 00:17`,
			`64.242.88.10:80 close, 0 bytes sent, lifetime 1:02:03`,
		},
	},
	{`<*> open through proxy <*> HTTPS`, []string{`www.example.com:443 open through proxy proxy.example.edu.hk:5070 HTTPS`}},
	{`<*> open through proxy <*> SOCKS<*>`, []string{`www.example.com:443 open through proxy proxy.example.edu.hk:5070 SOCKS5`}},
	{ // a desktop
		`Loaded Stack v<*> with Core: C:\Windows\<*>`, []string{
			`Loaded Stack v6.1.7601.23505 with Core: C:\Windows\winsxs\amd64_servicing_31bf3856ad364e35_6.1\cbscore.dll`,
			`Loaded Stack v6.1 with Core: C:\Windows\system\core.dll`,
		},
	},
	{`applicability for package: Package_for_KB<*>~amd<*>, State: 112`, []string{
		`applicability for package: Package_for_KB2928120~31bf3856ad364e35~amd64~~6.1.1.2, State: 112`,
	}},
	{`failed, flags: <*> [HRESULT = 0x80004005 - E_FAIL]`, []string{`failed, flags: 0x2 [HRESULT = 0x80004005 - E_FAIL]`}},
	{`failed, flags: <*> [HRESULT = 0x800f080d - E_ITEM]`, []string{`failed, flags: 0x2 [HRESULT = 0x800f080d - E_ITEM]`}},
}

func TestLinesOfOneStatementHaveOneTemplateAndThoseOfTwoHaveTwo(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range styles {
		assert.False(t, seen[s.template], s.template)
		seen[s.template] = true
		for _, line := range s.lines {
			assert.Equal(t, s.template, masked(line), line)
		}
	}
}
