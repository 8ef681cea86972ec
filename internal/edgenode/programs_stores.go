// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

// mongodb writes JSON with one letter for the level.
var mongodb = program{
	name: "mongodb", namespace: shop, kind: statefulSet, replicas: 1, bare: true,
	levels: mongoLevels, prefix: `{"t":{"$date":"«rfc»"},"s":"«level»",`,
	says: []statement{
		{"accepted", info, 1800, `"c":"NETWORK",  "id":22943,   "ctx":"listener","msg":"Connection accepted","attr":{"remote":"«podip»:«int 32768 60999»","uuid":{"uuid":{"$uuid":"«uuid»"}},"connectionId":«int 1000 99999»,"connectionCount":«int 8 40»}}`},
		{"ended", info, 1800, `"c":"NETWORK",  "id":22944,   "ctx":"conn«int 1000 99999»","msg":"Connection ended","attr":{"remote":"«podip»:«int 32768 60999»","uuid":{"uuid":{"$uuid":"«uuid»"}},"connectionId":«int 1000 99999»,"connectionCount":«int 8 40»}}`},
		{"metadata", info, 1500, `"c":"NETWORK",  "id":51800,   "ctx":"conn«int 1000 99999»","msg":"client metadata","attr":{"remote":"«podip»:«int 32768 60999»","client":"conn«int 1000 99999»","doc":{"driver":{"name":"nodejs","version":"6.12.0"},"platform":"Node.js v22.11.0, LE"}}}`},
		{"checkpoint", info, 60, `"c":"WTCHKPT",  "id":22430,   "ctx":"Checkpointer","msg":"WiredTiger message","attr":{"message":{"ts_sec":«int 1790000000 1799999999»,"session_name":"WT_SESSION.checkpoint","category":"WT_VERB_CHECKPOINT_PROGRESS","verbose_level":"INFO","msg":"saving checkpoint snapshot min: «int 1000 99999», snapshot max: «int 1000 99999»"}}}`},
		{"slow-query", info, 240, `"c":"COMMAND",  "id":51803,   "ctx":"conn«int 1000 99999»","msg":"Slow query","attr":{"type":"command","ns":"shop.carts","command":{"find":"carts","filter":{"_id":"«hex 24»"}},"planSummary":"IDHACK","docsExamined":«int 1 9»,"durationMillis":«int 100 900»}}`},
		{"sync-behind", warn, 30, `"c":"REPL",     "id":21500,   "ctx":"ReplCoord-«int 0 9»","msg":"Sync source is behind","attr":{"lagSecs":«int 20 90»}}`},
		{"write-failed", bad, 12, `"c":"STORAGE",  "id":22435,   "ctx":"thread«int 1 90»","msg":"WiredTiger error message","attr":{"error":28,"message":{"ts_sec":«int 1790000000 1799999999»,"error_str":"No space left on device","error_code":28}}}`},
		{"invariant", fatal, 1, `"c":"CONTROL",  "id":23079,   "ctx":"conn«int 1000 99999»","msg":"Invariant failure","attr":{"expr":"_wuow","msg":"a write outside of a unit of work","file":"src/mongo/db/storage/recovery_unit.cpp","line":«int 100 400»}}`},
	},
}

// mysql writes the level in brackets.
var mysql = program{
	name: "mysql", namespace: shop, kind: statefulSet, replicas: 1, bare: true, stderr: true,
	levels: mysqlLevels, prefix: `«micro» «int 8 9999» [«level»] `,
	says: []statement{
		{"aborted", info, 900, `[MY-010914] [Server] Aborted connection «int 1000 99999» to db: 'shop' user: 'legacy' host: '«podip»' (Got timeout reading communication packets).`},
		{"pages", info, 360, `[MY-011953] [InnoDB] Page cleaner took «int 4000 9000»ms to flush «int 1 90» and evict 0 pages`},
		{"deprecated", warn, 24, `[MY-013360] [Server] Plugin sha256_password reported: ''sha256_password' is deprecated and will be removed in a future release'`},
		{"lock-wait", bad, 10, `[MY-012869] [InnoDB] Lock wait timeout exceeded; transaction «int 1000000 9999999» is rolled back`},
		{"table-full", bad, 3, `[MY-010934] [Server] The table 'carts_«hex 6»' is full`},
		{"binlog", info, 2, `[MY-013172] [Server] Received SHUTDOWN of the binlog reader from user legacy_reader, id «int 1000 9999»`},
	},
}
