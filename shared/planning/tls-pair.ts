import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import type { SecretFact } from './facts.ts'

/** Data of a Kubernetes secret, base64 (type kubernetes.io/tls: `tls.crt` and `tls.key`). */
type SecretData = Readonly<Record<string, string>>

/** A certificate chain and its private key as PEM text. Only ever on its way to Compute: never kept, never logged. */
export interface TlsPair {
  certificate: string
  privateKey: string
}

/** Far above any chain; the API's own limit is lower. */
const longest = 256 * 1024

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** The pair of a TLS secret, or what it lacks. */
export function pairOf(data: SecretData): TlsPair | { lacks: string } {
  for (const member of ['tls.crt', 'tls.key']) {
    if ((data[member] ?? '') === '') return { lacks: `has no ${member}` }
    if ((data[member] ?? '').length > longest) return { lacks: `has a ${member} of more than ${longest} characters` }
  }
  return { certificate: textOf(data['tls.crt']), privateKey: textOf(data['tls.key']) }
}

function textOf(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString('utf8')
}

/**
 * What may be known of a TLS secret: never a part of its key, and no text of the library that reads it, which could hold
 * one.
 */
export function publicPart(data: SecretData | undefined): SecretFact {
  if (data === undefined) return { found: false }
  const pair = pairOf(data)
  if ('lacks' in pair) return { found: true, problem: pair.lacks }
  const blocks = pair.certificate.match(certificateBlock) ?? []
  const leaf = attempt(() => new X509Certificate(blocks[0] ?? ''))
  if (leaf === undefined) return { found: true, problem: 'has a tls.crt that is not a PEM certificate' }
  const key = attempt(() => createPrivateKey(pair.privateKey))
  if (key === undefined)
    return { found: true, problem: 'has a tls.key that is not a PEM private key without passphrase' }
  if (!leaf.checkPrivateKey(key)) return { found: true, problem: 'has a tls.key that does not belong to its tls.crt' }
  return {
    found: true,
    problem: null,
    fingerprint: fingerprintOf(pair.certificate),
    leaf: digestOf(leaf),
    hosts: hostsOf(leaf),
    expires: leaf.validToDate.getTime(),
  }
}

/** A hash of the certificates in a text, whatever surrounds them and however they are broken into lines. */
export function fingerprintOf(certificate: string): string {
  const blocks = (certificate.match(certificateBlock) ?? []).map((block) => block.replace(/\s+/g, ''))
  return createHash('sha256').update(blocks.join('\n')).digest('hex').slice(0, 32)
}

/** SHA-256 of the first certificate in a text; undefined when there is none. */
export function leafOf(certificate: string): string | undefined {
  const leaf = attempt(() => new X509Certificate(certificate.match(certificateBlock)?.[0] ?? ''))
  return leaf === undefined ? undefined : digestOf(leaf)
}

function digestOf(leaf: X509Certificate): string {
  return leaf.fingerprint256.replaceAll(':', '')
}

/** Host names of the subject alternative names; without any, the common name, as older certificates have it. */
function hostsOf(leaf: X509Certificate): string[] {
  const names = (leaf.subjectAltName ?? '').split(', ').flatMap((name) => /^DNS:(.+)$/.exec(name)?.[1] ?? [])
  const common = /(?:^|\n)CN=(.+)/.exec(leaf.subject)?.[1]
  const hosts = names.length > 0 ? names : common === undefined ? [] : [common]
  return hosts.slice(0, 100).map((name) => name.toLowerCase())
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
