import { z } from 'zod'
import { refusalOf, routeOf, type ServerPolicy } from './cluster-servers.ts'
import { CloudError } from './compute-port.ts'
import { hasPublicCertificate, type GkeReader } from './gke.ts'
import { createKubernetesCaller, type ClusterEndpoint, type KubernetesCaller } from './kubernetes-caller.ts'
import type { Cluster, ClusterRegistration, Clusters, ConfigKind, IngressObject } from './kubernetes-port.ts'
import { recordEvent } from './kubernetes-events.ts'
import { applyIngress, fieldManager, serverSideApply } from './kubernetes-ingress.ts'
import { pageAt, pageOfAll, pageSize, readPages } from './kubernetes-pages.ts'
import { shapes } from './kubernetes-shapes.ts'

/** How to talk to clusters. */
export interface ClustersOptions extends Partial<ServerPolicy> {
  /** A Google access token; sent only over https, and only where GKE or an operator's list says that the cluster is. */
  accessToken?: () => Promise<string>
  /** Asks GKE where its clusters are; without it they are not reached. */
  gke?: GkeReader
  /** Bound of one request in milliseconds. */
  timeoutMs?: number
  /** Milliseconds of any clock. */
  now?: () => number
}

/** Names the Service of a ServiceNetworkEndpointGroup (ingress-gce). */
const negServiceLabel = 'networking.gke.io/service-name'

/** Enough pods of one service to find a ready one among them. */
const podsLooked = 100

/** Group, version and plural name of the kinds that hold settings. */
const configKinds: Readonly<Record<ConfigKind, readonly [string, string, string]>> = {
  BackendConfig: ['cloud.google.com', 'v1', 'backendconfigs'],
  FrontendConfig: ['networking.gke.io', 'v1beta1', 'frontendconfigs'],
}

/** Connections to clusters; one is kept for each name while its registration stays the same. Nothing is loaded before the first request. */
export function createClusters(options: ClustersOptions = {}): Clusters {
  const { accessToken, gke, timeoutMs = 10_000, now = Date.now } = options
  const { servers = [], gkeProjects, unlisted = 'refused' } = options
  const policy: ServerPolicy = { servers, gkeProjects, unlisted }
  const kept = new Map<string, { key: string; cluster: Cluster }>()
  return {
    refusal: (registration) => refusalOf(registration, policy),
    connect(registration) {
      const { name, server, caData, gke: gkeName } = registration
      const key = JSON.stringify([server, caData, gkeName])
      const known = kept.get(name)
      if (known?.key === key) return known.cluster
      const endpoint = (): Promise<ClusterEndpoint> => endpointOf(registration, policy, gke)
      const cluster = clusterOver(createKubernetesCaller({ name, endpoint, accessToken, timeoutMs, now }))
      kept.set(name, { key, cluster })
      return cluster
    },
  }
}

/** Asked at every connection and not only at the registration: who can write our documents cannot send our tokens away either. */
async function endpointOf(
  registration: ClusterRegistration,
  policy: ServerPolicy,
  gke: GkeReader | undefined,
): Promise<ClusterEndpoint> {
  const { server, caData } = registration
  const why = refusalOf(registration, policy)
  if (why !== undefined) throw new CloudError(403, 'serverNotAllowed', why)
  const route = routeOf(registration, policy)
  if (route?.by !== 'gke') {
    const token = route?.by === 'list' && route.token
    // Whoever gets a token shows a certificate that the world trusts, not one that a message brought.
    return { server, caData: token ? undefined : caData, token }
  }
  if (gke === undefined) throw new CloudError(403, 'serverNotAllowed', 'GKE is not asked here where its clusters are')
  const known = await gke(route.name)
  // The message may choose among what GKE names, and nothing else.
  const wanted = new URL(server).hostname
  const chosen = known.servers.find((one) => new URL(one).hostname === wanted) ?? known.servers[0] ?? ''
  return { server: chosen, caData: hasPublicCertificate(chosen) ? undefined : known.caData, token: true }
}

function clusterOver(call: KubernetesCaller): Cluster {
  return {
    async version() {
      return (await call('GET version', ({ version }) => version.getCode(), shapes.version)).gitVersion
    },

    async uid() {
      try {
        const read = call(
          'GET namespace kube-system',
          ({ core }) => core.readNamespace('kube-system'),
          shapes.namespace,
        )
        return (await read).metadata.uid
      } catch (error) {
        if (error instanceof CloudError && (error.status === 403 || error.status === 404)) return undefined
        throw error
      }
    },

    async nodes() {
      const found = await readPages('list nodes', (next) =>
        call('list nodes', ({ core }) => core.listNode(...pageAt(next)), shapes.nodes),
      )
      return found.filter((node) => node !== undefined)
    },

    ingresses: () =>
      readPages('list ingresses', (next) =>
        call(
          'list ingresses',
          ({ networking }) => networking.listIngressForAllNamespaces(...pageOfAll(next)),
          shapes.ingresses,
        ),
      ),

    services: () =>
      readPages('list services', (next) =>
        call('list services', ({ core }) => core.listServiceForAllNamespaces(...pageOfAll(next)), shapes.services),
      ),

    async ingress(namespace, name) {
      const what = `GET ${pathOf('ingress', namespace, name)}`
      return unlessAbsent(
        call(what, ({ networking }) => networking.readNamespacedIngress(name, namespace), shapes.ingress),
      )
    },

    async applyIngress(object, force) {
      const { metadata } = object
      return applyIngress(call, pathOf('ingress', namespaceOf(metadata), metadata.name), object, force)
    },

    async setIngressAddresses(namespace, name, addresses) {
      const what = `apply status of ${pathOf('ingress', namespace, name)}`
      const body = {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: { name, namespace },
        status: { loadBalancer: { ingress: addresses.map((ip) => ({ ip })) } },
      }
      await call(
        what,
        async ({ networking }) => {
          const unset = undefined
          const args = [name, namespace, body, unset, unset, fieldManager, unset, true] as const
          const request = await networking.patchNamespacedIngressStatus(...args)
          request.setHeaderParam('Content-Type', serverSideApply)
          return request
        },
        shapes.ingress,
      )
    },

    recordEvent: (event) => recordEvent(call, event),

    async deleteIngress(namespace, name) {
      const what = `DELETE ${pathOf('ingress', namespace, name)}`
      await unlessAbsent(
        call(what, ({ networking }) => networking.deleteNamespacedIngress(name, namespace), z.looseObject({})),
      )
    },

    async service(namespace, name) {
      const what = `GET ${pathOf('service', namespace, name)}`
      return unlessAbsent(call(what, ({ core }) => core.readNamespacedService(name, namespace), shapes.service))
    },

    servicesWith: (namespace, label, value) =>
      readPages('list services', (next) =>
        call(
          `list ${pathOf('services', namespace)}`,
          ({ core }) => {
            const unset = undefined
            const labelSelector = selectorTerm([label, value])
            return core.listNamespacedService(namespace, unset, unset, next, unset, labelSelector, pageSize)
          },
          shapes.services,
        ),
      ),

    async applyService({ metadata, spec }) {
      const namespace = namespaceOf(metadata)
      const { name, labels, annotations } = metadata
      const body = { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace, labels, annotations }, spec }
      await call(
        `apply ${pathOf('service', namespace, name)}`,
        async ({ core }) => {
          const unset = undefined
          const args = [name, namespace, body, unset, unset, fieldManager, unset, true] as const
          const request = await core.patchNamespacedService(...args)
          request.setHeaderParam('Content-Type', serverSideApply)
          return request
        },
        shapes.service,
      )
    },

    async deleteService(namespace, name) {
      const what = `DELETE ${pathOf('service', namespace, name)}`
      await unlessAbsent(call(what, ({ core }) => core.deleteNamespacedService(name, namespace), z.looseObject({})))
    },

    async secret(namespace, name) {
      const what = `GET ${pathOf('secret', namespace, name)}`
      return unlessAbsent(call(what, ({ core }) => core.readNamespacedSecret(name, namespace), shapes.secret))
    },

    async managedCertificate(namespace, name) {
      const what = `GET ${pathOf('managedcertificate', namespace, name)}`
      const place = ['networking.gke.io', 'v1', namespace, 'managedcertificates', name] as const
      return unlessAbsent(
        call(what, ({ custom }) => custom.getNamespacedCustomObject(...place), shapes.managedCertificate),
      )
    },

    async config(kind, namespace, name) {
      const [group, version, plural] = configKinds[kind]
      const what = `GET ${pathOf(kind.toLowerCase(), namespace, name)}`
      return unlessAbsent(
        call(
          what,
          ({ custom }) => custom.getNamespacedCustomObject(group, version, namespace, plural, name),
          shapes.config,
        ),
      )
    },

    async serviceNegs(namespace, service) {
      const what = `list ${pathOf('servicenetworkendpointgroups', namespace)}`
      const labelSelector = selectorTerm([negServiceLabel, service])
      const place = { group: 'networking.gke.io', version: 'v1beta1', plural: 'servicenetworkendpointgroups' }
      const unset = undefined
      const answer = await unlessAbsent(
        call(
          what,
          ({ custom }) =>
            custom.listNamespacedCustomObject(
              ...([place.group, place.version, namespace, place.plural] as const),
              ...([unset, unset, unset, unset, labelSelector, pageSize] as const),
            ),
          shapes.serviceNegs,
        ),
      )
      return answer?.items ?? []
    },

    async pods(namespace, selector, most = podsLooked) {
      const labels = Object.entries(selector)
      // A selector without labels would match every pod of the namespace; a Service without one selects none.
      if (labels.length === 0) return []
      const what = `list ${pathOf('pods', namespace)}`
      const labelSelector = labels.map(selectorTerm).join(',')
      const unset = undefined
      const args = [namespace, unset, unset, unset, unset, labelSelector, most] as const
      const { items } = await call(what, ({ core }) => core.listNamespacedPod(...args), shapes.pods)
      return [...items.filter(({ ready }) => ready), ...items.filter(({ ready }) => !ready)].map(({ pod }) => pod)
    },
  }
}

async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof CloudError && error.status === 404) return undefined
    throw error
  }
}

function namespaceOf({ namespace, name }: IngressObject['metadata']): string {
  if (namespace === undefined) throw new Error(`the ingress ${name} to apply names no namespace`)
  return namespace
}

/** For messages; and the gate that keeps a name like `..` from becoming a part of a URL. */
function pathOf(kind: string, ...names: string[]): string {
  for (const name of names) {
    if (name.length > 253 || !/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name)) {
      throw new CloudError(400, 'badName', `"${name.slice(0, 80)}" is not the name of a Kubernetes object`)
    }
  }
  return `${kind} ${names.join('/')}`
}

function selectorTerm([key, value]: [string, string]): string {
  if (/^[\w./-]+$/.test(key) && /^[\w.-]*$/.test(value)) return `${key}=${value}`
  throw new CloudError(400, 'badName', `"${key.slice(0, 80)}: ${value.slice(0, 80)}" is not a Kubernetes label`)
}
