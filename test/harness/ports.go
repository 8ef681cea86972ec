// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"net"
	"strings"
)

// Ports returns n free TCP ports of the loopback interface. They are held
// together while they are picked, so that no two are the same; another process
// may still take one before it is used, see startWithPorts.
func Ports(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("picking a free port: %w", err)
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

// startWithPorts calls start with n free ports, and once more with others when
// somebody else was quicker to take one.
func startWithPorts(n int, start func(ports []int) error) error {
	const tries = 3
	var err error
	for range tries {
		var ports []int
		if ports, err = Ports(n); err != nil {
			return err
		}
		if err = start(ports); err == nil || !strings.Contains(err.Error(), "address already in use") {
			return err
		}
	}
	return err
}

// requireFree returns an error when somebody listens on addr already. The empty
// address stands for one yet to be picked.
func requireFree(addr string) error {
	if addr == "" {
		return nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("the gateway cannot listen on %s: %w; stop what listens there, or choose another address with SEALGATE_OTLP_GRPC or SEALGATE_OTLP_HTTP", addr, err)
	}
	return l.Close()
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

func loopbackURL(port int) string { return "http://" + loopback(port) }
