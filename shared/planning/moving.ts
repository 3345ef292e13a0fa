import type { StandingServices } from './facts.ts'
import { otherMode, words, type BackendMode } from './modes.ts'
import { layService, openPorts, type ServiceContext, type ServiceLayout, type ServicePlaces } from './service-layout.ts'

/** A service as it is to be, and, until that was seen to work, as it serves now. */
export interface Moving {
  wanted: ServiceLayout
  /** null = nothing moves. */
  retained: ServiceLayout | null
  /** As it served until just now; null = nothing is left of that. */
  lingering: ServiceLayout | null
}

/**
 * Lays out a service that may serve in the other mode so far (decision 13). No request may fail on the way: the new backend
 * service is made beside the old, the URL map sends to it once its backends were seen to be healthy, and then the old one goes.
 * Ports stay open for as long as something may come through them.
 */
export function layMoving(
  context: ServiceContext,
  service: string,
  port: number,
  mode: BackendMode,
  places: ServicePlaces,
  standing: StandingServices | undefined,
): Moving {
  const wanted = layService(context, service, port, mode, places)
  const before = layService(context, service, port, otherMode(mode), places)
  const [next, last] = [wanted.backendServiceId, before.backendServiceId]
  const there = standing?.applied.includes(last) === true
  // What was wanted in the other mode and never came to be serves nobody.
  const moves = there && standing.routed.includes(last) && !standing.routed.includes(next)
  if (there) wanted.leaving.push(...openPorts([...places.places, ...places.leaving], otherMode(mode)))
  if (!moves || standing.proven.includes(next)) return { wanted, retained: null, lingering: there ? before : null }
  // What can no longer be told of how it serves stays as it was last wanted; kubemci's was never wanted here.
  const untold = places.places.some(({ cluster }) => !before.backends.some((one) => one.cluster === cluster.doc.name))
  if (untold && context.served?.[last] === undefined) return { wanted, retained: null, lingering: null }
  wanted.role = 'awaited'
  const hold = untold ? `serves by the ${words[before.mode]} that it had, until the ${words[mode]} do` : null
  return { wanted, retained: { ...before, role: 'retained', hold }, lingering: null }
}

/** Where a service that moves stands. */
export function moves({ wanted, retained }: Moving): string {
  return retained === null
    ? ''
    : `; its ${words[retained.mode]} serve until the ${words[wanted.mode]} were seen to be healthy`
}
