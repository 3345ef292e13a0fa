import { generateKeyPairSync, sign } from 'node:crypto'

/** PEM texts. */
export interface KeyedCertificate {
  cert: string
  key: string
}

/**
 * A self-signed certificate for DNS names, valid from 2020 to `until` (yymmdd), by default the end of 2049: what stands in for a managed certificate, whose key never
 * leaves the real service. The fields follow RFC 5280; Node can sign but not write X.509 by itself.
 */
export function selfSigned(names: readonly string[], until = '491231'): KeyedCertificate {
  // A fresh key each time: a TLS server's key must not be guessable, not even in a playground that runs from a seed.
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaWithSha256 = der(0x30, oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02))
  const commonName = der(0x30, der(0x31, der(0x30, oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from(names[0] ?? '')))))
  const alternativeNames = der(0x30, ...names.map((name) => der(0x82, Buffer.from(name))))
  const toBeSigned = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    commonName,
    der(0x30, der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from(`${until}235959Z`))),
    commonName,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, der(0x30, oid(0x55, 0x1d, 0x11), der(0x04, alternativeNames)))),
  )
  const signature = der(0x03, Buffer.from([0]), sign('sha256', toBeSigned, privateKey))
  const base64 =
    der(0x30, toBeSigned, ecdsaWithSha256, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** One tag, length and value; the length in the fewest bytes, as DER wants; up to 64 KiB. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const long = length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...(length < 128 ? [length] : long)]), content])
}

function oid(...bytes: number[]): Buffer {
  return der(0x06, Buffer.from(bytes))
}
