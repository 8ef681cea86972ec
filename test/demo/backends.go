// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sealgate/sealgate/internal/edgenode"
	"github.com/sealgate/sealgate/test/backends"
	"github.com/sealgate/sealgate/test/fleet"
	"github.com/sealgate/sealgate/test/harness"
)

// withBackends runs the gateway in front of the three real backends, loads it,
// and asks each backend a few questions.
func withBackends(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("backends", flag.ExitOnError)
	gateway := flags.String("gateway", "build/otelcol-sealgate", "the gateway's `binary`")
	stay := flags.Bool("stay", isTerminal(os.Stdin), "stay up until Ctrl-C; the default where there is a terminal")
	once := flags.Bool("once", false, "end after the queries")
	_ = flags.Parse(args)

	// The gateway runs in a folder of its own, so its path must not depend on this one.
	binary, err := filepath.Abs(*gateway)
	if err != nil {
		return err
	}
	binaries, err := backends.Ensure(ctx, os.Stdout, "tempo", "loki", "prometheus")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "sealgate-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	s := &stack{}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.start(ctx, binaries, binary, dir); err != nil {
		return err
	}
	fmt.Println()
	now := time.Now()
	if _, err := sendFleet(ctx, s.gateway.GRPC, s.gateway.HTTP); err != nil {
		return err
	}
	if err := s.sendHour(ctx, os.Stdout, binary, filepath.Join(dir, "edge"), now); err != nil {
		return err
	}
	if err := s.ask(ctx, os.Stdout, harness.Window{From: now.Add(-time.Hour), To: now.Add(time.Hour / 2)}); err != nil {
		return err
	}
	if *once || !*stay {
		return nil
	}
	s.describe(os.Stdout)
	<-ctx.Done()
	fmt.Println("\nstopping")
	return nil
}

// isTerminal tells a terminal from a file, a pipe and /dev/null, which is a
// character device too.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err == nil && !os.SameFile(null, info)
}

type stack struct {
	tempo      *harness.Tempo
	loki       *harness.Loki
	prometheus *harness.Prometheus
	gateway    *harness.Gateway
	edge       *harness.Gateway // in front of it
}

func (s *stack) start(ctx context.Context, binaries map[string]string, gateway, dir string) error {
	fmt.Println("starting Tempo, Loki and Prometheus (about 20 s)")
	var (
		wg   sync.WaitGroup
		errs [3]error
	)
	wg.Go(func() { s.tempo, errs[0] = harness.StartTempo(ctx, binaries["tempo"], dir) })
	wg.Go(func() { s.loki, errs[1] = harness.StartLoki(ctx, binaries["loki"], dir) })
	wg.Go(func() { s.prometheus, errs[2] = harness.StartPrometheus(ctx, binaries["prometheus"], dir) })
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	fmt.Println("starting the gateway")
	var err error
	s.gateway, err = harness.StartGateway(ctx, gateway, dir, "embedded:gateway",
		harness.Addresses{GRPC: envOr("SEALGATE_OTLP_GRPC", "127.0.0.1:4317"), HTTP: envOr("SEALGATE_OTLP_HTTP", "127.0.0.1:4318")},
		"SEALGATE_TEMPO="+s.tempo.OTLP, "SEALGATE_LOKI="+s.loki.URL, "SEALGATE_PROMETHEUS="+s.prometheus.URL)
	return err
}

// sendHour replays the hour before now of a generated edge node through an edge collector, and says what became of it.
func (s *stack) sendHour(ctx context.Context, out io.Writer, binary, dir string, now time.Time) (err error) {
	if s.edge, err = harness.StartEdge(ctx, binary, dir, s.gateway); err != nil {
		return err
	}
	node, err := edgenode.New(edgenode.Options{Seed: 1, Start: now.Add(-time.Hour), Duration: time.Hour})
	if err != nil {
		return err
	}
	hour, err := fleet.SendEdgeNode(ctx, s.edge.GRPC, node)
	if err != nil {
		return err
	}
	counted, err := harness.Scrape(ctx, s.edge.Metrics)
	if err != nil {
		return err
	}
	kept, dropped := counted["otelcol_processor_wasmfilter_kept"], counted["otelcol_processor_wasmfilter_represented"]
	fmt.Fprintf(out, "an hour of a Kubernetes edge node, through the filter `redundancy` of an edge collector\n")
	fmt.Fprintf(out, "  %d records: %.0f go on to the gateway, %.0f repeat what was logged within the minute (%.1f%%) and are counted\n",
		hour.Records, kept, dropped, 100*dropped/float64(hour.Records))
	for _, i := range node.Incidents() {
		fmt.Fprintf(out, "  incident at %s: %s\n", i.Start.Format("15:04"), i.Name)
	}
	fmt.Fprintln(out)
	return nil
}

// stop stops whatever was started, what sends before what receives.
func (s *stack) stop() error {
	var all []*harness.Process
	if s.edge != nil {
		all = append(all, s.edge.Process)
	}
	if s.gateway != nil {
		all = append(all, s.gateway.Process)
	}
	if s.tempo != nil {
		all = append(all, s.tempo.Process)
	}
	if s.loki != nil {
		all = append(all, s.loki.Process)
	}
	if s.prometheus != nil {
		all = append(all, s.prometheus.Process)
	}
	var errs error
	for _, p := range all {
		if p != nil {
			errs = errors.Join(errs, p.Stop())
		}
	}
	return errs
}

// question is a query, how to ask it by hand, and how to ask it here. The
// answers are one line each.
type question struct {
	title, query, url string
	ask               func(context.Context) ([]string, error)
}

func (s *stack) questions(w harness.Window) []question {
	var all []question
	for _, provider := range []string{"alibaba", "aws", "on_premises"} {
		traceQL := fmt.Sprintf(`{ resource.cloud_provider = %q && status = error }`, provider)
		logQL := fmt.Sprintf(`{cloud_provider=%q, service_name="payment"}`, provider)
		all = append(all, question{"failed requests, in Tempo", traceQL, s.tempo.SearchURL(traceQL, w), func(ctx context.Context) ([]string, error) {
			found, err := s.tempo.Search(ctx, traceQL, w)
			var lines []string
			for _, id := range slices.Sorted(maps.Keys(found)) {
				lines = append(lines, id+"  "+found[id])
			}
			return lines, err
		}}, question{"lines of one service, in Loki", logQL, s.loki.QueryURL(logQL, w), func(ctx context.Context) ([]string, error) {
			return s.lines(ctx, logQL, w)
		}})
	}
	incident := `{service_name="kubelet"} |= "DiskPressure"`
	suppressed := `{service_name="sealgate"} |= "suppressed"`
	for _, q := range []struct{ title, query string }{
		{"an incident of the edge node, in Loki", incident}, {"what was dropped of it, in Loki", suppressed},
	} {
		all = append(all, question{q.title, q.query, s.loki.QueryURL(q.query, w), func(ctx context.Context) ([]string, error) {
			return s.lines(ctx, q.query, w)
		}})
	}
	promQL := `sum by (cloud_provider, cloud_region) (requests_total)`
	return append(all, question{"requests by cloud, in Prometheus", promQL, s.prometheus.QueryURL(promQL), func(ctx context.Context) ([]string, error) {
		found, err := s.prometheus.Query(ctx, promQL)
		if err == nil && len(found) < len(fleet.Clusters) {
			return nil, nil
		}
		var lines []string
		for _, s := range found {
			lines = append(lines, fmt.Sprintf("%-12s %-13s %g", s.Labels["cloud_provider"], s.Labels["cloud_region"], s.Value))
		}
		return lines, err
	}})
}

// lines are those that a LogQL query finds.
func (s *stack) lines(ctx context.Context, logQL string, w harness.Window) ([]string, error) {
	found, err := s.loki.Query(ctx, logQL, w)
	var lines []string
	for _, l := range found {
		lines = append(lines, l.Text)
	}
	return lines, err
}

// ask puts every question, waits for its first answers, and prints them.
func (s *stack) ask(ctx context.Context, out io.Writer, w harness.Window) error {
	const shown = 3
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	for _, q := range s.questions(w) {
		var answers []string
		err := harness.Poll(ctx, "an answer to "+q.query, func(ctx context.Context) (ok bool, err error) {
			answers, err = q.ask(ctx)
			return len(answers) > 0, err
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s\n  %s\n  curl -s '%s'\n", q.title, q.query, strings.ReplaceAll(q.url, "'", "%27"))
		for i, a := range answers {
			if i == shown {
				fmt.Fprintf(out, "    ... and %d more\n", len(answers)-shown)
				break
			}
			fmt.Fprintf(out, "    %s\n", a)
		}
		fmt.Fprintln(out)
	}
	return nil
}

func (s *stack) describe(out io.Writer) {
	fmt.Fprintf(out, `Everything stays up until Ctrl-C.

  OTLP over gRPC   %s
  OTLP over HTTP   http://%s
  Tempo            %s
  Loki             %s
  Prometheus       %s
`, s.gateway.GRPC, s.gateway.HTTP, s.tempo.URL, s.loki.URL, s.prometheus.URL)
}
