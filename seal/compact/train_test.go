// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package compact

import (
	"container/heap"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sealgate/sealgate/test/fleet"
)

var train = flag.String("train", "", "files with text, one record a line, separated by commas: print Huffman lengths for them and for the fleet's spans")

// TestTrain is how the lengths in codes.go were made. They are fixed now; this is
// for a version 2.
func TestTrain(t *testing.T) {
	if *train == "" {
		t.Skip("-train was not given")
	}
	var spans, other counts
	for _, text := range fleetTexts() {
		spans.add(text)
	}
	for _, name := range strings.Split(*train, ",") {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(b), "\n") {
			if len(line) >= 40 {
				other.add(line)
			}
		}
	}
	// The fleet is no more typical than the rest is: half and half.
	spans.addScaled(&other, float64(spans.total())/float64(other.total()))
	fmt.Println("literalLengths", lengthsOf(spans.literal[:]))
	fmt.Println("distanceLengths", lengthsOf(spans.distance[:]))
}

// fleetTexts returns what is text in the fleet's spans.
func fleetTexts() (texts []string) {
	td := fleet.Spans(77, 10000)
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				e := NewEncoder()
				e.Str(span.Name())
				addStrings(e, span.Attributes())
				for _, event := range span.Events().All() {
					addStrings(e, event.Attributes())
				}
				texts = append(texts, string(e.window[len(dictionary):]))
			}
		}
	}
	return texts
}

func addStrings(e *Encoder, m pcommon.Map) {
	for k, v := range m.All() {
		e.Key(KeyOf(k), k)
		if v.Type() == pcommon.ValueTypeStr {
			e.Str(v.Str())
		}
	}
}

type counts struct {
	literal  [literals]float64
	distance [distances]float64
	match    matcher
}

func (c *counts) add(text string) {
	window := []byte(dictionary + text)
	for pos := len(dictionary); pos < len(window); {
		at, distance, length := c.match.next(window, pos)
		for _, b := range window[pos:at] {
			c.literal[b]++
		}
		if length > 0 {
			c.literal[lengthIndex(length)]++
			c.distance[distanceSymbol(distance)]++
		}
		pos = at + length
	}
	c.literal[endOfBlock]++
	c.match.advance(len(window))
}

func lengthIndex(length int) int {
	for i := 28; i > 0; i-- {
		if length >= lengthBase(i) {
			return 257 + i
		}
	}
	return 257
}

func lengthBase(i int) int {
	if i == 28 {
		return maxMatch
	}
	base := 3
	for j := range i {
		base += 1 << max(0, j/4-1)
	}
	return base
}

func (c *counts) total() (n int) {
	for _, v := range c.literal {
		n += int(v)
	}
	return n
}

func (c *counts) addScaled(other *counts, factor float64) {
	for i, v := range other.literal {
		c.literal[i] += v * factor
	}
	for i, v := range other.distance {
		c.distance[i] += v * factor
	}
}

type node struct {
	weight      float64
	leaf        int
	left, right *node
}

type nodes []*node

func (n nodes) Len() int           { return len(n) }
func (n nodes) Less(i, j int) bool { return n[i].weight < n[j].weight }
func (n nodes) Swap(i, j int)      { n[i], n[j] = n[j], n[i] }
func (n *nodes) Push(x any)        { *n = append(*n, x.(*node)) }
func (n *nodes) Pop() any {
	last := (*n)[len(*n)-1]
	*n = (*n)[:len(*n)-1]
	return last
}

// lengthsOf returns lengths of Huffman codes. Every symbol has one: what is never
// seen in training is still in somebody's text.
func lengthsOf(weights []float64) []byte {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	for least := total / (1 << 12); ; least *= 1.2 {
		if lengths := huffman(weights, least); lengths != nil {
			return lengths
		}
	}
}

func huffman(weights []float64, least float64) []byte {
	var h nodes
	for i, w := range weights {
		h = append(h, &node{weight: max(w, least), leaf: i})
	}
	heap.Init(&h)
	for h.Len() > 1 {
		a, b := heap.Pop(&h).(*node), heap.Pop(&h).(*node)
		heap.Push(&h, &node{weight: a.weight + b.weight, left: a, right: b})
	}
	lengths := make([]byte, len(weights))
	if !assign(h[0], 0, lengths) {
		return nil
	}
	return lengths
}

func assign(n *node, depth byte, lengths []byte) bool {
	if n.left == nil {
		lengths[n.leaf] = depth
		return depth <= maxBits
	}
	return assign(n.left, depth+1, lengths) && assign(n.right, depth+1, lengths)
}
