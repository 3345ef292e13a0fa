import { invalidValue, required, type Cause } from '../api-error.ts'
import { at, equal, fields, isObject, items, number, text, texts, type Json, type JsonObject } from '../json.ts'
import { withMembers, type KubeObject } from '../object.ts'
import { matchesLabelSelector } from '../api/selectors.ts'

/** A Deployment or ReplicaSet with the defaults of apps/v1. */
export function admitWorkload(workload: KubeObject): KubeObject {
  const spec = fields(workload, 'spec')
  const template = fields(spec, 'template')
  const rollout: JsonObject =
    workload.kind === 'Deployment'
      ? {
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
          revisionHistoryLimit: 10,
          progressDeadlineSeconds: 600,
        }
      : {}
  return withMembers(workload, {
    spec: {
      ...rollout,
      ...spec,
      replicas: number(spec, 'replicas') ?? 1,
      template: { ...template, spec: podSpec(fields(template, 'spec')) },
    },
    status: at(workload, 'status') ?? {},
  })
}

/** A Pod with the defaults of v1. */
export function admitPod(pod: KubeObject): KubeObject {
  return withMembers(pod, { spec: podSpec(fields(pod, 'spec')), status: at(pod, 'status') ?? { phase: 'Pending' } })
}

function podSpec(spec: JsonObject): JsonObject {
  return {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    ...spec,
    containers: items(spec, 'containers').map((container): Json =>
      isObject(container) ? withContainerDefaults(container) : container,
    ),
  }
}

function withContainerDefaults(container: JsonObject): JsonObject {
  const image = text(container, 'image') ?? ''
  const latest = !image.split('/').at(-1)?.includes(':') || image.endsWith(':latest')
  const result: Record<string, Json | undefined> = {
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: latest ? 'Always' : 'IfNotPresent',
    ...container,
  }
  const ports = items(container, 'ports')
  if (ports.length > 0)
    result['ports'] = ports.map((port): Json => (isObject(port) ? { protocol: 'TCP', ...port } : port))
  for (const name of ['readinessProbe', 'livenessProbe', 'startupProbe']) {
    const probe = container[name]
    if (isObject(probe)) result[name] = withProbeDefaults(probe)
  }
  return result
}

function withProbeDefaults(probe: JsonObject): JsonObject {
  const http = probe['httpGet']
  return {
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
    ...probe,
    ...(isObject(http) ? { httpGet: { path: '/', scheme: 'HTTP', ...http } } : {}),
  }
}

/** What is wrong with a Deployment or ReplicaSet. */
export function workloadCauses(workload: KubeObject, previous: KubeObject | undefined): Cause[] {
  const causes: Cause[] = []
  const selector = at(workload, 'spec', 'selector')
  const labels = texts(workload, 'spec', 'template', 'metadata', 'labels')
  if (selector === undefined) causes.push(required('spec.selector', ''))
  else if (equal(selector, {}))
    causes.push(invalidValue('spec.selector', {}, 'empty selector is invalid for deployment'))
  else if (!matchesLabelSelector(selector, labels)) {
    causes.push(invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'))
  }
  if (previous !== undefined && !equal(at(previous, 'spec', 'selector'), selector)) {
    causes.push(invalidValue('spec.selector', selector, 'field is immutable'))
  }
  const replicas = number(workload, 'spec', 'replicas') ?? 0
  if (replicas < 0) causes.push(invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'))
  causes.push(...podSpecCauses(fields(workload, 'spec', 'template', 'spec'), 'spec.template.spec'))
  return causes
}

/** What is wrong with the spec of a Pod or of a Pod template. */
export function podSpecCauses(spec: JsonObject, field: string): Cause[] {
  const containers = items(spec, 'containers')
  const causes: Cause[] = containers.length === 0 ? [required(`${field}.containers`, '')] : []
  for (const [index, container] of containers.entries()) {
    if (text(container, 'name') === undefined) causes.push(required(`${field}.containers[${index}].name`, ''))
    if (text(container, 'image') === undefined) causes.push(required(`${field}.containers[${index}].image`, ''))
    for (const [portIndex, port] of items(container, 'ports').entries()) {
      const value = number(port, 'containerPort') ?? 0
      if (value < 1 || value > 65_535) {
        causes.push(
          invalidValue(
            `${field}.containers[${index}].ports[${portIndex}].containerPort`,
            value,
            'must be between 1 and 65535, inclusive',
          ),
        )
      }
    }
  }
  return causes
}
