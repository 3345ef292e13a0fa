import type { SslCertificate } from '../../shared/cloud/compute-resources.ts'
import { CloudError, type ComputeRef } from '../../shared/cloud/compute-port.ts'
import type { Cloud, Kind, Observation } from '../../shared/engine/kind.ts'
import type { CertificateLayout } from '../../shared/planning/certificates.ts'
import type { CertificateFact } from '../../shared/planning/facts.ts'
import type { Layout } from '../../shared/planning/layout.ts'
import { madeForAnother, ownership, stamped } from '../../shared/planning/stamp.ts'
import { leafOf, pairOf, type TlsPair } from '../../shared/planning/tls-pair.ts'
import { splitResourceId, type ResourceId } from '../../shared/resource-id.ts'
import { stampedWant, type Stamped } from './common.ts'

/**
 * What is wanted of a certificate: never its text and never its key, which are read from the secret at the moment of
 * creation and sent to Compute only.
 */
export interface SslCertificateWant extends Stamped {
  name: string
  description: string
  /** What it must hold: nothing is asked of a pre-shared one. */
  content: { leaf?: string; domains?: string[] }
  /** Where the secret is: the deciding cluster first, then others that hold the same. */
  secret?: { namespace: string; name: string; clusters: string[] }
}

/** A managed certificate is asked for at this pace, by its age; milliseconds. It takes minutes, and hours while DNS is not set. */
const managedPace = [
  { until: 10_000, after: 1_000 },
  { until: 600_000, after: 15_000 },
  { until: Infinity, after: 60_000 },
] as const

/** `ssl-certificate/<project>/<name>`, or `ssl-certificate/<project>/pre-shared/<load balancer>/<name>` for one of the user's own. */
function place(id: ResourceId): { ref: ComputeRef<'sslCertificates'>; preShared: boolean } {
  const { path } = splitResourceId(id)
  const [project = ''] = path
  return { ref: { collection: 'sslCertificates', project, name: path.at(-1) ?? '' }, preShared: path.length > 2 }
}

function wantOf(layout: Layout, { name, source }: CertificateLayout): SslCertificateWant {
  const description = stamped(`SSL cert for kubernetes multicluster loadbalancer ${layout.lb}`, layout.ingress)
  const common = { ...stampedWant(layout), name, description }
  switch (source.from) {
    case 'pre-shared':
      return { ...common, content: {} }
    case 'managed':
      return { ...common, content: { domains: source.domains } }
    case 'secret':
      return {
        ...common,
        content: { leaf: source.leaf },
        secret: { namespace: layout.model.namespace, name: source.secret, clusters: source.clusters },
      }
    default:
      return source satisfies never
  }
}

/** Immutable: its name holds a hash of its content, and a changed one is another resource. */
export const sslCertificate: Kind<SslCertificateWant, SslCertificate> = {
  name: 'ssl-certificate',
  collections: ['sslCertificates'],
  lives: ['load-balancer'],
  owned: ['content'],
  desire: (layout) => [
    ...layout.certificates.map((one) => ({ id: one.id, want: wantOf(layout, one), refs: [] })),
    ...layout.retained.map((id) => ({ id, hold: 'stays attached until the managed certificates are ACTIVE' })),
  ],

  async observe(cloud, id, want) {
    const { ref, preShared } = place(id)
    if (preShared && want === null) return { got: undefined, owner: 'ours' }
    const got = await cloud.compute.get(ref)
    if (preShared && want !== null) return seePreShared(ref.name, got, want)
    const whose = ownership(got, want)
    if (got === undefined || want === null) return { got, ...whose }
    const trouble = whose.owner === 'ours' ? managedTrouble(got, cloud.now()) : {}
    return { got, ...whose, output: factOf(got), ...trouble }
  },

  project: (got) => ({
    content:
      got.managed === undefined
        ? { leaf: leafOf(got.certificate ?? '') ?? '' }
        : { domains: [...(got.managed.domains ?? [])].sort() },
  }),

  async create(cloud, id, want, requestId) {
    const { ref } = place(id)
    const { name, description, content, secret } = want
    if (content.domains !== undefined)
      return cloud.compute.insert(
        ref,
        { name, description, type: 'MANAGED', managed: { domains: content.domains } },
        requestId,
      )
    const pair = await readPair(cloud, want)
    try {
      return await cloud.compute.insert(ref, { name, description, ...pair }, requestId)
    } catch (error) {
      if (!(error instanceof CloudError)) throw error
      // The API may quote the value that it refuses.
      const message = withoutKey(error.message, pair.privateKey)
      throw new CloudError(error.status, error.reason, `the certificate of secret ${secret?.name ?? ''}: ${message}`)
    }
  },

  remove: (cloud, id, _got, requestId) => cloud.compute.remove(place(id).ref, requestId),
}

function seePreShared(
  name: string,
  got: SslCertificate | undefined,
  want: SslCertificateWant,
): Observation<SslCertificate> {
  if (got === undefined)
    return {
      got,
      owner: 'ours',
      refused: `there is no SSL certificate "${name}" in this project: create it (gcloud compute ssl-certificates create ${name} --global ...) or take it out of the annotation ingress.gcp.kubernetes.io/pre-shared-cert`,
    }
  const taken = madeForAnother(got.description, want)
  if (taken !== undefined)
    return {
      got,
      owner: 'ours',
      refused: `the SSL certificate "${name}" cannot be used as a pre-shared one: ${taken}. Name one of your own in the annotation ingress.gcp.kubernetes.io/pre-shared-cert`,
    }
  return { got, owner: 'ours', output: factOf(got) }
}

function factOf(got: SslCertificate): CertificateFact {
  const expires = Date.parse(got.expireTime ?? '')
  return {
    status: got.managed === undefined ? 'ACTIVE' : (got.managed.status ?? 'PROVISIONING'),
    expires: Number.isNaN(expires) ? null : expires,
    hosts: got.managed?.domains ?? got.subjectAlternativeNames ?? [],
  }
}

/** A managed certificate that cannot serve yet, and what keeps it (enum ManagedStatus and DomainStatus of the API). */
function managedTrouble({ managed, creationTimestamp }: SslCertificate, now: number): Partial<Observation<never>> {
  const status = managed?.status ?? 'ACTIVE'
  if (status === 'ACTIVE' || status === 'RENEWAL_FAILED') return {}
  const domains = Object.entries(managed?.domainStatus ?? {}).filter(([, state]) => state !== 'ACTIVE')
  const states = domains.slice(0, 10).map(([domain, state]) => `${domain} ${state}`)
  if (status === 'PROVISIONING_FAILED_PERMANENTLY')
    return {
      refused: `Google gave up on this certificate (${states.join(', ')}): see to the DNS and CAA records of these hosts, then name them again`,
    }
  const age = now - Date.parse(creationTimestamp ?? '')
  const pace = managedPace.find(({ until }) => !(age >= until)) ?? managedPace[2]
  return {
    pending: {
      after: pace.after,
      why: `Google is making this certificate (${status}): ${states.join(', ')}; their DNS must point to the load balancer's IP`,
    },
  }
}

/** The pair from the first cluster that still holds what was planned. */
async function readPair(cloud: Cloud, { content, secret }: SslCertificateWant): Promise<TlsPair> {
  const troubles: string[] = []
  for (const name of secret?.clusters ?? []) {
    try {
      const client = await cloud.cluster(name)
      const found = await client?.secret(secret?.namespace ?? '', secret?.name ?? '')
      const pair = found === undefined ? { lacks: 'is gone' } : pairOf(found.data)
      if (!('lacks' in pair) && leafOf(pair.certificate) === content.leaf) return pair
      troubles.push(`${'lacks' in pair ? pair.lacks : 'has changed since it was planned'} in cluster ${name}`)
    } catch (error) {
      if (!(error instanceof CloudError)) throw error
      troubles.push(error.message)
    }
  }
  throw new CloudError(0, 'secret', `the TLS secret ${secret?.name ?? ''} ${troubles.join('; ') || 'is nowhere'}`)
}

/** Takes a private key, whole or by its lines, out of a text. */
function withoutKey(text: string, privateKey: string): string {
  const lines = privateKey.split(/\s+/).filter((line) => line.length > 8 && !line.startsWith('-----'))
  return [privateKey, privateKey.trim(), JSON.stringify(privateKey).slice(1, -1), ...lines]
    .reduce((left, part) => left.replaceAll(part, '(private key)'), text)
    .slice(0, 500)
}
