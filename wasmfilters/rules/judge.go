// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package rules

import "github.com/sealgate/sealgate/wasmfilters/sdk"

// slot is the place of a combination in the memo.
func slot(word uint64, severity uint8) uint8 {
	// Odd constants of SplitMix64; the upper half comes down since a
	// multiplication only carries upwards.
	h := (word^word>>32)*0xbf58476d1ce4e5b9 + uint64(severity)*0x94d049bb133111eb
	return uint8(h >> (64 - memoBits))
}

// judgeWord is the fast path: up to 64 needles.
func (f *filter) judgeWord(c *sdk.Chunk, v []sdk.Verdict) {
	memo := (*[memoSize]settled)(f.memo)
	needles, severity := c.Needles()[:len(v)], c.Severity()[:len(v)]
	for i := 0; i < len(v); i++ {
		i += remembered(memo, needles[i:], severity[i:], v[i:])
		if i == len(v) {
			return
		}
		v[i] = f.verdicts[^f.look(c, i, needles[i:i+1], severity[i])]
	}
}

// remembered judges records up to one of which the memo does not know the end,
// and returns how many. It calls nothing: in a module made by Go, a loop with a
// call in it takes several times as long.
func remembered(memo *[memoSize]settled, needles []uint64, severity []uint8, v []sdk.Verdict) int {
	severity, v = severity[:len(needles)], v[:len(needles)]
	for i, word := range needles {
		s := severity[i]
		e := &memo[slot(word, s)]
		if e.word != word || e.severity != uint32(s)+1 || e.pc >= 0 {
			return i
		}
		v[i] = e.verdict
	}
	return len(needles)
}

// look judges record i, and remembers it.
func (f *filter) look(c *sdk.Chunk, i int, word []uint64, severity uint8) int32 {
	e := &f.memo[slot(word[0], severity)]
	if e.word != word[0] || e.severity != uint32(severity)+1 {
		*e = f.settled(word, severity)
	}
	if e.pc < 0 {
		return e.pc
	}
	return f.run(c, i, e.pc)
}

// settled is the entry of the memo for needles, of which it names the first word.
func (f *filter) settled(words []uint64, severity uint8) settled {
	e := settled{word: words[0], severity: uint32(severity) + 1, pc: settle(f.steps, f.entry, known(severity), words)}
	if e.pc < 0 {
		e.verdict = f.verdicts[^e.pc]
	}
	return e
}

// judgeWords is for up to 256 needles.
func (f *filter) judgeWords(c *sdk.Chunk, v []sdk.Verdict) {
	w := c.NeedleWords()
	needles, severity := c.Needles(), c.Severity()
	for i := range v {
		words, s := needles[i*w:i*w+w], severity[i]
		pc := f.recall(words, s)
		if pc >= 0 {
			pc = f.run(c, i, pc)
		}
		v[i] = f.verdicts[^pc]
	}
}

// recall is settle with a memory, for several words. An entry is a row of one
// settled for each word, all of which name the severity.
func (f *filter) recall(words []uint64, severity uint8) int32 {
	var mixed uint64
	for _, word := range words {
		mixed = mixed*0x9e3779b97f4a7c15 + word
	}
	at := int(slot(mixed, severity)) * len(words)
	row := f.memo[at : at+len(words)]
	same := row[0].severity == uint32(severity)+1
	for i := range row {
		same = same && row[i].word == words[i]
	}
	if !same {
		e := f.settled(words, severity)
		for i := range row {
			e.word = words[i]
			row[i] = e
		}
	}
	return row[0].pc
}

// run follows the steps from pc to the end, for record i.
func (f *filter) run(c *sdk.Chunk, i int, pc int32) int32 {
	severity := known(c.Severity()[i])
	w := c.NeedleWords()
	for pc >= 0 {
		s := &f.steps[pc]
		holds := false
		switch s.op {
		case opSeverity:
			holds = s.mask>>(severity&31)&1 != 0
		case opNeedle:
			holds = c.Needles()[i*w+int(s.word)]&s.mask != 0
		case opSize:
			size := c.BodySize()[i]
			holds = size >= uint32(s.mask) && size <= uint32(s.mask>>32)
		case opText:
			holds = f.matchers[s.matcher].match(c.Texts(int(s.column)).Get(i))
		case opResourceText:
			holds = f.matchers[s.matcher].match(c.Texts(int(s.column)).Get(int(c.Resource()[i])))
		}
		if holds {
			pc = s.yes
		} else {
			pc = s.no
		}
	}
	return pc
}
