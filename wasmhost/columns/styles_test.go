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
	{ // ten programs, of each the events that look alike
		`setSystemUiVisibility vis=<*> mask=<*> oldVal=<*> newVal=<*> fullscreenBounds=Rect(<*>)`, []string{
			`setSystemUiVisibility vis=0 mask=1 oldVal=40000500 newVal=40000500 fullscreenBounds=Rect(0, 0 - 0, 0)`,
			`setSystemUiVisibility vis=40000500 mask=ffffffff8 oldVal=508 newVal=0 fullscreenBounds=Rect(0, 12 - 1080, 0)`,
		},
	},
	{`wtoken = Token{<*> token=Record{<*> u<*> com.example.app/.NewsActivity t<*>}}, allDrawn= false`, []string{
		`wtoken = Token{9f4ef63 token=Record{de9231d u0 com.example.app/.NewsActivity t761}}, allDrawn= false`,
	}},
	{`mod_jk child workerEnv in error state 6`, []string{`mod_jk child workerEnv in error state 6`}},
	{`workerEnv.init() ok /etc/<*>`, []string{`workerEnv.init() ok /etc/httpd/conf/workers2.properties`}},
	{`Progress of TaskAttempt attempt_<*>_m_<*> is : <*>`, []string{
		`Progress of TaskAttempt attempt_1445144423722_0020_m_000001_0 is : 0.10680167`, `Progress of TaskAttempt attempt_1_20_m_1_1 is : 1.0`,
	}},
	{`attempt_<*>_m_<*> TaskAttempt Transitioned from NEW to UNASSIGNED`, []string{
		`attempt_1445144423722_0020_m_000000_0 TaskAttempt Transitioned from NEW to UNASSIGNED`,
	}},
	{`Recalculating schedule, headroom=<memory:<*>, vCores:<*>>`, []string{`Recalculating schedule, headroom=<memory:0, vCores:-27>`}},
	{`onStandStepChanged <*>`, []string{`onStandStepChanged 3579`, `onStandStepChanged 7`}},
	{`onExtend:<*>`, []string{`onExtend:1514038530000 14 0 4`}},
	{`REPORT : <*>`, []string{`REPORT : 7007 5002 150089 240`}},
	{`calculateAltitudeWithCache totalAltitude=<*>`, []string{`calculateAltitudeWithCache totalAltitude=240`}},
	{`calculateCaloriesWithCache totalCalories=<*>`, []string{`calculateCaloriesWithCache totalCalories=126775`}},
	{`PSU status ( on on )`, []string{`PSU status ( on on )`}},
	{`PSU status ( on )`, []string{`PSU status ( on )`}},
	{`Targeting domains:node-D<*> and nodes:node-[<*>] child of command <*>`, []string{
		`Targeting domains:node-D1 and nodes:node-[40-63] child of command 2164`,
	}},
	{`Temperature (<*>) exceeds warning threshold`, []string{`Temperature (41) exceeds warning threshold`}},
	{`session opened for user <*> by (uid=<*>)`, []string{`session opened for user root by (uid=0)`, `session opened for user news by (uid=12)`}},
	{`session closed for user <*>`, []string{`session closed for user root`, `session closed for user cyrus`}},
	{`check pass; user unknown`, []string{`check pass; user unknown`}},
	{`ANONYMOUS FTP LOGIN FROM <*>, ()`, []string{`ANONYMOUS FTP LOGIN FROM 84.102.20.2, ()`}},
	{`[instance: <*>] VM Started (Lifecycle Event)`, []string{`[instance: b9000564-fe1a-409b-b8cc-1e88b294cd1d] VM Started (Lifecycle Event)`}},
	{`[instance: <*>] VM Paused (Lifecycle Event)`, []string{`[instance: b9000564-fe1a-409b-b8cc-1e88b294cd1d] VM Paused (Lifecycle Event)`}},
	{`image <*> at (/var/<*>): checking`, []string{
		`image 0673dd71-34c5-4fbb-86c4-40623fbe45b4 at (/var/lib/nova/instances/_base/a489c868f0c37da93b76227c91bb03908ac0e742): checking`,
	}},
	{`<*> close, <*> bytes (<*>) sent, <*> bytes received, lifetime <*>`, []string{
		`www.example.com:443 close, 1190 bytes (1.16 KB) sent, 350 bytes received, lifetime 04:33`,
	}},
	{`<*> close, <*> bytes sent, <*> bytes received, lifetime <*>`, []string{
		`proxy.example.edu.hk:5070 close, 403 bytes sent, 426 bytes received, lifetime <1 sec`,
	}},
	{`<*> error : Could not connect through proxy <*> - cannot establish a connection, status code 403`, []string{
		`proxy.example.edu.hk:5070 error : Could not connect through proxy proxy.example.edu.hk:5070 - cannot establish a connection, status code 403`,
	}},
	{`DHCPDISCOVER from <*> via eth<*>: network A: no free leases`, []string{`DHCPDISCOVER from 00:11:43:e3:ba:c3 via eth1: network A: no free leases`}},
	{`synchronized to <*>, stratum <*>`, []string{`synchronized to 10.100.22.250, stratum 3`}},
	{`Session: <*> initialized by client UpdateAgent.`, []string{`Session: 30546354_3247566439 initialized by client UpdateAgent.`}},
	{`<*> Creating transaction (seq <*>), objectname [<*>]"(null)"`, []string{`00000004 Creating transaction (seq 2), objectname [6]"(null)"`}},
	{`<*> Created transaction (seq <*>) result 0x00000000, handle @<*>`, []string{`00000004 Created transaction (seq 2) result 0x00000000, handle @0x214`}},
	{`<*> PopulateKey - Begin`, []string{`00000001@2016/9/27:20:40:53.744 PopulateKey - Begin`}},
	{`<*> PopulateKey - End`, []string{`00000001@2016/9/27:20:40:53.744 PopulateKey - End`}},
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
