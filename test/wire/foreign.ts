import type { Environment } from '../../playground/environment.ts'
import { post } from '../support/manifests.ts'

/** What others made in the same project and the same clusters, under names that look like ours. */
const resources: readonly (readonly [collection: string, body: { name: string } & Record<string, unknown>])[] = [
  [
    'healthChecks',
    { name: 'mci1-hc-of-somebody', type: 'TCP', tcpHealthCheck: { port: 7 }, description: 'of somebody else' },
  ],
  [
    'firewalls',
    { name: 'mci1-fr-of-somebody', allowed: [{ IPProtocol: 'tcp', ports: ['22'] }], sourceRanges: ['192.0.2.0/24'] },
  ],
  ['addresses', { name: 'mci1-ip-of-somebody', description: 'reserved by somebody else' }],
]
const ingress = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: 'of-somebody', namespace: 'default', annotations: { 'kubernetes.io/ingress.class': 'nginx' } },
  spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
}
const path = '/apis/networking.k8s.io/v1/namespaces/default/ingresses'

/** Their names. */
export const foreignNames: readonly string[] = [...resources.map(([, { name }]) => name), ingress.metadata.name]

/** Puts it there. */
export async function plantForeign(environment: Environment): Promise<void> {
  for (const [collection, body] of resources) await post(`${globalOf(environment)}/${collection}`, body)
  for (const { server } of environment.clusters) await post(server + path, ingress)
}

/** All of it as it is now, whatever the API tells of it. */
export async function readForeign(environment: Environment): Promise<unknown[]> {
  const urls = [
    ...resources.map(([collection, { name }]) => `${globalOf(environment)}/${collection}/${name}`),
    ...environment.clusters.map(({ server }) => `${server}${path}/${ingress.metadata.name}`),
  ]
  return Promise.all(urls.map(async (url) => (await (await fetch(url)).json()) as unknown))
}

function globalOf({ compute, project }: Environment): string {
  return `${compute.url}/compute/v1/projects/${project}/global`
}
