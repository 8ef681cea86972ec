// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sealgate/sealgate/internal/labelbackends"
	"github.com/sealgate/sealgate/labels"
)

type labelsExplain struct {
	gateway  gatewayConfig
	resource string
	asJSON   bool
}

func labelsExplainCommand() command {
	return command{
		name:    "labels explain",
		args:    "--resource FILE [--config CONFIG]",
		summary: "what the gateway makes of a resource's cloud labels, and why",
		about: `
FILE is JSON: an object of attributes by key, or a resource of OTLP. For each label
there is its value, the rule that decided (static, canonical, alias, strong or weak),
the attribute that it comes from, and what it is called in each backend.`,
		setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
			x := &labelsExplain{}
			x.gateway.register(fs)
			fs.StringVar(&x.resource, "resource", "", "`FILE` with the attributes of a resource, - for stdin")
			fs.BoolVar(&x.asJSON, "json", false, "print one JSON array")
			return x.run
		},
	}
}

func (x *labelsExplain) run(ctx context.Context, e *env, args []string) error {
	if len(args) > 0 || x.resource == "" {
		return usagef("name one resource with --resource FILE, or --resource - for stdin")
	}
	attributes, err := e.readResource(x.resource)
	if err != nil {
		return fmt.Errorf("%s: %w", x.resource, err)
	}
	gateway, err := x.gateway.read(ctx)
	if err != nil {
		return err
	}
	all := []explained{} // in JSON, nil is null
	for _, d := range gateway.Table().Explain(inOrder(attributes)) {
		all = append(all, newExplained(gateway, d))
	}
	if x.asJSON {
		return e.printJSON(all)
	}
	return e.printExplained(all)
}

// inOrder yields attributes by key, so that the same resource is explained alike.
func inOrder(attributes map[string]any) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for _, key := range slices.Sorted(maps.Keys(attributes)) {
			if !yield(key, attributes[key]) {
				return
			}
		}
	}
}

// explained is what became of a label.
type explained struct {
	Label    string                           `json:"label"`
	Value    any                              `json:"value"`
	Rule     string                           `json:"rule"`
	From     string                           `json:"from,omitempty"`
	Repaired bool                             `json:"repaired,omitempty"`
	Dropped  bool                             `json:"dropped,omitempty"`
	Backends map[string]labelbackends.Finding `json:"backends,omitempty"`
}

func newExplained(g *labelbackends.Gateway, d labels.Decision) explained {
	x := explained{
		Label: d.Key.String(), Value: d.Value, Rule: d.Rule.String(), From: d.From, Repaired: d.Repaired, Dropped: d.Dropped,
	}
	if d.Dropped {
		return x
	}
	x.Backends = make(map[string]labelbackends.Finding)
	for _, name := range labelbackends.Names() {
		x.Backends[name] = g.Find(name, d.Key)
	}
	return x
}

func (e *env) printExplained(all []explained) error {
	if len(all) == 0 {
		return e.printf("it has no cloud labels, and nothing from which they could be inferred\n")
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "LABEL\tVALUE\tRULE\tFROM\tPROMETHEUS\tLOKI\tTEMPO\n")
	for _, x := range all {
		fmt.Fprintf(w, "%s\t%v\t%s\t%s", x.Label, x.Value, x.rule(), x.From)
		for _, name := range labelbackends.Names() {
			fmt.Fprintf(w, "\t%s", x.found(name))
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return e.printf("%s", b.String())
}

func (x explained) rule() string {
	switch {
	case x.Dropped:
		return x.Rule + ", dropped"
	case x.Repaired:
		return x.Rule + ", repaired"
	}
	return x.Rule
}

func (x explained) found(backend string) string {
	f, ok := x.Backends[backend]
	if !ok {
		return "-"
	}
	return f.Name + " (" + f.Kind + ")"
}

// readResource reads the attributes of a resource.
func (e *env) readResource(path string) (map[string]any, error) {
	const most = 1 << 20
	in := e.stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return nil, err
	}
	if len(text) > most {
		return nil, fmt.Errorf("it is larger than %d bytes; give a single resource", most)
	}
	return parseResource(text)
}

func parseResource(text []byte) (map[string]any, error) {
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, fmt.Errorf("it is neither a JSON object of attributes nor a resource of OTLP: %w", err)
	}
	if _, ok := object["attributes"].([]any); !ok {
		return object, nil
	}
	request := slices.Concat([]byte(`{"resourceSpans":[{"resource":`), bytes.TrimSpace(text), []byte(`}]}`))
	td, err := new(ptrace.JSONUnmarshaler).UnmarshalTraces(request)
	if err != nil {
		return nil, fmt.Errorf("it is no resource of OTLP: %w", err)
	}
	return td.ResourceSpans().At(0).Resource().Attributes().AsRaw(), nil
}
