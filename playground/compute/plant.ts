import type { Scope } from './api-table.ts'
import { deepFreeze, type JsonObject } from './json.ts'
import type { Kind, Planting, Resource } from './kind.ts'
import { regionKind, zoneKind } from './kinds/locations.ts'
import { regionOf, regions, zones } from './locations.ts'
import { timestamp } from './operations.ts'
import { fullUrl, splitPath } from './references.ts'

/** Adds a resource that the service makes by itself: ready at once, holding nothing. */
export function plant(world: Planting, kind: Kind, path: string, body: JsonObject, selfLink = path): Resource {
  const parts = splitPath(path)
  const [scopeType = 'global', scopeName = ''] = (parts?.scope ?? 'global').split('/')
  const scope: Scope =
    scopeType === 'zones' || scopeType === 'regions' ? { type: scopeType, name: scopeName } : { type: 'global' }
  const name = parts?.name ?? path
  const spec = { name, ...body }
  const id = world.newId()
  const meta = {
    kind: `compute#${kind.singular}`,
    id,
    creationTimestamp: timestamp(world.now()),
    selfLink: fullUrl(selfLink),
    ...(kind.linkWithId === true ? { selfLinkWithId: fullUrl(path.replace(/[^/]+$/, id)) } : {}),
    ...(kind.fingerprint === 'none' ? {} : { fingerprint: world.newFingerprint() }),
  }
  const resource: Resource = {
    path,
    project: parts?.project ?? '',
    scope,
    collection: kind.collection,
    name,
    kind,
    createdAt: world.now(),
    serial: world.nextSerial(),
    state: 'ready',
    busyWith: undefined,
    spec: deepFreeze(spec),
    meta: deepFreeze(meta),
    body: deepFreeze({ ...spec, ...meta }),
    holds: [],
    secret: undefined,
    members: [],
  }
  world.add(resource)
  return resource
}

/** What every project has from the beginning besides its default network: regions and zones. */
export function plantLocations(world: Planting, project: string): void {
  for (const region of regions) {
    plant(
      world,
      regionKind,
      `projects/${project}/global/regions/${region}`,
      {
        description: region,
        status: 'UP',
        zones: zones
          .filter((zone) => regionOf(zone) === region)
          .map((zone) => fullUrl(`projects/${project}/zones/${zone}`)),
      },
      `projects/${project}/regions/${region}`,
    )
  }
  for (const zone of zones) {
    plant(
      world,
      zoneKind,
      `projects/${project}/global/zones/${zone}`,
      { description: zone, status: 'UP', region: fullUrl(`projects/${project}/regions/${regionOf(zone)}`) },
      `projects/${project}/zones/${zone}`,
    )
  }
}
