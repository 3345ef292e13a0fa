import type { Layout } from './layout.ts'
import { names as namesOf } from './names.ts'

/**
 * The annotations by which ingress-gce tells `kubectl describe ingress` what serves an Ingress. For our class that controller writes
 * none of them, so they are ours; its own report, `ingress.gcp.kubernetes.io/instance-groups`, is never written here.
 */
const prefix = 'ingress.kubernetes.io/'

/** Health changes by itself and is kept by nobody; `Unknown` is ingress-gce's own word for it, and the status API knows it. */
const health = 'Unknown'

/** What the load balancer of a layout is made of, in ingress-gce's annotations. */
export function reportAnnotations(layout: Layout): Record<string, string> {
  const { names, certificates, model } = layout
  const backends = layout.services.map(({ backendServiceName }) => [backendServiceName, health])
  const all: Record<string, string | false> = {
    backends: JSON.stringify(Object.fromEntries(backends)),
    'url-map': names.urlMap,
    'redirect-url-map': layout.redirect !== null && namesOf.redirectMap(layout.lb),
    'static-ip': layout.address.name,
    'forwarding-rule': model.settings.allowHttp && names.httpRule,
    'target-proxy': model.settings.allowHttp && names.httpProxy,
    'https-forwarding-rule': certificates.length > 0 && names.httpsRule,
    'https-target-proxy': certificates.length > 0 && names.httpsProxy,
    'ssl-cert': certificates.length > 0 && certificates.map(({ name }) => name).join(','),
  }
  return Object.fromEntries(
    Object.entries(all).flatMap(([key, value]) => (value === false ? [] : [[`${prefix}${key}`, value] as const])),
  )
}
