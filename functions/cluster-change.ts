import { z } from 'zod'
import { atMost } from '../shared/bounded.ts'
import { isGkeName } from '../shared/cloud/gke.ts'
import type { ClusterRegistration } from '../shared/cloud/kubernetes-port.ts'
import { registerCluster, unregisterCluster } from '../shared/engine/clusters.ts'
import { parseAuditEntry } from '../shared/engine/audit-entry.ts'
import type { Deps } from '../shared/engine/deps.ts'
import { lookAgain, nudgeParts } from '../shared/engine/look-again.ts'
import { notice } from '../shared/engine/notice.ts'
import { bodyOf, jsonOf, Poison, withCause, type Event } from './event.ts'

const clusterName = z
  .string()
  .regex(
    /^[a-z0-9]([-a-z0-9_.]{0,98}[a-z0-9])?$/,
    'a cluster name has lower-case letters, digits, hyphens, dots and underscores, at most 100',
  )

const registration = z.object({
  server: z.url({ protocol: /^https?$/ }).refine(...atMost(500)),
  caData: z
    .string()
    .refine(...atMost(100_000))
    .optional(),
  gke: z.string().refine(isGkeName, 'is not projects/PROJECT/locations/LOCATION/clusters/NAME').optional(),
  project: z.string().regex(/^[a-z][-a-z0-9:.]{3,62}$/),
  network: z
    .string()
    .regex(/^projects\/[^/]+\/global\/networks\/[^/]+$/)
    .optional(),
  labels: z.record(z.string().refine(...atMost(317)), z.string().refine(...atMost(63))).optional(),
})

const change = withCause({
  cluster: clusterName,
  register: registration.optional(),
  unregister: z.literal(true).optional(),
})

/** Cloud Logging keeps an entry below 256 KB. */
const longestEntry = 300_000

/**
 * Topic cluster-changes: a cluster was registered or unregistered, or something about it or about a resource of ours may
 * have changed, as a Cloud Audit Log entry says.
 */
export async function onClusterChange(deps: Deps, event: Event): Promise<void> {
  const entry = parseAuditEntry(jsonOf(event, longestEntry))
  if (entry !== undefined) {
    await notice(deps, entry, { why: `audit log: ${entry.method}`, trace: event.id })
    return
  }
  const { cluster, register, unregister, why, trace = event.id } = bodyOf(event, change)
  if (register) {
    const given = Object.fromEntries(Object.entries(register).filter(([, value]) => value !== undefined))
    const asked: ClusterRegistration = { ...(given as Omit<ClusterRegistration, 'name'>), name: cluster }
    // Said before anything is written: the registration that was there before stays.
    const refusal = deps.clusters.refusal(asked)
    if (refusal !== undefined) throw new Poison(`cluster ${cluster} is not registered: ${refusal}`)
    await registerCluster(deps, asked, { why: why ?? 'cluster registered', trace })
  } else if (unregister) {
    const cause = { why: why ?? 'cluster unregistered', trace }
    await unregisterCluster(deps, cluster, cause)
    await nudgeParts(deps, cluster, cause)
  } else await lookAgain(deps, cluster, { why: why ?? 'look again', trace })
}
