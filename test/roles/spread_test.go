// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package roles

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/sealgate/sealgate/test/harness"
)

// headless is a DNS server with one name, that of a headless Service.
type headless struct {
	addr string

	mu    sync.Mutex
	hosts []netip.Addr
}

func startHeadless(t *testing.T) *headless {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	h := &headless{addr: conn.LocalAddr().String()}
	ended := make(chan struct{})
	t.Cleanup(func() { conn.Close(); <-ended })
	go func() {
		defer close(ended)
		for question := make([]byte, 512); ; {
			n, from, err := conn.ReadFrom(question)
			if err != nil {
				return
			}
			if answer, err := h.answer(question[:n]); err == nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	return h
}

// set says which gateways there are.
func (h *headless) set(hosts ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hosts = nil
	for _, host := range hosts {
		h.hosts = append(h.hosts, netip.MustParseAddr(host))
	}
}

func (h *headless) answer(request []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(request); err != nil {
		return nil, err
	}
	m.Response, m.Additionals = true, nil
	h.mu.Lock()
	defer h.mu.Unlock()
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
		for _, host := range h.hosts {
			header := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 1}
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: host.As4()}})
		}
	}
	return m.Pack()
}

// A sender asks the DNS again when a connection ends, but at most every 30 s: so long this test takes.
func TestAnAgentSpreadsWhenGatewaysComeAndGo(t *testing.T) {
	s := newSite(t)
	const first, second = "127.0.0.1", "127.0.0.2"
	dns := startHeadless(t)
	dns.set(first)
	require.NoError(t, s.gateway.Stop())
	s.gateway = s.startGateway("gateway", harness.Addresses{GRPC: s.gateway.GRPC}, "SEALGATE_CONNECTION_AGE=1s")
	_, port, err := net.SplitHostPort(s.gateway.GRPC)
	require.NoError(t, err)

	file, sent := filepath.Join(s.dir, "pods", "shop_"+pod+"_"+podUID, "app", "0.log"), 0
	log := func() string {
		sent++
		text := fmt.Sprintf("ERROR line %d", sent)
		s.write(file, written(text))
		return text
	}
	env := append(s.agentEnv(), "SEALGATE_GATEWAY=dns://"+dns.addr+"/gateways.test:"+port)
	s.start("SEALGATE_AGENT_BIN", "embedded:agent", env...)
	s.await(log())

	other := s.startGateway("other", harness.Addresses{GRPC: net.JoinHostPort(second, port)}, "SEALGATE_CONNECTION_AGE=1s")
	dns.set(first, second)
	require.NoError(t, harness.Poll(s.ctx, "a record at the gateway that came later", func(ctx context.Context) (bool, error) {
		log()
		sums, err := harness.Scrape(ctx, other.Metrics)
		return sums["otelcol_receiver_accepted_log_records"] > 0, err
	}))

	dns.set(second)
	require.NoError(t, s.gateway.Stop())
	log()
	require.NoError(t, harness.Poll(s.ctx, "every record, once one of the gateways is gone", func(context.Context) (bool, error) {
		counts, _ := s.lines()
		for n := 1; n <= sent; n++ {
			if counts[fmt.Sprintf("ERROR line %d", n)] == 0 {
				return false, nil
			}
		}
		return true, nil
	}))
}
