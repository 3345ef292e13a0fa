import { isNamedFor } from './names.ts'

/**
 * Ownership: every resource that we make says so in its description, after the text that kubemci wrote, so that people
 * and kubemci's own `list` and `get-status` still read it.
 */

const mark = 'managed by multi-cluster-ingress for Ingress '

/** kubemci's text for a resource of a load balancer, followed by our stamp. */
export function stamped(text: string, ingress: string): string {
  return `${text}; ${mark}${ingress}`
}

/** What kubemci says about a service in descriptions of backend services and health checks (kubemci §5.1). */
export function serviceText(what: string, namespace: string, service: string, port: number, lb: string): string {
  return `${what} for service {"kubernetes.io/service-name":"${namespace}/${service}","kubernetes.io/service-port":"${port}"} as part of kubernetes multicluster loadbalancer ${lb}`
}

/** Which service a backend service or health check says it is for, ours or kubemci's; the port as it was written, by number or name. */
export function readService(
  description: string | undefined,
): { namespace: string; service: string; port: string } | undefined {
  const found = /"kubernetes\.io\/service-name":"([^"/]+)\/([^"/]+)","kubernetes\.io\/service-port":"([^"]+)"/.exec(
    description ?? '',
  )
  if (found === null) return undefined
  const [, namespace = '', service = '', port = ''] = found
  return { namespace, service, port }
}

/** Whose a resource is by its description. */
export type Stamp = { by: 'us'; ingress: string } | { by: 'kubemci'; loadBalancer: string } | { by: 'nobody' }

/** Reads a description: our stamp, kubemci's text or its status JSON, or neither. */
export function readStamp(description: string | undefined): Stamp {
  const text = description ?? ''
  const at = text.lastIndexOf(mark)
  if (at >= 0)
    return {
      by: 'us',
      ingress: text
        .slice(at + mark.length)
        .replace(/"\}$/, '')
        .trim(),
    }
  const kubemci = /kubernetes multicluster loadbalancer ([a-z0-9-]+)/.exec(text)
  return kubemci?.[1] === undefined ? { by: 'nobody' } : { by: 'kubemci', loadBalancer: kubemci[1] }
}

/**
 * Whose a resource is that a manifest names, when it is not free for this Ingress to use: what we, or kubemci, made for a load
 * balancer serves that one. undefined = it may be used, as whatever people made themselves.
 */
export function madeForAnother(
  description: string | undefined,
  want: { ingress: string; lb: string },
): string | undefined {
  const { owner, ownedBy } = ownership({ ...(description === undefined ? {} : { description }) }, want)
  return owner === 'foreign' && readStamp(description).by !== 'nobody' ? ownedBy : undefined
}

/**
 * Whether a resource is ours to change: stamped for this ingress, or made by kubemci for this load balancer (taken over in
 * place). Without `want` the resource is on its way out: whose document that is, the engine knows, and holds it against
 * `stampedFor`; kubemci's is ours when its name says the same load balancer as its text, and so did we when we wanted it.
 */
export function ownership(
  got: { name?: string; description?: string } | undefined,
  want: { ingress: string; lb: string } | null,
): { owner: 'ours' | 'foreign'; ownedBy?: string; stampedFor?: string } {
  const stamp = readStamp(got?.description)
  switch (stamp.by) {
    case 'us':
      return want === null || stamp.ingress === want.ingress
        ? { owner: 'ours', stampedFor: stamp.ingress }
        : { owner: 'foreign', ownedBy: `it belongs to Ingress ${stamp.ingress}`, stampedFor: stamp.ingress }
    case 'kubemci':
      return (want === null ? isNamedFor(got?.name ?? '', stamp.loadBalancer) : stamp.loadBalancer === want.lb)
        ? { owner: 'ours' }
        : { owner: 'foreign', ownedBy: `it belongs to kubemci's load balancer ${stamp.loadBalancer}` }
    case 'nobody':
      return { owner: 'foreign', ownedBy: 'no stamp of ours' }
    default:
      return stamp satisfies never
  }
}
