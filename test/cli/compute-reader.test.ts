import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { CloudError } from '../../shared/cloud/compute-port.ts'
import { createComputeReader } from '../../shared/cloud/compute-reader.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** A reader whose every question gets what `answer` makes of it. */
async function readerOf(answer: (request: IncomingMessage, response: ServerResponse) => void, timeoutMs = 2_000) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return createComputeReader({
    endpoint,
    timeoutMs,
    accessToken: () => Promise.reject(new Error('no token may be asked for')),
  })
}

function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

describe('lists over REST', () => {
  it('follow pages to the end, with references as relative paths', async () => {
    const reader = await readerOf((request, response) => {
      const url = new URL(request.url ?? '', 'http://x')
      expect(url.pathname).toBe('/compute/v1/projects/p/global/targetHttpProxies')
      expect(url.searchParams.get('maxResults')).toBe('500')
      if (url.searchParams.get('pageToken') === null)
        json(response, {
          items: [{ name: 'a', urlMap: 'https://www.googleapis.com/compute/v1/projects/p/global/urlMaps/m' }],
          nextPageToken: 'n',
        })
      else json(response, { items: [{ name: 'b' }] })
    })
    expect(await reader.list('targetHttpProxies', 'p')).toEqual([
      { name: 'a', urlMap: 'projects/p/global/urlMaps/m' },
      { name: 'b' },
    ])
  })

  it('of zonal collections hold all zones, and nothing of regions', async () => {
    const reader = await readerOf((request, response) => {
      expect(request.url).toContain('/compute/v1/projects/p/aggregated/instanceGroups?')
      json(response, {
        items: {
          'zones/z1': { instanceGroups: [{ name: 'g1' }] },
          'zones/z2': { warning: { code: 'NO_RESULTS_ON_PAGE' } },
          'regions/r': { instanceGroups: [{ name: 'regional' }] },
        },
      })
    })
    expect(await reader.list('instanceGroups', 'p')).toEqual([{ name: 'g1' }])
  })

  it('are empty where there are no items', async () => {
    const reader = await readerOf((_request, response) => json(response, { kind: 'compute#urlMapList' }))
    expect(await reader.list('urlMaps', 'p')).toEqual([])
  })

  const failures: { reason: string; answer: (response: ServerResponse) => void; wants: Partial<CloudError> }[] = [
    {
      reason: 'a refusal, with the reason of the API',
      answer: (response) =>
        json(response, { error: { code: 403, message: 'not you', errors: [{ reason: 'forbidden' }] } }, 403),
      wants: { status: 403, reason: 'forbidden', message: 'list urlMaps of project p: not you' },
    },
    {
      reason: 'a list that is not complete',
      answer: (response) => json(response, { items: [], warning: { code: 'UNREACHABLE' } }),
      wants: { status: 503, reason: 'incomplete' },
    },
    {
      reason: 'a page of something in between',
      answer: (response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<html>'),
      wants: { status: 502, reason: 'unexpectedAnswer' },
    },
    {
      reason: 'a redirect, which is not followed',
      answer: (response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
      wants: { status: 0, reason: 'unavailable' },
    },
    { reason: 'no answer in time', answer: () => undefined, wants: { status: 0, reason: 'unavailable' } },
  ]
  it.each(failures)('end in a CloudError at $reason', async ({ answer, wants }) => {
    const reader = await readerOf((_request, response) => answer(response), 300)
    const error: unknown = await reader.list('urlMaps', 'p').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(CloudError)
    expect(error).toMatchObject(wants)
  })
})
