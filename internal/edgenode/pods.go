// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

import "strconv"

// pod is one container of a pod, or a program of the node itself.
type pod struct {
	program, namespace, name, uid, container, volume string

	resource   Resource
	attributes []Attribute // of each of its records
}

// addProgram starts a program of the node itself.
func (r *run) addProgram(p *program) {
	r.of[p.name] = []*pod{{
		name: p.name, resource: r.resource(Attribute{"service.name", p.name}),
		attributes: []Attribute{{"log.file.path", "/var/log/" + p.name + ".log"}},
	}}
}

// addPod starts a replica of a program.
func (r *run) addPod(p *program, replica int) *pod {
	of := &pod{
		program: p.name, namespace: p.namespace, name: r.podName(p, replica), uid: r.text((*run).uuid), container: r.text(func(r *run) { r.hex(64) }),
		volume: "kube-api-access-" + r.alphanumeric(5),
	}
	stream := "stdout"
	if p.stderr {
		stream = "stderr"
	}
	of.attributes = []Attribute{
		{"log.iostream", stream},
		{"log.file.path", "/var/log/pods/" + p.namespace + "_" + of.name + "_" + of.uid + "/" + p.name + "/0.log"},
	}
	of.resource = r.resource(
		Attribute{"service.name", p.name},
		Attribute{"k8s.namespace.name", p.namespace},
		Attribute{"k8s.pod.name", of.name},
		Attribute{"k8s.pod.uid", of.uid},
		Attribute{"k8s.container.name", p.name},
		Attribute{"k8s.container.restart_count", "0"},
	)
	if p.kind != job {
		r.pods = append(r.pods, of)
		r.of[p.name] = append(r.of[p.name], of)
	}
	return of
}

// resource is the attributes of the node and those of the program.
func (r *run) resource(of ...Attribute) Resource {
	return Resource{append([]Attribute{
		{"cloud.provider", "alibaba_cloud"},
		{"cloud.platform", "alibaba_cloud_ack"},
		{"cloud.region", "cn-hangzhou"},
		{"cloud.availability_zone", "cn-hangzhou-h"},
		{"cloud.account.id", "1234567890123456"},
		{"k8s.cluster.name", "ack-edge-hz"},
		{"k8s.node.name", r.node},
	}, of...)}
}

// podName is the name that the pod's controller gives it.
func (r *run) podName(p *program, replica int) string {
	switch p.kind {
	case statefulSet:
		return p.name + "-" + strconv.Itoa(replica)
	case daemonSet:
		return p.name + "-" + r.alphanumeric(5)
	case job: // the minute that it was scheduled for, since 1970
		return p.name + "-" + strconv.FormatInt(r.options.Start.Add(r.now).Unix()/60, 10) + "-" + r.alphanumeric(5)
	}
	set := p.name + "-" + r.alphanumeric(9)
	if of := r.of[p.name]; len(of) > 0 { // the pods of one replica set share its name
		set = of[0].name[:len(set)]
	}
	return set + "-" + r.alphanumeric(5)
}

// alphanumeric is as Kubernetes makes the ends of names: no vowels, nor digits that look like them.
func (r *run) alphanumeric(n int) string {
	const alphabet = "bcdfghjklmnpqrstvwxz2456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.rng.IntN(len(alphabet))]
	}
	return string(b)
}

// text is a value alone.
func (r *run) text(v value) string {
	r.buf = r.buf[:0]
	v(r)
	return string(r.buf)
}
