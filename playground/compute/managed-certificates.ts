import type { Clock } from '../world.ts'
import { objectAt, stringsAt } from './json.ts'
import { timestamp } from './operations.ts'
import type { World } from './world.ts'

/**
 * Google-managed certificates become ACTIVE some time after they are attached to a proxy that a forwarding rule sends
 * to. DNS is not simulated: every domain counts as pointing at the forwarding rule's address.
 */
export function createCertificateAuthority(
  world: World,
  clock: Clock,
  delayMs: number,
  changed: (path: string) => void,
) {
  const pending = new Set<string>()

  function isServing(path: string): boolean {
    return world
      .holders(path)
      .some((proxy) =>
        world.holders(proxy.path).some((rule) => rule.collection === 'forwardingRules' && rule.state !== 'creating'),
      )
  }

  function issue(path: string): void {
    pending.delete(path)
    const certificate = world.find(path)
    if (certificate === undefined || !isServing(path)) return
    const managed = objectAt(certificate.spec, 'managed')
    const domains = stringsAt(managed, 'domains')
    world.put(
      certificate,
      {
        ...certificate.spec,
        managed: {
          ...managed,
          status: 'ACTIVE',
          domainStatus: Object.fromEntries(domains.map((name) => [name, 'ACTIVE'])),
        },
        subjectAlternativeNames: domains,
        expireTime: timestamp(clock.now() + 90 * 24 * 3_600_000),
      },
      certificate.meta,
    )
    changed(path)
  }

  /** Looks which certificates of a project have begun to serve; called after every change. */
  return function check(project: string): void {
    for (const path of world.collectionPaths(project, 'sslCertificates')) {
      for (const certificate of world.list(path)) {
        if (objectAt(certificate.spec, 'managed')['status'] !== 'PROVISIONING') continue
        if (pending.has(certificate.path) || !isServing(certificate.path)) continue
        pending.add(certificate.path)
        clock.after(delayMs, () => issue(certificate.path))
      }
    }
  }
}
