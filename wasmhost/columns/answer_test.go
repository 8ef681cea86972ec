// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAnswersStay(t *testing.T) {
	for _, line := range []string{
		"container web exited with code 137",
		"backup finished exit_code=2",
		"job nightly status=0",
		"Main process exited, code=exited, status=1/FAILURE",
		"process terminated, signal=9 exitCode=137",
		`{"level":50,"msg":"charge failed"}`,
		`{"Level" : "50"}`,
		`{\"level\":50}`,
		`{"error":{"code":28,"message":"No space left on device"}}`,
		`{"level_value":40000,"severityNumber":17,"errorNumber":5}`,
		"http.status_code=503 httpStatus=404 X-Status: 500 HTTP 503",
		"grpc.code=14 grpc-status: 2",
		"exit status 1; exit status: 2; Exit Code:    3",
		"exit code (-1), rc=-5, errno[13], errno = 111",
		"returned 1",
		"returned -1 for x",
		"killed by signal 9",
		"signal: killed",
		"status is 503 and code was 3",
		"exited with 3",
		"retval=-22 ret=-11 err=-110 error -110",
		"loglevel=3, LOG_LEVEL=4, severity:2",
		"RESULT 1, state=3, Reason: 6",
		"Exit code: 0xC0000005, HRESULT = 0x80070005",
		"ERROR 1045 (bad)",
		"<status>503</status> response: 503 SQLSTATE[42S02]",
		"接口返回500错误",
		"errors=0 failed: 0 failures=0",
		"success=0 enabled: 0 healthy=0 up 0 res=0 ok=0",
		"EventID=4625 <EventID>4624</EventID> res=1",
		"0 errors, 0 failed, 0 received",
		"SSL alert number 42, closed with 1006",
		"导入失败0条，异常: 0",
		`错误码：E1001，{"code":"P2002"} {"code":"42P01"} code=e12`,
		"退出码：137，状态码 503，返回码=1，错误码:5001，错误代码：10086",
		"结果：1，状态：0，级别=3，信号 9，返回值-1",
		"状态为1，退出码为137",
		"退出码：１３７",
		"статус 7, код 12",
		"エラーコード：5 ステータス：3",
	} {
		assert.Equal(t, line, masked(line))
	}
}

func TestMeasuresAndIDsBehindAnswersAreMasked(t *testing.T) {
	for _, c := range [][2]string{
		{"status: 200 ms", "status: <*>"},
		{"code=200ms status=5m exit 1m30s level: E1234567", "code=<*> status=<*> exit <*> level: E<*>"},
		{"battery level 87% or level=0.75", "battery level <*>% or level=<*>"},
		{"error_code=1234567890", "error_code=<*>"},
		{"result=0x7fe133460660", "result=<*>"},
		{"code 2026-01-02 or code 10.0.0.1", "code <*> or code <*>"},
		{"returned 12 rows", "returned <*> rows"},
		{"3 errors, 10 failed, 0 rows", "<*> errors, <*> failed, <*> rows"},
		{"[404]: GET /x, [200]: POST /x, [200] items", "[4<*>]: GET /x, [2<*>]: POST /x, [<*>] items"},
		{"返回3条记录", "返回<*>条记录"},
		{"status code of job 5", "status code of job <*>"},
		{"success=7 up 3 days, backup 0, enabled=1", "success=<*> up <*> days, backup <*>, enabled=<*>"},
		{"decode 5, unicode 7, errors=3, codes 4, failed=20", "decode <*>, unicode <*>, errors=<*>, codes <*>, failed=<*>"},
		{"密码12345 号码 777", "密码<*> 号码 <*>"},
		{"signal=12345 state 12345 returned 1234", "signal=<*> state <*> returned <*>"},
		{"took 5, code", "took <*>, code"},
	} {
		assert.Equal(t, c[1], masked(c[0]))
	}
}

func TestAnswersOfOneLineDiffer(t *testing.T) {
	var m Masker
	for _, format := range []string{
		"container web exited with code %d", "exit_code=%d", `{"status": %d}`, "返回码：%d", "HTTP %d", "signal %d", "returned %d", "status=%d/FAILURE",
		`{"level":%d}`, "grpc.code=%d", "exit status %d",
	} {
		ids := map[uint64]bool{}
		for _, v := range []int{0, 1, 2, 9, 137, 139, 200, 503} {
			ids[m.ID(fmt.Sprintf(format, v))] = true
		}
		assert.Len(t, ids, 8, format)
	}
}

func TestAnswersNamesKeys(t *testing.T) {
	for _, key := range []string{
		"code", "status", "exit", "errno", "result", "signal", "level", "severity", "rc", "ret", "retcode", "return_code", "http_status",
		"http.response.status_code", "grpc.code", "exitCode", "exit-code", "EXIT_STATUS", "ErrorNumber", "level_value", "log.level",
		"退出码", "状态", "结果", "错误码", "http",
	} {
		assert.True(t, Answers(key), key)
	}
	for _, key := range []string{"", "c", "codes", "decode", "order_id", "number", "value", "count", "duration", "port", "密码", "用户", "status.", "\xff", "marc", "arc"} {
		assert.False(t, Answers(key), key)
	}
}
