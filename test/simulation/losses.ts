import { hasNegs } from './applications.ts'
import { isSecure, servicesOf, type Spec } from './manifests.ts'
import type { Owned } from './people.ts'
import { certifiedIn, servingOf, type Served, type Serving } from './serving.ts'
import type { Story } from './story.ts'

/** What clients get at this moment. */
export interface Seen {
  serving: Serving
  certified: ReadonlySet<string>
}

export function seenIn({ world }: Story): Seen {
  return { serving: servingOf(world), certified: certifiedIn(world) }
}

/** What our change took away although nobody wanted it to go. */
export function losses(story: Story, before: Seen, now: Seen): string[] {
  if (story.disturbed.has('everything')) return []
  const lost: string[] = []
  for (const owned of story.owned) {
    if (owned.wishes.some(({ spec, deleted }) => spec === null || deleted)) continue
    const isAlways = (asks: (spec: Spec) => boolean): boolean =>
      owned.wishes.every(({ spec }) => spec !== null && asks(spec))
    const secure = isAlways(isSecure) ? ['fws'] : []
    const kinds = ['fw', ...secure]
    const both = isAlways(({ ipv6 }) => ipv6) ? [...kinds, ...kinds.map((kind) => `${kind}6`)] : kinds
    for (const kind of both) {
      const begin = `mci1-${kind}--${lbOf(owned)}`
      const front = [...before.serving.keys()].find((name) => name === begin || name.startsWith(`${begin}-`))
      if (front === undefined) continue
      lost.push(...lostBehind(story, owned, before.serving.get(front), now.serving.get(front)))
      if (kind.startsWith('fws') && before.certified.has(front) && !now.certified.has(front))
        lost.push(`${owned.id} lost its last certificate that works (${front})`)
    }
  }
  return lost
}

function lostBehind(
  story: Story,
  owned: Owned,
  before: ReadonlyMap<string, Served> | undefined,
  now: ReadonlyMap<string, Served> | undefined,
): string[] {
  const lost: string[] = []
  const left = byService(now)
  for (const [service, clusters] of byService(before)) {
    const isAsked = owned.wishes.every(
      ({ spec }) => spec !== null && servicesOf(spec).some((one) => `${owned.name.namespace}/${one}` === service),
    )
    if (!isAsked) continue
    for (const cluster of clusters) {
      if (
        left.get(service)?.has(cluster) !== true &&
        isWanted(story, owned, cluster) &&
        !isLeftOut(story, owned, cluster, service) &&
        !story.disturbed.has(`${cluster} ${service}`)
      )
        lost.push(`${owned.id} lost ${service} in ${cluster}`)
    }
  }
  return lost
}

/** Whence each service is served: by every backend service that the URL map sends to for it, if each serves from there. */
function byService(served: ReadonlyMap<string, Served> | undefined): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const { service, clusters } of served?.values() ?? []) {
    const others = found.get(service)
    found.set(service, new Set([...clusters].filter((cluster) => others?.has(cluster) ?? true)))
  }
  return found
}

/** Whether a cluster was to serve, undisturbed, ever since everything was last as wished. */
function isWanted(story: Story, owned: Owned, cluster: string): boolean {
  if (story.disturbed.has(cluster) || !story.registered.has(cluster)) return false
  return owned.wishes.every(
    ({ clusters, excluded, drained }) =>
      (clusters?.includes(cluster) ?? true) && !excluded.includes(cluster) && !drained.includes(cluster),
  )
}

/** Who wishes for network endpoint groups leaves out the clusters that have none of a service. */
function isLeftOut({ world }: Story, owned: Owned, clusterName: string, service: string): boolean {
  const [namespace = '', name = ''] = service.split('/')
  const cluster = world.clusters.get(clusterName)
  const wished = owned.wishes.some(({ spec }) => spec?.backends === 'neg')
  return wished && cluster !== undefined && !hasNegs(cluster, { namespace, name })
}

function lbOf({ name }: Owned): string {
  return name.namespace === 'default' ? name.name : `${name.namespace}-${name.name}`
}
