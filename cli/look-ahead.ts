import { z } from 'zod'
import type { Clusters } from '../shared/cloud/kubernetes-port.ts'
import type { PreviewPorts, RecordReader, Records } from '../shared/engine/preview.ts'
import { emptyCompute } from '../shared/engine/snapshot.ts'
import type { ResourceId } from '../shared/resource-id.ts'
import type { ClaimDoc, ClusterDoc, ResourceDoc } from '../shared/state/documents.ts'
import { Failure } from './exit-codes.ts'
import { gkeReader } from './gke.ts'
import type { Context } from './kubeconfig.ts'
import { registrationOf } from './kubeconfig.ts'
import type { Session } from './session.ts'

/** One request to a cluster or to Compute may take so long; milliseconds. */
const callMs = 10_000

/** The documents come from a deployment of the same version, whose types they are; here it is checked that they are documents. */
const documents = z.array(z.looseObject({}))
const sourcesShape = z.object({
  doc: z.looseObject({ id: z.string() }).nullable(),
  clusters: z.array(z.looseObject({ name: z.string(), registration: z.looseObject({ server: z.string() }) })),
  claims: documents,
  resources: z.array(z.looseObject({ id: z.string() })),
  objects: z.array(z.looseObject({ id: z.string() })).optional(),
})
const resourceShape = z.object({ resource: z.looseObject({ id: z.string() }).nullable(), claims: documents })

/** Reads documents through the status API. */
export function recordReader(session: Session): RecordReader {
  const read = async <T>(path: string, shape: z.ZodType<T>): Promise<T> => {
    const found = await session.status.get(path, shape)
    if (found === undefined)
      throw new Failure(
        'this deployment does not tell its documents',
        'Use the mci of the same version as the deployment.',
      )
    return found
  }
  return {
    async sources(ingress) {
      const [namespace = '', name = ''] = ingress.split('/')
      const path = `/api/sources/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`
      return (await read(path, sourcesShape)) as unknown as Records
    },
    async resource(id: ResourceId) {
      const found = await read(`/api/resources/${encodeURIComponent(id)}`, resourceShape)
      return found as unknown as { resource: ResourceDoc | null; claims: ClaimDoc[] }
    },
  }
}

/** The documents of a place where nothing was published yet, and these contexts are all clusters. */
export function recordsOfContexts(session: Session, contexts: readonly Context[]): RecordReader {
  const clusters = contexts.map((context): ClusterDoc => ({
    name: context.name,
    registration: registrationOf(context, context.name, session.target.project),
    sight: null,
    unreachable: null,
    leaving: false,
    wakeAt: null,
    updatedAt: session.now(),
  }))
  return {
    sources: () => Promise.resolve({ doc: null, clusters, claims: [], resources: [] }),
    resource: () => Promise.resolve({ resource: null, claims: [] }),
  }
}

/** The world to look at; `cloud` false = Google Cloud is not asked, and holds nothing. */
export async function previewPorts(session: Session, cloud: boolean): Promise<PreviewPorts> {
  const { target } = session
  const [{ kinds }, clusters, compute] = await Promise.all([
    import('../functions/reconcile/index.ts'),
    openClusters(session),
    cloud ? openCompute(session) : emptyCompute,
  ])
  // One moment for the whole look, so that nothing in it is older than something else.
  const now = session.now()
  const clock = { now: () => now, sleep: () => Promise.reject(new Error('looking ahead never waits')) }
  return { kinds, clusters, compute, clock, project: target.project }
}

async function openClusters(session: Session): Promise<Clusters> {
  const { createClusters } = await import('../shared/cloud/kubernetes.ts')
  return createClusters({
    timeoutMs: callMs,
    accessToken: async () => (await session.identity()).accessToken(),
    gke: gkeReader(session),
    servers: session.target.clusterServers,
    // A person's own kubeconfig, or what the deployment let in: it is looked at, and gets no token.
    unlisted: 'reached',
  })
}

async function openCompute(session: Session): Promise<PreviewPorts['compute']> {
  const { createComputeReader } = await import('../shared/cloud/compute-reader.ts')
  const { computeEndpoint } = session.target
  return createComputeReader({
    timeoutMs: callMs,
    accessToken: async () => (await session.identity()).accessToken(),
    ...(computeEndpoint === undefined ? {} : { endpoint: computeEndpoint }),
  })
}
