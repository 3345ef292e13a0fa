import { z } from 'zod'
import { exitCodes, Failure } from './exit-codes.ts'
import type { Context } from './kubeconfig.ts'
import type { Session } from './session.ts'

const api = 'https://container.googleapis.com'
const timeoutMs = 15_000

/**
 * The part of a GKE cluster that a registration needs (container.googleapis.com v1, projects.locations.clusters.get).
 * A cluster that is reached by its DNS name shows that name as endpoint; that its certificate is then of a public
 * authority is not checked against the real service.
 */
const clusterShape = z.object({
  endpoint: z.string().min(1).max(253),
  masterAuth: z.object({ clusterCaCertificate: z.string().optional() }).optional(),
})
const refusal = z.object({ error: z.object({ message: z.string() }) })

/** Asks GKE where a cluster is. `place` is PROJECT/LOCATION/NAME. Throws Failure. */
export async function gkeContext(session: Pick<Session, 'env' | 'identity'>, place: string): Promise<Context> {
  const parts = /^(?:projects\/)?([^/]+)\/(?:locations\/)?([^/]+)\/(?:clusters\/)?([^/]+)$/.exec(place)
  if (parts === null)
    throw new Failure(
      `"${place}" does not name a GKE cluster`,
      'Write PROJECT/LOCATION/NAME, for example shop/us-central1/blue.',
      exitCodes.usage,
    )
  const [, project = '', location = '', name = ''] = parts
  const gke = `projects/${project}/locations/${location}/clusters/${name}`
  const { endpoint, masterAuth } = await read(session, gke)
  const caData = endpoint.endsWith('.gke.goog') ? undefined : masterAuth?.clusterCaCertificate
  return { name, server: `https://${endpoint}`, gke, project, ...(caData === undefined ? {} : { caData }) }
}

async function read(session: Pick<Session, 'env' | 'identity'>, gke: string): Promise<z.infer<typeof clusterShape>> {
  const base = session.env['CONTAINER_API_ENDPOINT'] ?? api
  // A token goes to Google only, whatever stands in for GKE.
  const headers: Record<string, string> =
    base === api ? { authorization: `Bearer ${await (await session.identity()).accessToken()}` } : {}
  let answer: Response
  try {
    answer = await fetch(`${base}/v1/${gke}`, { headers, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) })
  } catch (error) {
    throw new Failure(`GKE does not answer for ${gke}: ${error instanceof Error ? error.message : String(error)}`)
  }
  const value: unknown = await answer.json().catch(() => undefined)
  const cluster = clusterShape.safeParse(value)
  if (answer.ok && cluster.success) return cluster.data
  const said = refusal.safeParse(value)
  throw new Failure(
    `GKE does not tell where ${gke} is: HTTP ${answer.status}${said.success ? `: ${said.data.error.message}` : ''}`,
    'Check the name, and that you may read it (roles/container.clusterViewer).',
  )
}
