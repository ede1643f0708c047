{{/* The name of a Service has no dots, and begins with a letter. */}}
{{- define "kikkake.name" -}}
{{- $release := .Release.Name | replace "." "-" -}}
{{- if regexMatch "^[0-9]" $release -}}
{{- printf "kikkake-%s" $release | trunc 40 | trimSuffix "-" -}}
{{- else if contains "kikkake" $release -}}
{{- $release | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-kikkake" $release | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "kikkake.selector" -}}
app.kubernetes.io/name: kikkake
app.kubernetes.io/component: gateway
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "kikkake.admissionSelector" -}}
app.kubernetes.io/name: kikkake
app.kubernetes.io/component: admission
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "kikkake.labels" -}}
app.kubernetes.io/name: kikkake
app.kubernetes.io/part-of: kikkake
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "kikkake.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* The gateway's account, as a subject. */}}
{{- define "kikkake.subjects" -}}
- kind: ServiceAccount
  name: {{ include "kikkake.name" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}

{{/* What the gateway reads, and what it says of it. */}}
{{- define "kikkake.gatewayRules" -}}
- apiGroups: [argoproj.io]
  resources: [eventsources, sensors, eventbus]
  verbs: [get, list, watch]
- apiGroups: [argoproj.io]
  resources: [eventsources/status, sensors/status, eventbus/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end -}}

{{- define "kikkake.teamRules" -}}
- apiGroups: [""]
  resources: [services]
  verbs: [get, create, update, delete]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, create, update, delete]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [list]
{{- end -}}

{{- define "kikkake.tokenRules" -}}
- apiGroups: [""]
  resources: [serviceaccounts/token]
  verbs: [create]
{{- end -}}

{{/* Which namespaces the policies about resources look at. */}}
{{- define "kikkake.servedNamespaces" -}}
{{- if .Values.namespaces -}}
matchExpressions:
- key: kubernetes.io/metadata.name
  operator: In
  values:
  {{- toYaml .Values.namespaces | nindent 2 }}
{{- else -}}
matchLabels:
  kikkake/enabled: "true"
{{- end -}}
{{- end -}}

{{/* Not empty where the release makes its own. */}}
{{- define "kikkake.ownPriorityClass" -}}
{{- if and .Values.priorityClass.install (not .Values.priorityClassName) }}yes{{ end }}
{{- end }}

{{/* Empty: pods have the cluster's default priority. */}}
{{- define "kikkake.priorityClassName" -}}
{{- if include "kikkake.ownPriorityClass" . }}{{ include "kikkake.name" . }}{{ else }}{{ .Values.priorityClassName }}{{ end }}
{{- end }}
