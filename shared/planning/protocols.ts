import { isMapping } from '../ingress/fields.ts'
import { parseJson } from '../json.ts'

/** How the load balancer speaks to the pods. */
export type BackendProtocol = 'HTTP' | 'HTTPS' | 'HTTP2'

/**
 * The protocol of a service port by its annotation (`service.alpha.kubernetes.io/app-protocols`, then
 * `cloud.google.com/app-protocols`): JSON from port NAME to protocol, HTTP when it says nothing (ingress-gce). The first
 * cluster that says something decides.
 */
export function portProtocol(
  places: readonly { port: { name: string }; appProtocols: string | null }[],
): BackendProtocol {
  for (const { port, appProtocols } of places) {
    const said = appProtocols === null ? undefined : protocolsOf(appProtocols)[port.name]
    if (said === 'HTTP' || said === 'HTTPS' || said === 'HTTP2') return said
  }
  return 'HTTP'
}

function protocolsOf(annotation: string): Record<string, unknown> {
  const said = parseJson(annotation)
  return isMapping(said) ? said : {}
}
