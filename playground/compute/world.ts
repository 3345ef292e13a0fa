import type { Clock, Random } from '../world.ts'
import type { Look, Resource } from './kind.ts'
import { deepFreeze, type JsonObject } from './json.ts'
import { type Scope, scopePath } from './api-table.ts'

/** All resources, indexed for the questions that requests ask. */
export interface World extends Look {
  add(resource: Resource): void
  remove(resource: Resource): void
  /** Replaces what a resource shows and holds. */
  put(resource: Resource, spec: JsonObject, meta: JsonObject): void
  /** Adds holds; each must be released as often as it was added. */
  hold(resource: Resource, what: readonly string[]): void
  release(resource: Resource, what: readonly string[]): void
  setMembers(resource: Resource, members: readonly JsonObject[]): void
  /** Names in one collection and scope, sorted. */
  names(collectionPath: string): readonly string[]
  /** Scopes of a project that hold resources of a collection. */
  collectionPaths(project: string, collection: string): readonly string[]
  count(project: string, collection: string): number
  newId(): string
  nextSerial(): number
}

/** The parent path of a collection: projects/p/global/urlMaps. */
export function collectionPath(project: string, scope: Scope, collection: string): string {
  return `projects/${project}/${scopePath(scope)}/${collection}`
}

/** The token that a member of a group holds, so that the groups of a machine are found. */
export function memberToken(instancePath: string): string {
  return `member ${instancePath}`
}

/** Fingerprints are bytes: clients that decode and encode them again may send the other base64 alphabet. */
export function sameFingerprint(a: unknown, b: unknown): boolean {
  return typeof a === 'string' && typeof b === 'string' && Buffer.from(a, 'base64').equals(Buffer.from(b, 'base64'))
}

/** Addresses that belong to nobody: documentation ranges first, then the benchmarking range (RFC 5737, RFC 2544). */
function externalAddress(index: number): string {
  const ranges = ['203.0.113', '198.51.100', '192.0.2']
  const range = ranges[Math.floor(index / 254)]
  if (range !== undefined) return `${range}.${(index % 254) + 1}`
  const rest = index - ranges.length * 254
  return `198.${18 + (Math.floor(rest / 65_024) % 2)}.${Math.floor(rest / 254) % 256}.${(rest % 254) + 1}`
}

export function createWorld(clock: Clock, random: Random): World {
  const resources = new Map<string, Resource>()
  const collections = new Map<string, { byName: Map<string, Resource>; sorted: string[] | undefined }>()
  const paths = new Map<string, Set<string>>()
  const counts = new Map<string, number>()
  const held = new Map<string, Map<Resource, number>>()
  let addresses = 0
  let addresses6 = 0
  let internal = 0
  let serial = 0

  function count(resource: Resource, by: number): void {
    const key = `${resource.project}/${resource.collection}`
    counts.set(key, (counts.get(key) ?? 0) + by)
  }

  function random32(): number {
    return Math.floor(random() * 2 ** 32)
  }

  const world: World = {
    now: () => clock.now(),
    find: (path) => resources.get(path),
    holders: (what) => [...(held.get(what)?.keys() ?? [])],
    list: (path) => [...(collections.get(path)?.byName.values() ?? [])],
    nextAddress: (family) =>
      family === 'IPV4' ? externalAddress(addresses++) : `2001:db8:${(++addresses6).toString(16)}::`,
    nextInternalAddress() {
      internal += 1
      return `10.${128 + (Math.floor(internal / 65_024) % 128)}.${Math.floor(internal / 254) % 256}.${(internal % 254) + 1}`
    },
    newFingerprint() {
      const bytes = Buffer.alloc(8)
      bytes.writeUInt32BE(random32(), 0)
      bytes.writeUInt32BE(random32(), 4)
      return `${bytes.toString('base64url')}=`
    },
    projectNumber(project) {
      let hash = 0x811c9dc5
      for (const char of project) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0
      return String(100_000_000_000 + hash)
    },
    // 63 bits with the top one set: positive, and always 19 digits.
    newId: () => String((BigInt(0x40000000 + Math.floor(random() * 0x3fffffff)) << 32n) | BigInt(random32())),
    nextSerial: () => ++serial,
    add(resource) {
      resources.set(resource.path, resource)
      const path = collectionPath(resource.project, resource.scope, resource.collection)
      const collection = collections.get(path) ?? { byName: new Map<string, Resource>(), sorted: undefined }
      collection.byName.set(resource.name, resource)
      collection.sorted = undefined
      collections.set(path, collection)
      const key = `${resource.project}/${resource.collection}`
      paths.set(key, (paths.get(key) ?? new Set()).add(path))
      count(resource, 1)
      world.hold(resource, resource.holds)
    },
    remove(resource) {
      world.setMembers(resource, [])
      world.release(resource, resource.holds)
      resources.delete(resource.path)
      const path = collectionPath(resource.project, resource.scope, resource.collection)
      const collection = collections.get(path)
      if (collection !== undefined) {
        collection.byName.delete(resource.name)
        collection.sorted = undefined
      }
      count(resource, -1)
    },
    put(resource, spec, meta) {
      resource.spec = deepFreeze(spec)
      resource.meta = deepFreeze(meta)
      resource.body = deepFreeze({ ...spec, ...meta })
    },
    hold(resource, what) {
      for (const key of what) {
        const holders = held.get(key) ?? new Map<Resource, number>()
        holders.set(resource, (holders.get(resource) ?? 0) + 1)
        held.set(key, holders)
      }
    },
    release(resource, what) {
      for (const key of what) {
        const holders = held.get(key)
        const left = (holders?.get(resource) ?? 0) - 1
        if (left > 0) holders?.set(resource, left)
        else holders?.delete(resource)
        if (holders?.size === 0) held.delete(key)
      }
    },
    setMembers(resource, members) {
      const tokens = (from: readonly JsonObject[]) =>
        from.flatMap((member) => (typeof member['instance'] === 'string' ? [memberToken(member['instance'])] : []))
      world.hold(resource, tokens(members))
      world.release(resource, tokens(resource.members))
      resource.members = deepFreeze([...members])
    },
    names(path) {
      const collection = collections.get(path)
      if (collection === undefined) return []
      collection.sorted ??= [...collection.byName.keys()].sort()
      return collection.sorted
    },
    collectionPaths: (project, collection) => [...(paths.get(`${project}/${collection}`) ?? [])],
    count: (project, collection) => counts.get(`${project}/${collection}`) ?? 0,
  }
  return world
}
