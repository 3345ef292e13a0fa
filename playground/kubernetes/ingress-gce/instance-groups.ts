import { type Gce, GceError, isAbsent, nameOf, urlOf } from '../gce.ts'
import { items, number, text, type Json } from '../json.ts'
import { nodesByZone } from '../nodes.ts'
import type { ObjectStore } from '../store.ts'

/** The instance groups of a cluster in Compute, one per zone. */
export interface InstanceGroups {
  /** Makes the missing groups in zones that have nodes, adds the missing ports and the nodes. Returns the zones that it ensured. */
  ensure(nodePorts: readonly number[]): Promise<readonly string[]>
  /** Brings the members of the groups that exist up to the nodes. */
  syncMembers(): Promise<void>
  /** Deletes every group that it made. Throws while Compute refuses one; the next call goes on. */
  removeAll(): Promise<void>
}

/** Instance groups the way ingress-gce keeps them, its traps included. */
export function createInstanceGroups(world: {
  store: ObjectStore
  gce: Gce
  name: string
  network: string
}): InstanceGroups {
  const { store, gce, name } = world
  /** Zones where a group was made or found. */
  const zones = new Set<string>()

  async function ensureGroup(zone: string, nodePorts: readonly number[]): Promise<void> {
    const path = `zones/${zone}/instanceGroups`
    let group = await gce.get(`${path}/${name}`)
    if (group === undefined) {
      try {
        await gce.change('POST', path, { name, network: world.network, namedPorts: nodePorts.map(entryOf) })
      } catch (error) {
        if (!(error instanceof GceError) || error.code !== 409) throw error
      }
      group = await gce.get(`${path}/${name}`)
      if (group === undefined)
        throw new GceError(404, `instance group ${name} in ${zone} is not there after it was made`)
    }
    zones.add(zone)
    const present = items(group, 'namedPorts')
    // A number that anybody has named counts as present, under whatever name.
    const missing = nodePorts.filter((port) => !present.some((entry) => number(entry, 'port') === port))
    if (missing.length === 0) return
    // No fingerprint: what somebody else wrote since the list was read is lost. That is how the real controller does it.
    await gce.change('POST', `${path}/${name}/setNamedPorts`, { namedPorts: [...present, ...missing.map(entryOf)] })
  }

  async function syncZone(zone: string, nodes: readonly string[]): Promise<void> {
    const path = `zones/${zone}/instanceGroups/${name}`
    const listed = await gce.listBy(`${path}/listInstances`, { instanceState: 'ALL' })
    const members = new Set(listed.map((entry) => nameOf(text(entry, 'instance') ?? null)))
    const missing = nodes.filter((node) => !members.has(node))
    const extra = [...members].filter((member) => !nodes.includes(member))
    if (extra.length > 0) await changeMembers(`${path}/removeInstances`, zone, extra)
    if (missing.length > 0) await changeMembers(`${path}/addInstances`, zone, missing)
  }

  async function changeMembers(path: string, zone: string, names: readonly string[]): Promise<void> {
    const instances = names.map((instance): Json => ({
      instance: urlOf(gce.project, `zones/${zone}/instances/${instance}`),
    }))
    await gce.change('POST', path, { instances })
  }

  return {
    async ensure(nodePorts) {
      const wanted = nodesByZone(store)
      await Promise.all([...wanted.keys()].map((zone) => ensureGroup(zone, nodePorts)))
      await Promise.all([...wanted].map(([zone, nodes]) => syncZone(zone, nodes)))
      return [...wanted.keys()]
    },
    async syncMembers() {
      const wanted = nodesByZone(store)
      await Promise.all(
        [...zones].map(async (zone) => {
          try {
            await syncZone(zone, wanted.get(zone) ?? [])
          } catch (error) {
            // Somebody deleted the group; the next Ingress or Service event makes it again.
            if (!isAbsent(error)) throw error
          }
        }),
      )
    },
    async removeAll() {
      await Promise.all(
        [...zones].map(async (zone) => {
          try {
            await gce.change('DELETE', `zones/${zone}/instanceGroups/${name}`)
          } catch (error) {
            if (!isAbsent(error)) throw error
          }
          zones.delete(zone)
        }),
      )
    },
  }
}

function entryOf(port: number): { name: string; port: number } {
  return { name: `port${port}`, port }
}
