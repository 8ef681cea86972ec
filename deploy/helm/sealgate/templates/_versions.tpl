{{/*
What depends on the version of the cluster, .Capabilities.KubeVersion. "-0" makes a version such
as v1.28.5-eks-5e0fdde one of 1.28.
*/}}

{{/* Seconds of preStop.sleep; 0 before Kubernetes 1.30. The image has no other program that could wait. */}}
{{- define "sealgate.role.preStopSleepSeconds" -}}
{{- ternary .values.preStopSleepSeconds 0 (semverCompare ">=1.30-0" .root.Capabilities.KubeVersion.Version) }}
{{- end }}

{{/* The Service's trafficDistribution, as far as the cluster has it; empty if it has none. */}}
{{- define "sealgate.trafficDistribution" -}}
{{- $version := .Capabilities.KubeVersion.Version }}
{{- $wanted := .Values.gateway.service.trafficDistribution }}
{{- if semverCompare ">=1.34-0" $version }}
{{- $wanted }}
{{- else if and (semverCompare ">=1.31-0" $version) (has $wanted (list "PreferClose" "PreferSameZone")) -}}
PreferClose
{{- end }}
{{- end }}

{{/* Values that no older cluster can stand in for. */}}
{{- define "sealgate.validateVersion" -}}
{{- if semverCompare "<1.31-0" .Capabilities.KubeVersion.Version }}
{{- range list "gateway" "agent" }}
{{- if (index $.Values .).filters.image }}
{{- fail (printf "%s.filters.image needs Kubernetes 1.31, and this cluster is %s: use %s.filters.configMap or files" . $.Capabilities.KubeVersion.Version .) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
