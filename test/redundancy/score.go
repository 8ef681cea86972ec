// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"text/tabwriter"
	"time"
)

// score is what a way of dropping makes of a file.
type score struct {
	records, kept      int
	severe, severeKept int // WARN or worse
	templates, missed  int // missed: of which no record is kept
}

// scoreOf asks of each line in turn whether it is kept.
func scoreOf(lines []line, keep func(i int) bool) score {
	s := score{records: len(lines)}
	seen := map[string]bool{} // of each template, whether a record is kept
	for i := range lines {
		kept := keep(i)
		seen[lines[i].event] = seen[lines[i].event] || kept
		if kept {
			s.kept++
		}
		if lines[i].severe() {
			s.severe++
			if kept {
				s.severeKept++
			}
		}
	}
	for _, kept := range seen {
		s.templates++
		if !kept {
			s.missed++
		}
	}
	return s
}

// firsts keeps what is WARN or worse, and the first line of each key.
func firsts(lines []line, key func(*line) string) score {
	seen := map[string]bool{}
	return scoreOf(lines, func(i int) bool {
		k := key(&lines[i])
		first := !seen[k]
		seen[k] = true
		return first || lines[i].severe()
	})
}

func (s *score) add(o score) {
	s.records += o.records
	s.kept += o.kept
	s.severe += o.severe
	s.severeKept += o.severeKept
	s.templates += o.templates
	s.missed += o.missed
}

func (s *score) dropped() string {
	return fmt.Sprintf("%.1f%%", 100*float64(s.records-s.kept)/float64(s.records))
}

// severeShare is rounded down, so that 100% is all of them.
func (s *score) severeShare() string {
	if s.severe == 0 {
		return "100%"
	}
	share := math.Floor(10000*float64(s.severeKept)/float64(s.severe)) / 100
	return strconv.FormatFloat(share, 'f', -1, 64) + "%"
}

// result is a file's, with what others make of it.
type result struct {
	name                        string
	ours, oracle, dedup, random score
	exact                       bool // the reports account for every record that was dropped
	took                        time.Duration
}

// newResult has the scores of the others. Sampling is filled in when it is known how much ours drops.
func newResult(f file) result {
	return result{
		name:   f.name,
		oracle: firsts(f.lines, func(l *line) string { return l.event }),
		dedup:  firsts(f.lines, func(l *line) string { return l.content }),
		exact:  true,
	}
}

// sample keeps as many lines as ours, at random.
func (r *result) sample(lines []line) {
	random := rand.New(rand.NewPCG(1, 1))
	kept := make([]bool, len(lines))
	for _, i := range random.Perm(len(lines))[:r.ours.kept] {
		kept[i] = true
	}
	r.random = scoreOf(lines, func(i int) bool { return kept[i] })
}

func (r *result) add(o result) {
	r.ours.add(o.ours)
	r.oracle.add(o.oracle)
	r.dedup.add(o.dedup)
	r.random.add(o.random)
	r.exact = r.exact && o.exact
	r.took += o.took
}

func (r *result) counts() string {
	if r.exact {
		return "exact"
	}
	return "wrong"
}

func (r *result) perRecord() int64 { return r.took.Nanoseconds() / int64(r.ours.records) }

func printResults(out io.Writer, all []result) error {
	total := result{name: "total", exact: true}
	for _, r := range all {
		total.add(r)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\t\tredundancy\t\t\t\t\t\toracle\texact dedup\t\trandom\t\t")
	fmt.Fprintln(w, "file\trecords\tdropped\tWARN+ kept\ttemplates\tmissed\tcounts\tns\tdropped\tdropped\tmissed\tWARN+ kept\tmissed\t")
	for _, r := range append(all, total) {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%d\t%d\t%s\t%d\t%s\t%s\t%d\t%s\t%d\t\n", r.name, r.ours.records,
			r.ours.dropped(), r.ours.severeShare(), r.ours.templates, r.ours.missed, r.counts(), r.perRecord(),
			r.oracle.dropped(), r.dedup.dropped(), r.dedup.missed, r.random.severeShare(), r.random.missed)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\ntotal files=%d records=%d dropped=%s oracle=%s warn_kept=%s templates_missed=%d counts=%s ns_per_record=%d\n",
		len(all), total.ours.records, total.ours.dropped(), total.oracle.dropped(), total.ours.severeShare(), total.ours.missed, total.counts(), total.perRecord())
	return err
}
