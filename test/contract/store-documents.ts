import { resourceId, type ResourceId } from '../../shared/resource-id.ts'
import type {
  ClaimDoc,
  ClusterDoc,
  DeadLetterDoc,
  IngressDoc,
  LeaseDoc,
  ResourceDoc,
} from '../../shared/state/documents.ts'

/** Documents for tests of stores: complete and dull, but for what a test names. */

export const idOf = (name: string, kind = 'url-map'): ResourceId => resourceId(kind, 'project', name)

export function resource(name: string, changes: Partial<ResourceDoc> = {}): ResourceDoc {
  const kind = changes.kind ?? 'url-map'
  return {
    id: idOf(name, kind),
    kind,
    owner: 'default/shop',
    refs: [],
    appliedRefs: [],
    applied: false,
    readyHash: null,
    phase: 'Pending',
    why: 'new',
    waitingOn: [],
    waitingFor: null,
    failures: 0,
    operation: null,
    output: null,
    wakeAt: null,
    nudges: 0,
    token: 0,
    createdAt: 1,
    updatedAt: 1,
    ...changes,
  }
}

export function claim(resource: ResourceId, ingress: string): ClaimDoc {
  return { resource, ingress, want: { host: 'shop.example.com' }, refs: [], force: false, at: 1 }
}

export function ingress(id: string, changes: Partial<IngressDoc> = {}): IngressDoc {
  const [namespace = '', name = ''] = id.split('/')
  return {
    id,
    model: {
      namespace,
      name,
      defaultBackend: { service: 'web', port: 80 },
      rules: [],
      tls: [],
      settings: {
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
      },
      labels: {},
      annotations: { 'example.com/team.name': 'a/b' },
    },
    source: { uid: null, generation: 1, publishedAt: 1 },
    generation: 1,
    plannedGeneration: 0,
    selection: { clusters: null, excluded: [], drained: [] },
    deleted: false,
    goneAt: null,
    rejected: null,
    plan: null,
    names: {},
    living: null,
    conditions: [],
    phase: 'Progressing',
    wakeAt: null,
    token: 0,
    createdAt: 1,
    updatedAt: 1,
    ...changes,
  }
}

export function cluster(name: string, changes: Partial<ClusterDoc> = {}): ClusterDoc {
  const registration = { name, server: 'https://192.0.2.1', project: 'project' }
  return { name, registration, sight: null, unreachable: null, leaving: false, wakeAt: null, updatedAt: 1, ...changes }
}

export function lease(id: string, changes: Partial<LeaseDoc> = {}): LeaseDoc {
  return { id, holder: '', token: 0, expiresAt: 0, ...changes }
}

export function deadLetter(id: string, at: number): DeadLetterDoc {
  return { id, topic: 'ingress-specs', data: '{}', attributes: {}, why: 'not a manifest', at, expireAt: at + 1 }
}
