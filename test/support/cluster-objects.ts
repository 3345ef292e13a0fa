import { selfSigned, type KeyedCertificate } from '../../playground/data-plane/self-signed.ts'
import { leafOf } from '../../shared/planning/tls-pair.ts'
import type { System } from './system.ts'

/** A certificate for tests, with what a client sees of it. */
export interface TestCertificate extends KeyedCertificate {
  fingerprint: string
}

/** A fresh self-signed certificate for host names, until the end of 2049 or the given day (yymmdd). */
export function certificateFor(hosts: readonly string[], until?: string): TestCertificate {
  const pair = selfSigned(hosts, until)
  return { ...pair, fingerprint: leafOf(pair.cert) ?? '' }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** Puts a TLS secret into clusters, all of them unless named. */
export async function putSecret(
  system: System,
  name: string,
  { cert, key }: KeyedCertificate,
  clusters?: readonly string[],
): Promise<void> {
  const object = {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name, namespace: 'default' },
    data: { 'tls.crt': base64(cert), 'tls.key': base64(key) },
  }
  await put(system, '/api/v1/namespaces/default/secrets', object, clusters)
}

/** Puts a ManagedCertificate into clusters, all of them unless named. */
export async function putManagedCertificate(
  system: System,
  name: string,
  domains: string[],
  clusters?: readonly string[],
): Promise<void> {
  const object = {
    apiVersion: 'networking.gke.io/v1',
    kind: 'ManagedCertificate',
    metadata: { name, namespace: 'default' },
    spec: { domains },
  }
  await put(system, '/apis/networking.gke.io/v1/namespaces/default/managedcertificates', object, clusters)
}

/** Puts a BackendConfig or FrontendConfig into clusters, all of them unless named. */
export async function putConfig(
  system: System,
  kind: 'BackendConfig' | 'FrontendConfig',
  name: string,
  spec: object,
  clusters?: readonly string[],
): Promise<void> {
  const [group, plural] =
    kind === 'BackendConfig'
      ? ['cloud.google.com/v1', 'backendconfigs']
      : ['networking.gke.io/v1beta1', 'frontendconfigs']
  const object = { apiVersion: group, kind, metadata: { name, namespace: 'default' }, spec }
  await put(system, `/apis/${group}/namespaces/default/${plural}`, object, clusters)
}

/** Puts a Secret of texts into clusters, all of them unless named. */
export async function putTexts(
  system: System,
  name: string,
  texts: Readonly<Record<string, string>>,
  clusters?: readonly string[],
): Promise<void> {
  const data = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, base64(text)]))
  const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default' }, data }
  await put(system, '/api/v1/namespaces/default/secrets', object, clusters)
}

/** Sets annotations of a Service in every cluster; null takes one away. */
export async function annotateService(
  system: System,
  name: string,
  annotations: Readonly<Record<string, string | null>>,
): Promise<void> {
  for (const { server } of system.environment.clusters)
    await fetch(`${server}/api/v1/namespaces/default/services/${name}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({ metadata: { annotations } }),
    })
}

async function put(
  system: System,
  path: string,
  object: { metadata: { name: string } },
  clusters: readonly string[] | undefined,
): Promise<void> {
  for (const { name, server } of system.environment.clusters) {
    if (clusters !== undefined && !clusters.includes(name)) continue
    const made = await send('POST', server + path, object)
    if (made === 409) await send('PUT', `${server}${path}/${object.metadata.name}`, object)
  }
}

async function send(method: string, url: string, object: object): Promise<number> {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(object),
  })
  if (!answer.ok && answer.status !== 409) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`)
  return answer.status
}

/** Says that something in a cluster may have changed. */
export async function lookAgain(system: System, ...clusters: string[]): Promise<void> {
  const url = `${system.environment.pubsub.rest}/v1/projects/playground/topics/cluster-changes:publish`
  const messages = clusters.map((cluster) => ({ data: base64(JSON.stringify({ cluster })) }))
  const answer = await fetch(url.startsWith('http') ? url : `http://${url}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages }),
  })
  if (!answer.ok) throw new Error(`cluster-changes: ${answer.status} ${await answer.text()}`)
}
