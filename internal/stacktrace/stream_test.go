// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package stacktrace

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Each text is a log. A line of === is between records.
var logs = map[string]string{
	"Java behind its log line": `
2025-01-02 09:59:59,000 INFO  [http-0] c.e.OrderController - order 16 loaded
===
2025-01-02 10:00:00,000 ERROR [http-0] c.e.OrderController - request failed
java.lang.IllegalStateException: order 17 has no customer
	at com.example.shop.OrderService.load(OrderService.java:41)
	at com.example.shop.OrderController.get(OrderController.java:20) ~[shop.jar:1.0]
	Suppressed: java.io.IOException: stream closed
		at com.example.shop.Stream.close(Stream.java:9)
		... 3 more
Caused by: java.sql.SQLTransientConnectionException: pool-1 - Connection is not available
	at com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:696)
	... 40 common frames omitted
===
2025-01-02 10:00:10,000 ERROR [http-1] c.e.OrderController - request failed
java.lang.IllegalStateException: order 18 has no customer
  the order was:
  18
	at com.example.shop.OrderService.load(OrderService.java:41)
===
2025-01-02 10:00:11,000 INFO  [http-1] c.e.OrderController - order 19 loaded`,
	"prose that is indented": `
summary:
===
  at least 5 items: done (2 left)
===
  at 10:00 (UTC) the job starts`,
	"MyBatis": `
2025-01-02 10:00:00,000 ERROR [http-0] c.e.OrderController - 保存失败
org.springframework.dao.DataIntegrityViolationException: ` + `
### Error updating database.  Cause: java.sql.SQLException: column is null
### The error may exist in file [OrderMapper.xml]
### SQL: insert into orders values (?)
; column is null; nested exception is java.sql.SQLException: column is null
	at com.example.shop.Orders.save(Orders.java:41)
===
2025-01-02 10:00:01,000 INFO  [http-0] c.e.OrderController - order 19 loaded`,
	"SQLAlchemy": `
Traceback (most recent call last):
  File "/app/shop.py", line 30, in load
    rows()
sqlalchemy.exc.IntegrityError: (psycopg2.errors.UniqueViolation) duplicate key
DETAIL:  Key (id)=(17) already exists.

[SQL: INSERT INTO orders VALUES (%(id)s)]
[parameters: {'id': 17}]
(Background on this error at: https://sqlalche.me/e/14/gkpj)
===
INFO:shop:order 18 loaded`,
	"Laravel": `
[2025-01-02 10:00:00] production.ERROR: no customer {"exception":"[object] (Shop(code: 0): no customer at /app/shop.php:3)
[stacktrace]
#0 /app/orders.php(12): load()
#1 {main}
"} ` + `
===
[2025-01-02 10:00:01] production.INFO: order 18 loaded`,
	"Elixir": `
10:00:00.000 [error] GenServer Shop terminating
** (RuntimeError) no customer
    (shop 0.1.0) lib/shop.ex:12: Shop.load/1
    (stdlib 5.0) gen_server.erl:1123: :gen_server.try_handle_call/4
Last message: {:load, 17}
State: %{}
===
10:00:01.000 [info] order 18 loaded`,
	"C++": `
terminate called after throwing an instance of 'std::runtime_error'
  what():  no customer
===
order 18 loaded`,
	"exceptions of .NET inside of one": `
[10:00:00 ERR] order 17 failed
System.AggregateException: One or more errors occurred. (no customer)
 ---> System.Exception: no customer
   at Shop.Load()
   --- End of inner exception stack trace ---
---> (Inner Exception #0) System.Exception: no customer
   at Shop.Load()<---
===
[10:00:01 INF] order 18 loaded`,
	"Java without a log line": `
2025-01-02 09:59:59,000 INFO  [http-0] c.e.OrderController - order 16 loaded
===
java.lang.IllegalStateException: a
	at com.example.A.a(A.java:1)
===
java.lang.IllegalStateException: b
	at com.example.A.a(A.java:1)
===
Exception in thread "main" com.example.StartFailure: no port
	at com.example.Main.main(Main.java:3)`,
	"Python": `
INFO:shop:order 16 loaded
===
ERROR:shop:request failed
Traceback (most recent call last):
  File "/app/shop.py", line 12, in get
    return load(order)
           ^^^^^^^^^^^
  File "/app/shop.py", line 30, in load
    row = rows[order]
          ~~~~^^^^^^^
KeyError: 17

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/shop.py", line 14, in get
    raise shop.errors.NoOrder(order)
shop.errors.NoOrder: 17
===
INFO:shop:order 18 loaded
===
Traceback (most recent call last):
  File "/app/main.py", line 3, in <module>
    main()
KeyboardInterrupt
===
Traceback (most recent call last):
  File "/app/main.py", line 3, in <module>
    main()
ValueError: bad`,
	"Go": `
2025/01/02 10:00:00 listening
===
panic: runtime error: index out of range [5] with length 3 [recovered]
	panic: again
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1]

goroutine 1 [running]:
main.(*shop).load(0xc000012345, {0x10, 0x20})
	/src/shop/main.go:41 +0x1d
main.main()
	/src/shop/main.go:8 +0x2a

goroutine 18 [chan receive, 3 minutes]:
net/http.(*conn).serve(...)
	/usr/local/go/src/net/http/server.go:2100
created by net/http.(*Server).Serve in goroutine 1
	/usr/local/go/src/net/http/server.go:3285 +0x4b4
exit status 2
===
2025/01/02 10:00:01 listening`,
	"Go's HTTP server": `
2025/01/02 10:00:00 http: panic serving 10.0.0.9:5120: no order
goroutine 34 [running]:
net/http.(*conn).serve.func1()
	/usr/local/go/src/net/http/server.go:1947 +0xbe
panic({0x6a3d40?, 0xc0000b4000?})
	/usr/local/go/src/runtime/panic.go:787 +0x132
===
2025/01/02 10:00:01 order 18 loaded`,
	"Go's zap and pkg/errors": `
2025-01-02T10:00:00.000Z	ERROR	controller/controller.go:329	Reconciler error	{"error": "no order"}
sigs.k8s.io/controller-runtime/pkg/internal/controller.(*Controller).Start.func2.2
	/go/pkg/mod/sigs.k8s.io/controller-runtime@v0.16.3/pkg/internal/controller/controller.go:227
main.main
	/src/main.go:12
runtime.goexit
	/usr/local/go/src/runtime/asm_amd64.s:1650
===
2025-01-02T10:00:01.000Z	INFO	controller/controller.go:329	Reconciled
===
example.com/index.html`,
	"Node": `
server listens
===
TypeError: Cannot read properties of undefined (reading 'id')
    at getUser (/app/src/users.js:12:15)
    at async /app/src/server.js:30:5
===
Error: connect ECONNREFUSED 10.0.0.5:5432
    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16) {
  errno: -111,
  code: 'ECONNREFUSED'
}
===
request failed
TypeError: x is not a function
    at Object.<anonymous> (/app/src/server.js:3:9)
===
server listens
===
/app/index.js:3
    throw new Error('no port');
    ^

Error: no port
    at Object.<anonymous> (/app/index.js:3:9)

Node.js v18.17.0
===
node:events:497
      throw er; // Unhandled 'error' event
      ^

Error: listen EADDRINUSE: address already in use :::3000
    at Server.setupListenHandle [as _listen2] (node:net:1817:16)
Emitted 'error' event on Server instance at:
    at emitErrorNT (node:net:1796:8) {
  code: 'EADDRINUSE',
  port: 3000
}

Node.js v20.11.0`,
	".NET": `
info: Microsoft.Hosting.Lifetime[14]
      Now listening on: http://[::]:8080
===
fail: Shop.Orders[0]
      An unhandled exception has occurred while executing the request.
      System.InvalidOperationException: no customer
         at Shop.Orders.Load(Int32 id) in /src/Orders.cs:line 41
===
Unhandled exception. System.InvalidOperationException: no customer
 ---> System.TimeoutException: database
   at Shop.Db.Open() in /src/Db.cs:line 7
   --- End of inner exception stack trace ---
   at Shop.Orders.Load(Int32 id) in /src/Orders.cs:line 41
--- End of stack trace from previous location ---
   at Shop.Program.Main()
===
[10:00:00 ERR] Order 17 is odd
System.InvalidOperationException: no customer
   at Shop.Orders.Load(Int32 id) in /src/Orders.cs:line 41
===
[10:00:01 INF] started`,
	"Ruby": `
I, [2025-01-02T10:00:00.000 #1]  INFO -- : order 16 loaded
===
E, [2025-01-02T10:00:01.000 #1] ERROR -- : no customer (RuntimeError)
/app/orders.rb:41:in ` + "`load'" + `
/app/server.rb:7:in 'block in Server#get'
===
/app/orders.rb:41:in ` + "`load'" + `: no customer (RuntimeError)
	from /app/server.rb:7:in ` + "`block in get'" + `
	from /app/server.rb:3:in ` + "`<main>'" + `
===
I, [2025-01-02T10:00:02.000 #1]  INFO -- : order 18 loaded`,
	"PHP": `
PHP Fatal error:  Uncaught Exception: no customer in /app/orders.php:41
Stack trace:
#0 /app/server.php(7): load(17)
#1 {main}
  thrown in /app/orders.php on line 41
===
order 18 loaded`,
	"Rust": `
thread 'main' panicked at src/main.rs:2:5:
no customer
stack backtrace:
   0: rust_begin_unwind
             at /rustc/abc/library/std/src/panicking.rs:645:5
note: Some details are omitted, run with ` + "`RUST_BACKTRACE=full`" + ` for a verbose backtrace.
===
order 18 loaded`,
	"lines that only look alike": `
before the empty line
===

===
after the empty line
===
{
===
  "pretty": "json",
===
    "deep": 1
===
}
===
 INFO [main] right-aligned level
===
 INFO [main] right-aligned level
===
ERROR [main] failed
===
 INFO [main] right-aligned level
===
name: value
===
  - at noon
===
  - from here
===
goroutine pools are used
===
Error: first
===
Error: second
===
ValueError was raised by nobody
===
#1 of 3 done
===
Caused by: rain
===
name: order
===
Caused by: rain`,
	"an indented record behind a trace": `
Error: x
    at f (/app/a.js:1:2)
===
 INFO [main] right-aligned level
===
  2025-01-02 10:00:00 next
===
  key: value`,
}

func TestTracesAreFollowedLineByLine(t *testing.T) {
	for name, log := range logs {
		t.Run(name, func(t *testing.T) {
			var s Stream
			var got []string
			for _, line := range strings.Split(log[1:], "\n") {
				if line == "===" {
					continue
				}
				if s.Continues(line) {
					assert.NotEmpty(t, got, line)
					got[len(got)-1] += "\n" + line
				} else {
					got = append(got, line)
				}
			}
			assert.Equal(t, strings.Split(log[1:], "\n===\n"), got)
		})
	}
}

func FuzzContinues(f *testing.F) {
	for _, log := range logs {
		f.Add(log)
	}
	f.Fuzz(func(t *testing.T, log string) {
		var s Stream
		for _, line := range strings.Split(log, "\n") {
			s.Continues(line)
		}
	})
}

func TestAnOrdinaryLineAllocatesNothing(t *testing.T) {
	var s Stream
	line := "2025-01-02 10:00:00,000 INFO  [http-0] c.e.OrderController - order 16 loaded " + strings.Repeat("x", 100)
	s.Continues(line)
	assert.Zero(t, testing.AllocsPerRun(100, func() { s.Continues(line) }))
}

func BenchmarkContinues(b *testing.B) {
	for name, line := range map[string]string{
		"line":  "2025-01-02 10:00:00,000 INFO  [http-0] c.e.OrderController - order 16 loaded " + strings.Repeat("x", 100),
		"json":  `{"level":"info","msg":"order 16 loaded"}`,
		"word":  "order 16 loaded in 12 ms",
		"frame": "\tat com.example.shop.OrderService.load(OrderService.java:41)",
	} {
		b.Run(name, func(b *testing.B) {
			var s Stream
			for b.Loop() {
				s.Continues(line)
			}
		})
	}
}

func TestFatalErrorsOfGoAreRecordsEach(t *testing.T) {
	var s Stream
	lines := []string{"fatal error: concurrent map writes 0", "fatal error: concurrent map writes 1", "",
		"runtime: goroutine stack exceeds 1000000000-byte limit", "fatal error: stack overflow", "", "runtime stack:", "goroutine 1 [running]:", "main.f(0x1)"}
	want := []bool{false, false, true, true, true, true, true, true, true}
	for i, line := range lines {
		if got := s.Continues(line); got != want[i] {
			t.Errorf("%q: continues %t", line, got)
		}
	}
}
