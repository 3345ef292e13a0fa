import { fields, isObject, items, number, text, texts, type Json, type JsonObject } from '../json.ts'
import type { Kind } from '../kinds.ts'
import { isLive, labelsOf, type KubeObject } from '../object.ts'

/** One column of `kubectl get`; priority 1 shows with `-o wide` only. */
interface Column {
  readonly name: string
  readonly type?: 'integer' | 'string'
  readonly priority?: 1
  readonly cell: (object: KubeObject, now: number) => Json
}

const none = '<none>'
const nameColumn: Column = { name: 'Name', cell: (object) => object.metadata.name }
const age: Column = {
  name: 'Age',
  cell: (object, now) => duration(now - Date.parse(object.metadata.creationTimestamp)),
}

function ready(pod: KubeObject): boolean {
  return items(pod, 'status', 'conditions').some(
    (condition) => text(condition, 'type') === 'Ready' && text(condition, 'status') === 'True',
  )
}

const columns: Readonly<Record<string, readonly Column[]>> = {
  namespaces: [{ name: 'Status', cell: (object) => text(object, 'status', 'phase') ?? '' }, age],
  nodes: [
    { name: 'Status', cell: (object) => (ready(object) ? 'Ready' : 'NotReady') },
    { name: 'Roles', cell: () => none },
    age,
    { name: 'Version', cell: (object) => text(object, 'status', 'nodeInfo', 'kubeletVersion') ?? '' },
    { name: 'Internal-IP', priority: 1, cell: (object) => text(object, 'status', 'addresses', 0, 'address') ?? none },
    { name: 'Zone', priority: 1, cell: (object) => labelsOf(object)['topology.kubernetes.io/zone'] ?? none },
  ],
  pods: [
    {
      name: 'Ready',
      cell: (object) =>
        `${ready(object) ? items(object, 'spec', 'containers').length : 0}/${items(object, 'spec', 'containers').length}`,
    },
    {
      name: 'Status',
      cell: (object) => (isLive(object) ? (text(object, 'status', 'phase') ?? 'Unknown') : 'Terminating'),
    },
    { name: 'Restarts', cell: () => '0' },
    age,
    { name: 'IP', priority: 1, cell: (object) => text(object, 'status', 'podIP') ?? none },
    { name: 'Node', priority: 1, cell: (object) => text(object, 'spec', 'nodeName') ?? none },
  ],
  services: [
    { name: 'Type', cell: (object) => text(object, 'spec', 'type') ?? '' },
    { name: 'Cluster-IP', cell: (object) => text(object, 'spec', 'clusterIP') ?? none },
    { name: 'External-IP', cell: externalIp },
    { name: 'Port(s)', cell: (object) => items(object, 'spec', 'ports').map(servicePort).join(',') || none },
    age,
    { name: 'Selector', priority: 1, cell: (object) => pairs(texts(object, 'spec', 'selector')) },
  ],
  secrets: [
    { name: 'Type', cell: (object) => text(object, 'type') ?? '' },
    { name: 'Data', type: 'integer', cell: (object) => Object.keys(fields(object, 'data')).length },
    age,
  ],
  configmaps: [{ name: 'Data', type: 'integer', cell: (object) => Object.keys(fields(object, 'data')).length }, age],
  deployments: [
    {
      name: 'Ready',
      cell: (object) => `${number(object, 'status', 'readyReplicas') ?? 0}/${number(object, 'spec', 'replicas') ?? 0}`,
    },
    { name: 'Up-to-date', type: 'integer', cell: (object) => number(object, 'status', 'updatedReplicas') ?? 0 },
    { name: 'Available', type: 'integer', cell: (object) => number(object, 'status', 'availableReplicas') ?? 0 },
    age,
    { name: 'Containers', priority: 1, cell: (object) => containers(object, 'name') },
    { name: 'Images', priority: 1, cell: (object) => containers(object, 'image') },
    { name: 'Selector', priority: 1, cell: (object) => pairs(texts(object, 'spec', 'selector', 'matchLabels')) },
  ],
  replicasets: [
    { name: 'Desired', type: 'integer', cell: (object) => number(object, 'spec', 'replicas') ?? 0 },
    { name: 'Current', type: 'integer', cell: (object) => number(object, 'status', 'replicas') ?? 0 },
    { name: 'Ready', type: 'integer', cell: (object) => number(object, 'status', 'readyReplicas') ?? 0 },
    age,
  ],
  ingresses: [
    { name: 'Class', cell: (object) => text(object, 'spec', 'ingressClassName') ?? none },
    { name: 'Hosts', cell: hosts },
    {
      name: 'Address',
      cell: (object) =>
        items(object, 'status', 'loadBalancer', 'ingress')
          .map((entry) => text(entry, 'ip') ?? text(entry, 'hostname') ?? '')
          .join(','),
    },
    { name: 'Ports', cell: (object) => (items(object, 'spec', 'tls').length > 0 ? '80, 443' : '80') },
    age,
  ],
  endpointslices: [
    { name: 'AddressType', cell: (object) => text(object, 'addressType') ?? '' },
    {
      name: 'Ports',
      cell: (object) =>
        items(object, 'ports')
          .map((port) => String(number(port, 'port') ?? ''))
          .join(',') || '<unset>',
    },
    {
      name: 'Endpoints',
      cell: (object) =>
        items(object, 'endpoints')
          .map((endpoint) => text(endpoint, 'addresses', 0) ?? '')
          .join(',') || '<unset>',
    },
    age,
  ],
  events: [
    {
      name: 'Last Seen',
      cell: (object, now) =>
        duration(now - Date.parse(text(object, 'lastTimestamp') ?? object.metadata.creationTimestamp)),
    },
    { name: 'Type', cell: (object) => text(object, 'type') ?? '' },
    { name: 'Reason', cell: (object) => text(object, 'reason') ?? '' },
    {
      name: 'Object',
      cell: (object) =>
        `${(text(object, 'involvedObject', 'kind') ?? '').toLowerCase()}/${text(object, 'involvedObject', 'name') ?? ''}`,
    },
    { name: 'Message', cell: (object) => text(object, 'message') ?? '' },
  ],
}

/** Objects as the Table that `kubectl get` prints. `include` is the query parameter includeObject. */
export function asTable(
  kind: Kind,
  objects: readonly KubeObject[],
  listMeta: JsonObject,
  include: string,
  now: number,
): JsonObject {
  const shown = [...(kind.plural === 'events' ? [] : [nameColumn]), ...(columns[kind.plural] ?? [age])]
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: listMeta,
    columnDefinitions: shown.map((column) => ({
      name: column.name,
      type: column.type ?? 'string',
      format: column === nameColumn ? 'name' : '',
      description: '',
      priority: column.priority ?? 0,
    })),
    rows: objects.map((object) => ({
      cells: shown.map((column) => column.cell(object, now)),
      ...rowObject(object, include),
    })),
  }
}

function rowObject(object: KubeObject, include: string): JsonObject {
  switch (include) {
    case 'None':
      return {}
    case 'Object':
      return { object }
    default:
      return { object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata } }
  }
}

function externalIp(service: KubeObject): string {
  if (text(service, 'spec', 'type') !== 'LoadBalancer') return none
  return (
    items(service, 'status', 'loadBalancer', 'ingress')
      .map((entry) => text(entry, 'ip') ?? '')
      .join(',') || '<pending>'
  )
}

function servicePort(port: Json): string {
  const nodePort = number(port, 'nodePort')
  return `${number(port, 'port') ?? ''}${nodePort === undefined ? '' : `:${nodePort}`}/${text(port, 'protocol') ?? 'TCP'}`
}

function hosts(ingress: KubeObject): string {
  const names = items(ingress, 'spec', 'rules').map((rule) => text(rule, 'host') ?? '*')
  if (names.length === 0) return '*'
  return names.length > 3 ? `${names.slice(0, 3).join(',')} + ${names.length - 3} more...` : names.join(',')
}

function containers(workload: KubeObject, member: string): string {
  return items(workload, 'spec', 'template', 'spec', 'containers')
    .map((container) => (isObject(container) ? (text(container, member) ?? '') : ''))
    .join(',')
}

function pairs(labels: Readonly<Record<string, string>>): string {
  return (
    Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(',') || none
  )
}

/** A span as kubectl prints ages: two units while it is short, one when it is long. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  if (seconds < 120) return `${seconds}s`
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`
  if (minutes < 180) return `${minutes}m`
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`
  if (hours < 48) return `${hours}h`
  if (days < 8) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`
  if (days < 730) return `${days}d`
  return `${Math.floor(days / 365)}y`
}
