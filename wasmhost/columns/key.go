// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"bytes"
	"unsafe"
)

// Answers says whether a key names an answer, which is a number that says what happened: a code, a status, an exit, an
// errno, a result, a signal, a level and their like, in any case and spelling (exitCode, http.status_code, 退出码).
func Answers(key string) bool { return answerKey(view(key)) != noAnswer }

type answerKind byte

const (
	noAnswer   answerKind = iota
	anyAnswer             // up to five digits
	briefly               // up to three digits: the key also names counts and measures
	verbAnswer            // briefly, and not where a noun follows the number: returned 12 rows
	zeroAnswer            // only 0 stays, which says that nothing failed
)

// answerWord is a word that ends a key, in lower case.
type answerWord struct {
	text  string
	kind  answerKind
	whole bool // the word is not the end of a longer one: exit, onExit, but not "lexit"
	inner bool // the word before decides: errorNumber
}

// answerWords is searched from the top.
var answerWords = []answerWord{
	{text: "decode"}, {text: "encode"}, {text: "unicode"}, // end in a word below, and are no answers
	{text: "code", kind: anyAnswer},
	{text: "status", kind: anyAnswer},
	{text: "exit", kind: anyAnswer, whole: true},
	{text: "errno", kind: anyAnswer},
	{text: "error", kind: anyAnswer},
	{text: "err", kind: anyAnswer, whole: true},
	{text: "result", kind: anyAnswer},
	{text: "level", kind: anyAnswer},
	{text: "lvl", kind: anyAnswer},
	{text: "severity", kind: anyAnswer},
	{text: "sev", kind: anyAnswer, whole: true},
	{text: "signal", kind: briefly},
	{text: "state", kind: briefly, whole: true},
	{text: "sqlstate", kind: anyAnswer},
	{text: "reason", kind: briefly},
	{text: "response", kind: verbAnswer, whole: true},
	{text: "errors", kind: zeroAnswer}, {text: "failed", kind: zeroAnswer, whole: true},
	{text: "success", kind: zeroAnswer}, {text: "healthy", kind: zeroAnswer}, {text: "ready", kind: zeroAnswer, whole: true},
	{text: "enabled", kind: zeroAnswer, whole: true}, {text: "ok", kind: zeroAnswer, whole: true}, {text: "up", kind: zeroAnswer, whole: true},
	{text: "res", kind: briefly, whole: true}, {text: "eventid", kind: anyAnswer},
	{text: "failures", kind: zeroAnswer}, {text: "unreachable", kind: zeroAnswer, whole: true},
	{text: "http", kind: briefly, whole: true},
	{text: "rc", kind: anyAnswer, whole: true},
	{text: "rv", kind: anyAnswer, whole: true},
	{text: "ret", kind: briefly, whole: true},
	{text: "retval", kind: anyAnswer},
	{text: "return", kind: verbAnswer, whole: true},
	{text: "returns", kind: verbAnswer, whole: true},
	{text: "returned", kind: verbAnswer, whole: true},
	{text: "completed", kind: verbAnswer, whole: true},
	{text: "exited", kind: verbAnswer, whole: true},
	{text: "exited with", kind: verbAnswer, whole: true},
	{text: "terminated with", kind: verbAnswer, whole: true},
	{text: "finished with", kind: verbAnswer, whole: true},
	{text: "closed with", kind: anyAnswer, whole: true},
	{text: "alert number", kind: briefly, whole: true},
	{text: "failed with", kind: verbAnswer, whole: true},
	{text: "responded with", kind: verbAnswer, whole: true},
	{text: "number", inner: true}, {text: "num", inner: true}, {text: "value", inner: true}, {text: "val", inner: true},
	{text: "was", inner: true}, {text: "is", inner: true},
}

// wideAnswerWords end keys in other scripts. A bare 码 would also be a password, a telephone number, a barcode.
var wideAnswerWords = []answerWord{
	{text: "状态", kind: anyAnswer}, {text: "狀態", kind: anyAnswer}, {text: "状態", kind: anyAnswer}, {text: "代码", kind: anyAnswer}, {text: "代碼", kind: anyAnswer},
	{text: "态码", kind: anyAnswer}, {text: "態碼", kind: anyAnswer}, {text: "出码", kind: anyAnswer}, {text: "出碼", kind: anyAnswer}, {text: "回码", kind: anyAnswer}, {text: "回碼", kind: anyAnswer},
	{text: "误码", kind: anyAnswer}, {text: "誤碼", kind: anyAnswer}, {text: "应码", kind: anyAnswer}, {text: "應碼", kind: anyAnswer}, {text: "果码", kind: anyAnswer}, {text: "果碼", kind: anyAnswer},
	{text: "错误号", kind: anyAnswer}, {text: "级别", kind: anyAnswer}, {text: "級別", kind: anyAnswer}, {text: "等级", kind: anyAnswer}, {text: "信号", kind: briefly}, {text: "信號", kind: briefly},
	{text: "返回值", kind: anyAnswer}, {text: "返回", kind: verbAnswer}, {text: "结果", kind: verbAnswer}, {text: "結果", kind: verbAnswer}, {text: "错误", kind: verbAnswer}, {text: "錯誤", kind: verbAnswer},
	{text: "コード", kind: anyAnswer}, {text: "ステータス", kind: anyAnswer}, {text: "レベル", kind: anyAnswer}, {text: "エラー", kind: verbAnswer},
	{text: "失败", kind: zeroAnswer}, {text: "失敗", kind: zeroAnswer}, {text: "异常", kind: zeroAnswer}, {text: "異常", kind: zeroAnswer}, {text: "실패", kind: zeroAnswer},
	{text: "코드", kind: anyAnswer}, {text: "상태", kind: anyAnswer}, {text: "код", kind: anyAnswer}, {text: "Код", kind: anyAnswer}, {text: "статус", kind: anyAnswer}, {text: "Статус", kind: anyAnswer},
}

// wideAnswerIndex has the words by their last byte.
var wideAnswerIndex = func() (t [256][]answerWord) {
	for _, w := range wideAnswerWords {
		last := w.text[len(w.text)-1]
		t[last] = append(t[last], w)
	}
	return t
}()

// answerGroup has the words of one ending.
type answerGroup struct {
	words  []answerWord
	thirds uint32 // a bit for each letter that may stand third from the end
}

// answerGroups has the words by their last two letters, of which five bits each decide. answerIndex has the number of the
// group, so that it stays small: it is looked at for each word that stands before a number.
var answerIndex, answerGroups = func() (index [1 << 10]uint8, groups []answerGroup) {
	groups = make([]answerGroup, 1)
	for _, w := range answerWords {
		n := len(w.text)
		i := lastTwo(w.text[n-2], w.text[n-1])
		if index[i] == 0 {
			index[i] = uint8(len(groups))
			groups = append(groups, answerGroup{})
		}
		g := &groups[index[i]]
		g.words = append(g.words, w)
		if n > 2 {
			g.thirds |= 1 << (w.text[n-3] & 31)
		} else {
			g.thirds = 1<<32 - 1
		}
	}
	return index, groups
}()

func lastTwo(c, d byte) int { return int(c&31)<<5 | int(d&31) }

// mayEndKey says whether a key may end at i: answerKey is for what passes this.
func mayEndKey(b []byte, i int) bool {
	if i >= 3 {
		if g := answerIndex[lastTwo(b[i-2], b[i-1])]; g != 0 {
			return answerGroups[g].thirds>>(b[i-3]&31)&1 != 0 || is(b[i-1], wide)
		}
	}
	return i == 2 || is(b[i-1], wide)
}

// lastWord is the answer word that ends b.
func lastWord(b []byte) *answerWord {
	if n := len(b); n >= 2 {
		some := answerGroups[answerIndex[lastTwo(b[n-2], b[n-1])]].words
		for i := range some {
			if some[i].ends(b) {
				return &some[i]
			}
		}
	}
	return &noWord
}

var noWord answerWord

// answerKey judges the text that ends with a key.
func answerKey(b []byte) answerKind {
	if len(b) > 0 && is(b[len(b)-1], wide) {
		return wideAnswerKey(b)
	}
	w := lastWord(b)
	if w.inner {
		return answerBefore(b[:len(b)-len(w.text)])
	}
	return w.kind
}

func (w *answerWord) ends(b []byte) bool {
	if !endsWith(b, w.text) {
		return false
	}
	s := len(b) - len(w.text)
	camel := s > 0 && b[s] < 'a' && b[s-1] >= 'a'
	return !w.whole && !w.inner || s == 0 || camel || !is(b[s-1], word)
}

// answerBefore judges the text before a word such as "number" or "is".
func answerBefore(b []byte) answerKind {
	for n := len(b); n > 0 && (b[n-1] == ' ' || b[n-1] == '_' || b[n-1] == '.' || b[n-1] == '-'); n-- {
		b = b[:n-1]
	}
	return lastWord(b).kind
}

func wideAnswerKey(b []byte) answerKind {
	for _, s := range []string{"：", "＝", "为", "為", "是", "「", "（", "【"} {
		b = bytes.TrimSuffix(b, []byte(s))
	}
	if len(b) == 0 {
		return noAnswer
	}
	for _, w := range wideAnswerIndex[b[len(b)-1]] {
		if n := len(b) - len(w.text); n >= 0 && string(b[n:]) == w.text {
			return w.kind
		}
	}
	return noAnswer
}

// endsWith says whether b ends with low, in either case.
func endsWith(b []byte, low string) bool {
	b = b[max(0, len(b)-len(low)):]
	return len(b) == len(low) && equalFold(unsafe.String(unsafe.SliceData(b), len(b)), low)
}
