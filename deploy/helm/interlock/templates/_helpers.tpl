{{- define "interlock.authority" -}}
{{- printf "%s-authority" (.Release.Name | trunc 50 | trimSuffix "-") -}}
{{- end -}}

{{- define "interlock.labels" -}}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: interlock
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "interlock.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "interlock.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Probes by `interlock health` with the arguments in the list. */}}
{{- define "interlock.probes" -}}
startupProbe:
  exec:
    command: {{ concat (list "interlock" "health") . | toJson }}
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 60
readinessProbe:
  exec:
    command: {{ concat (list "interlock" "health") . | toJson }}
  periodSeconds: 5
  timeoutSeconds: 5
livenessProbe:
  exec:
    command: {{ concat (list "interlock" "health" "--live") . | toJson }}
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 3
{{- end -}}

{{- define "interlock.dns" -}}
- to:
    - namespaceSelector: {}
      podSelector:
        matchLabels:
          k8s-app: kube-dns
  ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
{{- end -}}
