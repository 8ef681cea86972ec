// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

// shop is the namespace of the applications. Most of what they log on behalf of a request has its trace id.
const shop = "shop"

// storefront is a Node.js program that logs with pino.
var storefront = program{
	name: "storefront", namespace: shop, kind: deployment, replicas: 3,
	levels: pinoLevels, prefix: `{"level":«level»,"time":«epoch»,"pid":1,"hostname":"«self»",`,
	says: []statement{
		{"completed", info, 0, `"trace_id":"«trace»","span_id":"«span»","req":{"id":"req-«int 1000 9999»","method":"«method»","url":"«path»","remoteAddress":"«podip»","remotePort":«int 32768 60999»},"res":{"statusCode":200},"responseTime":«ms 3 90»,"msg":"request completed"}`},
		{"incoming", debug, 0, `"trace_id":"«trace»","span_id":"«span»","req":{"id":"req-«int 1000 9999»","method":"«method»","url":"«path»"},"msg":"incoming request"}`},
		{"cache-hit", debug, 9000, `"key":"catalog:«uuid»","ttl":«int 1 300»,"msg":"cache hit"}`},
		{"cache-miss", info, 1500, `"key":"catalog:«uuid»","msg":"cache miss, asking inventory"}`},
		{"probe", info, 3200, `"req":{"method":"GET","url":"/«healthz|readyz»","headers":{"user-agent":"kube-probe/1.31"}},"res":{"statusCode":200},"responseTime":0.«int 100 999»,"msg":"request completed"}`},
		{"session", info, 1800, `"session":"«uuid»","user":"u«int 100000 999999»","msg":"session resumed"}`},
		{"render-slow", warn, 350, `"view":"«cart|product|search»","took":«ms 700 2400»,"msg":"rendering took long"}`},
		{"deprecated", warn, 120, `"agent":"ShopApp/«int 3 5».«int 0 9».1","msg":"client uses a deprecated API version"}`},
		{"type-error", bad, 10, `"err":{"type":"TypeError","message":"Cannot read properties of undefined (reading 'price')","stack":"TypeError: Cannot read properties of undefined (reading 'price')\n    at renderProduct (/srv/app/dist/views/product.js:«int 20 300»:«int 1 80»)\n    at Layer.handle [as handle_request] (/srv/app/node_modules/express/lib/router/layer.js:95:5)\n    at next (/srv/app/node_modules/express/lib/router/route.js:149:13)"},"msg":"unhandled error"}`},
		{"flags", info, 2, `"flags":«int 20 40»,"etag":"«hex 16»","msg":"feature flags reloaded"}`},
		{"gc", info, 4, `"heapUsed":«int 80000000 190000000»,"heapTotal":«int 200000000 260000000»,"msg":"heap statistics"}`},
		{"gateway-timeout", bad, 0, `"trace_id":"«trace»","span_id":"«span»","req":{"id":"req-«int 1000 9999»","method":"«method»","url":"«path»"},"err":{"type":"UpstreamTimeout","message":"checkout did not answer within 10000 ms"},"msg":"request failed"}`},
		{"enospc", bad, 0, `"err":{"type":"Error","code":"ENOSPC","message":"ENOSPC: no space left on device, write '/tmp/cache/«hex 16»'"},"msg":"cache write failed"}`},
	},
}

// checkout is a Java program on Spring Boot.
var checkout = program{
	name: "checkout", namespace: shop, kind: deployment, replicas: 3,
	levels: upperLevels, prefix: `«rfc»  «level» 1 --- [checkout] `,
	says: []statement{
		{"placing", info, 0, `[nio-8080-exec-«int 1 64»] [«trace»-«span»] c.s.checkout.web.OrderController          : Placing order ORD-«order» with «int 1 12» items for customer «int 10000000 99999999»`},
		{"priced", debug, 0, `[nio-8080-exec-«int 1 64»] [«trace»-«span»] c.s.checkout.pricing.PriceCalculator     : Priced order ORD-«order»: subtotal=«int 10 900».«int 10 99» discount=«int 1 9».«int 10 99» tax=«int 1 99».«int 10 99» CNY`},
		{"reserved", info, 0, `[nio-8080-exec-«int 1 64»] [«trace»-«span»] c.s.checkout.stock.StockClient           : Reserved stock for order ORD-«order» in «int 4 90» ms`},
		{"placed", info, 0, `[nio-8080-exec-«int 1 64»] [«trace»-«span»] c.s.checkout.OrderService                : Order ORD-«order» placed, payment «uuid», took «int 90 900» ms`},
		{"kafka", info, 700, `[ntainer#0-«int 0 3»-C-1] [                                                 ] o.a.k.c.c.internals.ConsumerCoordinator   : [Consumer clientId=consumer-checkout-«int 1 4», groupId=checkout] Committed offset «int 1000000 9999999» for partition shop.payments.settled-«int 0 11»`},
		{"hikari", debug, 720, `[l-1 housekeeper] [                                                 ] com.zaxxer.hikari.pool.HikariPool        : HikariPool-1 - Pool stats (total=«int 10 20», active=«int 0 9», idle=«int 1 10», waiting=0)`},
		{"probe", debug, 3200, `[nio-8081-exec-«int 1 8»] [                                                 ] o.s.w.s.DispatcherServlet                : GET "/actuator/health/«liveness|readiness»", parameters={}, agent=kube-probe/1.31`},
		{"outbox", info, 1400, `[   scheduling-1] [                                                 ] c.s.checkout.outbox.OutboxRelay          : Relayed «int 1 60» events in «int 2 70» ms, «int 0 3» left`},
		{"retry", warn, 300, `[nio-8080-exec-«int 1 64»] [                                                 ] c.s.checkout.stock.StockClient           : Retrying stock reservation, attempt «int 2 3» of 3`},
		{"pool-slow", warn, 12, `[l-1 housekeeper] [                                                 ] com.zaxxer.hikari.pool.HikariPool        : HikariPool-1 - Thread starvation or clock leap detected (housekeeper delta=«int 40 90»s«int 100 999»ms)`},
		{"declined", bad, 24, `[nio-8080-exec-«int 1 64»] [                                                 ] c.s.checkout.web.ErrorHandler            : Order could not be placed
com.shop.payment.CardDeclinedException: card ending «int 1000 9999» was declined by the issuer
	at com.shop.checkout.payment.PaymentClient.charge(PaymentClient.java:«int 80 140»)
	at com.shop.checkout.OrderService.place(OrderService.java:«int 60 120»)
	at com.shop.checkout.web.OrderController.place(OrderController.java:«int 30 60»)
	at java.base/jdk.internal.reflect.DirectMethodHandleAccessor.invoke(DirectMethodHandleAccessor.java:103)
	at org.springframework.web.method.support.InvocableHandlerMethod.doInvoke(InvocableHandlerMethod.java:258)
	at org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:138)
	at org.apache.tomcat.util.threads.TaskThread$WrappingRunnable.run(TaskThread.java:63)
	at java.base/java.lang.Thread.run(Thread.java:1583)`},
		{"log-level", info, 1, `[nio-8081-exec-«int 1 8»] [                                                 ] o.s.b.a.logging.LoggersEndpoint          : Level of com.shop.checkout.pricing set to DEBUG`},
		{"rates", info, 4, `[   scheduling-1] [                                                 ] c.s.checkout.pricing.RateTable           : Exchange rates refreshed, «int 30 40» currencies, valid until «rfc»`},
		{"rebalance", info, 2, `[ntainer#0-«int 0 3»-C-1] [                                                 ] o.a.k.c.c.internals.ConsumerCoordinator   : [Consumer clientId=consumer-checkout-«int 1 4», groupId=checkout] Successfully joined group with generation Generation{generationId=«int 100 300», memberId='consumer-checkout-«int 1 4»-«uuid»', protocol='range'}`},
		{"payment-timeout", bad, 0, `[nio-8080-exec-«int 1 64»] [«trace»-«span»] c.s.checkout.web.ErrorHandler            : Order ORD-«order» could not be placed
com.shop.payment.PaymentTimeoutException: payment did not answer within 8000 ms
	at com.shop.checkout.payment.PaymentClient.charge(PaymentClient.java:«int 80 140»)
	at com.shop.checkout.OrderService.place(OrderService.java:«int 60 120»)
	at com.shop.checkout.web.OrderController.place(OrderController.java:«int 30 60»)
	at java.base/jdk.internal.reflect.DirectMethodHandleAccessor.invoke(DirectMethodHandleAccessor.java:103)
	at org.springframework.web.method.support.InvocableHandlerMethod.doInvoke(InvocableHandlerMethod.java:258)
	at org.springframework.web.servlet.DispatcherServlet.doDispatch(DispatcherServlet.java:1088)
	at org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:138)
	at java.base/java.lang.Thread.run(Thread.java:1583)
Caused by: java.net.http.HttpTimeoutException: request timed out
	at java.net.http/jdk.internal.net.http.HttpClientImpl.send(HttpClientImpl.java:951)
	at java.net.http/jdk.internal.net.http.HttpClientFacade.send(HttpClientFacade.java:133)
	at com.shop.checkout.payment.PaymentClient.charge(PaymentClient.java:«int 80 140»)
	... 42 common frames omitted`},
		{"breaker", warn, 0, `[nio-8080-exec-«int 1 64»] [                                                 ] c.s.checkout.payment.PaymentBreaker      : Circuit breaker 'payment' changed state from CLOSED to OPEN, failure rate «int 50 90»%`},
		{"breaker-closed", info, 0, `[nio-8080-exec-«int 1 64»] [                                                 ] c.s.checkout.payment.PaymentBreaker      : Circuit breaker 'payment' changed state from HALF_OPEN to CLOSED`},
	},
}

// payment is a Go program that logs with zap.
var payment = program{
	name: "payment", namespace: shop, kind: deployment, replicas: 2, stderr: true,
	levels: lowerLevels, prefix: `{"level":"«level»","ts":«unix»,`,
	says: []statement{
		{"authorising", info, 0, `"caller":"charge/service.go:71","msg":"authorising charge","trace_id":"«trace»","span_id":"«span»","order":"ORD-«order»","amount":"«int 10 900».«int 10 99»","currency":"CNY"}`},
		{"authorised", info, 0, `"caller":"charge/service.go:88","msg":"charge authorised","trace_id":"«trace»","span_id":"«span»","order":"ORD-«order»","authorisation":"«hex 12»","duration":«ms 20 300»}`},
		{"ledger", debug, 0, `"caller":"ledger/post.go:54","msg":"entries posted","trace_id":"«trace»","span_id":"«span»","order":"ORD-«order»","debit":"acc-«int 100000 999999»","credit":"acc-«int 100000 999999»"}`},
		{"settled", info, 900, `"caller":"settle/worker.go:112","msg":"batch settled","batch":"«uuid»","charges":«int 1 90»,"duration":«ms 30 400»}`},
		{"rpc-probe", debug, 2600, `"caller":"grpc/health.go:31","msg":"health checked","service":"","status":"SERVING"}`},
		{"probe", info, 2200, `"caller":"http/access.go:40","msg":"request","method":"GET","path":"/«healthz|readyz»","status":200,"agent":"kube-probe/1.31","duration":0.000«int 100 999»}`},
		{"risk", info, 1500, `"caller":"risk/score.go:66","msg":"charge scored","order":"ORD-«int 10000000 99999999»","score":0.«int 100 999»,"model":"v«int 7 8»"}`},
		{"slow-bank", warn, 260, `"caller":"bank/client.go:140","msg":"bank answered slowly","bank":"gateway.bank.example","duration":«ms 2000 4000»}`},
		{"duplicate", warn, 60, `"caller":"charge/service.go:60","msg":"charge was sent before, the first answer is given again","order":"ORD-«int 10000000 99999999»"}`},
		{"panic", bad, 4, `"caller":"http/recover.go:22","msg":"panic","error":"runtime error: index out of range [«int 2 9»] with length 2","stacktrace":"goroutine «int 100 9999» [running]:\nruntime/debug.Stack()\n\t/usr/local/go/src/runtime/debug/stack.go:26 +0x5e\nshop.example/payment/http.Recover.func1.1()\n\t/src/http/recover.go:20 +0x«hex 2»\npanic({0x«hex 6», 0xc000«hex 6»})\n\t/usr/local/go/src/runtime/panic.go:783 +0x132\nshop.example/payment/risk.(*Scorer).weights(0xc000«hex 6», {0xc000«hex 6», 0x2, 0x4})\n\t/src/risk/score.go:«int 60 90» +0x«hex 3»"}`},
		{"key-rotated", info, 1, `"caller":"vault/rotate.go:48","msg":"signing key rotated","key_id":"«hex 16»"}`},
		{"limits", info, 2, `"caller":"config/watch.go:33","msg":"configuration reloaded","file":"/etc/payment/limits.yaml","generation":«int 10 99»}`},
		{"bank-timeout", bad, 0, `"caller":"bank/client.go:133","msg":"charge failed","trace_id":"«trace»","span_id":"«span»","order":"ORD-«order»","error":"post https://gateway.bank.example/v2/charges: context deadline exceeded (Client.Timeout exceeded while awaiting headers)","duration":«ms 8000 8001»}`},
		{"not-ready", warn, 0, `"caller":"http/ready.go:29","msg":"not ready, the bank does not answer","failures":«int 5 90»}`},
		{"bank-back", info, 0, `"caller":"bank/client.go:171","msg":"bank answers again","after":«ms 200000 300000»}`},
	},
}

// inventory is a Python program on uvicorn that logs with structlog.
var inventory = program{
	name: "inventory", namespace: shop, kind: deployment, replicas: 2,
	levels: pythonLevels,
	says: []statement{
		{"access", info, 0, `«level»:     «podip»:«int 32768 60999» - "GET /stock/«order» HTTP/1.1" 200 OK`},
		{"reserve", info, 0, `{"event": "stock reserved", "level": "«level»", "timestamp": "«rfc»", "trace_id": "«trace»", "span_id": "«span»", "order": "ORD-«order»", "sku": "SKU-«int 10000 99999»", "warehouse": "«HGH-1|HGH-2|SHA-1»", "quantity": «int 1 9», "duration_ms": «ms 2 40»}`},
		{"probe", info, 2200, `«level»:     «podip»:«int 32768 60999» - "GET /healthz HTTP/1.1" 200 OK`},
		{"metrics", info, 480, `«level»:     «podip»:«int 32768 60999» - "GET /metrics HTTP/1.1" 200 OK`},
		{"query", debug, 5000, `{"event": "query executed", "level": "«level»", "timestamp": "«rfc»", "statement": "SELECT sku, quantity FROM stock_levels WHERE sku = $1", "rows": «int 0 4», "duration_ms": «ms 1 12»}`},
		{"restock", info, 700, `{"event": "stock level changed", "level": "«level»", "timestamp": "«rfc»", "sku": "SKU-«int 10000 99999»", "warehouse": "«HGH-1|HGH-2|SHA-1»", "from": «int 0 40», "to": «int 41 400»}`},
		{"low", warn, 300, `{"event": "stock is low", "level": "«level»", "timestamp": "«rfc»", "sku": "SKU-«int 10000 99999»", "left": «int 0 3»}`},
		{"lookup", bad, 12, `«level»:    Exception in ASGI application
Traceback (most recent call last):
  File "/usr/local/lib/python3.13/site-packages/uvicorn/protocols/http/httptools_impl.py", line 409, in run_asgi
    result = await app(self.scope, self.receive, self.send)
  File "/usr/local/lib/python3.13/site-packages/starlette/routing.py", line 715, in __call__
    await self.middleware_stack(scope, receive, send)
  File "/srv/app/inventory/views.py", line «int 40 200», in level
    return self._levels[sku]
KeyError: 'SKU-«int 10000 99999»'`},
		{"recount", info, 1, `{"event": "recount finished", "level": "«level»", "timestamp": "«rfc»", "warehouse": "HGH-1", "differences": «int 0 9»}`},
		{"vacuum", info, 2, `{"event": "expired reservations released", "level": "«level»", "timestamp": "«rfc»", "count": «int 1 90»}`},
	},
}

// notifier is a Go program that logs with log/slog.
var notifier = program{
	name: "notifier", namespace: shop, kind: deployment, replicas: 1, stderr: true,
	levels: upperLevels, prefix: `time=«rfc» level=«level» `,
	says: []statement{
		{"queued", info, 0, `msg="message queued" trace_id=«trace» order=ORD-«order» channel=«mail|sms|push»`},
		{"sent", info, 3600, `msg="message sent" id=«uuid» channel=«mail|sms|push» attempts=1 duration=«go 40 600»`},
		{"probe", debug, 1080, `msg=request method=GET path=/readyz status=200 user_agent=kube-probe/1.31`},
		{"poll", debug, 3600, `msg="queue polled" queue=notifications messages=«int 0 10» duration=«go 1 20»`},
		{"bounced", warn, 90, `msg="message bounced" id=«uuid» channel=mail code=550`},
		{"template", info, 1, `msg="template compiled" template=order_confirmation.v«int 10 20» locale=zh_CN`},
		{"provider", info, 1, `msg="provider switched" channel=sms from=primary to=secondary`},
		// The runtime of Go writes it, so it has no severity.
		{"panic", none | severe, 2, `panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x«hex 2» pc=0x«hex 6»]

goroutine «int 20 9999» [running]:
shop.example/notifier/mail.(*Client).Send(0x0, {0xc000«hex 6», 0x«hex 2»})
	/src/mail/client.go:«int 40 90» +0x«hex 2»
shop.example/notifier/queue.(*Worker).run(0xc000«hex 6»)
	/src/queue/worker.go:«int 40 90» +0x«hex 3»
created by shop.example/notifier/queue.Start in goroutine 1
	/src/queue/worker.go:31 +0x«hex 2»`},
		{"terminating", info, 0, `msg="terminated signal received, draining" queue=notifications messages=«int 1 40»`},
	},
}

// edgeSync is a Python program that copies to the central site.
var edgeSync = program{
	name: "edge-sync", namespace: shop, kind: deployment, replicas: 1, stderr: true,
	levels: pythonLevels, prefix: `«comma» «level» `,
	says: []statement{
		{"uploaded", info, 2400, `[sync.uploader] uploaded segment «hex 12» of stream «orders|stock|events» (offset «int 1000000 9999999», «int 4000 900000» bytes) in «ms 10 400» ms`},
		{"ack", debug, 2400, `[sync.uploader] central acknowledged offset «int 1000000 9999999» of stream «orders|stock|events»`},
		{"lag", info, 360, `[sync.monitor] lag of stream «orders|stock|events» is «int 0 30» segments`},
		{"throttled", warn, 40, `[sync.uploader] central asked to slow down, waiting «int 2 30» s`},
		{"compacted", info, 4, `[sync.store] compacted «int 10 90» segments into «int 1 4», «int 1000000 9000000» bytes freed`},
		{"catalogue", info, 1, `[sync.catalogue] new catalogue version «int 400 500» received from central, sha256 «hex 64»`},
		// It starts, fails, and is started again. Python writes the trace itself, so it has no severity.
		{"certificate-expired", none | severe, 0, `Traceback (most recent call last):
  File "/srv/sync/__main__.py", line 31, in <module>
    main()
  File "/srv/sync/central.py", line 84, in connect
    self._session.get(self.url + "/v1/streams", timeout=10)
  File "/usr/local/lib/python3.13/site-packages/requests/sessions.py", line 602, in get
    return self.request("GET", url, **kwargs)
  File "/usr/local/lib/python3.13/ssl.py", line 1321, in do_handshake
    self._sslobj.do_handshake()
ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1028)`},
		{"starting", info, 0, `[sync.main] edge-sync 4.2.0 starts, node «node», 3 streams`},
		{"cannot-connect", fatal, 0, `[sync.main] cannot connect to https://sync.central.example: certificate has expired`},
		{"renewed", info, 0, `[sync.main] certificate renewed, valid until 2027-11-24, resuming 3 streams`},
	},
}

var redis = program{
	name: "redis", namespace: shop, kind: statefulSet, replicas: 1,
	says: []statement{
		{"changes", hidden | info, 60, `1:M «redis» * «int 100 9000» changes in 60 seconds. Saving...`},
		{"background", hidden | info, 60, `1:M «redis» * Background saving started by pid «int 20 9999»`},
		{"saved", hidden | info, 60, `«int 20 9999»:C «redis» * DB saved on disk`},
		{"cow", hidden | info, 60, `«int 20 9999»:C «redis» * Fork CoW for RDB: current «int 1 9» MB, peak «int 1 9» MB, average «int 1 9» MB`},
		{"success", hidden | info, 60, `1:M «redis» * Background saving terminated with success`},
		{"overcommit", hidden | warn, 1, `1:M «redis» # WARNING Memory overcommit must be enabled! Without it, a background save or replication may fail under low memory condition.`},
	},
}

var postgres = program{
	name: "postgres", namespace: shop, kind: statefulSet, replicas: 1, stderr: true,
	levels: levels{"DEBUG1", "LOG", "WARNING", "ERROR", "FATAL"}, prefix: `«dot» UTC [«int 30 9999»] «level»:  `,
	says: []statement{
		{"connected", info, 900, `connection authorized: user=shop_rw database=shop application_name=«checkout|inventory|payment»`},
		{"disconnected", info, 900, `disconnection: session time: 0:«int 10 59»:«int 10 59».«int 100 999» user=shop_rw database=shop host=«podip» port=«int 32768 60999»`},
		{"duration", info, 1200, `duration: «ms 200 900» ms  statement: SELECT id, state, amount FROM orders WHERE customer_id = «int 10000000 99999999» AND placed_at > now() - interval '30 days'`},
		{"checkpoint", info, 12, `checkpoint starting: time`},
		{"checkpoint-done", info, 12, `checkpoint complete: wrote «int 100 900» buffers (0.«int 1 9»%); 0 WAL file(s) added, 0 removed, «int 1 3» recycled; write=«ms 20000 90000» s, sync=0.0«int 10 99» s, total=«ms 20000 90000» s; sync files=«int 10 90», longest=0.00«int 1 9» s, average=0.001 s; distance=«int 1000 9000» kB, estimate=«int 9000 19000» kB`},
		{"vacuum", info, 4, `automatic vacuum of table "shop.public.«orders|stock_levels»": index scans: 1, pages: 0 removed, «int 1000 9000» remain, tuples: «int 100 9000» removed, «int 10000 90000» remain`},
		{"unique", bad, 20, `duplicate key value violates unique constraint "orders_pkey"`},
		{"deadlock", bad, 3, `deadlock detected`},
		{"parameter", info, 1, `parameter "work_mem" changed to "«int 8 64»MB"`},
	},
}

// report is a job that runs every few minutes, each time in a new pod.
var report = program{
	name: "report", namespace: shop, kind: job,
	levels: pythonLevels, prefix: `«comma» «level» `,
	says: []statement{
		{"starts", info, 0, `report for shop on «node» starts`},
		{"read", info, 0, `read «int 1000 9000» orders in «ms 200 900» s`},
		{"written", info, 0, `wrote /reports/«uuid».parquet, «int 100000 900000» bytes`},
		{"done", info, 0, `report is done`},
	},
}
