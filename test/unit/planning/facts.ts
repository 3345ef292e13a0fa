import type {
  ClusterFacts,
  ClusterView,
  Facts,
  GroupsFact,
  PortFact,
  ServiceFact,
} from '../../../shared/planning/facts.ts'
import type { NegFact } from '../../../shared/planning/negs.ts'
import { groupPath, groupsInView } from '../../../shared/planning/zones.ts'
import type { BackendRef, IngressModel, IngressSettings, PathModel, RuleModel } from '../../../shared/ingress/model.ts'
import type { ClusterDoc, IngressDoc, Selection } from '../../../shared/state/documents.ts'

/** The project of every load balancer here. */
export const project = 'lb-project'

/** Settings of a manifest without annotations. */
export const settings: IngressSettings = {
  loadBalancer: null,
  clusters: null,
  clusterSelector: null,
  force: false,
  mode: 'reconcile',
  scheme: null,
  ipVersions: ['IPV4'],
  onDelete: 'delete',
  backends: 'auto',
  staticIp: null,
  allowHttp: true,
  preSharedCerts: [],
  managedCertificates: [],
  managedCertificateNames: [],
  frontendConfig: null,
}

/** A reference to a service's port. */
export const to = (service: string, port: number | string = 80): BackendRef => ({ service, port })

/** A rule from triples of type, path and service. */
export const rule = (host: string, ...paths: [PathModel['type'], string, BackendRef][]): RuleModel => ({
  host,
  paths: paths.map(([type, path, backend]) => ({ type, path, backend })),
})

/** An Ingress default/zp whose default backend is web:80, with parts replaced. */
export function modelOf(
  parts: Partial<Omit<IngressModel, 'settings'>> & { settings?: Partial<IngressSettings> } = {},
): IngressModel {
  return {
    namespace: 'default',
    name: 'zp',
    defaultBackend: to('web'),
    rules: [],
    tls: [],
    labels: {},
    annotations: {},
    ...parts,
    settings: { ...settings, ...parts.settings },
  }
}

/** The document of an Ingress that was accepted once and not planned yet, with parts replaced. */
export function ingressOf(model: IngressModel, parts: Partial<IngressDoc> = {}): IngressDoc {
  return {
    id: `${model.namespace}/${model.name}`,
    model,
    source: { uid: null, generation: null, publishedAt: 0 },
    generation: 1,
    selection: everything,
    plannedGeneration: 0,
    deleted: false,
    goneAt: null,
    rejected: null,
    plan: null,
    names: {},
    living: null,
    conditions: [],
    phase: 'Progressing',
    wakeAt: null,
    token: 1,
    createdAt: 0,
    updatedAt: 0,
    ...parts,
  }
}

/** Every registered cluster. */
export const everything: Selection = { clusters: null, excluded: [], drained: [] }

/** A service port with a NodePort and no probe, with parts replaced. */
export const portOf = (parts: Partial<PortFact> = {}): PortFact => ({
  name: 'http',
  port: 80,
  nodePort: 30061,
  protocol: 'TCP',
  probe: null,
  ...parts,
})

/** A NodePort service with the given ports, or one port 80. */
export const serviceOf = (
  ports: PortFact[] = [portOf()],
  parts: { type?: string; appProtocols?: string; neg?: string; negs?: Record<string, NegFact[]> } = {},
): ServiceFact => ({ found: true, type: 'NodePort', ports, appProtocols: null, neg: null, ...parts })

/** A registered cluster that was seen, in the default network of its project. */
export function clusterDoc(name: string, parts: Partial<ClusterDoc> = {}): ClusterDoc {
  return {
    name,
    registration: { name, server: `https://${name}.example`, project },
    sight: {
      version: 'v1.33.1-gke.100',
      zones: ['a', 'b', 'c'].map((zone) => ({ zone: `${name}-${zone}`, nodes: 2 })),
      network: `projects/${project}/global/networks/default`,
      nodeTags: [`gke-${name}-node`],
      untagged: 0,
      at: 0,
    },
    unreachable: null,
    leaving: false,
    wakeAt: null,
    updatedAt: 0,
    ...parts,
  }
}

/** Groups that the in-cluster controller has written, one a zone. */
export const groupsOf = (...zones: string[]): GroupsFact => ({
  state: 'known',
  groups: zones.map((zone) => ({ zone, name: `k8s-ig--${zone}` })),
})

/** A cluster that answers, has service web and groups in one zone; with parts replaced. */
export function clusterOf(
  name: string,
  parts: { doc?: Partial<ClusterDoc>; view?: Partial<ClusterView> | null; trouble?: string } = {},
): ClusterFacts {
  return lookedAt({
    doc: clusterDoc(name, parts.doc),
    view: parts.view === null ? null : { services: { web: serviceOf() }, groups: groupsOf(`${name}-a`), ...parts.view },
    trouble: parts.trouble ?? null,
  })
}

/** The same, with the network endpoint groups that it names looked at; they do not say whose they are. */
export function lookedAt(cluster: ClusterFacts): ClusterFacts {
  const { project } = cluster.doc.registration
  const negs = groupsInView(cluster.view).filter(({ mode }) => mode === 'neg')
  return { ...cluster, owners: Object.fromEntries(negs.map((neg) => [groupPath('neg', { project, ...neg }), null])) }
}

/** Facts over clusters, the IP known. */
export const factsOf = (...clusters: ClusterFacts[]): Facts => ({
  clusters,
  ip: '203.0.113.1',
  ip6: null,
  project,
  certificates: {},
  attached: [],
  now: 0,
})
