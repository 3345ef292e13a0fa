import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { ApiError, invalid, required } from '../api-error.ts'
import { type JsonObject, objectAt, stringsAt, textAt, without } from '../json.ts'
import type { Kind } from '../kind.ts'
import { timestamp } from '../operations.ts'

const certificatePattern = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g
const maxBytes = 64 * 1024
const maxDomains = 100

function parseChain(pem: string): X509Certificate[] {
  const blocks = pem.length > maxBytes ? [] : (pem.match(certificatePattern) ?? [])
  try {
    const chain = blocks.map((block) => new X509Certificate(block))
    if (chain.length > 0) return chain
  } catch {
    // Falls through to the refusal.
  }
  throw new ApiError(400, 'sslCertificateCouldNotParseCert', 'The SSL certificate could not be parsed.')
}

function parseKey(pem: string): KeyObject {
  try {
    if (pem.length <= maxBytes) return createPrivateKey(pem)
  } catch {
    // Falls through to the refusal.
  }
  throw new ApiError(400, 'sslCertificateCouldNotParseKey', 'The SSL key could not be parsed.')
}

/** An expired certificate is accepted, as the recordings of the real service show. */
function readPair(body: JsonObject): X509Certificate {
  const self = objectAt(body, 'selfManaged')
  const pem = textAt(body, 'certificate') ?? textAt(self, 'certificate') ?? ''
  const keyPem = textAt(body, 'privateKey') ?? textAt(self, 'privateKey') ?? ''
  if (pem === '') throw required('resource.certificate')
  if (keyPem === '') throw required('resource.privateKey')
  const [leaf] = parseChain(pem)
  const key = parseKey(keyPem)
  if (leaf?.checkPrivateKey(key) !== true) {
    // Reason and text are not checked against the real service.
    throw new ApiError(400, 'sslCertificateKeyMismatch', 'The SSL certificate and key do not match.')
  }
  const bits = key.asymmetricKeyDetails?.modulusLength
  if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'ec') {
    throw invalid('resource.privateKey', '', 'The key must be an RSA or ECDSA key.')
  }
  if (bits !== undefined && bits < 2048)
    throw invalid('resource.privateKey', '', 'An RSA key must have at least 2048 bits.')
  return leaf
}

function checkDomains(body: JsonObject): void {
  const domains = stringsAt(objectAt(body, 'managed'), 'domains')
  if (domains.length === 0) throw required('resource.managed.domains')
  if (domains.length > maxDomains) {
    throw invalid(
      'resource.managed.domains',
      domains.length,
      `A managed certificate has at most ${maxDomains} domains.`,
    )
  }
  domains.forEach((domain, index) => {
    if (!/^(?=.{1,64}\.?$)([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}\.?$/i.test(domain)) {
      throw invalid(
        `resource.managed.domains[${index}]`,
        domain,
        'The domain must be a fully qualified host name without wildcards.',
      )
    }
  })
}

function isManaged(body: JsonObject): boolean {
  return textAt(body, 'type') === 'MANAGED' || (textAt(body, 'type') === undefined && body['managed'] !== undefined)
}

export const sslCertificates: Kind = {
  collection: 'sslCertificates',
  message: 'SslCertificate',
  singular: 'sslCertificate',
  noun: 'ssl_certificate',
  fingerprint: 'none',
  quota: 'SSL_CERTIFICATES',
  check(body) {
    if (isManaged(body)) checkDomains(body)
    else readPair(body)
  },
  secret: (body) => textAt(body, 'privateKey') ?? textAt(objectAt(body, 'selfManaged'), 'privateKey'),
  defaults(body) {
    if (isManaged(body)) {
      const domains = stringsAt(objectAt(body, 'managed'), 'domains')
      return {
        ...body,
        type: 'MANAGED',
        managed: {
          domains,
          status: 'PROVISIONING',
          domainStatus: Object.fromEntries(domains.map((domain) => [domain, 'PROVISIONING'])),
        },
      }
    }
    const leaf = readPair(body)
    const pem = textAt(body, 'certificate') ?? textAt(objectAt(body, 'selfManaged'), 'certificate') ?? ''
    const names = (leaf.subjectAltName ?? '').split(', ').flatMap((name) => /^DNS:(.+)$/.exec(name)?.[1] ?? [])
    return {
      ...without(body, 'privateKey'),
      type: 'SELF_MANAGED',
      certificate: pem,
      selfManaged: { certificate: pem },
      expireTime: timestamp(leaf.validToDate.getTime()),
      ...(names.length === 0 ? {} : { subjectAlternativeNames: names }),
    }
  },
}
