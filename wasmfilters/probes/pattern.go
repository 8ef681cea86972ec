// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package probes

import (
	"strings"

	"github.com/cespare/xxhash/v2"
)

// pattern is a path or a user agent of probes.
type pattern struct {
	text  string // what is looked for, without the asterisk
	agent bool
	below bool // the path and all below it
	key   uint64
	title string // of reports
}

func newPath(path string) pattern {
	text, below := strings.CutSuffix(path, "*")
	return pattern{text: text, below: below, key: xxhash.Sum64String(path), title: "probes of " + path}
}

func newAgent(agent string) pattern {
	return pattern{text: agent, agent: true, key: xxhash.Sum64String(agent), title: "probes by " + agent}
}

func (p *pattern) rule() uint16 {
	if p.agent {
		return ruleAgent
	}
	return rulePath
}

// isPath says whether the path, which may have a query behind it, is the pattern's.
func (p *pattern) isPath(path []byte) bool {
	return !p.agent && p.begins(path) && (p.below || len(path) == len(p.text) || path[len(p.text)] == '?')
}

// isAgent says whether a product of a user agent is the pattern's.
func (p *pattern) isAgent(product []byte) bool { return p.agent && p.begins(product) }

// begins says whether s begins with the text. Its last byte tells most from each
// other without the call that a comparison is.
func (p *pattern) begins(s []byte) bool {
	n := len(p.text)
	return len(s) >= n && s[n-1] == p.text[n-1] && string(s[:n]) == p.text
}

// What is known as a probe. Agents are as they introduce themselves.
var (
	defaultPaths = []string{
		"/healthz", "/healthz/*", "/livez", "/livez/*", "/readyz", "/readyz/*", "/startupz",
		"/health", "/health/live", "/health/liveness", "/health/ready", "/health/readiness", "/healthcheck", "/health-check", "/ready",
		"/-/healthy", "/-/ready", "/q/health", "/q/health/*", "/actuator/health", "/actuator/health/*", "/actuator/prometheus",
		"/metrics", "/metrics/cadvisor", "/metrics/probes", "/metrics/resource",
	}
	defaultAgents = []string{
		"kube-probe/", "Prometheus/", "vm_promscrape", "Blackbox Exporter/", "Blackbox-Exporter/", "Consul Health Check", "Envoy/HC",
		"ELB-HealthChecker/", "Amazon-Route53-Health-Check-Service", "GoogleHC/", "GoogleStackdriverMonitoring-UptimeChecks",
		"Edge Health Probe", "Load Balancer Agent", "SLBHealthCheck", "clb-healthcheck",
		"Datadog Agent/", "DatadogSynthetics", "UptimeRobot/", "Pingdom.com_bot", "StatusCake", "Site24x7", "NewRelicPinger/", "Better Uptime Bot",
	}
)
