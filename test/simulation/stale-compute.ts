import { parseFilter } from '../../playground/compute/filter.ts'
import type { SimulatedCompute } from '../../playground/compute/index.ts'
import type { JsonObject } from '../../playground/compute/json.ts'
import type { WireRequest } from '../../playground/world.ts'
import type { SimulationClock } from './clock.ts'
import { relative } from './serving.ts'

/** So long after a change Compute may still show what was before; milliseconds. */
const staleFor = 4_000

/** What Compute showed shortly before now; undefined = nothing of it has changed since. */
export interface PastOfCompute {
  /** A resource; `body` undefined = it was not there. */
  of(path: string): { body: JsonObject | undefined } | undefined
  /** The answer to a list, given the present one. */
  ofList(request: WireRequest, present: JsonObject): JsonObject | undefined
}

/** Remembers what each resource was before its last change. */
export function rememberCompute(compute: SimulatedCompute, clock: SimulationClock): PastOfCompute {
  const shown = new Map<string, JsonObject | undefined>()
  const before = new Map<string, { body: JsonObject | undefined; at: number }>()
  compute.onChange(({ phase, target }) => {
    if (phase === 'started') return
    const body = compute.get(target)?.body
    before.set(target, { body: shown.get(target), at: clock.now() })
    shown.set(target, body)
  })

  function recent(path: string): { body: JsonObject | undefined } | undefined {
    const old = before.get(path)
    return old !== undefined && clock.now() - old.at < staleFor ? old : undefined
  }

  return {
    of: recent,
    ofList({ path: list, query: { filter = '' } }, present) {
      const changed = [...before.keys()].filter((path) => isListed(list, path) && recent(path) !== undefined)
      if (changed.length === 0) return undefined
      const passes = filter.trim() === '' ? () => true : parseFilter(filter)
      const past = (items: readonly JsonObject[], paths: readonly string[]): JsonObject[] => [
        ...items.filter((item) => !paths.includes(relative(item['selfLink']))),
        ...paths
          .map((path) => recent(path)?.body)
          .filter((body) => body !== undefined)
          .filter(passes),
      ]
      const { items } = present as { items?: readonly JsonObject[] | Record<string, Record<string, JsonObject[]>> }
      if (!list.includes('/aggregated/')) return { ...present, items: past((items ?? []) as JsonObject[], changed) }
      const scopes = { ...(items as Record<string, Record<string, JsonObject[]>>) }
      const collection = list.slice(list.lastIndexOf('/') + 1)
      for (const scope of new Set(changed.map((path) => path.split('/').slice(2, -2).join('/')))) {
        const here = changed.filter((path) => path.split('/').slice(2, -2).join('/') === scope)
        scopes[scope] = { [collection]: past(scopes[scope]?.[collection] ?? [], here) }
      }
      return { ...present, items: scopes }
    },
  }
}

/** Whether a resource, by its path, belongs to a list. */
function isListed(list: string, path: string): boolean {
  const [, project, scope, collection] = /^\/compute\/v1\/projects\/([^/]+)\/(.+)\/([^/]+)$/.exec(list) ?? []
  const at = path.lastIndexOf('/')
  return scope === 'aggregated'
    ? path.startsWith(`projects/${project ?? ''}/`) && path.slice(0, at).endsWith(`/${collection ?? ''}`)
    : path.slice(0, at) === `projects/${project ?? ''}/${scope ?? ''}/${collection ?? ''}`
}
