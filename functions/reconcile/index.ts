import type { AnyKind } from '../../shared/engine/kind.ts'
import { address } from './address.ts'
import { backendService } from './backend-service.ts'
import { clusterIngress } from './cluster-ingress.ts'
import { clusterStatus } from './cluster-status.ts'
import { firewallRule } from './firewall-rule.ts'
import { forwardingRule } from './forwarding-rule.ts'
import { healthCheck } from './health-check.ts'
import { namedPorts } from './named-ports.ts'
import { networkEndpointGroup } from './network-endpoint-group.ts'
import { sslCertificate } from './ssl-certificate.ts'
import { targetProxy } from './target-proxy.ts'
import { urlMap } from './url-map.ts'

/** The registry: every kind of resource, one line each. Functions, topics and infrastructure are read off it. */
export const kinds: readonly AnyKind[] = [
  clusterIngress,
  address,
  namedPorts,
  networkEndpointGroup,
  healthCheck,
  backendService,
  urlMap,
  sslCertificate,
  targetProxy,
  forwardingRule,
  firewallRule,
  clusterStatus,
]
