// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package deploy

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

const (
	chartDir  = "../../deploy/helm/sealgate"
	namespace = "observability"
)

// references finds the variables that Kubernetes replaces in a value: $(NAME).
var references = regexp.MustCompile(`\$\((\w+)\)`)

// helm runs Helm, which SEALGATE_HELM names, and returns what it prints; if it fails,
// with what it has to say about that.
func helm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), built(t, "SEALGATE_HELM"), append(args, "--namespace", namespace)...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return string(out) + stderr.String(), err
	}
	return string(out), nil
}

// release is what a chart renders to.
type release struct{ objects []runtime.Object }

// render renders the chart and decodes each object as the API server would: fields
// that its kind does not have, and values of another type, fail the test.
func render(t *testing.T, name string, flags ...string) release {
	t.Helper()
	out, err := helm(t, append([]string{"template", name, chartDir}, flags...)...)
	require.NoError(t, err, out)
	var r release
	decoder := strictDecoder(t)
	for documents := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(out))); ; {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return r
		}
		require.NoError(t, err)
		if len(bytes.TrimSpace(document)) == 0 {
			continue
		}
		object, _, err := decoder.Decode(document, nil, nil)
		require.NoError(t, err, string(document))
		r.objects = append(r.objects, object)
	}
}

func strictDecoder(t *testing.T) runtime.Decoder {
	t.Helper()
	kinds := runtime.NewScheme()
	require.NoError(t, scheme.AddToScheme(kinds))
	require.NoError(t, monitoringv1.AddToScheme(kinds))
	return serializer.NewCodecFactory(kinds, serializer.EnableStrict).UniversalDeserializer()
}

// workload is what runs pods.
type workload struct {
	object   runtime.Object
	name     string
	replicas *int32
	selector *metav1.LabelSelector
	pod      corev1.PodTemplateSpec
	claims   []string // names of the volumes that it claims
}

// container returns the container that runs the collector.
func (w workload) container() corev1.Container { return w.pod.Spec.Containers[0] }

func (r release) workloads() (found []workload) {
	for _, o := range r.objects {
		switch w := o.(type) {
		case *appsv1.Deployment:
			found = append(found, workload{o, w.Name, w.Spec.Replicas, w.Spec.Selector, w.Spec.Template, nil})
		case *appsv1.DaemonSet:
			found = append(found, workload{o, w.Name, nil, w.Spec.Selector, w.Spec.Template, nil})
		case *appsv1.StatefulSet:
			var claims []string
			for _, c := range w.Spec.VolumeClaimTemplates {
				claims = append(claims, c.Name)
			}
			found = append(found, workload{o, w.Name, w.Spec.Replicas, w.Spec.Selector, w.Spec.Template, claims})
		}
	}
	return found
}

// workload returns the one of that kind and name, or nil.
func (r release) workload(kind, name string) *workload {
	for _, w := range r.workloads() {
		if w.name == name && kindOf(w.object) == kind {
			return &w
		}
	}
	return nil
}

// selected returns the workload whose pods are selected, and requires that there is
// exactly one.
func (r release) selected(t *testing.T, selector map[string]string, by string) workload {
	t.Helper()
	var found []workload
	for _, w := range r.workloads() {
		if selects(selector, w.pod.Labels) {
			found = append(found, w)
		}
	}
	require.Len(t, found, 1, "%s selects the pods of one workload", by)
	return found[0]
}

func all[T runtime.Object](r release) (found []T) {
	for _, o := range r.objects {
		if o, ok := o.(T); ok {
			found = append(found, o)
		}
	}
	return found
}

// find returns the object of that type and name, or nil.
func find[T interface {
	runtime.Object
	metav1.Object
}](r release, name string) (none T) {
	for _, o := range all[T](r) {
		if o.GetName() == name {
			return o
		}
	}
	return none
}

func kindOf(o runtime.Object) string { return o.GetObjectKind().GroupVersionKind().Kind }

func metadataOf(t *testing.T, o runtime.Object) metav1.Object {
	t.Helper()
	m, err := meta.Accessor(o)
	require.NoError(t, err)
	return m
}

// runPod runs a command of the collector with the arguments and the environment of a
// pod. Its files below /etc/sealgate are there, below a folder that stands for its root.
func runPod(t *testing.T, r release, w workload, command string) (string, error) {
	t.Helper()
	isAgent := kindOf(w.object) == "DaemonSet"
	binary := built(t, map[bool]string{true: "SEALGATE_AGENT_BIN", false: "SEALGATE_BIN"}[isAgent])
	root := t.TempDir()
	below := func(text string) string { return strings.ReplaceAll(text, "/etc/sealgate/", root+"/etc/sealgate/") }
	writePodFiles(t, filepath.Join(root, "etc/sealgate"))
	if config := find[*corev1.ConfigMap](r, w.name); config != nil {
		writeFile(t, filepath.Join(root, "etc/sealgate/config/config.yaml"), []byte(below(config.Data["config.yaml"])))
	}
	c := w.container()
	args := []string{command}
	for _, arg := range c.Args {
		args = append(args, below(arg))
	}
	if isAgent { // what has to run in a cluster to be made, and so to be validated
		args = append(args, "--config=yaml:processors::resource_detection::detectors: [env]", "--config=yaml:receivers::kubelet_stats::auth_type: none")
	}
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Dir = root
	cmd.Env = []string{"SEALGATE_TLS_DIR=" + root + "/etc/sealgate/tls"} // where the embedded configurations look
	for _, variable := range podEnv(c) {
		cmd.Env = append(cmd.Env, below(variable))
	}
	out, err := cmd.CombinedOutput()
	return strings.ReplaceAll(string(out), root+"/", "/"), err
}

// podEnv returns the environment of a container. What Kubernetes knows alone is made
// up, and the root of the node is that of the test.
func podEnv(c corev1.Container) []string {
	values := map[string]string{}
	var env []string
	for _, e := range c.Env {
		value := references.ReplaceAllStringFunc(e.Value, func(reference string) string {
			return values[references.FindStringSubmatch(reference)[1]]
		})
		switch {
		case e.ValueFrom != nil && e.ValueFrom.FieldRef != nil && e.ValueFrom.FieldRef.FieldPath == "status.hostIP":
			value = "192.0.2.1"
		case e.ValueFrom != nil:
			value = "made-up"
		case e.Value == "/hostfs":
			value = "/"
		}
		values[e.Name] = value
		env = append(env, e.Name+"="+value)
	}
	return env
}

// effectiveConfig returns the configuration that a pod ends up with.
func effectiveConfig(t *testing.T, r release, w workload) map[string]any {
	t.Helper()
	out, err := runPod(t, r, w, "print-config")
	require.NoError(t, err, out)
	var config map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(out), &config), out)
	return config
}

// imageUser returns the user that the image runs as.
func imageUser(t *testing.T) int64 {
	t.Helper()
	dockerfile, err := os.ReadFile("../../packaging/Dockerfile")
	require.NoError(t, err)
	user := regexp.MustCompile(`(?m)^USER (\d+):\d+$`).FindSubmatch(dockerfile)
	require.NotNil(t, user)
	id, err := strconv.ParseInt(string(user[1]), 10, 64)
	require.NoError(t, err)
	return id
}

func readYAML(t *testing.T, path string) (content map[string]any) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &content), path)
	return content
}

func exists(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Stat(path)
	return err == nil
}
