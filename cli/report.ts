import { z } from 'zod'

/** What the status API tells (DESIGN section 8). What is shown is checked; what a newer one tells besides goes into JSON and YAML. */

/** One Ingress in a line. */
export const summaryShape = z.looseObject({
  namespace: z.string(),
  name: z.string(),
  loadBalancer: z.string(),
  phase: z.enum(['Progressing', 'Ready', 'Degraded', 'Failed', 'Deleting']),
  vip: z.string().nullable(),
  generation: z.number(),
  clusters: z.array(z.string()),
})
export type Summary = z.infer<typeof summaryShape>

const resourceShape = z.looseObject({
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  phase: z.string(),
  why: z.string(),
  dependsOn: z.array(z.string()),
  updatedAt: z.string(),
})
export type ResourceReport = z.infer<typeof resourceShape>

/** Everything of one Ingress. */
export const reportShape = summaryShape.extend({
  publishedAt: z.string().optional(),
  resources: z.array(resourceShape),
  clusterStates: z.array(
    z.looseObject({
      name: z.string(),
      state: z.string(),
      zones: z.array(z.string()),
      healthy: z.number().nullable(),
      total: z.number().nullable(),
    }),
  ),
  conditions: z.array(z.looseObject({ type: z.string(), status: z.string(), reason: z.string(), message: z.string() })),
})
export type Report = z.infer<typeof reportShape>

/** One registered cluster. */
export const clusterShape = z.looseObject({
  name: z.string(),
  server: z.string(),
  project: z.string(),
  hostProject: z.string().nullable().default(null),
  labels: z.record(z.string(), z.string()),
  version: z.string().nullable(),
  zones: z.array(z.object({ zone: z.string(), nodes: z.number() })),
  leaving: z.boolean(),
  unreachable: z.object({ since: z.string(), why: z.string() }).nullable(),
})
export type ClusterReport = z.infer<typeof clusterShape>

export const summariesShape = z.object({ ingresses: z.array(summaryShape) })
export const clustersShape = z.object({ clusters: z.array(clusterShape) })

/** A message that was not carried out; what it held stays where it is kept. */
export const deadLetterShape = z.looseObject({
  id: z.string(),
  topic: z.string(),
  why: z.string(),
  at: z.string(),
  replayable: z.boolean(),
  /** Why it cannot be sent again. */
  obstacle: z.string().optional(),
})
export type DeadLetter = z.infer<typeof deadLetterShape>
export const deadLettersShape = z.object({ deadLetters: z.array(deadLetterShape) })

/** `namespace/name`. */
export function idOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`
}
