import { maxCertificates } from '../ingress/annotations.ts'
import type { IngressModel } from '../ingress/model.ts'
import { hashOf } from '../json.ts'
import { resourceId, type ResourceId } from '../resource-id.ts'
import type { Problem } from '../state/documents.ts'
import type { ClusterFacts, Facts, SecretFact } from './facts.ts'
import { names } from './names.ts'

/** One certificate of a load balancer's HTTPS front end. */
export interface CertificateLayout {
  id: ResourceId
  name: string
  source: CertificateSource
}

/** Where a certificate comes from. */
export type CertificateSource =
  /** The user's own resource: only looked at. */
  | { from: 'pre-shared' }
  /** A TLS secret; `clusters` are those that hold this very certificate, the deciding one first. */
  | { from: 'secret'; secret: string; clusters: string[]; leaf: string }
  /** Google makes and renews it. */
  | { from: 'managed'; domains: string[] }

/** What laying out the certificates came to; notices are worth knowing and degrade nothing. */
export interface LaidCertificates {
  certificates: CertificateLayout[]
  /** Still attached, until the managed ones among `certificates` are ACTIVE. */
  retained: CertificateLayout['id'][]
  problems: Problem[]
  notices: Problem[]
}

/** What the certificates of an Ingress depend on besides facts. */
export interface CertificateContext {
  lb: string
  model: IngressModel
  clusters: readonly ClusterFacts[]
  facts: Facts
  /** Names kept from before, by `ssl-certificate <fingerprint>`. */
  kept: Readonly<Record<string, string>>
  /** The spec is not being served yet: what is wrong with it refuses it. */
  fresh: boolean
}

/**
 * The certificates in the order in which the proxy has them, which decides what clients without a server name get:
 * pre-shared ones, those of TLS secrets, managed ones. Names hold a hash of the content, so that a changed certificate is
 * another resource: it is made, put on the proxy, and the old one goes, and no moment is without a valid one.
 */
export function layCertificates(context: CertificateContext): LaidCertificates {
  const { model, facts } = context
  const problems: Problem[] = []
  const notices: Problem[] = []
  const all = [
    ...model.settings.preSharedCerts.map((name) => preShared(context, name)),
    ...secretNames(model).flatMap((secret) => ofSecret(context, secret, problems, notices) ?? []),
    ...managedDomains(context, problems, notices).map((domains) => managed(context, domains)),
  ]
  const certificates = [...new Map(all.map((one) => [one.id, one])).values()]
  if (certificates.length > maxCertificates)
    problems.push({
      where: 'spec.tls',
      message: `the Ingress has ${certificates.length} certificates; the load balancer takes at most ${maxCertificates}`,
    })
  notices.push(...uncovered(context, certificates), ...expiring(certificates, facts))
  return { certificates, retained: retainedOf(context, certificates), problems, notices }
}

function secretNames(model: IngressModel): string[] {
  return [...new Set(model.tls.map((entry) => entry.secretName))]
}

function preShared({ facts, lb }: CertificateContext, name: string): CertificateLayout {
  return { id: preSharedId(facts.project, lb, name), name, source: { from: 'pre-shared' } }
}

/** A pre-shared certificate may serve several load balancers: each has its own view of it, told apart by the longer path. */
export function preSharedId(project: string, lb: string, name: string): ResourceId {
  return resourceId('ssl-certificate', project, 'pre-shared', lb, name)
}

function ownId(project: string, name: string): ResourceId {
  return resourceId('ssl-certificate', project, name)
}

/** The first cluster by name that has the secret decides; others that have another certificate in it are told of. */
function ofSecret(
  { lb, model, clusters, facts, kept, fresh }: CertificateContext,
  secret: string,
  problems: Problem[],
  notices: Problem[],
): CertificateLayout | undefined {
  const where = `TLS secret ${model.namespace}/${secret}`
  const holders = clusters.flatMap((cluster) => {
    const fact = cluster.view?.secrets?.[secret]
    return fact?.found === true ? [{ cluster: cluster.doc.name, fact }] : []
  })
  const [first] = holders
  if (first === undefined) {
    const asked = clusters.filter((cluster) => cluster.view?.secrets?.[secret] !== undefined)
    problems.push({
      where,
      message:
        asked.length === 0
          ? 'no selected cluster has answered yet'
          : `does not exist in any selected cluster (${asked.map((cluster) => cluster.doc.name).join(', ')}): create it, or take it out of spec.tls`,
    })
    return undefined
  }
  if (first.fact.problem !== null) {
    problems.push({ where, message: `${first.fact.problem} in cluster ${first.cluster}` })
    return undefined
  }
  const { fingerprint, leaf, expires } = first.fact
  if (expires <= facts.now) {
    const message = `expired on ${day(expires)} in cluster ${first.cluster}: renew it`
    if (fresh) problems.push({ where, message })
    else notices.push({ where, message })
  }
  notices.push(...differences(where, first.cluster, first.fact, holders))
  const same = holders.filter(({ fact }) => fact.problem === null && fact.fingerprint === fingerprint)
  const name = kept[`ssl-certificate ${fingerprint}`] ?? names.certificate(lb, fingerprint)
  return {
    id: ownId(facts.project, name),
    name,
    source: { from: 'secret', secret, clusters: same.map(({ cluster }) => cluster), leaf },
  }
}

function differences(
  where: string,
  deciding: string,
  decided: SecretFact & { found: true; problem: null },
  holders: readonly { cluster: string; fact: SecretFact & { found: true } }[],
): Problem[] {
  return holders.flatMap(({ cluster, fact }) => {
    if (fact.problem === null && fact.fingerprint === decided.fingerprint) return []
    const what =
      fact.problem ??
      `holds another certificate (until ${day(fact.expires)}, for ${fact.hosts.join(', ') || 'no host'})`
    return [
      {
        where,
        message: `${what} in cluster ${cluster}; the one of cluster ${deciding} is served (until ${day(decided.expires)})`,
      },
    ]
  })
}

/** The host names of every managed certificate: one for the annotation, one for each ManagedCertificate object. */
function managedDomains({ model, clusters }: CertificateContext, problems: Problem[], notices: Problem[]): string[][] {
  const { managedCertificates, managedCertificateNames } = model.settings
  const ofObjects = managedCertificateNames.flatMap((name) => {
    const where = `ManagedCertificate ${model.namespace}/${name}`
    const holders = clusters.flatMap((cluster) => {
      const domains = cluster.view?.managedCertificates?.[name]
      return domains ? [{ cluster: cluster.doc.name, domains: domains.map((domain) => domain.toLowerCase()) }] : []
    })
    const [first] = holders
    if (first === undefined) {
      problems.push({ where, message: 'does not exist in any selected cluster: create it, or take its name away' })
      return []
    }
    if (first.domains.length === 0) {
      problems.push({ where, message: `names no domain in cluster ${first.cluster}` })
      return []
    }
    for (const { cluster, domains } of holders) {
      if (sorted(domains) !== sorted(first.domains))
        notices.push({
          where,
          message: `names ${domains.join(', ')} in cluster ${cluster}; the domains of cluster ${first.cluster} are served: ${first.domains.join(', ')}`,
        })
    }
    return [first.domains]
  })
  return [...(managedCertificates.length === 0 ? [] : [managedCertificates]), ...ofObjects]
}

function sorted(domains: readonly string[]): string {
  return [...domains].sort().join(' ')
}

function managed({ lb, facts }: CertificateContext, domains: string[]): CertificateLayout {
  const ordered = [...new Set(domains)].sort()
  const name = names.certificate(lb, hashOf(['managed', ordered]))
  return { id: ownId(facts.project, name), name, source: { from: 'managed', domains: ordered } }
}

/**
 * What was attached before stays attached beside a certificate that cannot serve yet: a managed one becomes ACTIVE only
 * once it is on the proxy, and until then clients must get what they got.
 */
function retainedOf({ facts }: CertificateContext, certificates: readonly CertificateLayout[]): ResourceId[] {
  const isActive = (id: string): boolean => facts.certificates[id]?.status === 'ACTIVE'
  const waits = certificates.some(({ id, source }) => source.from !== 'secret' && !isActive(id))
  if (!waits) return []
  const wanted = new Set<string>(certificates.map(({ id }) => id))
  return facts.attached
    .filter((id) => !wanted.has(id) && isActive(id))
    .slice(0, Math.max(0, maxCertificates - certificates.length))
}

/** Hosts of rules that no certificate covers, once all certificates are known. */
function uncovered(
  { model, clusters, facts }: CertificateContext,
  certificates: readonly CertificateLayout[],
): Problem[] {
  const covered = certificates.map(({ id, source }) => {
    if (source.from === 'managed') return source.domains
    if (source.from === 'pre-shared') return facts.certificates[id]?.hosts
    const fact = clusters.find((cluster) => cluster.doc.name === source.clusters[0])?.view?.secrets?.[source.secret]
    return fact?.found === true && fact.problem === null ? fact.hosts : undefined
  })
  if (certificates.length === 0 || covered.includes(undefined)) return []
  const patterns = covered.flatMap((hosts) => hosts ?? [])
  return model.rules
    .filter(({ host }) => host !== '' && !patterns.some((pattern) => covers(pattern, host)))
    .map(({ host }) => ({
      where: `host ${host}`,
      message: 'no certificate covers it: browsers will refuse it over HTTPS',
    }))
}

/** Whether a name of a certificate covers a host; a wildcard stands for exactly one label. */
function covers(pattern: string, host: string): boolean {
  if (pattern === host) return true
  return pattern.startsWith('*.') && host.includes('.') && host.slice(host.indexOf('.')) === pattern.slice(1)
}

/** A pre-shared or living certificate that is past its time. */
function expiring(certificates: readonly CertificateLayout[], facts: Facts): Problem[] {
  return certificates.flatMap(({ id, name, source }) => {
    const expires = facts.certificates[id]?.expires ?? null
    return source.from === 'pre-shared' && expires !== null && expires <= facts.now
      ? [{ where: `certificate ${name}`, message: `expired on ${day(expires)}` }]
      : []
  })
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
