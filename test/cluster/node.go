// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/sealgate/sealgate/test/backends"
	"github.com/sealgate/sealgate/test/harness"
)

const (
	// Address is that of the node in the network of the pods.
	Address = "10.88.0.1"
	// NodeName is what the cluster calls its node.
	NodeName = "node-1"
	// Metadata is where a machine of Alibaba Cloud asks what it is.
	Metadata = "100.100.100.200"

	readyTimeout = 5 * time.Minute
)

// configs are templates of what the programs are configured by; their data is a Node.
//
//go:embed config/*
var configs embed.FS

// Node is a cluster of one node, on a machine of its own.
type Node struct {
	Version string // of Kubernetes, 1.37
	Dir     string // of all its files
	PKI     *Authority

	programs  string // folder with the programs of Kubernetes
	processes []*harness.Process
}

// Start starts a node with its files in dir, on the machine that OnOwnMachine made, and waits
// until it is ready for pods. Image is an archive with the image sealgate.test/workload:1.
func Start(ctx context.Context, dir, version, image string) (*Node, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	n := &Node{Version: version, Dir: dir, programs: filepath.Join(dir, "programs")}
	if err := n.run(ctx, image); err != nil {
		n.Stop()
		return nil, err
	}
	return n, nil
}

func (n *Node) run(ctx context.Context, image string) error {
	for _, step := range []func(context.Context) error{n.install, n.identify, n.configure, n.network, n.control} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	archive, err := os.Open(image)
	if err != nil {
		return err
	}
	defer archive.Close()
	if err := n.Import(ctx, archive); err != nil {
		return err
	}
	if err := n.join(ctx); err != nil {
		return err
	}
	return n.await(ctx, "the node to be ready", "node/"+NodeName, "{.status.conditions[?(@.type==\"Ready\")].status}", "True")
}

// install puts the programs of Kubernetes, which are one binary, into a folder.
func (n *Node) install(ctx context.Context) error {
	name := "kubernetes-" + n.Version
	built, err := backends.Ensure(ctx, os.Stdout, name, "coredns")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(n.programs, 0o755); err != nil {
		return err
	}
	err = os.Symlink(built["coredns"], filepath.Join(n.programs, "coredns"))
	for _, program := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl"} {
		err = errors.Join(err, os.Symlink(built[name], filepath.Join(n.programs, program)))
	}
	return err
}

// identify makes the certificates.
func (n *Node) identify(context.Context) (err error) {
	if n.PKI, err = NewAuthority(filepath.Join(n.Dir, "pki")); err != nil {
		return err
	}
	for file, id := range map[string]Identity{
		"admin":     {Name: "admin", Group: "system:masters"},
		"apiserver": {Name: "kube-apiserver", Hosts: []string{"127.0.0.1", Address, "10.96.0.1", "kubernetes.default.svc"}},
		"kubelet":   {Name: "system:node:" + NodeName, Group: "system:nodes", Hosts: []string{NodeName, Address}},
		"accounts":  {Name: "service-accounts"},
	} {
		err = errors.Join(err, n.PKI.Issue(file, id))
	}
	return err
}

// configure fills in the configurations.
func (n *Node) configure(context.Context) error {
	all, err := template.ParseFS(configs, "config/*")
	if err != nil {
		return err
	}
	for _, t := range all.Templates() {
		var text bytes.Buffer
		if err := t.Execute(&text, n); err != nil {
			return err
		}
		path := n.path(t.Name())
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, text.Bytes(), 0o600)); err != nil {
			return err
		}
	}
	return os.MkdirAll(filepath.Join(n.Dir, "manifests"), 0o755) // of static pods
}

// Address returns that of the node, for the configurations.
func (n *Node) Address() string { return Address }

// Name returns that of the node, for the configurations.
func (n *Node) Name() string { return NodeName }

// Volumes are the folders of persistent volumes, for the configurations.
func (n *Node) Volumes() ([]string, error) {
	folders := []string{n.Dir + "/volumes/0", n.Dir + "/volumes/1"}
	var err error
	for _, folder := range folders {
		err = errors.Join(err, os.MkdirAll(folder, 0o755))
	}
	return folders, err
}

func (n *Node) path(name string) string { return filepath.Join(n.Dir, "config", name) }

// network makes the bridge that pods are connected to. What they send to other networks goes
// nowhere, as on a node behind a firewall.
func (n *Node) network(ctx context.Context) error {
	for _, line := range []string{
		"ip link add cni0 type bridge",
		"ip address add " + Address + "/24 dev cni0",
		"ip address add " + Metadata + "/32 dev cni0",
		"ip link set cni0 up",
		"ip route add default via 10.88.0.254 dev cni0",
	} {
		if err := run(exec.CommandContext(ctx, "sh", "-c", line)); err != nil {
			return err
		}
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0)
}

// control starts the control plane, and waits until it answers.
func (n *Node) control(ctx context.Context) error {
	err := n.start(harness.Spec{Name: "etcd", Args: []string{
		"--data-dir=" + n.Dir + "/etcd", "--unsafe-no-fsync",
		"--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379",
		"--listen-peer-urls=http://127.0.0.1:2380", "--initial-advertise-peer-urls=http://127.0.0.1:2380", "--initial-cluster=default=http://127.0.0.1:2380",
	}}, harness.Spec{Name: "containerd", Args: []string{"--config=" + n.path("containerd.toml")}}, harness.Spec{Name: "kube-apiserver", Args: []string{
		"--etcd-servers=http://127.0.0.1:2379", "--service-cluster-ip-range=10.96.0.0/24", "--advertise-address=" + Address,
		"--client-ca-file=" + n.PKI.Path("ca.crt"), "--tls-cert-file=" + n.PKI.Path("apiserver.crt"), "--tls-private-key-file=" + n.PKI.Path("apiserver.key"),
		"--kubelet-client-certificate=" + n.PKI.Path("admin.crt"), "--kubelet-client-key=" + n.PKI.Path("admin.key"),
		"--kubelet-certificate-authority=" + n.PKI.Path("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
		"--service-account-key-file=" + n.PKI.Path("accounts.crt"), "--service-account-signing-key-file=" + n.PKI.Path("accounts.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
	}})
	if err != nil {
		return err
	}
	api := n.processes[len(n.processes)-1]
	if err := api.Await(ctx, "the API server", func(ctx context.Context) (bool, error) {
		answer, err := n.Kubectl(ctx, "get", "--raw=/readyz")
		return err == nil && answer == "ok", nil
	}); err != nil {
		return err
	}
	return n.start(harness.Spec{Name: "kube-controller-manager", Args: []string{
		"--kubeconfig=" + n.path("admin.kubeconfig"), "--leader-elect=false", "--use-service-account-credentials=true",
		"--service-account-private-key-file=" + n.PKI.Path("accounts.key"), "--root-ca-file=" + n.PKI.Path("ca.crt"),
	}}, harness.Spec{Name: "kube-scheduler", Args: []string{"--kubeconfig=" + n.path("admin.kubeconfig"), "--leader-elect=false"}})
}

// join starts what makes this machine a node of the cluster.
func (n *Node) join(ctx context.Context) error {
	kubelet := []string{
		"--config=" + n.path("kubelet.yaml"), "--kubeconfig=" + n.path("kubelet.kubeconfig"),
		"--hostname-override=" + NodeName, "--node-ip=" + Address,
		"--node-labels=topology.kubernetes.io/region=cn-hangzhou,topology.kubernetes.io/zone=cn-hangzhou-h,node.kubernetes.io/instance-type=ecs.g7.large",
	}
	if n.Version == "1.26" { // later ones have it in their configuration
		kubelet = append(kubelet, "--container-runtime-endpoint=unix:///run/containerd/containerd.sock")
	}
	err := n.start(
		harness.Spec{Name: "kubelet", Args: kubelet},
		harness.Spec{Name: "kube-proxy", Args: []string{"--config=" + n.path("kube-proxy.yaml")}},
		harness.Spec{Name: "coredns", Args: []string{"-conf=" + n.path("Corefile")}})
	if err != nil {
		return err
	}
	_, err = n.Kubectl(ctx, "apply", "--filename="+n.path("dns.yaml"), "--filename="+n.path("volumes.yaml"))
	return err
}

// start starts programs of Kubernetes or of the system; their logs are in Dir.
func (n *Node) start(specs ...harness.Spec) error {
	for _, spec := range specs {
		spec.Dir = n.Dir
		spec.Path = filepath.Join(n.programs, spec.Name)
		if _, err := os.Stat(spec.Path); err != nil { // of the system, then
			if spec.Path, err = exec.LookPath(spec.Name); err != nil {
				return err
			}
		}
		p, err := harness.Start(spec)
		if err != nil {
			return err
		}
		n.processes = append(n.processes, p)
	}
	return nil
}

// Stop ends all programs of the node. Pods and what containerd started for them end with the
// machine.
func (n *Node) Stop() {
	for i := len(n.processes) - 1; i >= 0; i-- {
		n.processes[i].Kill()
	}
	n.processes = nil
}

// Import loads the images of an archive, under the names that it has for them.
func (n *Node) Import(ctx context.Context, archive io.Reader) error {
	cmd := exec.CommandContext(ctx, "ctr", "--namespace=k8s.io", "images", "import", "-")
	cmd.Stdin = archive
	return run(cmd)
}

// Kubectl runs kubectl, and returns what it prints; where it fails, the error has what it
// says about that.
func (n *Node) Kubectl(ctx context.Context, args ...string) (string, error) {
	return n.kubectl(ctx, nil, args...)
}

func (n *Node) kubectl(ctx context.Context, stdin io.Reader, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(n.programs, "kubectl"), args...)
	cmd.Env = n.Env()
	cmd.Stdin = stdin
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(stdout.String()), nil
}

// Env returns an environment in which kubectl and Helm find the cluster.
func (n *Node) Env() []string {
	return append(os.Environ(), "KUBECONFIG="+n.path("admin.kubeconfig"), "HOME="+n.Dir)
}

// Apply makes or changes the objects of a text in YAML.
func (n *Node) Apply(ctx context.Context, yaml string) error {
	_, err := n.kubectl(ctx, strings.NewReader(yaml), "apply", "--filename=-")
	return err
}

// await waits until a field of an object, in JSONPath, has a value.
func (n *Node) await(ctx context.Context, what, object, field, value string) error {
	var last string
	err := harness.Poll(ctx, what, func(ctx context.Context) (bool, error) {
		for _, p := range n.processes {
			if p.Exited() {
				return false, fmt.Errorf("%s ended while waiting for %s:\n%s", filepath.Base(p.LogPath()), what, tail(p.Log()))
			}
		}
		got, err := n.Kubectl(ctx, "get", object, "--output=jsonpath="+field)
		if err != nil {
			last = err.Error()
		} else {
			last = got
		}
		return err == nil && got == value, nil
	})
	if err != nil {
		return fmt.Errorf("%w; the last answer: %s", err, last)
	}
	return nil
}

// tail returns the last lines of a text.
func tail(text string) string {
	const most = 40
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}

// run runs a command; its error has what the command printed.
func run(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}

// Relay lets pods reach an address of the loopback interface. It returns the address that
// they reach it at, until ctx ends.
func Relay(ctx context.Context, to string) (string, error) {
	l, err := net.Listen("tcp", Address+":0")
	if err != nil {
		return "", err
	}
	context.AfterFunc(ctx, func() { _ = l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			go relay(from, to)
		}
	}()
	return l.Addr().String(), nil
}

func relay(from net.Conn, address string) {
	defer from.Close()
	to, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer to.Close()
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
		go func() { _, _ = io.Copy(way[1], way[0]); done <- struct{}{} }()
	}
	<-done
}
