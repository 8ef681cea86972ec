// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// shopServices are the services of a shop as the fleet has it: in Go, Java, Python
// and Node.js, with new and with old names of attributes.
var shopServices = []struct{ name, language, version string }{
	{"storefront", "nodejs", "2.31.4"}, {"checkout", "go", "1.18.0"}, {"payment-gateway", "java", "5.2.7"},
	{"inventory", "java", "3.9.1"}, {"catalog", "python", "0.44.2"}, {"recommender", "python", "1.7.0"},
	{"shipping", "go", "2.4.11"}, {"mailer", "nodejs", "1.2.3"}, {"fraud-scorer", "java", "7.0.5"}, {"ledger", "go", "4.1.0"},
}

const shopEpoch = uint64(1_790_000_000_000_000_000) // in September 2026

// shop makes records that look like those of a real shop: what repeats repeats, and
// what is different in every record there is different here.
type shop struct{ *rand.Rand }

func newShop(seed uint64) shop { return shop{rand.New(rand.NewPCG(seed, 0x5ea16a7e))} }

// Spans makes n spans of ten services, about fourteen attributes and 700 bytes of
// OTLP each, one in fifty with an exception. The same seed gives the same spans.
func Spans(seed uint64, n int) ptrace.Traces {
	s := newShop(seed)
	td := ptrace.NewTraces()
	spans := make([]ptrace.SpanSlice, len(shopServices))
	for i, service := range shopServices {
		rs := td.ResourceSpans().AppendEmpty()
		rs.SetSchemaUrl("https://opentelemetry.io/schemas/1.37.0")
		s.resource(rs.Resource(), service.name, service.language, service.version)
		ss := rs.ScopeSpans().AppendEmpty()
		ss.Scope().SetName("io.opentelemetry." + service.language + ".instrumentation")
		ss.Scope().SetVersion("2." + service.version[:1] + ".0")
		spans[i] = ss.Spans()
	}
	var trace pcommon.TraceID
	var parent pcommon.SpanID
	start := shopEpoch
	for i := range n {
		if i%8 == 0 {
			trace, parent = s.traceID(), pcommon.SpanID{}
			start += uint64(s.IntN(40_000_000))
		}
		at := s.IntN(len(spans))
		span := spans[at].AppendEmpty()
		span.SetTraceID(trace)
		span.SetSpanID(s.spanID())
		span.SetParentSpanID(parent)
		span.SetStartTimestamp(pcommon.Timestamp(start + uint64(s.IntN(5_000_000))))
		span.SetEndTimestamp(span.StartTimestamp() + pcommon.Timestamp(200_000+s.IntN(90_000_000)))
		span.SetFlags(0x101)
		s.fill(span, shopServices[at].language)
		parent = span.SpanID()
	}
	return td
}

// LogRecords makes n log records of ten services. The same seed gives the same records.
func LogRecords(seed uint64, n int) plog.Logs {
	s := newShop(seed)
	ld := plog.NewLogs()
	records := make([]plog.LogRecordSlice, len(shopServices))
	for i, service := range shopServices {
		rl := ld.ResourceLogs().AppendEmpty()
		s.resource(rl.Resource(), service.name, service.language, service.version)
		sl := rl.ScopeLogs().AppendEmpty()
		sl.Scope().SetName("com.shop." + service.name)
		records[i] = sl.LogRecords()
	}
	for i := range n {
		r := records[s.IntN(len(records))].AppendEmpty()
		r.SetTimestamp(pcommon.Timestamp(shopEpoch + uint64(i)*1_700_000 + uint64(s.IntN(1_000_000))))
		r.SetObservedTimestamp(r.Timestamp() + 3_000_000)
		r.SetTraceID(s.traceID())
		r.SetSpanID(s.spanID())
		s.line(r)
	}
	return ld
}

func (s shop) resource(r pcommon.Resource, service, language, version string) {
	a := r.Attributes()
	replica := s.hex(5) + "-" + s.word(5)
	a.PutStr("service.name", service)
	a.PutStr("service.version", version)
	a.PutStr("service.instance.id", s.uuid())
	a.PutStr("telemetry.sdk.name", "opentelemetry")
	a.PutStr("telemetry.sdk.language", language)
	a.PutStr("telemetry.sdk.version", "1.38.0")
	a.PutStr("k8s.cluster.name", "shop-eu-1")
	a.PutStr("k8s.namespace.name", "shop")
	a.PutStr("k8s.pod.name", service+"-"+replica)
	a.PutStr("k8s.pod.uid", s.uuid())
	a.PutStr("k8s.node.name", fmt.Sprintf("ip-10-0-%d-%d.eu-central-1.compute.internal", s.IntN(255), s.IntN(255)))
	a.PutStr("container.id", s.hex(32))
	a.PutStr("cloud.region", "eu-central-1")
	a.PutStr("host.name", service+"-"+replica)
	a.PutInt("process.pid", int64(s.IntN(30000)))
	a.PutStr("deployment.environment.name", "production")
}

func (s shop) fill(span ptrace.Span, language string) {
	kinds := []func(ptrace.Span){s.server, s.oldServer, s.client, s.query, s.query, s.cache, s.call, s.message, s.server, s.internal}
	kinds[s.IntN(len(kinds))](span)
	a := span.Attributes()
	a.PutStr("user.id", s.uuid())
	a.PutStr("tenant.id", fmt.Sprintf("tenant-%03d.shop.example", s.IntN(400)))
	if s.IntN(2) == 0 {
		a.PutStr("session.id", s.hex(16))
	}
	if s.IntN(4) == 0 {
		a.PutInt("thread.id", int64(s.IntN(200)))
	}
	a.PutStr("thread.name", s.pick("http-nio-8080-exec-", "settlement-worker-", "pool-3-thread-", "grpc-default-executor-")+fmt.Sprint(s.IntN(64)))
	if s.IntN(50) == 0 {
		s.exception(span, language)
	}
}

func (s shop) server(span ptrace.Span) {
	span.SetKind(ptrace.SpanKindServer)
	method, route, path := s.route()
	span.SetName(method + " " + route)
	a := span.Attributes()
	a.PutStr("http.request.method", method)
	a.PutStr("http.route", route)
	a.PutStr("url.full", "https://www.shop.example"+path)
	a.PutInt("http.response.status_code", s.status())
	a.PutStr("server.address", "www.shop.example")
	a.PutInt("server.port", 443)
	a.PutStr("client.address", s.ip())
	a.PutStr("network.peer.address", "10.0."+fmt.Sprint(s.IntN(255))+"."+fmt.Sprint(s.IntN(255)))
	a.PutInt("network.peer.port", int64(32768+s.IntN(28000)))
	a.PutStr("network.protocol.version", "1.1")
	a.PutStr("user_agent.original", s.agent())
}

func (s shop) oldServer(span ptrace.Span) {
	span.SetKind(ptrace.SpanKindServer)
	method, route, path := s.route()
	span.SetName(route)
	a := span.Attributes()
	a.PutStr("http.method", method)
	a.PutStr("http.route", route)
	a.PutStr("http.target", path)
	a.PutStr("http.scheme", "http")
	a.PutInt("http.status_code", s.status())
	a.PutStr("http.flavor", "1.1")
	a.PutStr("net.host.name", "api.shop.internal")
	a.PutInt("net.host.port", 8080)
	a.PutStr("net.sock.peer.addr", s.ip())
	a.PutInt("net.sock.peer.port", int64(32768+s.IntN(28000)))
	a.PutStr("http.user_agent", s.agent())
	a.PutInt("http.response_content_length", int64(s.IntN(60000)))
}

func (s shop) client(span ptrace.Span) {
	span.SetKind(ptrace.SpanKindClient)
	method, _, path := s.route()
	host := s.pick("inventory", "ledger", "catalog", "fraud-scorer") + ".shop.svc.cluster.local"
	span.SetName(method)
	a := span.Attributes()
	a.PutStr("http.request.method", method)
	a.PutStr("url.full", "http://"+host+":8080"+path)
	a.PutStr("server.address", host)
	a.PutInt("server.port", 8080)
	a.PutInt("http.response.status_code", s.status())
	a.PutStr("network.protocol.version", "2")
	a.PutStr("network.peer.address", "10.96."+fmt.Sprint(s.IntN(255))+"."+fmt.Sprint(s.IntN(255)))
	a.PutInt("http.request.body.size", int64(s.IntN(4000)))
	a.PutInt("http.response.body.size", int64(s.IntN(90000)))
	a.PutStr("request.id", s.uuid())
}

func (s shop) query(span ptrace.Span) {
	span.SetKind(ptrace.SpanKindClient)
	table := s.pick("orders", "order_items", "customers", "stock_levels", "ledger_entries", "shipments")
	statement, operation := s.sql(table)
	span.SetName(operation + " shop." + table)
	a := span.Attributes()
	a.PutStr("db.system.name", "postgresql")
	a.PutStr("db.namespace", "shop")
	a.PutStr("db.operation.name", operation)
	a.PutStr("db.collection.name", table)
	a.PutStr("db.query.text", statement)
	a.PutStr("server.address", "pg-"+fmt.Sprint(s.IntN(4))+".db.shop.internal")
	a.PutInt("server.port", 5432)
	a.PutInt("db.response.returned_rows", int64(s.IntN(200)))
	a.PutStr("db.user", "shop_rw")
	a.PutStr("order.id", fmt.Sprintf("ORD-%08d", s.IntN(99_999_999)))
}

func (s shop) cache(span ptrace.Span) {
	span.SetKind(ptrace.SpanKindClient)
	operation := s.pick("GET", "SET", "HGETALL", "EXPIRE")
	key := s.pick("cart:", "session:", "price:") + s.uuid()
	span.SetName(operation)
	a := span.Attributes()
	a.PutStr("db.system", "redis")
	a.PutStr("db.statement", operation+" "+key)
	a.PutStr("db.operation", operation)
	a.PutStr("net.peer.name", "redis-master.shop.svc.cluster.local")
	a.PutInt("net.peer.port", 6379)
	a.PutStr("net.sock.peer.addr", "10.0."+fmt.Sprint(s.IntN(255))+"."+fmt.Sprint(s.IntN(255)))
	a.PutInt("db.redis.database_index", 0)
	a.PutStr("cache.key", key)
	a.PutBool("cache.hit", s.IntN(4) != 0)
	a.PutStr("peer.service", "redis")
}

func (s shop) call(span ptrace.Span) {
	span.SetKind(ptrace.SpanKindClient)
	service := "shop." + s.pick("ledger.v1.Ledger", "pricing.v2.Pricing", "stock.v1.Stock") + "Service"
	method := s.pick("GetBalance", "Quote", "Reserve", "ListEntries", "Release")
	span.SetName(service + "/" + method)
	a := span.Attributes()
	a.PutStr("rpc.system", "grpc")
	a.PutStr("rpc.service", service)
	a.PutStr("rpc.method", method)
	a.PutInt("rpc.grpc.status_code", 0)
	a.PutStr("server.address", "ledger.shop.svc.cluster.local")
	a.PutInt("server.port", 9090)
	a.PutStr("network.peer.address", "10.96."+fmt.Sprint(s.IntN(255))+"."+fmt.Sprint(s.IntN(255)))
	a.PutInt("network.peer.port", 9090)
	a.PutStr("customer.id", fmt.Sprint(10_000_000+s.IntN(89_000_000)))
	a.PutStr("request.id", s.uuid())
	a.PutDouble("amount", float64(s.IntN(100_000))/100)
	a.PutStr("currency", s.pick("EUR", "USD", "CNY"))
}

func (s shop) message(span ptrace.Span) {
	span.SetKind(ptrace.SpanKindConsumer)
	topic := "shop." + s.pick("orders", "payments", "shipments") + "." + s.pick("created", "settled", "failed")
	span.SetName("process " + topic)
	a := span.Attributes()
	a.PutStr("messaging.system", "kafka")
	a.PutStr("messaging.operation.name", "process")
	a.PutStr("messaging.destination.name", topic)
	a.PutStr("messaging.message.id", s.uuid())
	a.PutStr("messaging.consumer.group.name", "settlement-workers")
	a.PutStr("messaging.destination.partition.id", fmt.Sprint(s.IntN(48)))
	a.PutInt("messaging.kafka.offset", int64(s.IntN(900_000_000)))
	a.PutStr("messaging.kafka.message.key", s.uuid())
	a.PutStr("messaging.client.id", "consumer-settlement-"+fmt.Sprint(s.IntN(12)))
	a.PutInt("messaging.message.body.size", int64(s.IntN(8000)))
	link := span.Links().AppendEmpty()
	link.SetTraceID(s.traceID())
	link.SetSpanID(s.spanID())
}

func (s shop) internal(span ptrace.Span) {
	span.SetKind(ptrace.SpanKindInternal)
	span.SetName(s.pick("PriceCalculator.apply", "render cart", "validate_address", "score", "reserveStock"))
	a := span.Attributes()
	a.PutStr("code.function.name", "com.shop.pricing."+s.pick("PriceCalculator.apply", "RuleEngine.evaluate", "Discounts.match"))
	a.PutStr("code.file.path", "/srv/app/src/main/pricing/"+s.pick("calculator", "rules", "discounts")+".py")
	a.PutInt("code.line.number", int64(s.IntN(900)))
	a.PutStr("cart.id", s.uuid())
	a.PutInt("cart.items", int64(s.IntN(30)))
	a.PutDouble("cart.total", float64(s.IntN(90_000))/100)
	a.PutStr("promo.code", strings.ToUpper(s.word(8)))
	a.PutBool("feature.fast_path", s.IntN(2) == 0)
	a.PutStr("user.email", s.word(7)+"."+s.word(9)+"@mail.example")
}

func (s shop) exception(span ptrace.Span, language string) {
	span.Status().SetCode(ptrace.StatusCodeError)
	e := span.Events().AppendEmpty()
	e.SetName("exception")
	e.SetTimestamp(span.EndTimestamp() - 1000)
	kind, message, trace := s.stack(language)
	span.Status().SetMessage(message)
	e.Attributes().PutStr("exception.type", kind)
	e.Attributes().PutStr("exception.message", message)
	e.Attributes().PutStr("exception.stacktrace", trace)
}

func (s shop) stack(language string) (kind, message, trace string) {
	b := new(strings.Builder)
	switch language {
	case "java":
		kind, message = "com.shop.payment.CardDeclinedException", fmt.Sprintf("card ending %04d was declined by the issuer", s.IntN(9999))
		fmt.Fprintf(b, "%s: %s\n", kind, message)
		for range 12 {
			class := s.pick("payment.CardClient", "payment.Charge", "ledger.Booking", "web.OrderController")
			fmt.Fprintf(b, "\tat com.shop.%s.%s(%s.java:%d)\n", class, s.pick("submit", "handle", "lambda$run$0", "execute"), class[strings.IndexByte(class, '.')+1:], s.IntN(700))
		}
		b.WriteString("\tat java.base/java.lang.Thread.run(Thread.java:1583)\n")
	case "python":
		kind, message = "LookupError", fmt.Sprintf("no price for product %d", s.IntN(99999))
		b.WriteString("Traceback (most recent call last):\n")
		for range 6 {
			fmt.Fprintf(b, "  File \"/srv/app/shop/%s.py\", line %d, in %s\n    %s\n", s.pick("prices", "views", "rules"), s.IntN(400), s.pick("lookup", "get", "render"), "return self._table[key]")
		}
		fmt.Fprintf(b, "%s: %s\n", kind, message)
	default:
		kind, message = "*shop.StockError", fmt.Sprintf("reserve sku %s: only %d left", s.hex(4), s.IntN(5))
		b.WriteString("goroutine 871 [running]:\n")
		for range 8 {
			fmt.Fprintf(b, "shop.example/%s.(*Server).%s(0x%s)\n\t/src/%s/server.go:%d +0x%s\n", s.pick("stock", "ship", "book"), s.pick("Reserve", "Quote", "Book"), s.hex(5), s.pick("stock", "ship", "book"), s.IntN(600), s.hex(2))
		}
	}
	return kind, message, b.String()
}

func (s shop) line(r plog.LogRecord) {
	r.SetSeverityNumber(plog.SeverityNumberInfo)
	r.SetSeverityText("INFO")
	a := r.Attributes()
	a.PutStr("log.logger", "com.shop."+s.pick("orders.OrderService", "web.AccessLog", "stock.Reservations"))
	a.PutStr("thread.name", "http-nio-8080-exec-"+fmt.Sprint(s.IntN(64)))
	a.PutStr("user.id", s.uuid())
	switch s.IntN(4) {
	case 0:
		r.Body().SetStr(fmt.Sprintf("order %d of customer %s was placed, total %d.%02d EUR", s.IntN(99_999_999), s.uuid(), s.IntN(900), s.IntN(100)))
	case 1:
		method, _, path := s.route()
		r.Body().SetStr(fmt.Sprintf("%s - \"%s %s HTTP/1.1\" %d %d \"%s\"", s.ip(), method, path, s.status(), s.IntN(50000), s.agent()))
	case 2:
		m := r.Body().SetEmptyMap()
		m.PutStr("msg", "stock reserved")
		m.PutStr("sku", s.hex(6))
		m.PutInt("quantity", int64(s.IntN(20)))
		m.PutStr("warehouse", s.pick("BER-2", "SHA-1", "LEJ-4"))
	default:
		r.SetSeverityNumber(plog.SeverityNumberError)
		r.SetSeverityText("ERROR")
		_, _, trace := s.stack(s.pick("java", "python", "go"))
		r.Body().SetStr("request failed\n" + trace)
	}
}

func (s shop) route() (method, route, path string) {
	switch s.IntN(5) {
	case 0:
		return "GET", "/api/orders/{orderId}", fmt.Sprintf("/api/orders/%d", s.IntN(99_999_999))
	case 1:
		return "POST", "/api/carts/{cartId}/items", "/api/carts/" + s.uuid() + "/items"
	case 2:
		return "GET", "/api/products/{sku}", "/api/products/" + s.hex(6)
	case 3:
		return "PUT", "/api/customers/{id}/address", fmt.Sprintf("/api/customers/%d/address", s.IntN(9_999_999))
	default:
		return "GET", "/search", fmt.Sprintf("/search?q=%s+%s&page=%d", s.word(6), s.word(4), s.IntN(20))
	}
}

func (s shop) sql(table string) (statement, operation string) {
	switch s.IntN(4) {
	case 0:
		return "INSERT INTO " + table + " (id, customer_id, amount, placed_at) VALUES ($1, $2, $3, $4)", "INSERT"
	case 1:
		return "UPDATE " + table + " SET state = $1, version = version + 1 WHERE id = $2 AND version = $3", "UPDATE"
	case 2:
		return fmt.Sprintf("SELECT id, state, amount FROM %s WHERE customer_id = %d AND placed_at > now() - interval '30 days'", table, s.IntN(9_999_999)), "SELECT"
	default:
		return "SELECT t.id, t.state, c.email FROM " + table + " t JOIN customers c ON c.id = t.customer_id WHERE t.id = $1", "SELECT"
	}
}

func (s shop) agent() string {
	return s.pick(
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
		"okhttp/4.12.0", "ShopApp/7.3.1 (Android 15; SM-S921B)", "Go-http-client/1.1",
	)
}

func (s shop) status() int64 {
	return []int64{200, 200, 200, 200, 201, 204, 304, 404, 503}[s.IntN(9)]
}

func (s shop) ip() string {
	return fmt.Sprintf("%d.%d.%d.%d", 11+s.IntN(200), s.IntN(256), s.IntN(256), s.IntN(256))
}

func (s shop) pick(of ...string) string { return of[s.IntN(len(of))] }

func (s shop) word(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "etaoinshrdlucmfwypvbgkqjxz"[min(s.IntN(26), s.IntN(26))]
	}
	return string(b)
}

func (s shop) bytes(b []byte) {
	for i := range b {
		b[i] = byte(s.Uint32())
	}
}

// hex returns n random bytes as 2n digits.
func (s shop) hex(n int) string {
	b := make([]byte, n)
	s.bytes(b)
	return hex.EncodeToString(b)
}

func (s shop) uuid() string {
	h := s.hex(16)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}

func (s shop) traceID() (id pcommon.TraceID) { s.bytes(id[:]); return id }

func (s shop) spanID() (id pcommon.SpanID) { s.bytes(id[:]); return id }
