// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sealgate/sealgate/internal/filterbench"
	"github.com/sealgate/sealgate/internal/logfile"
)

// exampleWidth is how much of an example is shown, in characters.
const exampleWidth = 140

func (t *filterTest) print(e *env, r *filterbench.Result) error {
	if t.asJSON {
		return e.printJSON(r)
	}
	var b strings.Builder
	writeTitle(&b, r)
	writeOutcomes(&b, r)
	writeExamples(&b, r)
	writeChanges(&b, r)
	writeReports(&b, r)
	writeTemplates(&b, "kept", r.KeptTemplates)
	writeTemplates(&b, "dropped", r.DroppedTemplates)
	writeOutput(&b, r.Output)
	writeCost(&b, r)
	writeNotes(&b, r, t.opts.Arrival)
	return e.printf("%s", b.String())
}

func writeTitle(b *strings.Builder, r *filterbench.Result) {
	fmt.Fprintf(b, "%s %s, sha256:%s, %s\n", r.Name, r.Version, r.SHA256, r.Engine)
	fmt.Fprintf(b, "%d records, %d bytes", r.Records, r.Bytes)
	if !r.From.IsZero() {
		fmt.Fprintf(b, ", of %s to %s", r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
	}
	b.WriteString("\n\n")
}

// fates say what became of records, for people.
var fates = map[filterbench.Fate]string{
	filterbench.Kept: "kept", filterbench.Protected: "kept by --never-drop", filterbench.Failed: "kept, the filter failed",
	filterbench.Dropped: "dropped", filterbench.Represented: "dropped and counted",
}

func title(o filterbench.Outcome) string {
	if o.Rule == "" {
		return fates[o.Outcome]
	}
	return fates[o.Outcome] + ": " + oneLine(o.Rule)
}

func writeOutcomes(b *strings.Builder, r *filterbench.Result) {
	dropped := filterbench.Outcome{}
	rows := [][]string{{"", "records", "%", "bytes", "%"}}
	row := func(name string, o filterbench.Outcome) {
		rows = append(rows, []string{name, fmt.Sprint(o.Records), percent(o.Records, r.Records), fmt.Sprint(o.Bytes), percent(o.Bytes, r.Bytes)})
	}
	for _, o := range r.Outcomes {
		row(title(o), o)
		if o.Outcome == filterbench.Dropped || o.Outcome == filterbench.Represented {
			dropped.Records, dropped.Bytes = dropped.Records+o.Records, dropped.Bytes+o.Bytes
		}
	}
	row("dropped in all", dropped)
	writeTable(b, rows)
}

// writeTable writes rows of a name and numbers.
func writeTable(b *strings.Builder, rows [][]string) {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		fmt.Fprintf(b, "%-*s", width[0], row[0])
		for i, cell := range row[1:] {
			fmt.Fprintf(b, "  %*s", width[i+1], cell)
		}
		b.WriteByte('\n')
	}
}

func percent(n, of uint64) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", 100*float64(n)/float64(of))
}

func writeExamples(b *strings.Builder, r *filterbench.Result) {
	for _, o := range r.Outcomes {
		if len(o.Examples) == 0 {
			continue
		}
		fmt.Fprintf(b, "\n%s\n", title(o))
		for _, x := range o.Examples {
			fmt.Fprintf(b, "  %-6s  %s\n", logfile.SeverityName(x.Severity), oneLine(x.Body))
		}
	}
}

// oneLine shortens a text to a line, and shows what would end it.
func oneLine(s string) string {
	s = strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s)
	if runes := []rune(s); len(runes) > exampleWidth {
		return string(runes[:exampleWidth-1]) + "…"
	}
	return s
}

func writeChanges(b *strings.Builder, r *filterbench.Result) {
	for _, c := range r.Changes {
		fmt.Fprintf(b, "\nchanged: %s, %d times\n", oneLine(c.Rule), c.Patches)
		for _, d := range c.Examples {
			fmt.Fprintf(b, "  %s\n    - %s\n    + %s\n", oneLine(d.Field), oneLine(d.Before), oneLine(d.After))
		}
	}
}

func writeReports(b *strings.Builder, r *filterbench.Result) {
	if r.Represented == 0 && r.Reports.Reports == 0 {
		return
	}
	fmt.Fprintf(b, "\nreports: %d, which with representatives tell of %d of %d counted records\n", r.Reports.Reports, r.Reports.Records, r.Represented)
	fmt.Fprintf(b, "summaries: %d records of %d bytes in OTLP\n", r.Reports.Summaries, r.Reports.SummaryBytes)
	for _, text := range r.Reports.Examples {
		fmt.Fprintf(b, "  %s\n", oneLine(text))
	}
}

func writeTemplates(b *strings.Builder, what string, templates []filterbench.Template) {
	if len(templates) == 0 {
		return
	}
	fmt.Fprintf(b, "\ntemplates %s most\n", what)
	for _, t := range templates {
		fmt.Fprintf(b, "  %8d  %s\n", t.Records, oneLine(t.Template))
	}
}

// writeOutput shows what the filter wrote, which people write to find its mistakes.
func writeOutput(b *strings.Builder, output []string) {
	if len(output) == 0 {
		return
	}
	b.WriteString("\nthe filter wrote\n")
	for _, text := range output {
		for line := range strings.Lines(text) {
			fmt.Fprintf(b, "  %s\n", oneLine(strings.TrimSuffix(line, "\n")))
		}
	}
}

func writeCost(b *strings.Builder, r *filterbench.Result) {
	c, n := r.Cost, float64(r.Records)
	fmt.Fprintf(b, "\na record   %.0f ns: %.0f in the filter, %.0f in the host; %d chunks\n",
		float64(c.Judging)/n, float64(c.Guest)/n, float64(c.Judging-c.Guest)/n, c.Chunks)
	fmt.Fprintf(b, "fuel       %.1f units a record, %.1f at most; %d at most in a call\n",
		float64(c.Fuel)/n, c.FuelRecord, c.FuelCall)
	fmt.Fprintf(b, "memory     %d pages of 64 KiB, %.1f MiB\n", c.Memory>>16, float64(c.Memory)/(1<<20))
	fmt.Fprintf(b, "start      %s to compile, without a cache; %s for an instance\n", c.Compile.Round(time.Millisecond), c.Start.Round(100*time.Microsecond))
}

// writeNotes says what one should know of the figures above.
func writeNotes(b *strings.Builder, r *filterbench.Result, arrival bool) {
	note := func(format string, args ...any) { fmt.Fprintf(b, "\nnote: "+format+"\n", args...) }
	if r.Timeless > 0 && !arrival {
		note("%d of %d records have no time; for them the clock stood still, and no window of time ended. --time arrival has a clock that goes on", r.Timeless, r.Records)
	}
	if r.Unranked > 0 {
		note("%d of %d records have no severity that is known: neither --never-drop nor a filter can go by it", r.Unranked, r.Records)
	}
	for _, kind := range slices.Sorted(maps.Keys(r.Errors)) {
		note("the filter failed %d times (%s) and was started %d times; the last error is: %s", r.Errors[kind], kind, r.Cost.Instances, r.LastError)
	}
	for _, why := range slices.Sorted(maps.Keys(r.PatchesRefused)) {
		note("%d records stayed as they came, since a change is not possible (%s); see \"Patches\" in docs/wasm-abi.md", r.PatchesRefused[why], why)
	}
	if len(r.Allow) > 0 {
		note("the gateway needs `allow: %v` for this filter", strings.ReplaceAll(fmt.Sprint(r.Allow), " ", ", "))
	}
	if r.Reports.Mismatch > 0 {
		note("the filter miscounted: its reports differ by %d records from what it counted, see \"Conservation\" in docs/wasm-abi.md", r.Reports.Mismatch)
	}
}
