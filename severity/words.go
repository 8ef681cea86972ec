// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import "strings"

// OTLP's severity numbers.
const (
	numTrace  = 1
	numDebug  = 5
	numConfig = 7
	numInfo   = 9
	numNotice = 10
	numWarn   = 13
	numError  = 17
	numCrit   = 18
	numAlert  = 19
	numFatal  = 21
	numMax    = 24
)

// words are the levels of loggers, in lower case. The numbers follow the mappings in appendix B
// of the data model of OpenTelemetry's logs.
var words = newTable(map[uint8][]string{
	1:         {"trace", "trce", "trc", "tracing", "finest", "verbose", "verb", "vrb", "silly", "all", "跟踪", "追踪", "追蹤", "跟蹤", "トレース", "详细", "最详细", "추적", "trazar"},
	2:         {"finer", "trace2", "较详细"},
	numDebug:  {"debug", "dbug", "debg", "ndebug", "dbg", "deb", "fine", "调试", "除错", "偵錯", "除錯", "調試", "デバッグ", "디버그", "отладка", "debuggen", "depuración", "débogage"},
	numConfig: {"config", "conf", "cfg", "配置", "設定", "構成", "konfiguration", "configuración", "конфигурация"},
	numInfo: {
		"info", "inf", "ninfo", "information", "informational", "informative", "inform", "log", "auditsuccess", "audit", "success", "normal", "silent",
		"信息", "资讯", "資訊", "訊息", "消息", "提示", "情報", "정보", "информация", "инфо", "сообщение", "información", "informação", "informationen", "infos", "成功",
	},
	numNotice: {"notice", "note", "not", "ntc", "ntce", "notification", "注意", "通知", "알림", "hinweis", "nota", "уведомление", "замечание"},
	numWarn: {
		"warn", "warning", "wrn", "warni", "nwarn", "warnning", "warnings", "wa", "警告", "告警", "警報", "경고", "предупреждение", "внимание", "warnung", "advertencia", "avertissement", "attention", "avvertenza", "attenzione", "advertência",
		"aviso", "alerta", "报警", "報警", "ostrzeżenie", "ostrzeŻenie", "varning", "varoitus", "uyarı", "uyari", "waarschuwing", "varování", "figyelmeztetés", "تحذير", "προειδοποίηση",
	},
	numError: {
		"error", "err", "eror", "erro", "errr", "eerror", "fail", "failed", "failure", "severe", "auditfailure", "错误", "錯誤", "异常", "異常", "失败", "失敗", "エラー", "障害", "오류", "에러",
		"ошибка", "fehler", "erreur", "errore", "严重", "嚴重", "심각", "schwerwiegend", "grave", "критично", "серьезно", "серьёзно",
		"故障", "błąd", "bŁĄd", "virhe", "hata", "fout", "chyba", "hiba", "lỗi", "lỖi", "ข้อผิดพลาด", "خطأ", "σφάλμα", "Σφάλμα", "ΣΦΑΛΜΑ", "ΣΦΆΛΜΑ",
	},
	numCrit:  {"critical", "crit", "crt", "critic", "dpanic", "kritisch", "critique", "critico", "crítico", "重大", "严重错误", "嚴重錯誤", "치명적", "критическая", "критический", "危险", "危急"},
	numAlert: {"alert", "alrt", "警报", "アラート"},
	numFatal: {"fatal", "ftl", "fatl", "fata", "panic", "pnc", "emerg", "emergency", "emrg", "wtf", "assert", "致命", "致命的", "致命错误", "致命錯誤", "紧急", "緊急", "фатально", "фатальная", "важно", "паника", "panik", "panique", "fatale", "致命的エラー", "パニック", "치명적오류"},
})

// maxWord is the length of the longest level word in bytes.
const maxWord = 32

// common returns OTLP's number of the levels that most records have, or 0.
func common(word string) uint8 {
	switch word {
	case "info", "INFO":
		return numInfo
	case "debug", "DEBUG":
		return numDebug
	case "warn", "WARN":
		return numWarn
	case "error", "ERROR":
		return numError
	case "trace", "TRACE":
		return numTrace
	case "fatal", "FATAL":
		return numFatal
	}
	return 0
}

// wordOf returns OTLP's number of a level word in any case, or 0. ERROR2 and the like count too.
func wordOf(word string) uint8 {
	if n := common(word); n != 0 {
		return n
	}
	if len(word) < 2 || len(word) > maxWord {
		return 0
	}
	if last := word[len(word)-1]; word[0] < 0x80 && last-'2' > 2 && !words.mayBe(word) {
		return 0
	}
	var folded [maxWord]byte
	n := fold(&folded, word)
	if v := words.find(folded[:n]); v != 0 {
		return v
	}
	if step := word[len(word)-1] - '1'; step >= 1 && step <= 3 {
		if v := words.find(folded[:n-1]); v%4 == 1 && (len(word) < 7) {
			return v + step
		}
	}
	return 0
}

// Parse returns OTLP's number of the name of a level in any case: "warn", "WARNING", "ERROR2".
// It returns false if no logger has such a level.
func Parse(name string) (uint8, bool) {
	n := wordOf(strings.TrimSpace(name))
	return n, n != 0
}

// fold writes a word in lower case: ASCII, and the letters of Latin-1 and of Cyrillic.
func fold(to *[maxWord]byte, word string) int {
	for i := range len(word) {
		c := word[i]
		switch {
		case c < 0x80:
			c = lower(c)
		case i > 0 && word[i-1] == 0xC3 && c >= 0x80 && c < 0x9F: // À to Þ
			c += 0x20
		case i > 0 && word[i-1] == 0xD0 && c >= 0x90 && c < 0xA0: // А to П
			c += 0x20
		case i > 0 && word[i-1] == 0xD0 && c >= 0xA0 && c < 0xB0: // Р to Я
			to[i-1], c = 0xD1, c-0x20
		}
		to[i] = c
	}
	return len(word)
}

// letters are the levels of one letter.
var letters = [26]uint8{
	'A' - 'A': numAlert, 'C' - 'A': numCrit, 'D' - 'A': numDebug, 'E' - 'A': numError, 'F' - 'A': numFatal, 'I' - 'A': numInfo, 'N' - 'A': numNotice,
	'P' - 'A': numFatal, 'S' - 'A': numError, 'T' - 'A': numTrace, 'V' - 'A': numTrace, 'W' - 'A': numWarn,
}

func letterOf(c byte) uint8 {
	if c = lower(c) - 'a'; c < 26 {
		return letters[c]
	}
	return 0
}

// levelWord reads the value of a field: a word, a letter with or without a digit, or a name that
// ends in a word ("LogLevel.Error", "daemon.err"). It returns the word as it is written.
func levelWord(value string) (uint8, string) {
	if n := common(value); n != 0 {
		return n, value
	}
	value = strings.TrimSpace(value)
	switch {
	case len(value) == 0 || len(value) > 4*maxWord:
		return 0, ""
	case len(value) == 1:
		return letterOf(value[0]), value
	case len(value) == 2 && lower(value[0]) == 'd' && value[1]-'0' < 10: // MongoDB's D1 to D5
		return numDebug, value
	}
	if n := wordOf(value); n != 0 {
		return n, value
	}
	if value[0] == 0x1b || value[0] == '\\' || value[0] == '[' || value[0] == '<' {
		value = undress(value)
	}
	if n := wordOf(value); n != 0 {
		return n, value
	}
	if n := between(value); n != 0 {
		return n, value
	}
	if i := strings.LastIndexAny(value, "._:/ "); i >= 0 && len(value)-i > 2 {
		if strings.EqualFold(value, "audit failure") {
			return numError, value
		}
		return wordOf(value[i+1:]), value[i+1:]
	}
	return 0, ""
}

// between returns the number of a level of slog that lies between two names: INFO+2, DEBUG-4.
func between(value string) uint8 {
	i := strings.LastIndexAny(value, "+-")
	if i < 2 || len(value)-i != 2 || value[i+1]-'0' > 9 {
		return 0
	}
	n, step := int(wordOf(value[:i])), int(value[i+1]-'0')
	switch {
	case n == 0:
		return 0
	case value[i] == '-':
		step = -step
	}
	return uint8(min(max(n+step, numTrace), 24))
}

// undress takes colours and brackets off a value.
func undress(value string) string {
	for _, escape := range [...]string{"\x1b[", `\u001b[`, `\x1b[`, `\033[`} {
		if rest, ok := strings.CutPrefix(value, escape); ok {
			_, value, _ = strings.Cut(rest, "m")
		}
		value, _, _ = strings.Cut(value, escape)
	}
	return strings.Trim(value, "[]<>() ")
}

// nothings are the values that say that there is no error.
var nothings = [...]string{"null", "{", "nil", "<nil>", "none", "undefined", "false", "no", "no error", "ok", "success", "n/a", "na", "-", "{}", "[]", "()", "0", "''", `""`, `\"\"`, "(nil)", "<none>", "(null)", "nan", "empty", "noerror", "无", "0.0"}

func isNothing(value string) bool {
	value = strings.TrimSpace(value)
	if value == "" {
		return true
	}
	if len(value) > 8 {
		return false
	}
	for _, n := range nothings {
		if strings.EqualFold(value, n) {
			return true
		}
	}
	return false
}

// isTrace says whether a value is the trace of a stack.
func isTrace(value string) bool {
	return len(value) > 8 && (strings.Contains(value, "\n") || strings.Contains(value, `\n`) || strings.Contains(value, " at "))
}

// grpcFails says whether a code of gRPC means that the server failed.
func grpcFails(code string) bool {
	switch len(code) {
	case 7:
		return strings.EqualFold(code, "unknown")
	case 8:
		return strings.EqualFold(code, "internal") || strings.EqualFold(code, "dataloss")
	case 9:
		return strings.EqualFold(code, "data_loss")
	case 11:
		return strings.EqualFold(code, "unavailable")
	}
	return false
}
