import { describe, expect, it } from 'vitest'
import { selfSigned } from '../../../playground/data-plane/self-signed.ts'
import { fingerprintOf, leafOf, publicPart } from '../../../shared/planning/tls-pair.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const pair = selfSigned(['a.example', '*.b.example'])
const other = selfSigned(['a.example'])
const data = (cert: string, key: string): Record<string, string> => ({
  'tls.crt': base64(cert),
  'tls.key': base64(key),
})

describe('the public part of a secret', () => {
  it('is its hosts, its end and its hashes, and nothing of the key', () => {
    const fact = publicPart(data(pair.cert, pair.key))
    expect(fact).toEqual({
      found: true,
      problem: null,
      fingerprint: fingerprintOf(pair.cert),
      leaf: leafOf(pair.cert),
      hosts: ['a.example', '*.b.example'],
      expires: Date.parse('2049-12-31T23:59:59Z'),
    })
    for (const line of pair.key.split('\n').slice(1, -2)) expect(JSON.stringify(fact)).not.toContain(line)
  })

  const rows: { reason: string; data: Record<string, string> | undefined; says: string | undefined }[] = [
    { reason: 'there is no secret', data: undefined, says: undefined },
    { reason: 'no key', data: { 'tls.crt': base64(pair.cert) }, says: 'has no tls.key' },
    { reason: 'no certificate', data: { 'tls.key': base64(pair.key) }, says: 'has no tls.crt' },
    {
      reason: 'a certificate that is none',
      data: data('x', pair.key),
      says: 'has a tls.crt that is not a PEM certificate',
    },
    {
      reason: 'a key that is none',
      data: data(pair.cert, 'x'),
      says: 'has a tls.key that is not a PEM private key without passphrase',
    },
    {
      reason: "another's key",
      data: data(pair.cert, other.key),
      says: 'has a tls.key that does not belong to its tls.crt',
    },
    {
      reason: 'megabytes',
      data: data('x'.repeat(1_000_000), pair.key),
      says: 'has a tls.crt of more than 262144 characters',
    },
  ]
  for (const { reason, data: given, says } of rows)
    it(reason, () =>
      expect(publicPart(given)).toEqual(says === undefined ? { found: false } : { found: true, problem: says }),
    )

  it('the fingerprint does not depend on line breaks or on text around the certificate, and does on the chain', () => {
    const joined = pair.cert.replace(/\n(?!-----END)/g, '\r\n')
    expect(fingerprintOf(`subject=x\n${joined}`)).toBe(fingerprintOf(pair.cert))
    expect(fingerprintOf(pair.cert + other.cert)).not.toBe(fingerprintOf(pair.cert))
    expect(leafOf(pair.cert + other.cert)).toBe(leafOf(pair.cert))
  })
})
