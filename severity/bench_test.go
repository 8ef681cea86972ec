// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity_test

import (
	"bytes"
	"testing"

	"github.com/sealgate/sealgate/severity"
)

// benchLines are lines of about 200 bytes.
var benchLines = []struct{ name, line string }{
	{"json_second", `{"ts":"2025-01-02T10:00:00.123456Z","level":"info","logger":"orders","caller":"orders/service.go:142","msg":"order placed","order_id":104711,"customer":"c-1977","amount":129.95,"trace":"4bf92f3577b34da6a3"}`},
	{"json_last", `{"ts":"2025-01-02T10:00:00.123456Z","logger":"orders","caller":"orders/service.go:142","msg":"order placed","order_id":104711,"customer":"c-1977","amount":129.95,"trace":"4bf92f3577b34da6a3","level":"info"}`},
	{"json_pino", `{"level":30,"time":1735812000000,"pid":7,"hostname":"cart-6f8d9c7b5-x2x9q","reqId":"req-1a","customer":"c-1977","orderId":104711,"amount":129.95,"currency":"EUR","took":12,"msg":"order placed"}`},
	{"json_mongo", `{"t":{"$date":"2025-01-02T10:00:00.000+00:00"},"s":"I","c":"NETWORK","id":22943,"ctx":"listener","msg":"Connection accepted","attr":{"remote":"10.0.0.5:40110","connectionCount":12}}`},
	{"json_none", `{"ts":"2025-01-02T10:00:00.123456Z","logger":"orders","caller":"orders/handler.go:142","msg":"order placed","order_id":104711,"customer":"c-1977","amount":129.95,"trace":"4bf92f3577b34da6a3"}`},
	{"logfmt", `time="2025-01-02T10:00:00.123456Z" level=info msg="order placed" logger=orders caller=orders/handler.go:142 order_id=104711 customer=c-1977 amount=129.95 currency=EUR trace=4bf92f3577b34da6a3`},
	{"log4j", `2025-01-02 10:00:00,123 INFO  [http-nio-8080-exec-7] com.example.shop.OrderController - order 104711 placed by customer c-1977 for 129.95 EUR in 12 ms, trace 4bf92f3577b34da6a3ce929d0e0e4736`},
	{"access", `10.0.2.17 - - [02/Jan/2025:10:00:00 +0000] "GET /api/v1/orders/104711?expand=items HTTP/1.1" 200 1234 "https://shop.example/cart" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"`},
	{"prose", `the order of the customer was placed and the payment is on its way to the bank, which answers within a day or two and then the goods are sent to the address that the customer has given`},
	{"klog", `I0102 10:00:00.123456       1 controller.go:142] "Reconciled the object" controller="orders" namespace="shop" name="cart" reconcileID="4bf92f3577b34da6a3" duration="12.3ms" generation=7`},
}

func BenchmarkInfer(b *testing.B) {
	for _, l := range benchLines {
		b.Run(l.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				severity.Infer(l.line)
			}
		})
		b.Run(l.name+"/index", func(b *testing.B) {
			line, needle := []byte(l.line), []byte(`"level":"`)
			for b.Loop() {
				bytes.Index(line, needle)
			}
		})
	}
}
