import { invalid, required } from '../api-error.ts'
import { type JsonObject, objectAt, textAt } from '../json.ts'
import type { Kind, Planting, Resource } from '../kind.ts'
import { regions } from '../locations.ts'
import { plant } from '../plant.ts'
import { fullUrl } from '../references.ts'

function autoSubnets(resource: Resource): { path: string; region: string; range: string }[] {
  return regions.map((region, index) => ({
    path: `projects/${resource.project}/regions/${region}/subnetworks/${resource.name}`,
    region,
    range: `10.${128 + Math.floor((index * 4) / 256)}.${(index * 4 * 16) % 256}.0/20`,
  }))
}

/** A network in auto mode has a subnet in each region, which comes and goes with it. */
function created(world: Planting, resource: Resource): void {
  if (resource.spec['autoCreateSubnetworks'] !== true) return
  for (const { path, region, range } of autoSubnets(resource)) {
    if (world.find(path) !== undefined) continue
    plant(world, subnetworks, path, {
      ipCidrRange: range,
      network: fullUrl(resource.path),
      gatewayAddress: range.replace(/0\/20$/, '1'),
      privateIpGoogleAccess: false,
      purpose: 'PRIVATE',
      stackType: 'IPV4_ONLY',
      region: fullUrl(`projects/${resource.project}/regions/${region}`),
    })
  }
}

function removed(world: Planting, resource: Resource): void {
  if (resource.spec['autoCreateSubnetworks'] !== true) return
  for (const { path } of autoSubnets(resource)) {
    const subnet = world.find(path)
    if (subnet !== undefined) world.remove(subnet)
  }
}

export const networks: Kind = {
  collection: 'networks',
  message: 'Network',
  singular: 'network',
  noun: 'network',
  fingerprint: 'none',
  linkWithId: true,
  quota: 'NETWORKS',
  // Recorded: the delete of a network with a firewall rule starts and fails at its end.
  lateHolders: ['firewalls'],
  defaults(body) {
    const routing = objectAt(body, 'routingConfig')
    return {
      ...body,
      autoCreateSubnetworks: body['autoCreateSubnetworks'] ?? true,
      networkFirewallPolicyEnforcementOrder:
        textAt(body, 'networkFirewallPolicyEnforcementOrder') ?? 'AFTER_CLASSIC_FIREWALL',
      routingConfig: {
        ...routing,
        routingMode: textAt(routing, 'routingMode') ?? 'REGIONAL',
        bgpBestPathSelectionMode: textAt(routing, 'bgpBestPathSelectionMode') ?? 'LEGACY',
      },
    }
  },
  derive(look, resource) {
    const own: string[] =
      resource.spec['autoCreateSubnetworks'] === true
        ? autoSubnets(resource).map(({ path }) => path)
        : look
            .holders(resource.path)
            .filter(({ collection }) => collection === 'subnetworks')
            .map(({ path }) => path)
    return own.length === 0 ? {} : { subnetworks: own.map(fullUrl) }
  },
  created,
  removed,
}

export const subnetworks: Kind = {
  collection: 'subnetworks',
  message: 'Subnetwork',
  singular: 'subnetwork',
  noun: 'subnetwork',
  fingerprint: 'checked',
  quota: 'SUBNETWORKS',
  immutable: ['network'],
  references: [{ at: 'network', to: ['networks'] }],
  check(body) {
    if ((textAt(body, 'network') ?? '') === '') throw required('resource.network')
    const range = textAt(body, 'ipCidrRange') ?? ''
    if (!/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/.test(range)) {
      throw invalid('resource.ipCidrRange', range, 'Must be a valid CIDR address range.')
    }
  },
  defaults(body: JsonObject) {
    const purpose = textAt(body, 'purpose') ?? 'PRIVATE'
    const own = purpose === 'PRIVATE'
    return {
      ...body,
      allowSubnetCidrRoutesOverlap: body['allowSubnetCidrRoutesOverlap'] ?? false,
      gatewayAddress: (textAt(body, 'ipCidrRange') ?? '').replace(/\.\d+\/\d+$/, '.1'),
      privateIpGoogleAccess: body['privateIpGoogleAccess'] ?? false,
      privateIpv6GoogleAccess: textAt(body, 'privateIpv6GoogleAccess') ?? 'DISABLE_GOOGLE_ACCESS',
      purpose,
      // Recorded: proxy-only subnets show a state instead of flow logs and a stack type.
      ...(own
        ? {
            enableFlowLogs: body['enableFlowLogs'] ?? false,
            stackType: textAt(body, 'stackType') ?? 'IPV4_ONLY',
          }
        : { state: 'READY' }),
    }
  },
}
