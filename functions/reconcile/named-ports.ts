import type { InstanceGroup, NamedPort } from '../../shared/cloud/compute-resources.ts'
import type { ComputeRef } from '../../shared/cloud/compute-port.ts'
import type { Kind, Observation } from '../../shared/engine/kind.ts'
import { named, type NamedPortsWant } from '../../shared/planning/named-ports.ts'
import { splitResourceId, type ResourceId } from '../../shared/resource-id.ts'

/** Ours by their names; every other entry is somebody else's. */
const ours = (port: NamedPort): boolean => port.name.startsWith('mci1-')

/** The group belongs to the in-cluster controller: only our entries in its list are ours. */
interface Got {
  group: InstanceGroup
  ports: NamedPort[]
}

/** Told to the planner while a group that should be there is not. */
type Output = { absent: true; since: number } | { absent: false }

/** Fast at first, because the in-cluster controller is made to look at once; then with patience. */
function waitForGroup(now: number, before: Output | null): Observation<Got> {
  const since = before?.absent === true ? before.since : now
  const waited = now - since
  return {
    got: undefined,
    owner: 'ours',
    output: { absent: true, since } satisfies Output,
    pending: {
      after: waited < 10_000 ? 500 : waited < 120_000 ? 5_000 : 60_000,
      why: 'the instance group does not exist; the in-cluster controller makes it',
    },
  }
}

function ref(id: ResourceId): ComputeRef<'instanceGroups'> {
  const [project = '', zone = '', name = ''] = splitResourceId(id).path
  return { collection: 'instanceGroups', project, zone, name }
}

/**
 * The in-cluster controller skips its own `port<N>` when the number already has a name, and appends without a fingerprint,
 * so it can erase ours: every foreign entry stays, `port<N>` is always written beside our own name, and a lost entry is
 * found again as drift (DESIGN section 6).
 */
function merged(present: readonly NamedPort[], want: NamedPortsWant | null): NamedPort[] {
  const wanted = want?.ports ?? []
  const foreign = present.filter((port) => !ours(port))
  const beside = wanted
    .map(({ port }) => ({ name: `port${port}`, port }))
    .filter(
      (entry, index, all) =>
        !foreign.some((port) => port.name === entry.name) &&
        all.findIndex((other) => other.name === entry.name) === index,
    )
  return [...foreign, ...beside, ...wanted]
}

export const namedPorts: Kind<NamedPortsWant, Got> = {
  name: 'named-ports',
  collections: ['instanceGroups'],
  lives: ['clusters'],
  owned: ['ports'],
  desire: named,
  /** Claims of different Ingresses on one service agree but for the moment in which a NodePort changes: the later holds. */
  merge(claims) {
    const byName = new Map<string, NamedPort>()
    for (const claim of [...claims].sort((a, b) => a.at - b.at || (a.ingress < b.ingress ? -1 : 1))) {
      for (const port of claim.want.ports) byName.set(port.name, port)
    }
    return { ports: [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1)) }
  },
  async observe(cloud, id, want, before) {
    const group = await cloud.compute.get(ref(id))
    if (group === undefined) {
      // The group is not ours to make: it comes and goes with the cluster's own controller.
      return want === null ? { got: undefined, owner: 'ours' } : waitForGroup(cloud.now(), before as Output | null)
    }
    // The planner went on without the group, and made the in-cluster controller look: it is told that the group is back.
    const output = (before as Output | null)?.absent === true ? { output: { absent: false } satisfies Output } : {}
    const present = group.namedPorts ?? []
    const left = present.filter(ours)
    if (want === null && left.length === 0) return { got: undefined, owner: 'ours' }
    // One without its `port<N>` beside it is not there yet as we want it.
    const complete = left.filter((port) => present.some((other) => other.name === `port${port.port}`))
    return { got: { group, ports: complete }, owner: 'ours', ...output }
  },
  project: (got) => ({ ports: [...got.ports].sort((a, b) => (a.name < b.name ? -1 : 1)) }),
  create: () => Promise.reject(new Error('an instance group is never made by us')),
  update: (cloud, id, want, got, _changes, requestId) =>
    set(cloud, id, merged(got.group.namedPorts ?? [], want), got, requestId),
  remove: (cloud, id, got, requestId) => set(cloud, id, merged(got.group.namedPorts ?? [], null), got, requestId),
}

function set(
  cloud: Parameters<Kind<NamedPortsWant, Got>['create']>[0],
  id: ResourceId,
  ports: NamedPort[],
  got: Got,
  requestId: string,
): ReturnType<Kind<NamedPortsWant, Got>['create']> {
  const { fingerprint } = got.group
  return cloud.compute.call(
    ref(id),
    'setNamedPorts',
    { namedPorts: ports, ...(fingerprint === undefined ? {} : { fingerprint }) },
    requestId,
  )
}
