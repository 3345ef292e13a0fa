import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { selfSigned } from '../../../playground/data-plane/self-signed.ts'

describe('a self-signed certificate', () => {
  // Signatures differ in length, and names decide how long the lengths are: all of them must parse.
  it.each([
    { reason: 'one short name', names: ['a.io'] },
    {
      reason: 'names of more than 127 bytes',
      names: Array.from({ length: 8 }, (_, i) => `host-${i}.shop.example.com`),
    },
    {
      reason: 'names of more than 255 bytes',
      names: Array.from({ length: 40 }, (_, i) => `host-${i}.shop.example.com`),
    },
  ])('parses and belongs to its key, every time: $reason', ({ names }) => {
    for (let round = 0; round < 100; round++) {
      const { cert, key } = selfSigned(names)
      const parsed = new X509Certificate(cert)
      createSecureContext({ cert, key })
      expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true)
      expect(parsed.verify(parsed.publicKey)).toBe(true)
      expect(parsed.subjectAltName).toBe(names.map((name) => `DNS:${name}`).join(', '))
    }
  })
})
