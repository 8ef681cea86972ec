// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

// Command coredns is CoreDNS with the plugins alone that a cluster's DNS needs.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
)

// The order in which plugins see a question, of those that are compiled in.
var order = []string{"bind", "errors", "cache", "kubernetes"}

func main() {
	dnsserver.Directives = order
	coremain.Run()
}
