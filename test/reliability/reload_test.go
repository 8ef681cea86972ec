// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sealgate/sealgate/test/load"
)

// wrongReloads are configurations that do not decode, do not validate, or would not start.
var wrongReloads = map[string]string{
	"no YAML":              "a: [",
	"an unknown key":       "processors::memory_limiter::limit_percentag: 80",
	"an overlooked key":    "exporters::otlp_http/prometheus::sending_que: {}",
	"no storage":           "service::extensions: [health_check]",
	"a port out of range":  "receivers::otlp::protocols::grpc::endpoint: '127.0.0.1:70000'",
	"a missing key":        "exporters::sm4/tempo::keys::sm2::recipients: [/nowhere/reader.pub.pem]",
	"a missing file":       "exporters::otlp_http/prometheus::tls::ca_file: /nowhere/ca.crt",
	"a missing module":     "processors::wasmfilter::module: /nowhere/filter.wasm",
	"a typo in a rule":     "processors::wasmfilter::config: {rules: [{name: x, drop: true, body_contians: [y]}]}",
	"no such built-in":     "processors::wasmfilter::module: builtin:rulez",
	"an unknown component": "exporters::nowhere: {}",
}

func TestARefusedReloadChangesNothing(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	s := prepareSite(t)
	file := filepath.Join(s.dir, "changing.yaml")
	write := func(config string) { require.NoError(t, os.WriteFile(file, []byte(config), 0o600)) }
	said := func(text string) int { return strings.Count(s.Log(), text) }
	const ready, refused = "Everything is ready", "the running one stays in place"
	write("{}")
	s.config += "\nfile:" + file
	s.start(ctx, t)
	hangUp := func() { require.NoError(t, syscall.Kill(s.PID(), syscall.SIGHUP)) }
	await(ctx, t, "the guard", func() bool { return said("SIGHUP has the configuration validated") > 0 })

	streams := s.send(ctx, t, load.Options{Rate: 500})
	for name, config := range wrongReloads {
		before := said(refused)
		write(config)
		hangUp()
		await(ctx, t, "a refusal of "+name, func() bool { return said(refused) > before || s.Exited() })
		require.False(t, s.Exited(), name)
	}
	before := said(refused)
	require.NoError(t, os.Remove(file))
	hangUp()
	await(ctx, t, "a refusal of a missing file", func() bool { return said(refused) > before })
	assert.Equal(t, 1, said(ready), "what runs was not begun again")

	write("processors::memory_limiter::limit_percentage: 70")
	hangUp()
	await(ctx, t, "the reload", func() bool { return said(ready) == 2 })
	stop(streams)
	s.settled(ctx, t, streams...)
}

// A server of configurations that fails, or that answers a second request otherwise, does not end
// what runs: what is validated is what is loaded.
func TestAServerOfConfigurationsMayFail(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	s := prepareSite(t)
	server := &configServer{}
	server.next.Store(ptr("{}"))
	listening := httptest.NewServer(server)
	t.Cleanup(listening.Close)
	said := func(text string) int { return strings.Count(s.Log(), text) }
	const ready, refused = "Everything is ready", "the running one stays in place"
	s.config += "\n" + listening.URL + "/gateway.yaml"
	s.start(ctx, t)
	hangUp := func() { require.NoError(t, syscall.Kill(s.PID(), syscall.SIGHUP)) }
	await(ctx, t, "the guard", func() bool { return said("SIGHUP has the configuration validated") > 0 })

	streams := s.send(ctx, t, load.Options{Rate: 500})
	for name, answer := range map[string]*string{"an error": nil, "a wrong key": ptr("processors::memory_limiter::limit_percentag: 80")} {
		before := said(refused)
		server.next.Store(answer)
		hangUp()
		await(ctx, t, "a refusal of "+name, func() bool { return said(refused) > before || s.Exited() })
		require.False(t, s.Exited(), name)
	}
	assert.Equal(t, 1, said(ready), "what runs was not begun again")

	server.next.Store(ptr("processors::memory_limiter::limit_percentage: 70"))
	server.once.Store(true)
	hangUp()
	await(ctx, t, "the reload", func() bool { return said(ready) == 2 || s.Exited() })
	stop(streams)
	s.settled(ctx, t, streams...)
}

// configServer answers with the next configuration, with 500 where that is nil.
type configServer struct {
	next atomic.Pointer[string]
	once atomic.Bool // after the next answer there are errors only
}

func (s *configServer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	config := s.next.Load()
	if config == nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if s.once.Load() {
		s.next.Store(nil)
	}
	_, _ = io.WriteString(w, *config)
}

func ptr(text string) *string { return &text }
