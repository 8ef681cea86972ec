// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"
)

// target is an OTLP endpoint as the command line names it.
type target struct {
	endpoint, protocol, ca string
	headerFlags            list
	insecure               bool
	timeout                time.Duration

	headers map[string]string
	address *url.URL
}

func (t *target) register(fs *flag.FlagSet) {
	fs.StringVar(&t.endpoint, "endpoint", "", "`URL` to send to: https://host:4317 for grpc, https://host:4318 for http")
	fs.StringVar(&t.protocol, "protocol", "grpc", "`PROTOCOL`: grpc, or http (protobuf)")
	fs.Var(&t.headerFlags, "header", "`NAME=VALUE` of a header to send; may be given more than once")
	fs.BoolVar(&t.insecure, "insecure", false, "send without TLS where the endpoint is host:port, as http:// does")
	fs.StringVar(&t.ca, "ca", "", "`FILE` with the certificates in PEM that the endpoint's is checked against, instead of the system's")
	fs.DurationVar(&t.timeout, "timeout", 30*time.Second, "wait this `DURATION` for the answer to one request")
}

func (t *target) validate() error {
	if t.endpoint == "" {
		return usagef("no endpoint: name it with --endpoint, such as https://tempo.example:4317")
	}
	if t.protocol != "grpc" && t.protocol != "http" {
		return usagef("--protocol %q is neither grpc nor http", t.protocol)
	}
	if t.timeout <= 0 {
		return usagef("--timeout must be more than nothing")
	}
	if err := t.parseEndpoint(); err != nil {
		return err
	}
	return t.parseHeaders()
}

func (t *target) parseEndpoint() error {
	text := t.endpoint
	if !strings.Contains(text, "://") {
		scheme := "https://"
		if t.insecure {
			scheme = "http://"
		}
		text = scheme + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usagef("--endpoint %q is not an endpoint; write https://host:port or http://host:port", t.endpoint)
	}
	if u.User != nil {
		return usagef("the endpoint has a password in it, which others can see; use --header")
	}
	switch {
	case u.Scheme == "https" && t.insecure:
		return usagef("--insecure is without TLS and %s is with it; leave out one", t.endpoint)
	case u.Scheme == "http" && t.ca != "":
		return usagef("--ca is for TLS, and the endpoint is without it; write https://")
	case t.protocol == "grpc" && strings.Trim(u.Path, "/") != "":
		return usagef("a gRPC endpoint has no path, and %s has; was --protocol http meant?", t.endpoint)
	case t.protocol == "grpc" && u.Port() == "":
		return usagef("the endpoint %s has no port; OTLP over gRPC is mostly at 4317", t.endpoint)
	}
	t.address = u
	return nil
}

func (t *target) parseHeaders() error {
	t.headers = make(map[string]string)
	for _, text := range t.headerFlags {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" || strings.ContainsAny(text, "\r\n") {
			return usagef("a --header is NAME=VALUE, such as X-Scope-OrgID=tenant") // not text: it may be a secret
		}
		t.headers[strings.ToLower(name)] = value
	}
	return nil
}

func (t *target) tls() bool { return t.address.Scheme == "https" }

func (t *target) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.ca == "" {
		return config, nil
	}
	text, err := os.ReadFile(t.ca)
	if err != nil {
		return nil, err
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate in PEM", t.ca)
	}
	return config, nil
}

func (t *target) dial() (sender, error) {
	if t.protocol == "http" {
		return t.dialHTTP()
	}
	return t.dialGRPC()
}
