import http from 'node:http'
import https from 'node:https'
import type { PushBody } from './message.ts'

/** POSTs one push and answers the HTTP status; rejects when there is no answer or `signal` aborts. */
export type PostPush = (endpoint: string, body: PushBody, signal: AbortSignal) => Promise<number>

/** The statuses that acknowledge a push: what the service's documentation lists (102 never ends a Node response, so it can't be seen here). */
const ACKNOWLEDGING: ReadonlySet<number> = new Set([102, 200, 201, 202, 204])

/** Whether a push endpoint's answer acknowledges the message. */
export function acknowledges(status: number): boolean {
  return ACKNOWLEDGING.has(status)
}

/** A poster over connections that stay open: a hop costs a round trip, not a handshake. */
export function createHttpPoster(): { post: PostPush; close(): void } {
  const agents = {
    'http:': new http.Agent({ keepAlive: true }),
    'https:': new https.Agent({ keepAlive: true }),
  }
  return {
    post: (endpoint, body, signal) =>
      new Promise((resolve, reject) => {
        const url = new URL(endpoint)
        const payload = Buffer.from(JSON.stringify(body))
        const options = {
          method: 'POST',
          signal,
          headers: {
            'content-type': 'application/json',
            'content-length': payload.length,
            'user-agent': 'CloudPubSub-Google',
          },
        }
        const request =
          url.protocol === 'https:'
            ? https.request(url, { ...options, agent: agents['https:'] })
            : http.request(url, { ...options, agent: agents['http:'] })
        request.on('response', (response) => {
          response.resume()
          response.on('end', () => resolve(response.statusCode ?? 0))
          response.on('error', reject)
        })
        request.on('error', reject)
        request.end(payload)
      }),
    close() {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}
