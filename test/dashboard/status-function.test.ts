import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dashboardFiles } from '../../functions/dashboard.ts'
import type { Detail, Summary } from '../../functions/dashboard/api-types.ts'
import { createMemoryStore } from '../../shared/state/memory.ts'
import type { Store } from '../../shared/state/store.ts'
import { serveStatus, type Served } from './support/serve.ts'
import { healthOf, putOnStage } from './support/world.ts'

/** What somebody might hope to smuggle into the page, as far as names and messages can hold it. */
const hostile = `"><img src=x onerror=alert(1)></script><script>alert(2)</script>`
const now = 2_000_000_000

describe('the status function', () => {
  let served: Served
  let broken = false
  const store = createMemoryStore()
  const moody: Store = {
    ...store,
    find: (query) => (broken ? Promise.reject(new Error('firestore is away')) : store.find(query)),
  }

  beforeAll(async () => {
    await putOnStage(
      store,
      [
        { name: 'shop', services: ['cart', 'catalogue'] },
        { name: 'blog', scene: 'Progressing' },
        { name: 'payments', scene: 'Failed', trouble: hostile },
        { name: 'old', scene: 'Deleting' },
        ...Array.from({ length: 60 }, (_, index) => ({ name: `site-${String(index).padStart(2, '0')}` })),
      ],
      now,
    )
    served = await serveStatus(moody, healthOf(new Set(['us-central1-a', 'us-central1-b'])), () => now)
  })
  afterAll(() => served.close())

  const get = (path: string, init: RequestInit = {}): Promise<Response> => fetch(served.url + path, init)
  const json = async <T>(path: string): Promise<T> => (await (await get(path)).json()) as T

  it('tells healthy and total of every cluster, and the phase with health in it', async () => {
    const detail = await json<Detail>('/api/ingresses/default/shop')
    expect(detail.phase).toBe('Degraded')
    expect(detail.clusterStates.map(({ name, state, healthy, total }) => [name, state, healthy, total])).toEqual([
      ['asia-east', 'Serving', 8, 8],
      ['europe-west', 'Serving', 12, 12],
      ['us-central', 'Unhealthy', 0, 8],
    ])
  })

  it('keeps the members that programs outside rely on', async () => {
    const detail = await json<Detail & { clusterStates: { zones: string[] }[] }>('/api/ingresses/default/shop')
    const { ingresses } = await json<{ ingresses: Summary[] }>('/api/ingresses')
    const summary = ['namespace', 'name', 'loadBalancer', 'phase', 'vip', 'generation', 'clusters']
    expect(Object.keys(ingresses[0] ?? {})).toEqual(expect.arrayContaining(summary))
    expect(Object.keys(detail)).toEqual(
      expect.arrayContaining([...summary, 'resources', 'clusterStates', 'conditions']),
    )
    expect(Object.keys(detail.resources[0] ?? {})).toEqual(
      expect.arrayContaining(['id', 'kind', 'name', 'phase', 'why', 'dependsOn', 'updatedAt']),
    )
    expect(detail.clusterStates[0]?.zones).toEqual(['asia-east1-a', 'asia-east1-b'])
    expect(Object.keys(detail.conditions[0] ?? {}).sort()).toEqual([
      'lastTransitionTime',
      'message',
      'reason',
      'status',
      'type',
    ])
  })

  it('tells front ends, routes, what is pending and what happened', async () => {
    const shop = await json<Detail>('/api/ingresses/default/shop')
    expect(shop.frontEnds).toMatchObject([{ protocol: 'http', port: 80, ip: '203.0.113.1', phase: 'Ready' }])
    expect(shop.routes.map(({ path, service }) => [path, service])).toEqual([
      ['/cart', 'cart:80'],
      ['/catalogue', 'catalogue:80'],
      ['', 'cart:80'],
    ])
    expect(shop.pending).toEqual([])
    expect(shop.history.map(({ what }) => what)).toContain('generation 1 was accepted')
    const blog = await json<Detail>('/api/ingresses/default/blog')
    expect(new Set(blog.pending.map(({ step }) => step))).toEqual(new Set(['create']))
    const old = await json<Detail>('/api/ingresses/default/old')
    expect(new Set(old.pending.map(({ step }) => step))).toEqual(new Set(['remove']))
  })

  it('lists all, or a page at a time', async () => {
    const all = await json<{ ingresses: Summary[]; next?: string }>('/api/ingresses')
    expect([all.ingresses.length, all.next]).toEqual([64, undefined])
    const names: string[] = []
    for (let after = ''; ;) {
      const page = await json<{ ingresses: Summary[]; next?: string }>(`/api/ingresses?limit=10&after=${after}`)
      names.push(...page.ingresses.map(({ name }) => name))
      if (page.next === undefined) break
      after = encodeURIComponent(page.next)
    }
    expect(names).toEqual(all.ingresses.map(({ name }) => name))
    expect((await get('/api/ingresses?limit=0')).status).toBe(400)
  })

  it('the list comes to say of an Ingress what its own page says', async () => {
    const phaseInList = async (): Promise<string | undefined> =>
      (await json<{ ingresses: Summary[] }>('/api/ingresses')).ingresses.find(({ name }) => name === 'site-59')?.phase
    await expect.poll(phaseInList).toBe('Degraded')
    expect((await json<Detail>('/api/ingresses/default/site-59')).phase).toBe('Degraded')
  })

  it.each(['/', '/assets/main.js', '/api/ingresses/default/shop', '/api/clusters'])(
    '%s has an ETag, and 304 for whoever knows it',
    async (path) => {
      const first = await get(path)
      const etag = first.headers.get('etag') ?? ''
      expect(etag).toMatch(/^"[\w-]{27}"$/)
      const again = await get(path, { headers: { 'if-none-match': `"other", W/${etag}` } })
      expect([again.status, await again.text()]).toEqual([304, ''])
      expect((await get(path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
    },
  )

  it.each(['/', '/assets/main.js', '/api/ingresses', '/api/nothing', '/nothing'])(
    '%s carries a policy that lets nothing in from outside or inline',
    async (path) => {
      const { headers } = await get(path)
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toMatch(/unsafe|https?:|\*|data:/)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    },
  )

  it.each(['POST', 'PUT', 'DELETE', 'PATCH'])('%s is not answered, on the page or the API', async (method) => {
    for (const path of ['/', '/api/ingresses', '/assets/main.js']) {
      const answer = await get(path, { method })
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    }
  })

  it('HEAD says what GET would, without it', async () => {
    const [head, whole] = await Promise.all([get('/api/clusters', { method: 'HEAD' }), get('/api/clusters')])
    expect(await head.text()).toBe('')
    expect(head.headers.get('etag')).toBe(whole.headers.get('etag'))
    expect(head.headers.get('content-length')).toBe(String((await whole.text()).length))
  })

  it('serves the files of the dashboard and nothing else', async () => {
    for (const file of dashboardFiles) {
      const answer = await get(file === 'index.html' ? '/' : `/assets/${file}`)
      expect([answer.status, await answer.text()]).toEqual([
        200,
        readFileSync(join(import.meta.dirname, '../../functions/dashboard', file), 'utf8'),
      ])
    }
    for (const path of [
      '/assets/tsconfig.json',
      '/assets/api-types.ts',
      '/assets/index.html/..',
      '/assets/..%2fstatus.ts',
      '/assets/',
      '/assets/constructor',
      '/index.html',
    ]) {
      expect((await get(path)).status, path).toBe(404)
    }
  })

  it('gives hostile text back as JSON, which no browser takes for a page', async () => {
    const answer = await get('/api/ingresses/default/payments')
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(JSON.stringify(await answer.json())).toContain('onerror=alert(1)')
    const unknown = await get(`/api/ingresses/default/${encodeURIComponent(hostile)}`)
    expect([unknown.status, unknown.headers.get('content-type')]).toEqual([404, 'application/json; charset=utf-8'])
    expect((await get(`/api/ingresses/default/${'x'.repeat(5_000)}`)).status).toBe(404)
    expect((await get('/api/ingresses/%E0%A4%A/x')).status).toBeGreaterThanOrEqual(400)
  })

  it('says plainly that the state cannot be read, and not why', async () => {
    broken = true
    const answer = await get('/api/ingresses')
    broken = false
    expect([answer.status, await answer.json()]).toEqual([
      503,
      { error: { code: 503, message: 'the state cannot be read now: try again' } },
    ])
  })
})

describe('the sources of the dashboard', () => {
  const files = dashboardFiles.filter((file) => file.endsWith('.js') || file.endsWith('.html'))
  it.each(files)('%s makes no markup or code out of text, and loads nothing from elsewhere', (file) => {
    const text = readFileSync(join(import.meta.dirname, '../../functions/dashboard', file), 'utf8')
    expect(text).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser|srcdoc/,
    )
    expect(text).not.toMatch(/\son\w+=|style=|javascript:/)
    expect(text.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:\/\/\w/)
  })
})
