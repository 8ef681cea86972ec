// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package compact

// dictionary is what a record may refer to as if it had come before its text: what
// telemetry looks like, the most frequent last, where distances are short. It is a
// contract of format version 1, like the tables.
const dictionary = "" +
	"Caused by: org.springframework.dao.DataAccessResourceFailureException: Unable to acquire JDBC Connection\n" +
	"\tat org.hibernate.engine.jdbc.internal.\n\tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:181)\n" +
	"\tat org.apache.catalina.core.ApplicationFilterChain.internalDoFilter(ApplicationFilterChain.java:166)\n" +
	"\tat jakarta.servlet.http.HttpServlet.service(HttpServlet.java:658)\n\tat io.netty.channel.AbstractChannelHandlerContext.invokeChannelRead(\n" +
	"\tat org.springframework.web.servlet.FrameworkServlet.doGet(FrameworkServlet.java:903)\n" +
	"\tat org.springframework.web.servlet.DispatcherServlet.doDispatch(DispatcherServlet.java:1089)\n" +
	"\tat java.base/jdk.internal.reflect.DirectMethodHandleAccessor.invoke(\n" +
	"\tat java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1144)\n" +
	"\tat java.base/java.lang.Thread.run(Thread.java:1583)\n\t... 42 more\n(Unknown Source)(Native Method)" +
	"java.lang.NullPointerException: Cannot invoke \"String.length()\" because \"value\" is null\n\tat com.example.service.impl.Controller.handle(Service.java:" +
	"Traceback (most recent call last):\n  File \"/usr/local/lib/python3.12/site-packages/\", line 1, in __call__\n    return self.response = await func(*args, **kwargs)\n    raise Exception(\n" +
	"panic: runtime error: invalid memory address or nil pointer dereference\ngoroutine 1 [running]:\nnet/http.(*conn).serve(0xc000\n\t/usr/local/go/src/net/http/server.go:2137 +0x\n" +
	"\t/go/pkg/mod/github.com/golang.org/x/google.golang.org/grpc@v1.6main.main()\ncreated by net/http.(*Server).Serve in goroutine \n" +
	"    at async /app/node_modules/express/lib/router/layer.js:95:5)\n    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)\n" +
	"{\"level\":\"info\",\"ts\":\"\",\"msg\":\"\",\"message\":\"\",\"error\":\"\",\"status\":\"\",\"time\":\"2026-01-01T00:00:00.000Z\",\"id\":\"\",\"name\":\"\",\"type\":\"\",\"code\":" +
	"[INFO] [ERROR] [WARN] Started Completed Received message from Processing request for Failed to connect to retrying in Exception while " +
	"not found already exists permission denied invalid argument unexpected end of cannot unable to failed to could not " +
	"dial tcp 10.0.0.1:443: connect: connection refused: i/o timeout context deadline exceeded context canceled connection reset by peer rpc error: code = Unavailable desc = " +
	"arn:aws:lambda:us-east-1:function:.amazonaws.com.s3.dkr.ecr.sqs.rds.svc.cluster.local:8080/registry.k8s.io/ghcr.io/docker.io/library/@sha256:eth0/var/log/pods/kube-system_/usr/local/bin/usr/bin/java -Xmx512m -jar /app/app.jar--config=/etc/config.yaml" +
	"application/json; charset=utf-8 application/x-www-form-urlencoded multipart/form-data; boundary=text/html,application/xhtml+xml " +
	"okhttp/4.12.0 Apache-HttpClient/5.2 (Java/17.0.9) python-requests/2.31.0 Go-http-client/2.0 grpc-go/1.6 grpc-java-netty/1.59 kube-probe/1.29 curl/8.4.0 PostmanRuntime/7.36.0 node-fetch axios/1.6.2 Prometheus/2.48.0 ELB-HealthChecker/2.0 " +
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Mobile/15E148 Safari/604.1" +
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0" +
	"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36" +
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0" +
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36" +
	" LEFT JOIN INNER JOIN  GROUP BY COUNT(*) AS count FROM WHERE deleted_at IS NULL AND status IN (?, ?, ?) ON CONFLICT DO NOTHING RETURNING id" +
	"INSERT INTO  (id, name, status, created_at, updated_at, user_id) VALUES ($1, $2, $3, $4, $5, $6)" +
	"UPDATE  SET status = $1, updated_at = NOW() WHERE id = $2DELETE FROM  WHERE  AND  = ? ORDER BY created_at DESC LIMIT 100 OFFSET " +
	"SELECT * FROM SELECT id, name, email, status, created_at, updated_at FROM users WHERE user_id = $1 AND tenant_id = $2 ORDER BY  LIMIT ? FOR UPDATE" +
	"select  from  where  =? and  order by  limit " +
	"customer account product inventory shipping notification recommendation subscription transaction session config catalog invoice payment checkout cart order user auth search item price " +
	"Service/Get/List/Create/Update/Delete/Check/Process.v1..proto.com.example..internal./health/ready/metrics/static/login/callback?code=&state=&page=1&limit=20&sort=desc&q=?id=" +
	" publish receive process.events.created.updated.queue.topic-consumer-group-worker-pool-thread-http-nio-8080-exec-1" +
	"https://www.example.com/api/v2/https://api.example.com/api/v1/users/http://-service.default.svc.cluster.local:8080/orders/{id}/items/:id"
