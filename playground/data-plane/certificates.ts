import { X509Certificate } from 'node:crypto'
import type { Replica } from './replica.ts'

/** PEM texts. */
export interface KeyedCertificate {
  cert: string
  key: string
}

/**
 * The certificate for a server name: the first of the proxy's that covers it, else the proxy's first. Undefined when the
 * proxy has none with a key (a managed certificate's key never leaves the real service): the handshake fails.
 */
export function certificateFor(
  replica: Replica,
  links: readonly string[],
  serverName: string | undefined,
): KeyedCertificate | undefined {
  const usable = links.flatMap((link) => {
    const { certificate, privateKey } = replica.get('sslCertificates', link) ?? {}
    return certificate === undefined || privateKey === undefined ? [] : [{ cert: certificate, key: privateKey }]
  })
  const covers = ({ cert }: KeyedCertificate): boolean =>
    serverName !== undefined && new X509Certificate(cert).checkHost(serverName) !== undefined
  return usable.find(covers) ?? usable[0]
}
