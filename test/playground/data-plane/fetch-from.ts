import http from 'node:http'
import https from 'node:https'
import type { TLSSocket } from 'node:tls'

/** An answer, and the names of the certificate that it came with. */
export interface Got {
  status: number
  body: string
  headers: http.IncomingHttpHeaders
  certificate: string | undefined
}

/** One request on a connection of its own; rejects when there is no answer. */
export function fetchFrom(
  base: string,
  path: string,
  headers: Record<string, string> = {},
  servername?: string,
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const options = {
      headers,
      agent: false,
      rejectUnauthorized: false,
      ...(servername === undefined ? {} : { servername }),
    }
    const request = base.startsWith('https:') ? https.get(base + path, options) : http.get(base + path, options)
    request.on('error', reject)
    request.on('response', (response) => {
      const certificate =
        'getPeerX509Certificate' in response.socket
          ? (response.socket as TLSSocket).getPeerX509Certificate()?.subjectAltName
          : undefined
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString(),
          headers: response.headers,
          certificate,
        }),
      )
    })
  })
}
