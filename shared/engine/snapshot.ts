import { CloudError, type Compute, type ComputeCollection, type ComputeCollections } from '../cloud/compute-port.ts'
import type { Cluster, Clusters } from '../cloud/kubernetes-port.ts'
import { canonical } from '../json.ts'

/**
 * The world as it was at one look, for programs that look ahead: everything is read once, many resources by one bulk list,
 * and whatever would change anything throws.
 */

/** Compute from lists: a collection of a project is listed when first asked for, and everything is found in it. */
export function computeSnapshot(compute: Pick<Compute, 'list'>): Compute {
  const lists = remember()

  const list = <C extends ComputeCollection>(
    collection: C,
    project: string,
    options: { zone?: string; filter?: string } = {},
  ): Promise<ComputeCollections[C][]> =>
    lists([collection, project, options], () => compute.list(collection, project, options))

  return {
    list,
    async get({ collection, project, zone, name }) {
      const all = await list(collection, project)
      return all.find((one) => one.name === name && (zone === undefined || zoneOf(one) === zone))
    },
    insert: refuse,
    patch: refuse,
    update: refuse,
    remove: refuse,
    call: refuse,
    wait: refuse,
    // It changes by itself, and no plan depends on it.
    health: refuse,
  }
}

/** A Compute that holds nothing: what a manifest can be checked against without Google Cloud. */
export const emptyCompute: Pick<Compute, 'list'> = { list: () => Promise.resolve([]) }

/** Clusters of which everything is read once. */
export function clustersSnapshot(clusters: Clusters): Clusters {
  const connected = new Map<string, Cluster>()
  return {
    refusal: (registration) => clusters.refusal(registration),
    connect(registration) {
      const key = canonical(registration)
      const known = connected.get(key) ?? clusterSnapshot(clusters.connect(registration))
      connected.set(key, known)
      return known
    },
  }
}

function clusterSnapshot(cluster: Cluster): Cluster {
  const answers = remember()
  return {
    version: () => answers(['version'], () => cluster.version()),
    uid: () => answers(['uid'], () => cluster.uid()),
    nodes: () => answers(['nodes'], () => cluster.nodes()),
    ingresses: () => answers(['ingresses'], () => cluster.ingresses()),
    services: () => answers(['services'], () => cluster.services()),
    ingress: (...of) => answers(['ingress', of], () => cluster.ingress(...of)),
    service: (...of) => answers(['service', of], () => cluster.service(...of)),
    servicesWith: (...of) => answers(['services with', of], () => cluster.servicesWith(...of)),
    applyService: refuse,
    deleteService: refuse,
    secret: (...of) => answers(['secret', of], () => cluster.secret(...of)),
    managedCertificate: (...of) => answers(['managed-certificate', of], () => cluster.managedCertificate(...of)),
    // Its text may hold a secret: what is kept here lives no longer than one preview.
    config: (...of) => answers(['config', of], () => cluster.config(...of)),
    serviceNegs: (...of) => answers(['service-negs', of], () => cluster.serviceNegs(...of)),
    pods: (...of) => answers(['pods', of], () => cluster.pods(...of)),
    applyIngress: refuse,
    setIngressAddresses: refuse,
    recordEvent: refuse,
    deleteIngress: refuse,
  }
}

/** One answer for one question, also while it is on its way. */
function remember(): <T>(question: unknown, ask: () => Promise<T>) => Promise<T> {
  const known = new Map<string, Promise<unknown>>()
  return <T>(question: unknown, ask: () => Promise<T>) => {
    const key = canonical(question)
    const answer = known.get(key) ?? ask()
    known.set(key, answer)
    return answer as Promise<T>
  }
}

function refuse(): Promise<never> {
  return Promise.reject(new CloudError(400, 'lookingAhead', 'looking ahead changes nothing'))
}

function zoneOf(resource: object): string {
  const zone = 'zone' in resource && typeof resource.zone === 'string' ? resource.zone : ''
  return zone.slice(zone.lastIndexOf('/') + 1)
}
