{{- define "teal.labels" -}}
app.kubernetes.io/name: teal
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* What a Deployment selects by: never changes between versions. */}}
{{- define "teal.selector" -}}
app.kubernetes.io/name: teal
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "teal.image" -}}
{{- if eq .Values.image.tag "latest" }}{{ fail "image.tag: latest names no version, so nobody could say what runs; name one, or a digest" }}{{ end -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* The restricted Pod Security Standard. */}}
{{- define "teal.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "teal.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Everything of a pod but its containers; takes root and component. */}}
{{- define "teal.placement" -}}
enableServiceLinks: false
securityContext: {{- include "teal.podSecurity" . | nindent 2 }}
topologySpreadConstraints:
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels: {{- include "teal.selector" . | nindent 6 }}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 0 }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 0 }}
{{- end }}
{{- with .root.Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Metadata of a program's ServiceAccount; takes root and component. */}}
{{- define "teal.account" -}}
name: teal-{{ .component }}
namespace: {{ .root.Release.Namespace }}
labels: {{- include "teal.labels" .root | nindent 2 }}
{{- with (index .root.Values .component).serviceAccount.annotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Refuses values that would take the place of the chart's own; takes root and component. */}}
{{- define "teal.reserved" -}}
{{- $component := .component -}}
{{- $values := index .root.Values .component -}}
{{- range $label, $_ := $values.podLabels }}
{{- if regexMatch "^(app\\.kubernetes\\.io|helm\\.sh)/" $label }}
{{- fail (printf "%s.podLabels: %s is the chart's own; leave it out" $component $label) }}
{{- end }}
{{- end }}
{{- range $values.env }}
{{- if has .name (list "POD_NAME" "RUST_LOG") }}
{{- fail (printf "%s.env: %s is the chart's own; the log level is logLevel" $component .name) }}
{{- end }}
{{- if and (hasKey . "value") (hasKey . "valueFrom") }}
{{- fail (printf "%s.env: %s has both value and valueFrom; give one" $component .name) }}
{{- end }}
{{- end }}
{{- range $values.extraVolumes }}
{{- if regexMatch "^(store|helm|secret-[0-9]+)$" .name }}
{{- fail (printf "%s.extraVolumes: %s is a volume of the chart's own; choose another name" $component .name) }}
{{- end }}
{{- end }}
{{- $volumes := list }}
{{- range $values.extraVolumes }}{{ $volumes = append $volumes .name }}{{ end }}
{{- range $values.extraVolumeMounts }}
{{- if not (has .name $volumes) }}
{{- fail (printf "%s.extraVolumeMounts: %s is no volume of extraVolumes" $component .name) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Metadata of a program's pods; takes root and component. */}}
{{- define "teal.podMetadata" -}}
{{- include "teal.reserved" . -}}
{{- $values := index .root.Values .component -}}
labels:
  {{- include "teal.labels" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .component }}
  {{- with $values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $values.podAnnotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* A container's env and envFrom; takes root and component. */}}
{{- define "teal.environment" -}}
{{- $values := index .root.Values .component -}}
env:
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: RUST_LOG
  value: {{ .root.Values.logLevel | quote }}
{{- with $values.env }}
{{ toYaml . }}
{{- end }}
{{- with $values.envFrom }}
envFrom: {{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{- define "teal.probes" -}}
livenessProbe:
  httpGet: {path: /livez, port: admin}
  periodSeconds: 10
readinessProbe:
  httpGet: {path: /readyz, port: admin}
  periodSeconds: 5
{{- end }}

{{/* Secrets that the switcher mounts: what switch.yaml names, and what git asks for. */}}
{{- define "teal.switcherSecrets" -}}
{{- concat .Values.switcher.secrets (compact (list .Values.switcher.source.secretRef)) | uniq | toJson -}}
{{- end }}
