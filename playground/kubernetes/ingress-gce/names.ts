import { shortHash } from '../identifiers.ts'

/** Class of Ingresses whose load balancer somebody outside the cluster makes. */
export const multiClusterClass = 'gce-multi-cluster'
export const classAnnotation = 'kubernetes.io/ingress.class'
export const groupsAnnotation = 'ingress.gcp.kubernetes.io/instance-groups'
export const negAnnotation = 'cloud.google.com/neg'
export const negStatusAnnotation = 'cloud.google.com/neg-status'

/** Classes that the in-cluster controller looks at; an Ingress without a class is `gce`. */
export const gceClasses: readonly string[] = ['', 'gce', 'gce-internal', 'gce-regional-external', multiClusterClass]

/** The name of a cluster's instance groups, the same in every zone (`k8s-ig--<uid>`, namer v1). */
export function groupName(clusterUid: string): string {
  return `k8s-ig--${clusterUid}`
}

const readablePart = 38

/** The name of a Service port's NEGs: `k8s1-<uid8>-<ns>-<svc>-<port>-<hash8>`, the middle cut evenly to 38 characters. */
export function negName(clusterUid: string, namespace: string, service: string, port: number): string {
  const [ns = '', name = '', number = ''] = trimEvenly([namespace, service, String(port)], readablePart)
  const hash = shortHash(`${clusterUid};${namespace};${service};${port}`, 8)
  return `k8s1-${clusterUid.slice(0, 8)}-${ns}-${name}-${number}-${hash}`
}

/** Cuts texts in proportion to their lengths, so that together they have at most `limit` characters. */
export function trimEvenly(parts: readonly string[], limit: number): string[] {
  const total = parts.reduce((sum, part) => sum + part.length, 0)
  if (total <= limit) return [...parts]
  let left = limit
  let rest = total
  return parts.map((part) => {
    const share = rest === 0 ? 0 : Math.floor((part.length * left) / rest)
    rest -= part.length
    left -= share
    return part.slice(0, share)
  })
}
