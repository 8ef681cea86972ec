// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package checkconverter

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// checkAddresses reports addresses that nothing can listen on, or that lead nowhere.
func (s *settings) checkAddresses() error {
	var errs error
	say := func(at setting, err error) {
		if err != nil {
			errs = errors.Join(errs, fmt.Errorf("`%s` is %q; %w", at.path, s.text(at), err))
		}
	}
	listeners := map[string]setting{}
	s.started(func(at setting) {
		role := s.roleOf(at)
		if role == nil {
			return
		}
		text := s.text(at)
		err := role(text, at)
		say(at, err)
		if err == nil && at.listens() && !isPath(text) {
			say(at, claim(listeners, text, at))
		}
	})
	for _, at := range s.readers() {
		say(at, checkPort(s.text(at)))
	}
	return errs
}

// role checks an address.
type role func(text string, at setting) error

// roleOf returns what checks a setting, nil where it is no address.
func (s *settings) roleOf(at setting) role {
	switch {
	case at.owner.typ == "load_balancing":
		return nil // the endpoint of its template is not used
	case at.owner.kind == "exporters" && slices.Contains(perSignal, at.key):
		return checkURL
	case at.key != "endpoint" && at.key != "listen_address":
		return nil
	case at.speaksHTTP():
		return checkURL
	case at.listens():
		return checkListener
	case at.speaksGRPC():
		return checkTarget
	case strings.HasPrefix(s.text(at), "http"):
		return checkURL
	}
	return nil
}

var perSignal = []string{"traces_endpoint", "metrics_endpoint", "logs_endpoint", "profiles_endpoint"}

func (at setting) speaksHTTP() bool {
	switch at.owner.typ {
	case "otlp_http", "prometheus_remote_write":
		return at.owner.kind == "exporters"
	case "sm4":
		return strings.Contains(at.path, "::otlp_http::")
	}
	return false
}

func (at setting) speaksGRPC() bool {
	switch at.owner.typ {
	case "otlp_grpc":
		return at.owner.kind == "exporters"
	case "sm4":
		return strings.Contains(at.path, "::otlp_grpc::")
	}
	return false
}

// listens tells whether a component listens on an endpoint.
func (at setting) listens() bool {
	switch at.owner.typ {
	case "otlp", "jaeger", "zipkin", "fluent_forward", "statsd", "syslog", "tcp_log", "udp_log":
		return at.owner.kind == "receivers" && !strings.Contains(at.path, "::remote_sampling::")
	case "health_check", "healthcheckv2", "pprof", "zpages":
		return at.owner.kind == "extensions"
	case "prometheus":
		return at.owner.kind == "exporters"
	}
	return false
}

// network returns udp or tcp, for a component that listens.
func (at setting) network() string {
	transport, _ := at.in["transport"].(string)
	switch {
	case at.owner.typ == "udp_log", strings.Contains(at.path, "::udp::"), strings.HasPrefix(transport, "udp"), at.owner.typ == "statsd" && transport == "",
		strings.Contains(at.path, "::thrift_compact::"), strings.Contains(at.path, "::thrift_binary::"):
		return "udp"
	}
	return "tcp"
}

// isPath tells whether an address is that of a socket in the file system.
func isPath(text string) bool {
	return strings.HasPrefix(text, "/") || strings.HasPrefix(text, "unix://")
}

const wantsListener = "it has to be host:port, such as 127.0.0.1:4317, [::1]:4317, or :4317 for every address of the host"

func checkListener(text string, at setting) error {
	if transport, _ := at.in["transport"].(string); strings.HasPrefix(transport, "unix") || at.owner.typ == "fluent_forward" && isPath(text) {
		return nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil || strings.ContainsAny(host, " \t/") {
		return errors.New(wantsListener)
	}
	return checkPort(port)
}

func checkPort(port string) error {
	if n, err := strconv.Atoi(port); err == nil && n >= 0 && n <= 65535 {
		return nil
	}
	if _, err := net.LookupPort("tcp", port); err != nil || port == "" {
		return fmt.Errorf("its port has to be 0 to 65535, not %q", port)
	}
	return nil
}

// claim reports a second listener on one address.
func claim(listeners map[string]setting, text string, at setting) error {
	_, port, _ := net.SplitHostPort(text)
	if port == "0" {
		return nil
	}
	address := at.network() + " " + text
	if other, taken := listeners[address]; taken {
		return fmt.Errorf("`%s` listens there, too; give each an address", other.path)
	}
	listeners[address] = at
	return nil
}

const wantsTarget = "it has to be host:port, such as tempo.example.org:4317, without a path"

// otherTargets are schemes of gRPC whose addresses are no host and port.
var otherTargets = regexp.MustCompile(`^(unix|unix-abstract|passthrough|vsock|xds|ipv4|ipv6):`)

// checkTarget checks the address of a server of gRPC.
func checkTarget(text string, at setting) error {
	if otherTargets.MatchString(text) {
		return nil
	}
	rest := text
	for _, scheme := range []string{"http://", "https://"} {
		rest = strings.TrimPrefix(rest, scheme)
	}
	if name, ok := strings.CutPrefix(rest, "dns:"); ok {
		rest = name[strings.LastIndex(name, "/")+1:]
	}
	if rest == "" || strings.ContainsAny(rest, "/ \t") {
		return errors.New(wantsTarget)
	}
	host, port, err := net.SplitHostPort(rest)
	if err != nil && !strings.Contains(rest, ":") && !insecure(at) {
		return nil // 443, the port of gRPC over TLS
	}
	if err != nil || host == "" {
		return errors.New(wantsTarget)
	}
	return checkPort(port)
}

// insecure tells whether an exporter does without TLS.
func insecure(at setting) bool {
	off, _ := mapAt(at.in, "tls")["insecure"].(bool)
	return off
}

// whole are ends of URLs that are of a backend's address for one signal, or of another protocol than
// OTLP: an exporter adds its own path behind them, and each request is answered with 404.
var whole = regexp.MustCompile(`(/v1/(traces|metrics|logs)|/loki/api/v1/push|/api/prom/push|/api/v1/write|/api/v1/push)(/|$)`)

// twice are paths that are there twice.
var twice = regexp.MustCompile(`/otlp/(api/v1/)?otlp(/|$)`)

var missingBrackets = regexp.MustCompile(`^https?://[^[/]*:[^/]*:`)

const wantsURL = "it has to be a URL, such as http://loki.example.org:3100/otlp"

func checkURL(text string, at setting) error {
	if strings.ContainsAny(text, " \t\n") {
		return errors.New(wantsURL + ", without a blank")
	}
	if missingBrackets.MatchString(text) {
		return errors.New("the brackets around its IPv6 address are missing; write http://[::1]:3100")
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return errors.New(wantsURL + ". Is a variable of the environment in it empty, or without http://?")
	}
	if at.key == "endpoint" && at.owner.typ != "prometheus_remote_write" && at.owner.kind == "exporters" && (whole.MatchString(u.Path) || twice.MatchString(u.Path)) {
		return errors.New("the exporter adds /v1/logs, /v1/traces or /v1/metrics to it, so that this path leads nowhere; " +
			"give the URL without it, such as http://loki.example.org:3100 in SEALGATE_LOKI")
	}
	if port := u.Port(); port != "" {
		return checkPort(port)
	}
	return nil
}

// bareIPv6 is a URL with an IPv6 address as Kubernetes writes one, without brackets. The port has
// five digits, as a part of an address has no more than four.
var bareIPv6 = regexp.MustCompile(`^(https?://)([0-9A-Fa-f:]*:[0-9A-Fa-f:]*):([0-9]{5})(/.*)?$`)

// tidyURL returns a URL as a server expects it: without double slashes in the path, which Loki
// answers with a redirect, and with brackets around an IPv6 address.
func tidyURL(text string) string {
	text = strings.TrimSpace(text)
	if m := bareIPv6.FindStringSubmatch(text); m != nil {
		if _, err := netip.ParseAddr(m[2]); err == nil {
			text = m[1] + "[" + m[2] + "]:" + m[3] + m[4]
		}
	}
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text
	}
	for strings.Contains(rest, "//") {
		rest = strings.ReplaceAll(rest, "//", "/")
	}
	return scheme + "://" + rest
}
