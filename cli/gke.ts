import { CloudError } from '../shared/cloud/compute-port.ts'
import { createGkeReader, isGkeName, type GkeReader } from '../shared/cloud/gke.ts'
import { exitCodes, Failure } from './exit-codes.ts'
import type { Context } from './kubeconfig.ts'
import type { Session } from './session.ts'

const timeoutMs = 15_000

/** Asks GKE as the person who calls. */
export function gkeReader(session: Pick<Session, 'env' | 'identity'>): GkeReader {
  const endpoint = session.env['CONTAINER_API_ENDPOINT']
  return createGkeReader({
    timeoutMs,
    accessToken: async () => (await session.identity()).accessToken(),
    ...(endpoint === undefined ? {} : { endpoint }),
  })
}

/**
 * Asks GKE where a cluster is. `place` is PROJECT/LOCATION/NAME. The functions ask again for themselves: what is registered is the
 * name, and a server for people to read. Throws Failure.
 */
export async function gkeContext(session: Pick<Session, 'env' | 'identity'>, place: string): Promise<Context> {
  const parts = /^(?:projects\/)?([^/]+)\/(?:locations\/)?([^/]+)\/(?:clusters\/)?([^/]+)$/.exec(place)
  const [, project = '', location = '', name = ''] = parts ?? []
  const gke = `projects/${project}/locations/${location}/clusters/${name}`
  if (!isGkeName(gke))
    throw new Failure(
      `"${place}" does not name a GKE cluster`,
      'Write PROJECT/LOCATION/NAME, for example shop/us-central1/blue.',
      exitCodes.usage,
    )
  try {
    const { servers } = await gkeReader(session)(gke)
    return { name, server: servers[0] ?? '', gke, project }
  } catch (error) {
    if (!(error instanceof CloudError)) throw error
    throw new Failure(error.message, 'Check the name, and that you may read it (roles/container.clusterViewer).')
  }
}
