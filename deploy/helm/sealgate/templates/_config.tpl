{{/*
What a collector is started with: sources of configuration, in the order in which they
are merged, and environment. Both are made of the values alone.
*/}}

{{/* Sources of the gateway's configuration before the user's, a list as JSON. */}}
{{- define "sealgate.gateway.sources" -}}
{{- $v := .values }}
{{- $sources := list (printf "embedded:%s" (ternary "sealed" "gateway" $v.seal.enabled)) }}
{{- if $v.tls.enabled }}
{{- $sources = append $sources (ternary "embedded:mtls" "embedded:tls" $v.tls.clientAuth) }}
{{- end }}
{{- if $v.seal.enabled }}
{{- $recipients := list }}
{{- range $v.seal.recipients }}
{{- $recipients = append $recipients (printf "/etc/sealgate/keys/%s" .) }}
{{- end }}
{{- range list "tempo" "loki" }}
{{- $sources = append $sources (printf "yaml:exporters::sm4/%s::keys::sm2::recipients: %s" . (toJson $recipients)) }}
{{- end }}
{{- end }}
{{- if not $v.persistence.enabled }}
{{- $exporters := ternary (list "sm4/tempo::otlp_grpc" "sm4/loki::otlp_http") (list "otlp_grpc/tempo" "otlp_http/loki") $v.seal.enabled }}
{{- range append $exporters "otlp_http/prometheus" }}
{{- $sources = append $sources (printf "yaml:exporters::%s::sending_queue::storage: null" .) }}
{{- end }}
{{- end }}
{{- toJson $sources }}
{{- end }}

{{/* Sources of the agent's configuration before the user's, a list as JSON. */}}
{{- define "sealgate.agent.sources" -}}
{{- $v := .values }}
{{- $sources := list "embedded:agent" }}
{{- if $v.gateway.tlsSecretName }}
{{- $sources = append $sources (ternary "embedded:client-mtls" "embedded:client-tls" $v.gateway.clientCertificate) }}
{{- end }}
{{- if $v.encryption.secretName }}
{{- $sources = append $sources "embedded:client-encrypted" }}
{{- end }}
{{- if not $v.logs.enabled }}
{{- $sources = append $sources "yaml:service::pipelines::logs::receivers: [otlp]" }}
{{- end }}
{{- if not (and $v.hostMetrics.enabled $v.kubeletStats.enabled) }}
{{- $receivers := compact (list "otlp" (ternary "host_metrics" "" $v.hostMetrics.enabled) (ternary "node_network" "" $v.hostMetrics.enabled) (ternary "kubelet_stats" "" $v.kubeletStats.enabled)) }}
{{- $sources = append $sources (printf "yaml:service::pipelines::metrics::receivers: %s" (toJson $receivers)) }}
{{- end }}
{{- toJson $sources }}
{{- end }}

{{- define "sealgate.role.args" -}}
{{- $sources := include (printf "sealgate.%s.sources" .role) . | fromJsonArray }}
{{- if .values.config }}
{{- $sources = append $sources "/etc/sealgate/config/config.yaml" }}
{{- end }}
{{- range concat $sources .values.extraConfigs }}
- {{ printf "--config=%s" . | quote }}
{{- end }}
{{- end }}

{{- define "sealgate.gateway.env" -}}
SEALGATE_TEMPO: {{ .values.backends.tempo | quote }}
SEALGATE_LOKI: {{ .values.backends.loki | quote }}
SEALGATE_PROMETHEUS: {{ .values.backends.prometheus | quote }}
SEALGATE_CONNECTION_AGE: {{ .values.maxConnectionAge | default "0s" }}
{{- if .values.seal.enabled }}
SEALGATE_SEARCH: {{ .values.seal.search | toJson | quote }}
SEALGATE_SEARCH_KEY: {{ printf "/etc/sealgate/keys/%s" .values.seal.searchKey | quote }}
{{- end }}
{{- if not .values.persistence.enabled }}
SEALGATE_QUEUE_BYTES: "50000000" # takes three times as much of the pod's memory, for each signal
{{- end }}
{{- end }}

{{- define "sealgate.agent.env" -}}
{{- $v := .values }}
K8S_NODE_IP:
  valueFrom:
    fieldRef:
      fieldPath: status.hostIP
K8S_NODE_NAME:
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
SEALGATE_GATEWAY: {{ include "sealgate.gatewayEndpoint" .root | quote }}
SEALGATE_GATEWAY_INSECURE: {{ include "sealgate.gatewayInsecure" .root | quote }}
SEALGATE_POD_LOGS_EXCLUDE: {{ $v.logs.exclude | default (printf "/var/log/pods/%s_%s-*/*/*.log" .root.Release.Namespace (include "sealgate.fullname" .root)) | quote }}
SEALGATE_LOGS_START: {{ $v.logs.startAt }}
{{- if $v.encryption.secretName }}
SEALGATE_QUEUE_KEY: {{ printf "/etc/sealgate/queue/%s" $v.encryption.key | quote }}
{{- end }}
SEALGATE_HOST_ROOT: {{ ternary "/hostfs" "/" $v.hostMetrics.enabled }}
SEALGATE_KUBELET_INSECURE: {{ $v.kubeletStats.insecureSkipVerify | quote }}
SEALGATE_KUBELET: {{ $v.kubeletStats.endpoint | quote }}
{{- with $v.detectors }}
SEALGATE_DETECTORS: {{ toJson . | quote }}
{{- end }}
{{- $attributes := list }}
{{- with .root.Values.clusterName }}
{{- $attributes = append $attributes (printf "k8s.cluster.name=%s" .) }}
{{- end }}
{{- range $key, $value := $v.resourceAttributes }}
{{- $attributes = append $attributes (printf "%s=%s" $key $value) }}
{{- end }}
{{- with $attributes }}
OTEL_RESOURCE_ATTRIBUTES: {{ join "," . | quote }}
{{- end }}
{{- end }}

{{/*
The list `env` of the container: what the chart sets, and over it what the user does. It
is in the order of names, so that $(K8S_NODE_IP) comes before who refers to it.
*/}}
{{- define "sealgate.role.env" -}}
{{- $env := include (printf "sealgate.%s.env" .role) . | fromYaml }}
{{- $_ := mergeOverwrite $env (dict
  "SEALGATE_OTLP_GRPC" "0.0.0.0:4317"
  "SEALGATE_OTLP_HTTP" "0.0.0.0:4318"
  "SEALGATE_HEALTH" "0.0.0.0:13133"
  "SEALGATE_METRICS_HOST" "0.0.0.0"
  "SEALGATE_DATA" "/var/lib/sealgate") }}
{{- with include "sealgate.role.gomemlimit" . }}
{{- $_ := set $env "GOMEMLIMIT" . }}
{{- end }}
{{- $role := .role }}
{{- range $name, $value := .values.env }}
{{- if kindIs "float64" $value }}
{{- fail (printf "%s.env.%s is a number: write it in quotes, since Helm drops its leading zeros and rounds it" $role $name) }}
{{- end }}
{{- $_ := set $env $name $value }}
{{- end }}
{{- range $name, $value := $env }}
- name: {{ $name }}
  {{- if kindIs "map" $value }}
  {{- toYaml $value | nindent 2 }}
  {{- else }}
  value: {{ $value | toString | quote }}
  {{- end }}
{{- end }}
{{- end }}
