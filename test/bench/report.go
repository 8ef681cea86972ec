// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

// row is a result. Ratio is Ours / Theirs: the smaller, the better.
type row struct {
	Name   string  `json:"name"`
	Unit   string  `json:"unit"`
	Ours   float64 `json:"ours"`
	Theirs float64 `json:"theirs"`
	Peer   string  `json:"peer"`
	Ratio  float64 `json:"ratio"`

	oursAllocs, theirsAllocs float64  // per item
	notes                    []string // for who reads the table
}

// newRow makes a row of what was measured in each round. That the rounds agree, or
// do not, is in a note.
func newRow(name, unit, peer string, ours, theirs []float64) row {
	r := row{Name: name, Unit: unit, Peer: peer, Ours: median(ours), Theirs: median(theirs)}
	r.Ratio = r.Ours / r.Theirs
	if len(ours) < 2 {
		return r
	}
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = ours[i] / theirs[i]
	}
	r.notes = []string{fmt.Sprintf("ratios of the rounds: %.3f to %.3f, median %.3f", slices.Min(ratios), slices.Max(ratios), median(ratios))}
	return r
}

func printTable(out io.Writer, rows []row) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "name\tunit\tours\ttheirs\tratio\tallocs\ttheirs\t  peer")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%.1f\t%.1f\t%.3f\t%.1f\t%.1f\t  %s\n",
			r.Name, r.Unit, r.Ours, r.Theirs, r.Ratio, r.oursAllocs, r.theirsAllocs, r.Peer)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	for _, r := range rows {
		for _, note := range r.notes {
			fmt.Fprintf(out, "%s: %s\n", r.Name, note)
		}
	}
	return nil
}

// writeJSON replaces file as a whole, so that a reader never sees half of it.
func writeJSON(file string, rows []row) error {
	for i, r := range rows {
		rows[i].Ours, rows[i].Theirs, rows[i].Ratio = round(r.Ours, 10), round(r.Theirs, 10), round(r.Ratio, 10000)
	}
	text, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already when all went well
	_, err = tmp.Write(append(text, '\n'))
	if err2 := tmp.Close(); err == nil {
		err = err2
	}
	if err == nil {
		err = os.Chmod(tmp.Name(), 0o644)
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), file)
}

// round keeps as many decimals as the scale has zeros.
func round(v, scale float64) float64 {
	return float64(int64(v*scale+0.5)) / scale
}

// machine says where the figures were taken.
func machine() string {
	return fmt.Sprintf("%s, %d cores, %s %s/%s", cpuModel(), runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func cpuModel() string {
	info, err := os.ReadFile("/proc/cpuinfo") // Linux only
	if err != nil {
		return "unknown CPU"
	}
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown CPU"
}
