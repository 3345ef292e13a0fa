import { isIP } from 'node:net'
import type { Address } from '../../shared/cloud/compute-resources.ts'
import type { ComputeRef } from '../../shared/cloud/compute-port.ts'
import type { Cloud, Desired, Kind } from '../../shared/engine/kind.ts'
import type { AddressLayout, Layout } from '../../shared/planning/layout.ts'
import { lastPart, projectPath } from '../../shared/planning/names.ts'
import { madeForAnother, ownership, stamped } from '../../shared/planning/stamp.ts'
import type { ResourceId } from '../../shared/resource-id.ts'
import { body, globalRef, stampedWant, type Stamped } from './common.ts'

/** What is wanted of a global address. One that the user named is only looked at: it is never made, changed or released. */
export interface AddressWant extends Stamped {
  name: string
  description?: string
  ipVersion: 'IPV4' | 'IPV6'
  ours: boolean
  /** The forwarding rules that may use a named one: ours. */
  rules?: string[]
}

const ref = (id: string): ComputeRef<'addresses'> => globalRef(id, 'addresses')

function wantOf(layout: Layout, { id, name, ours }: AddressLayout, ipVersion: 'IPV4' | 'IPV6'): Desired<AddressWant> {
  const rule = (called: string): string => projectPath(layout.project, 'forwardingRules', called)
  return {
    id,
    want: {
      ...stampedWant(layout),
      ours,
      name,
      ipVersion,
      ...(ours
        ? { description: stamped(`Address of kubernetes multicluster loadbalancer ${layout.lb}`, layout.ingress) }
        : { rules: [layout.names.httpRule, layout.names.httpsRule].map(rule) }),
    },
    refs: [],
  }
}

/** Kept until the Ingress is withdrawn, also while no front end uses it: DNS points there. */
export const address: Kind<AddressWant, Address> = {
  name: 'address',
  collections: ['addresses'],
  lives: ['load-balancer'],
  owned: [],
  desire: (layout) => [
    wantOf(layout, layout.address, 'IPV4'),
    ...(layout.address6 === null ? [] : [wantOf(layout, layout.address6, 'IPV6')]),
  ],
  async observe(cloud, id, want) {
    const got = await found(cloud, id)
    const output = got?.address === undefined ? undefined : { output: { ip: got.address } }
    if (want?.ours === false) {
      const refused = got === undefined ? missing(want.name) : await unfit(cloud, want, got)
      return { got, owner: 'ours', ...(refused === undefined ? output : { refused }) }
    }
    return { got, ...ownership(got, want), ...output }
  },
  project: () => ({}),
  create: (cloud, id, want, requestId) => {
    const { ours: _ours, rules: _rules, ...address } = body(want)
    return cloud.compute.insert(ref(id), { ...address, addressType: 'EXTERNAL' }, requestId)
  },
  remove: (cloud, id, _got, requestId) => cloud.compute.remove(ref(id), requestId),
}

/** A MultiClusterIngress may name an address by its IP. */
async function found(cloud: Cloud, id: ResourceId): Promise<Address | undefined> {
  const { project, name } = ref(id)
  if (isIP(name) === 0) return cloud.compute.get(ref(id))
  const all = await cloud.compute.list('addresses', project, { filter: `address = "${name}"` })
  return all.find((one) => one.address === name)
}

function missing(name: string): string {
  if (isIP(name) !== 0)
    return `no global address of this project has the IP ${name}: reserve one (gcloud compute addresses create NAME --global) and name its IP, or take the annotation networking.gke.io/static-ip away`
  return `there is no global static address "${name}": reserve it (gcloud compute addresses create ${name} --global) or take the annotation kubernetes.io/ingress.global-static-ip-name away`
}

/** Why an address that the user named cannot be used; undefined when it can. */
async function unfit(cloud: Cloud, want: AddressWant, got: Address): Promise<string | undefined> {
  const { name, rules = [] } = want
  if (got.addressType !== undefined && got.addressType !== 'EXTERNAL')
    return `address "${name}" is ${got.addressType}, not EXTERNAL: reserve a global external one`
  const taken = madeForAnother(got.description, want)
  if (taken !== undefined) return `address "${name}" cannot be used: ${taken}. Name an address of your own`
  if (got.ipVersion === 'IPV6') return `address "${name}" is an IPv6 address: name an IPv4 one`
  for (const user of got.users ?? []) {
    if (rules.includes(user)) continue
    const rule = /\/global\/forwardingRules\//.test(user)
      ? await cloud.compute.get(
          globalRef(`forwarding-rule/${user.split('/')[1] ?? ''}/${lastPart(user)}`, 'forwardingRules'),
        )
      : undefined
    const ports = rule?.portRange
    if (ports !== undefined && !holds(ports, 80) && !holds(ports, 443)) continue
    return `address "${name}" is used by ${user}${ports === undefined ? '' : ` (ports ${ports})`}, which is not part of this load balancer: name another address, or delete that`
  }
  return undefined
}

function holds(range: string, port: number): boolean {
  const [low = '', high = low] = range.split('-')
  return Number(low) <= port && port <= Number(high)
}
