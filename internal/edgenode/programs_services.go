// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

// catalogue is a .NET program that logs with the simple console: a head, and the text in a line of its own.
var catalogue = program{
	name: "catalogue", namespace: shop, kind: deployment, replicas: 1, bare: true,
	levels: dotnetLevels, prefix: `«level»: `,
	says: []statement{
		{"request", info, 2600, "Microsoft.AspNetCore.Hosting.Diagnostics[2]\n      Request finished HTTP/1.1 GET http://catalogue/items/«int 10000 99999» - 200 «int 200 9000» application/json «ms 2 40»ms"},
		{"query", debug, 1500, "Microsoft.EntityFrameworkCore.Database.Command[20101]\n      Executed DbCommand («int 1 40»ms) [Parameters=[@id='?' (DbType = Int32)], CommandType='Text', CommandTimeout='30']"},
		{"slow", warn, 40, "Catalogue.Images[7]\n      Resizing image «int 10000 99999» took «int 900 4000» ms"},
		{"failed", bad, 12, `Catalogue.Items[3]
      Item «int 10000 99999» could not be read
      System.TimeoutException: The operation has timed out.
         at Catalogue.Db.Open() in /src/Db.cs:line «int 20 90»
         at Catalogue.Items.Read(Int32 id) in /src/Items.cs:line «int 20 90»`},
		{"crash", none | severe, 1, `Unhandled exception. System.InvalidOperationException: no connection string named 'items«int 1 9»'
   at Catalogue.Program.Main(String[] args) in /src/Program.cs:line «int 20 90»`},
	},
}

// pricing logs with Serilog's console.
var pricing = program{
	name: "pricing", namespace: shop, kind: deployment, replicas: 1, bare: true,
	levels: threeLetters, prefix: `[«clock» «level»] `,
	says: []statement{
		{"priced", info, 2400, `Priced basket «uuid» of «int 1 12» items in «int 1 40» ms`},
		{"cache", debug, 1500, `Price list «int 1 9» read from cache`},
		{"stale", warn, 30, `Price list «int 1 9» is «int 2 9» days old`},
		{"negative", bad, 8, `Basket «uuid» has a negative sum, discount «int 100 900» is ignored`},
		{"stopped", fatal, 1, `Host terminated unexpectedly, price list «int 1 9» is missing`},
	},
}

// reviews is a Python program that logs with the module logging.
var reviews = program{
	name: "reviews", namespace: shop, kind: deployment, replicas: 1, bare: true, stderr: true,
	levels: pythonLevels, prefix: `«comma» - `,
	says: []statement{
		{"listed", info, 2200, `reviews.views - «level» - listed «int 0 40» reviews of item «int 10000 99999»`},
		{"spam", info, 700, `reviews.filter - «level» - review «int 100000 999999» scored 0.«int 100 999»`},
		{"slow", warn, 30, `reviews.db - «level» - query took «int 2 9».«int 100 999» s`},
		{"lost", bad, 10, `reviews.views - «level» - review «int 100000 999999» could not be stored
Traceback (most recent call last):
  File "/srv/reviews/views.py", line «int 20 300», in post
    store.put(review)
  File "/srv/reviews/store.py", line «int 20 300», in put
    raise StoreError(code)
reviews.store.StoreError: «int 1 9»`},
		{"crash", none | severe, 1, `Traceback (most recent call last):
  File "/srv/reviews/__main__.py", line «int 20 90», in <module>
    main()
ModuleNotFoundError: No module named 'reviews.plugins.v«int 2 9»'`},
	},
}

// recommender is a Python program on uvicorn: its access log says INFO, whatever the status is.
var recommender = program{
	name: "recommender", namespace: shop, kind: deployment, replicas: 1, bare: true,
	levels: pythonLevels, prefix: `«level»:     `,
	says: []statement{
		{"access 200", info, 2600, `«podip»:«int 32768 60999» - "GET /recommend/«int 10000 99999» HTTP/1.1" «variant» OK`},
		{"access 404", info, 80, `«podip»:«int 32768 60999» - "GET /recommend/«int 10000 99999» HTTP/1.1" «variant» Not Found`},
		{"access 500", info | severe, 12, `«podip»:«int 32768 60999» - "GET /recommend/«int 10000 99999» HTTP/1.1" «variant» Internal Server Error`},
		{"probe 200", info, 1080, `10.42.3.1:«int 32768 60999» - "GET /api/health HTTP/1.1" «variant» OK`},
		{"probe 503", info | severe, 8, `10.42.3.1:«int 32768 60999» - "GET /api/health HTTP/1.1" «variant» Service Unavailable`},
		{"model", info, 2, `model «hex 12» loaded, errors=0, took «int 2 9» s`},
	},
}

// meters reads energy meters and logs with log15.
var meters = program{
	name: "meters", namespace: "edge", kind: deployment, replicas: 1, bare: true, stderr: true,
	levels: log15Levels, prefix: `t=«rfc» lvl=«level» `,
	says: []statement{
		{"read", info, 3000, `msg="meter read" meter=«int 1000 1999» kwh=«int 1000 9999».«int 10 99» err=nil`},
		{"frame", debug, 1500, `msg="frame received" meter=«int 1000 1999» bytes=«int 20 90» crc=«hex 4»`},
		{"retry", warn, 40, `msg="meter does not answer" meter=«int 1000 1999» attempt=«int 2 5»`},
		{"failed", bad, 12, `msg="meter read" meter=«int 1000 1999» kwh=0 err="i/o timeout"`},
		{"tamper", fatal, 1, `msg="cover opened" meter=«int 1000 1999»`},
	},
}

// sensors logs with zerolog's console.
var sensors = program{
	name: "sensors", namespace: "edge", kind: deployment, replicas: 1, bare: true, stderr: true,
	levels: threeLetters, prefix: `«kitchen» «level» `,
	says: []statement{
		{"sample", info, 3600, `sample stored sensor=«int 100 199» value=«int 10 40».«int 1 9»`},
		{"flush", debug, 700, `buffer flushed samples=«int 20 900» took=«ms 1 40»ms`},
		{"range", warn, 30, `sample out of range sensor=«int 100 199» value=«int 100 999»`},
		{"gone", bad, 10, `sensor does not answer error="EOF" sensor=«int 100 199»`},
		{"panic", none | severe, 1, `panic: runtime error: slice bounds out of range [:«int 9 40»] with capacity 8

goroutine «int 20 9999» [running]:
edge.example/sensors/codec.Decode({0xc000«hex 6», 0x8, 0x8})
	/src/codec/decode.go:«int 40 90» +0x«hex 3»
main.main()
	/src/main.go:«int 20 40» +0x«hex 2»
exit status 2`},
	},
}

// bff is a Node.js program that logs with bunyan.
var bff = program{
	name: "bff", namespace: shop, kind: deployment, replicas: 1, bare: true,
	levels: pinoLevels, prefix: `{"name":"bff","hostname":"«self»","pid":1,"level":«level»,`,
	says: []statement{
		{"call", info, 2600, `"upstream":"«pricing|reviews|catalogue»","took":«int 1 90»,"msg":"call finished","time":"«rfc»","v":0}`},
		{"trace", debug, 1200, `"session":"«uuid»","msg":"session read","time":"«rfc»","v":0}`},
		{"slow", warn, 40, `"upstream":"«pricing|reviews|catalogue»","took":«int 900 4000»,"msg":"call finished","time":"«rfc»","v":0}`},
		{"failed", bad, 16, `"upstream":"«pricing|reviews|catalogue»","took":«int 5000 5009»,"msg":"call finished","time":"«rfc»","v":0}`},
		{"unhandled", none | severe, 1, `TypeError: Cannot read properties of undefined (reading 'id')
    at total (/srv/bff/cart.js:«int 20 300»:11)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)`},
	},
}

// billing is a Java program whose JSON has keys and spaces of its own.
var billing = program{
	name: "billing", namespace: shop, kind: deployment, replicas: 1, bare: true,
	levels: titleLevels, prefix: `{ "Timestamp" : "«rfc»", "Thread" : "pool-1-thread-«int 1 8»", "Level" : "«level»", `,
	says: []statement{
		{"invoice", info, 2000, `"Logger" : "billing.Invoices", "Message" : "invoice «int 100000 999999» written" }`},
		{"tick", debug, 700, `"Logger" : "billing.Clock", "Message" : "tick «int 1 99999»" }`},
		{"retry", warn, 30, `"Logger" : "billing.Mail", "Message" : "mail is sent again, attempt «int 2 5»" }`},
		{"failed", bad, 8, `"Logger" : "billing.Invoices", "Message" : "invoice «int 100000 999999» is not written", "Stack" : "java.io.IOException: No space left on device\n\tat java.base/java.io.FileOutputStream.writeBytes(Native Method)\n\tat billing.Invoices.write(Invoices.java:«int 40 90»)" }`},
		{"thread-died", none | severe, 1, `Exception in thread "pool-1-thread-«int 1 8»" java.lang.OutOfMemoryError: Java heap space
	at java.base/java.util.Arrays.copyOf(Arrays.java:3537)
	at billing.Ledger.grow(Ledger.java:«int 40 90»)
Caused by: java.lang.IllegalStateException: «int 1000 9000» entries are open
	... 12 more`},
	},
}

// scheduler runs jobs, and says how they ended in a number.
var scheduler = program{
	name: "scheduler", namespace: "edge", kind: deployment, replicas: 1, bare: true,
	says: []statement{
		{"finished 0", none, 900, `job thumbnails-«int 100 999» finished exit_code=«variant» duration=«int 1 40»s`},
		{"finished 2", none | severe, 8, `job thumbnails-«int 100 999» finished exit_code=«variant» duration=«int 1 40»s`},
		{"exited 0", none, 700, `container worker-«int 1 9» exited with code «variant»`},
		{"exited 137", none | severe, 4, `container worker-«int 1 9» exited with code «variant»`},
		{"rpc 0", none, 900, `lease renewed grpc.code=«variant» took=«int 1 40»ms`},
		{"rpc 14", none, 4, `lease renewed grpc.code=«variant» took=«int 1 40»ms`},
		{"accepted", none, 500, `job-«int 100 999»-accepted`},
		{"rejected", none, 4, `job-«int 100 999»-rejected`},
	},
}
