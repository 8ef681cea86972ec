{{/*
Helpers that take the root context (.) are named sealgate.<what>. Those that take the
context of a role are named sealgate.role.<what>: a dict of "root" (.), "role" (gateway
or agent) and "values" (.Values.<role>).
*/}}

{{- define "sealgate.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* At most 40 characters, so that every name made of it fits in a label: 63. */}}
{{- define "sealgate.fullname" -}}
{{- $name := include "sealgate.name" . }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- default $full .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "sealgate.role.fullname" -}}
{{ include "sealgate.fullname" .root }}-{{ .role }}
{{- end }}

{{/* With the namespace: a release of the same name may be in another. */}}
{{- define "sealgate.role.clusterWideName" -}}
{{ .root.Release.Namespace }}-{{ include "sealgate.role.fullname" . }}
{{- end }}

{{- define "sealgate.role.selectorLabels" -}}
app.kubernetes.io/name: {{ include "sealgate.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{/* Without the chart's version: pods need not restart for it. */}}
{{- define "sealgate.role.podLabels" -}}
{{ include "sealgate.role.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: sealgate
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "sealgate.role.labels" -}}
{{ include "sealgate.role.podLabels" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Metadata of an object of a role; "suffix" is added to its name. */}}
{{- define "sealgate.role.metadata" -}}
name: {{ include "sealgate.role.fullname" . }}{{ .suffix }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "sealgate.role.labels" . | nindent 2 }}
{{- end }}

{{- define "sealgate.role.serviceAccountName" -}}
{{- $account := .values.serviceAccount }}
{{- $account.name | default (ternary (include "sealgate.role.fullname" .) "default" $account.create) }}
{{- end }}

{{/* Whether pods of a role ask the API server, and so need a token: true or false. */}}
{{- define "sealgate.role.asksAPIServer" -}}
{{- or (eq .role "agent") (and (eq .role "gateway") .root.Values.gateway.events.enabled) }}
{{- end }}

{{- define "sealgate.role.image" -}}
{{- $image := .values.image }}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end }}
{{- end }}

{{/* GOMEMLIMIT: 80% of a limit in Mi or Gi. Of a limit in another unit, nothing. */}}
{{- define "sealgate.role.gomemlimit" -}}
{{- $limit := dig "limits" "memory" "" .values.resources | toString }}
{{- if hasSuffix "Gi" $limit -}}
{{ trimSuffix "Gi" $limit | float64 | mulf 1024 0.8 | int }}MiB
{{- else if hasSuffix "Mi" $limit -}}
{{ trimSuffix "Mi" $limit | float64 | mulf 0.8 | int }}MiB
{{- end }}
{{- end }}

{{/* The ports where OTLP and what receivers of the user's take come in, as JSON. */}}
{{- define "sealgate.role.ports" -}}
{{- $otlp := list
  (dict "name" "otlp-grpc" "port" 4317 "appProtocol" "grpc")
  (dict "name" "otlp-http" "port" 4318 "appProtocol" "http") }}
{{- concat $otlp .values.extraPorts | toJson }}
{{- end }}

{{- define "sealgate.role.servicePorts" -}}
{{- range include "sealgate.role.ports" . | fromJsonArray }}
- name: {{ .name }}
  port: {{ .port }}
  targetPort: {{ .name }}
  protocol: {{ .protocol | default "TCP" }}
  {{- with .appProtocol }}
  appProtocol: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Where agents send to. Over the headless Service a sender sees every gateway. */}}
{{- define "sealgate.gatewayEndpoint" -}}
{{- .Values.agent.gateway.endpoint | default (printf "dns:///%s-gateway-headless.%s.svc:4317" (include "sealgate.fullname" .) .Release.Namespace) }}
{{- end }}

{{- define "sealgate.gatewayInsecure" -}}
{{- $agent := .Values.agent.gateway }}
{{- or $agent.insecure (and (not $agent.endpoint) (not .Values.gateway.tls.enabled)) }}
{{- end }}

{{/* What no schema can say. */}}
{{- define "sealgate.validate" -}}
{{- $gateway := .Values.gateway }}
{{- if and .Values.agent.enabled (not $gateway.enabled) (not .Values.agent.gateway.endpoint) }}
{{- fail "agent.gateway.endpoint is empty, and there is no gateway in this release: set it, or gateway.enabled" }}
{{- end }}
{{- if and $gateway.seal.enabled (not $gateway.seal.secretName) }}
{{- fail "gateway.seal.secretName is empty: name the Secret with the public keys of who may read" }}
{{- end }}
{{- if and $gateway.tls.enabled (not $gateway.tls.secretName) }}
{{- fail "gateway.tls.secretName is empty: name the Secret with tls.crt and tls.key" }}
{{- end }}
{{- if and $gateway.tls.clientAuth (not $gateway.tls.enabled) }}
{{- fail "gateway.tls.clientAuth needs gateway.tls.enabled" }}
{{- end }}
{{- if and .Values.agent.gateway.clientCertificate (not .Values.agent.gateway.tlsSecretName) }}
{{- fail "agent.gateway.clientCertificate needs agent.gateway.tlsSecretName: name the Secret with tls.crt and tls.key" }}
{{- end }}
{{- $agents := and .Values.agent.enabled $gateway.enabled (not .Values.agent.gateway.endpoint) }}
{{- if and $agents $gateway.tls.clientAuth (not .Values.agent.gateway.clientCertificate) }}
{{- fail "gateway.tls.clientAuth asks the agents of this release for a certificate: set agent.gateway.clientCertificate, or agent.gateway.endpoint" }}
{{- end }}
{{- if and $agents $gateway.tls.enabled .Values.agent.gateway.insecure }}
{{- fail "agent.gateway.insecure contradicts gateway.tls.enabled: the gateway of this release takes TLS alone" }}
{{- end }}
{{- if and $gateway.autoscaling.enabled (gt (int $gateway.autoscaling.minReplicas) (int $gateway.autoscaling.maxReplicas)) }}
{{- fail "gateway.autoscaling.minReplicas is more than gateway.autoscaling.maxReplicas" }}
{{- end }}
{{- if $gateway.enabled }}
{{- include "sealgate.validateQueue" . }}
{{- include "sealgate.validateBackends" . }}
{{- end }}
{{- include "sealgate.validateVersion" . }}
{{- range list "gateway" "agent" }}
{{- $filters := (index $.Values .).filters }}
{{- if gt (len (compact (list $filters.configMap $filters.image (len $filters.files)))) 1 }}
{{- fail (printf "%s.filters: set one of configMap, files and image" .) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Bytes of a quantity of Kubernetes such as 10Gi, of a unit that a volume has. */}}
{{- define "sealgate.bytes" -}}
{{- $units := dict "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "" 1.0 }}
{{- $unit := regexFind "[A-Za-z]*$" . }}
{{- mulf (trimSuffix $unit . | float64) (get $units $unit | default 0.0) | int64 }}
{{- end }}

{{/* The queues on disk, of three signals, have to fit the volume that they are on. */}}
{{- define "sealgate.validateQueue" -}}
{{- $gateway := .Values.gateway }}
{{- $queue := $gateway.env.SEALGATE_QUEUE_BYTES | default "1000000000" }}
{{- $volume := include "sealgate.bytes" (toString $gateway.persistence.size) | int64 }}
{{- if and $gateway.persistence.enabled (kindIs "string" $queue) (gt $volume 0) }}
{{- $queues := replace "_" "" $queue | int64 | mul 3 }}
{{- if gt $queues $volume }}
{{- fail (printf "gateway.persistence.size is %s, and the queues of three signals may take %d bytes: make the volume larger, or set gateway.env.SEALGATE_QUEUE_BYTES below a third of it" $gateway.persistence.size $queues) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Addresses of backends that lead nowhere: the gateway adds its own paths to them. */}}
{{- define "sealgate.validateBackends" -}}
{{- range $name := list "loki" "prometheus" }}
{{- $url := index $.Values.gateway.backends $name }}
{{- if regexMatch "(/otlp|/api/v1/(write|push)|/loki/api/v1/push|/v1/(logs|metrics|traces))/?$" $url }}
{{- fail (printf "gateway.backends.%s is %s: give its base URL, such as http://%s:3100, without a path of its API" $name $url $name) }}
{{- end }}
{{- end }}
{{- if contains "/" (regexReplaceAll "^(dns:///|https?://)" .Values.gateway.backends.tempo "") }}
{{- fail (printf "gateway.backends.tempo is %s: give host:port, without a path" .Values.gateway.backends.tempo) }}
{{- end }}
{{- end }}

{{- define "sealgate.role.priorityClassName" -}}
{{- $made := ternary (include "sealgate.role.clusterWideName" .) "" (dig "priorityClass" "create" false .values) }}
{{- .values.priorityClassName | default $made }}
{{- end }}

{{/* The roles that are enabled, a list as JSON. */}}
{{- define "sealgate.roles" -}}
{{- $roles := list }}
{{- range list "gateway" "agent" }}
{{- if (index $.Values .).enabled }}
{{- $roles = append $roles . }}
{{- end }}
{{- end }}
{{- toJson $roles }}
{{- end }}
