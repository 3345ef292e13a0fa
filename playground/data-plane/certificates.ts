import { X509Certificate } from 'node:crypto'
import type { Replica } from './replica.ts'
import type { Resource } from './resources.ts'
import { selfSigned, type KeyedCertificate } from './self-signed.ts'

/** Finds what an HTTPS front end presents. */
export interface Certificates {
  /**
   * The certificate for a server name: the first of `links` that covers it, else the first at all. Undefined when none
   * can be presented (no key, or a managed one that is not ACTIVE yet): the handshake fails.
   */
  find(links: readonly string[], serverName: string | undefined): KeyedCertificate | undefined
}

/** Reads certificates from the replica; a managed one that is ACTIVE gets a self-signed stand-in for its domains. */
export function createCertificates(replica: Replica): Certificates {
  const standIns = new Map<string, KeyedCertificate>()

  function keyed(certificate: Resource<'sslCertificates'>): KeyedCertificate | undefined {
    if (certificate.managed === undefined) {
      const { certificate: cert, privateKey: key } = certificate
      return cert === undefined || key === undefined ? undefined : { cert, key }
    }
    if (certificate.managed.status !== 'ACTIVE') return undefined
    const { domains } = certificate.managed
    const known = standIns.get(domains.join()) ?? selfSigned(domains)
    standIns.set(domains.join(), known)
    return known
  }

  return {
    find(links, serverName) {
      const usable = links.flatMap((link) => {
        const certificate = replica.get('sslCertificates', link)
        return (certificate === undefined ? undefined : keyed(certificate)) ?? []
      })
      const covers = ({ cert }: KeyedCertificate): boolean =>
        serverName !== undefined && new X509Certificate(cert).checkHost(serverName) !== undefined
      return usable.find(covers) ?? usable[0]
    },
  }
}
