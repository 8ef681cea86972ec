// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

// kind is the meaning of a key.
type kind uint8

const (
	kindOther kind = iota

	// Keys of a level, the most trusted first.
	kindNumber   // severity_number: OTLP's number
	kindText     // severity_text
	kindSeverity // severity
	kindLevel    // level and its like
	kindLevelno  // Python's number
	kindValue    // level_value of Logback
	kindPriority // a level of syslog
	kindWord     // l: a level if it is a word
	kindShort    // s

	// Keys of an outcome.
	kindStatus    // of HTTP
	kindGRPC      // the code of gRPC
	kindExit      // the code of a process
	kindError     // an error, if there is a value
	kindException // an exception or a trace of a stack, if there is a value
	kindStack     // stack: it may have another meaning
	kindType      // type: Warning, as in events of Kubernetes

	// Keys of text and of context.
	kindMessage
	kindLog // may hold the text or fields of the record
	kindHTTP
	kindPino
	kindGELF
	kindPython
	kindNET
	kindWindows
	kindMongo
	kindNextcloud
	kindData // may hold fields of the record, if they are words
	kindName // names a level that is an object
)

func (k kind) isLevel() bool   { return k >= kindNumber && k <= kindShort }
func (k kind) isOutcome() bool { return k >= kindStatus && k <= kindType }

// trust orders what is found. Fields of words come before fields of numbers, both before
// tokens, those before crashes.
type trust uint8

const (
	trustHint     trust = 10
	trustCrash    trust = 20
	trustPriority trust = 30
	trustToken    trust = 40
	trustInner    trust = 45 // a level of an inner object
	trustLevel    trust = 120
)

func (k kind) trust() trust {
	if k == kindNumber {
		return 255 // and after halving still above any word's
	}
	return trustLevel - trust(k)
}

// company is what the other keys of a record tell about the scale of its numbers.
type company uint8

const (
	likePino company = 1 << iota
	likeGELF
	likePython
	likeNET
	likeWindows
	likeMongo
	likeNextcloud
)

func (k kind) company() company {
	switch k {
	case kindPino:
		return likePino
	case kindGELF:
		return likeGELF
	case kindPython:
		return likePython
	case kindNET:
		return likeNET
	case kindWindows:
		return likeWindows
	case kindMongo:
		return likeMongo
	case kindNextcloud:
		return likeNextcloud
	}
	return 0
}

// keys are the keys that have a meaning, in lower case, without separators.
var keys = newTable(map[kind][]string{
	kindNumber:   {"severitynumber", "otelseveritynumber"},
	kindText:     {"severitytext", "otelseveritytext"},
	kindSeverity: {"severity", "severitylevel", "logseverity", "severityname", "syslogseverityname", "sev", "@severity", "重要度"},
	kindLevel: {
		"level", "lvl", "loglevel", "loglvl", "levelname", "lvlname", "leveltext", "levelstr", "loglevelname", "levelstring", "@l", "@level", "@lvl", "errorlevel",
		"logginglevel", "recordlevel", "eventlevel", "eventlevelname", "msglevel", "messagelevel", "entrylevel", "leveldisplayname", "loggerlevel", "logentrylevel",
		"errorseverity", "eventseverity", "eventtype", "levellevelstr", "levellabel", "级别", "等级", "日志级别", "日志等级", "級別", "等級", "日誌級別", "日誌等級", "レベル", "ログレベル", "레벨", "로그레벨",
		"уровень",
	},
	kindLevelno:  {"levelno", "levelnumber", "loglevelno"},
	kindValue:    {"levelvalue", "levelint"},
	kindPriority: {"priority", "prio", "pri", "syslogseverity", "syslogseveritycode", "syslogpriority", "sysloglevel", "logsyslogseveritycode", "logsyslogpriority", "syslogpri", "优先级"},
	kindWord:     {"l", "lv"},
	kindShort:    {"s"},
	kindStatus: {
		"status", "statuscode", "httpstatus", "httpstatuscode", "httpresponsestatuscode", "httpresponsestatus", "responsestatus", "responsecode", "httpcode", "responsestatuscode",
		"downstreamstatus", "originstatus", "upstreamstatus", "elbstatuscode", "targetstatuscode", "scstatus", "resstatus", "resstatuscode", "respcode", "httpresponsecode", "statusnumber", "code", "状态码",
	},
	kindGRPC: {"grpccode", "grpcstatus", "grpcstatuscode", "rpcgrpcstatuscode", "rpcresponsestatuscode", "rpccode"},
	kindExit: {
		"exitcode", "exitstatus", "processexitcode", "returncode", "retcode", "rc", "exit", "退出码",
		"containerexitcode",
	},
	kindError: {"error", "err", "errormessage", "errmsg", "errormsg", "failure", "错误"},
	kindException: {
		"exception", "excinfo", "exctext", "stacktrace", "traceback", "backtrace", "exceptionstacktrace", "exceptiontype", "exceptionmessage", "errorstack", "errorstacktrace", "@x",
		"thrown", "throwable", "panic", "errorverbose",
	},
	kindStack:     {"stack"},
	kindType:      {"type", "keywords"},
	kindMessage:   {"msg", "message", "@m", "text", "shortmessage", "@message", "rendered", "renderedmessage", "logmessage", "eventmessage", "description", "消息"},
	kindLog:       {"log", "record", "event", "meta", "metadata", "body", "ecs", "logrecord", "entry", "logevent", "fields", "@fields"},
	kindHTTP:      {"http", "response", "res", "request", "httprequest", "resp", "req"},
	kindPino:      {"pid", "hostname", "v", "time"},
	kindGELF:      {"host", "fullmessage", "version"},
	kindPython:    {"funcname", "lineno", "threadname", "processname", "pathname", "asctime", "relativecreated"},
	kindNET:       {"category", "eventid", "state", "scopes"},
	kindWindows:   {"channel", "providername", "eventrecordid", "provider"},
	kindMongo:     {"c", "ctx"},
	kindNextcloud: {"reqid"},
	kindData:      {"context", "data", "extra", "attributes", "payload", "jsonpayload", "properties", "labels", "tags"},
	kindName:      {"name", "label", "displayname"},
})

// IsLevel says whether a key means a level: level, severity_text, levelname, 级别 and the like.
func IsLevel(key string) bool { return kindOf(key).isLevel() }

// maxKey is the length of the longest key that has a meaning, separators included.
const maxKey = 40

// kindOf tells the meaning of a key. It ignores case and separators.
func kindOf(key string) kind {
	if len(key) == 0 || len(key) > maxKey || !keys.may(key[0], key[len(key)-1]) {
		return kindOther
	}
	var folded [maxKey]byte
	n := 0
	for i := range len(key) {
		c := key[i]
		if c == '_' || c == '-' || c == '.' || c == ' ' {
			continue
		}
		folded[n] = lower(c)
		n++
	}
	return keys.find(folded[:n])
}
