import type { Kind } from '../kind.ts'
import { addresses } from './addresses.ts'
import { backendBuckets } from './backend-buckets.ts'
import { backendServices } from './backend-services.ts'
import { firewalls } from './firewalls.ts'
import { forwardingRules } from './forwarding-rules.ts'
import { healthChecks } from './health-checks.ts'
import { instanceGroups } from './instance-groups.ts'
import { instanceGroupManagers } from './instance-group-managers.ts'
import { instances } from './instances.ts'
import { regionKind, zoneKind } from './locations.ts'
import { networkEndpointGroups } from './network-endpoint-groups.ts'
import { networks, subnetworks } from './networks.ts'
import { securityPolicies } from './security-policies.ts'
import { sslCertificates } from './ssl-certificates.ts'
import { sslPolicies } from './ssl-policies.ts'
import { targetHttpProxies, targetHttpsProxies, targetTcpProxies } from './target-proxies.ts'
import { urlMaps } from './url-maps.ts'

/** Every type of resource that the simulator knows, by collection. */
export const kinds: ReadonlyMap<string, Kind> = new Map(
  [
    addresses,
    backendBuckets,
    backendServices,
    firewalls,
    forwardingRules,
    healthChecks,
    instanceGroupManagers,
    instanceGroups,
    instances,
    networkEndpointGroups,
    networks,
    regionKind,
    securityPolicies,
    sslCertificates,
    sslPolicies,
    subnetworks,
    targetHttpProxies,
    targetHttpsProxies,
    targetTcpProxies,
    urlMaps,
    zoneKind,
  ].map((kind) => [kind.collection, kind]),
)
