// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/sealgate/sealgate/receiver/k8seventdigestreceiver"
)

// common is a cluster that tests share, each with a namespace of its own.
var (
	commonDir string
	common    = sync.OnceValues(func() (*cluster, error) {
		return startCluster(context.Background(), os.Getenv("SEALGATE_KUBERNETES"), commonDir)
	})
	started bool
)

func TestMain(m *testing.M) {
	var err error
	if commonDir, err = os.MkdirTemp("", "sealgate-events"); err != nil {
		panic(err)
	}
	code := m.Run()
	if started {
		if c, err := common(); err == nil {
			c.stop()
		}
	}
	_ = os.RemoveAll(commonDir)
	os.Exit(code)
}

// needs skips a test where the servers are not there, and returns the binary of Kubernetes.
func needs(t testing.TB) string {
	t.Helper()
	binary := os.Getenv("SEALGATE_KUBERNETES")
	if binary == "" {
		t.Skip("SEALGATE_KUBERNETES does not name a built Kubernetes; `make test-events` builds it and runs this test")
	}
	if _, err := exec.LookPath("etcd"); err != nil {
		t.Skip("etcd is not installed (Debian: etcd-server)")
	}
	return binary
}

// shared returns the common cluster, and a namespace for this test.
func shared(t testing.TB) (*cluster, *scene) {
	t.Helper()
	needs(t)
	started = true
	c, err := common()
	require.NoError(t, err)
	return c, newScene(t, c)
}

// own returns a cluster for this test alone, and a namespace.
func own(t testing.TB) (*cluster, *scene) {
	t.Helper()
	binary := needs(t)
	c, err := startCluster(t.Context(), binary, t.TempDir())
	require.NoError(t, err)
	t.Cleanup(c.stop)
	return c, newScene(t, c)
}

// scene is a namespace in which a test writes events.
type scene struct {
	t         testing.TB
	cluster   *cluster
	client    *kubernetes.Clientset
	namespace string
}

func newScene(t testing.TB, c *cluster) *scene {
	t.Helper()
	client, err := c.client(admin)
	require.NoError(t, err)
	namespace, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "shop-"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	return &scene{t, c, client, namespace.Name}
}

// event returns an event as the kubelet writes it.
func (s *scene) event(pod, reason string, count int32) *corev1.Event {
	at := metav1.NewTime(time.Now())
	return &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: pod + "." + kebab(reason), Namespace: s.namespace},
		InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: s.namespace, Name: pod, UID: "uid"},
		Type:           corev1.EventTypeWarning, Reason: reason, Message: "container app of " + pod + " failed: " + reason,
		Source: corev1.EventSource{Component: "kubelet", Host: "node-1"}, ReportingController: "kubelet",
		Count: count, FirstTimestamp: at, LastTimestamp: at,
	}
}

// kebab makes a reason a part of a name.
func kebab(reason string) string {
	name := ""
	for _, r := range reason {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		name += string(r)
	}
	return name
}

// create writes an event, and set changes its count.
func (s *scene) create(e *corev1.Event) {
	s.t.Helper()
	_, err := s.client.CoreV1().Events(e.Namespace).Create(s.t.Context(), e, metav1.CreateOptions{})
	require.NoError(s.t, err)
}

func (s *scene) set(pod, reason string, count int32) {
	s.t.Helper()
	_, err := s.client.CoreV1().Events(s.namespace).Update(s.t.Context(), s.event(pod, reason, count), metav1.UpdateOptions{})
	require.NoError(s.t, err)
}

func (s *scene) remove(pod, reason string) {
	s.t.Helper()
	require.NoError(s.t, s.client.CoreV1().Events(s.namespace).Delete(s.t.Context(), pod+"."+kebab(reason), metav1.DeleteOptions{}))
}

// allow lets the follower list and watch events of an API group in the namespace.
func (s *scene) allow(group string) {
	s.t.Helper()
	name := "events-" + kebab(group) + "."
	_, err := s.client.RbacV1().Roles(s.namespace).Create(s.t.Context(), &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: s.namespace},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{group}, Resources: []string{"events"}, Verbs: []string{"list", "watch"}}},
	}, metav1.CreateOptions{})
	require.NoError(s.t, err)
	_, err = s.client.RbacV1().RoleBindings(s.namespace).Create(s.t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: s.namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, Name: follower}},
	}, metav1.CreateOptions{})
	require.NoError(s.t, err)
}

// follow starts our receiver on the namespace. Settings stand for the defaults.
func (s *scene) follow(storage string, settings map[string]any, extensions ...func(*host)) *side {
	s.t.Helper()
	s.setenv()
	all := map[string]any{"auth_type": "kubeConfig", "namespaces": []string{s.namespace}}
	for key, value := range settings {
		all[key] = value
	}
	return startSide(s.t, k8seventdigestreceiver.NewFactory(), all, storage, func(h *host) {
		for _, start := range extensions {
			start(h)
		}
	})
}

func (s *scene) setenv() {
	s.t.(interface{ Setenv(key, value string) }).Setenv("KUBECONFIG", s.cluster.kubeconfig)
}
