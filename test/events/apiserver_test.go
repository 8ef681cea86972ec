// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package events

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/sealgate/sealgate/test/harness"
)

// The users of the API server, which are contexts of its kubeconfig too.
const (
	admin    = "admin"    // may do all
	follower = "follower" // may do what a test allows
)

const startTimeout = 2 * time.Minute

// cluster is an API server with its etcd: a cluster without nodes.
type cluster struct {
	etcd, server *harness.Process
	binary, dir  string // the program that is kube-apiserver by its name, and a folder
	etcdPort     int
	peerPort     int
	port         int
	kubeconfig   string
}

// startCluster starts both in a folder, with events that expire after an hour.
func startCluster(ctx context.Context, kubernetes, dir string) (*cluster, error) {
	ports, err := harness.Ports(3)
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: dir, binary: filepath.Join(dir, "kube-apiserver"), etcdPort: ports[0], peerPort: ports[1], port: ports[2]}
	c.kubeconfig = filepath.Join(dir, "kubeconfig")
	if err := errors.Join(os.Symlink(kubernetes, c.binary), c.writeFiles()); err != nil {
		return nil, err
	}
	if err := errors.Join(c.startEtcd(ctx), c.startServer(ctx)); err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

func (c *cluster) writeFiles() error {
	certificate, key, err := harness.SelfSigned()
	if err != nil {
		return err
	}
	config := "apiVersion: v1\nkind: Config\ncurrent-context: admin\nclusters: [{name: c, cluster: {server: \"" + c.url() + "\", insecure-skip-tls-verify: true}}]\n"
	for _, list := range []struct{ name, item string }{
		{"contexts", "{name: %[1]s, context: {cluster: c, user: %[1]s}}"}, {"users", "{name: %[1]s, user: {token: token-of-%[1]s}}"},
	} {
		config += list.name + ": [" + fmt.Sprintf(list.item, admin) + ", " + fmt.Sprintf(list.item, follower) + "]\n"
	}
	return errors.Join(
		os.WriteFile(c.path("accounts.key"), key, 0o600),
		os.WriteFile(c.path("accounts.crt"), certificate, 0o600),
		os.WriteFile(c.path("tokens.csv"), []byte("token-of-admin,admin,1,\"system:masters\"\ntoken-of-follower,follower,2\n"), 0o600),
		os.WriteFile(c.kubeconfig, []byte(config), 0o600),
	)
}

func (c *cluster) path(name string) string { return filepath.Join(c.dir, name) }
func (c *cluster) url() string             { return "https://127.0.0.1:" + strconv.Itoa(c.port) }
func (c *cluster) etcdURL() string         { return "http://127.0.0.1:" + strconv.Itoa(c.etcdPort) }

func (c *cluster) startEtcd(ctx context.Context) error {
	peers := "http://127.0.0.1:" + strconv.Itoa(c.peerPort)
	var err error
	c.etcd, err = harness.Start(harness.Spec{Name: "etcd", Path: "etcd", Dir: c.dir, Args: []string{
		"--data-dir", c.path("etcd-data"), "--listen-client-urls", c.etcdURL(), "--advertise-client-urls", c.etcdURL(),
		"--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", "default=" + peers,
	}})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return c.etcd.AwaitHTTP(ctx, c.etcdURL()+"/health")
}

func (c *cluster) startServer(ctx context.Context) error {
	var err error
	c.server, err = harness.Start(harness.Spec{Name: "kube-apiserver", Path: c.binary, Dir: c.dir, Args: []string{
		"--etcd-servers", c.etcdURL(), "--bind-address", "127.0.0.1", "--secure-port", strconv.Itoa(c.port), "--cert-dir", c.path("certificates"),
		"--service-account-issuer", "https://issuer.example.org", "--service-account-key-file", c.path("accounts.crt"),
		"--service-account-signing-key-file", c.path("accounts.key"), "--service-cluster-ip-range", "10.0.0.0/24",
		"--authorization-mode", "RBAC", "--token-auth-file", c.path("tokens.csv"), "--event-ttl", "1h",
		"--enable-priority-and-fairness=false", "--max-requests-inflight", "0", "--max-mutating-requests-inflight", "0",
	}})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	return c.server.Await(ctx, "the API server", func(ctx context.Context) (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url()+"/readyz", nil)
		if err != nil {
			return false, err
		}
		request.Header.Set("Authorization", "Bearer token-of-admin")
		response, err := client.Do(request)
		if err != nil {
			return false, nil
		}
		return response.StatusCode == http.StatusOK, response.Body.Close()
	})
}

// stop ends both.
func (c *cluster) stop() {
	for _, p := range []*harness.Process{c.server, c.etcd} {
		if p != nil {
			p.Kill()
		}
	}
}

// client returns a client of a user that is not slowed down.
func (c *cluster) client(user string) (*kubernetes.Clientset, error) {
	config, err := c.config(user)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

func (c *cluster) config(user string) (*rest.Config, error) {
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: c.kubeconfig}, &clientcmd.ConfigOverrides{CurrentContext: user}).ClientConfig()
	if err != nil {
		return nil, err
	}
	config.QPS, config.ContentType = -1, runtime.ContentTypeProtobuf
	return config, nil
}

// version returns the newest resource version.
func (c *cluster) version(ctx context.Context) (string, error) {
	client, err := c.client(admin)
	if err != nil {
		return "", err
	}
	list, err := client.CoreV1().Events("").List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return "", err
	}
	return list.ResourceVersion, nil
}

// compact makes etcd forget all versions before the newest, as the API server does every five minutes with those that
// are older than five minutes.
func (c *cluster) compact(ctx context.Context) error {
	version, err := c.version(ctx)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.etcdURL()+"/v3/kv/compaction", strings.NewReader(`{"revision": "`+version+`"}`))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		var answer bytes.Buffer
		_, _ = answer.ReadFrom(response.Body)
		return fmt.Errorf("etcd answers %s to the compaction: %s", response.Status, answer.String())
	}
	return nil
}
