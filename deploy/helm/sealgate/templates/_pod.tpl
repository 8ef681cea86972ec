{{/* Where filters come from; nothing if there are none. */}}
{{- define "sealgate.role.filtersVolume" -}}
{{- $filters := .values.filters }}
{{- if $filters.image -}}
image:
  reference: {{ $filters.image }}
  pullPolicy: IfNotPresent
{{- else if $filters.configMap -}}
configMap:
  name: {{ $filters.configMap }}
{{- else if $filters.files -}}
configMap:
  name: {{ include "sealgate.role.fullname" . }}-filters
{{- end }}
{{- end }}

{{/* Volumes of a role, and below where they are mounted: those of both, and its own. */}}
{{- define "sealgate.role.volumes" -}}
{{- if .values.config }}
- name: config
  configMap:
    name: {{ include "sealgate.role.fullname" . }}
{{- end }}
{{- with include "sealgate.role.filtersVolume" . }}
- name: filters
  {{- . | nindent 2 }}
{{- end }}
{{- include (printf "sealgate.%s.volumes" .role) . }}
{{- with .values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "sealgate.role.mounts" -}}
- name: data
  mountPath: /var/lib/sealgate
{{- if .values.config }}
- name: config
  mountPath: /etc/sealgate/config
  readOnly: true
{{- end }}
{{- if include "sealgate.role.filtersVolume" . }}
- name: filters
  mountPath: /etc/sealgate/filters
  readOnly: true
{{- end }}
{{- include (printf "sealgate.%s.mounts" .role) . }}
{{- with .values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "sealgate.gateway.volumes" -}}
{{- if not .values.persistence.enabled }}
- name: data
  emptyDir: {}
{{- end }}
{{- with .values.seal }}
{{- if .enabled }}
- name: keys
  secret:
    secretName: {{ .secretName }}
    defaultMode: 0440
    items: # these alone: whatever else is in the Secret stays out
      {{- range concat .recipients (ternary (list .searchKey) list (not (empty .search))) }}
      - key: {{ . }}
        path: {{ . }}
      {{- end }}
{{- end }}
{{- end }}
{{- with .values.tls }}
{{- if .enabled }}
- name: tls
  secret:
    secretName: {{ .secretName }}
    defaultMode: 0440
{{- end }}
{{- end }}
{{- end }}

{{- define "sealgate.gateway.mounts" -}}
{{- if .values.seal.enabled }}
- name: keys
  mountPath: /etc/sealgate/keys
  readOnly: true
{{- end }}
{{- if .values.tls.enabled }}
- name: tls
  mountPath: /etc/sealgate/tls
  readOnly: true
{{- end }}
{{- end }}

{{- define "sealgate.agent.volumes" }}
- name: data
  hostPath:
    path: {{ .values.dataPath }}
    type: DirectoryOrCreate
{{- if .values.logs.enabled }}
- name: pod-logs
  hostPath:
    path: /var/log/pods
{{- end }}
{{- if .values.hostMetrics.enabled }}
- name: host
  hostPath:
    path: /
{{- end }}
{{- with .values.gateway.tlsSecretName }}
- name: tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with .values.encryption }}
{{- if .secretName }}
- name: queue-key
  secret:
    secretName: {{ .secretName }}
    defaultMode: 0400
    items:
      - key: {{ .key }}
        path: {{ .key }}
{{- end }}
{{- end }}
{{- end }}

{{- define "sealgate.agent.mounts" }}
{{- if .values.logs.enabled }}
- name: pod-logs
  mountPath: /var/log/pods
  readOnly: true
{{- end }}
{{- if .values.hostMetrics.enabled }}
- name: host
  mountPath: /hostfs
  readOnly: true
  mountPropagation: HostToContainer
{{- end }}
{{- if .values.gateway.tlsSecretName }}
- name: tls
  mountPath: /etc/sealgate/tls
  readOnly: true
{{- end }}
{{- if .values.encryption.secretName }}
- name: queue-key
  mountPath: /etc/sealgate/queue
  readOnly: true
{{- end }}
{{- end }}

{{/* The pod template of a role. */}}
{{- define "sealgate.role.podTemplate" -}}
{{- $role := . }}
{{- $v := .values }}
metadata:
  labels:
    {{- include "sealgate.role.podLabels" . | nindent 4 }}
    {{- with $v.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: {{ .role }}
    {{- with $v.config }}
    checksum/config: {{ toYaml . | sha256sum }}
    {{- end }}
    {{- with $v.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  serviceAccountName: {{ include "sealgate.role.serviceAccountName" . }}
  automountServiceAccountToken: {{ eq .role "agent" }}
  enableServiceLinks: false
  securityContext:
    {{- toYaml $v.podSecurityContext | nindent 4 }}
  {{- with include "sealgate.role.priorityClassName" . }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- $preStop := include "sealgate.role.preStopSleepSeconds" . | int }}
  terminationGracePeriodSeconds: {{ add $preStop $v.terminationGracePeriodSeconds }}
  {{- with $v.initContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ .role }}
      image: {{ include "sealgate.role.image" . }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      args:
        {{- include "sealgate.role.args" . | trim | nindent 8 }}
      env:
        {{- include "sealgate.role.env" . | trim | nindent 8 }}
      ports:
        {{- range include "sealgate.role.ports" . | fromJsonArray }}
        - name: {{ .name }}
          containerPort: {{ .port }}
          protocol: {{ .protocol | default "TCP" }}
          {{- if dig "hostPort" "enabled" false $v }}
          hostPort: {{ .port }}
          {{- end }}
        {{- end }}
        - name: metrics
          containerPort: 8888
        - name: health
          containerPort: 13133
      {{- range list "startupProbe" "livenessProbe" "readinessProbe" }}
      {{ . }}:
        httpGet:
          path: /
          port: health
        {{- with index $v . }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
      {{- with $preStop }}
      lifecycle:
        preStop:
          sleep:
            seconds: {{ . }}
      {{- end }}
      resources:
        {{- toYaml $v.resources | nindent 8 }}
      securityContext:
        {{- toYaml $v.securityContext | nindent 8 }}
      volumeMounts:
        {{- include "sealgate.role.mounts" . | trim | nindent 8 }}
    {{- with $v.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with include "sealgate.role.volumes" . | trim }}
  volumes:
    {{- . | nindent 4 }}
  {{- end }}
  {{- range $key := list "nodeSelector" "tolerations" "affinity" }}
  {{- with index $v $key }}
  {{ $key }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  {{- if eq .role "gateway" }}
  topologySpreadConstraints:
    {{- if $v.topologySpreadConstraints }}
    {{- toYaml $v.topologySpreadConstraints | nindent 4 }}
    {{- else }}
    {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - topologyKey: {{ . }}
      maxSkew: 1
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "sealgate.role.selectorLabels" $role | nindent 10 }}
    {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
