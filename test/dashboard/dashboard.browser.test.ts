import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../shared/state/memory.ts'
import type { Store } from '../../shared/state/store.ts'
import { browserFor, openBrowser } from '../support/browser.ts'
import { focused, lowContrast, sideways, size, typeQuickly, unnamedControls } from './in-page/questions.js'
import { serveStatus, type Served } from './support/serve.ts'
import { healthOf, putOnStage } from './support/world.ts'

const artefacts = join(import.meta.dirname, '../../test-artefacts/dashboard')
const slow = process.env['MCI_SLOW_TESTS'] === '1'
const program = slow ? browserFor('the dashboard in a browser') : null
const hostile = `"><img src=x onerror="document.title='owned'"></span><script>document.title='owned'</script>`
const sick = new Set<string>()
const desktop = { width: 1440, height: 1000 }
const phone = { width: 390, height: 844 }

describe.skipIf(program === null)('the dashboard in a browser', () => {
  let served: Served
  let browser: Browser
  let context: BrowserContext
  let page: Page
  const complaints: string[] = []
  const worlds = { empty: createMemoryStore(), few: createMemoryStore(), many: createMemoryStore() }
  let world: Store = worlds.empty
  const stage: Store = {
    get: (...of) => world.get(...of),
    getAll: (...of) => world.getAll(...of),
    find: (query) => world.find(query),
    transact: (body) => world.transact(body),
    close: () => world.close(),
  }

  beforeAll(async () => {
    mkdirSync(artefacts, { recursive: true })
    const now = Date.now()
    await putOnStage(worlds.empty, [], now)
    await putOnStage(
      worlds.few,
      [
        { name: 'shop', services: ['cart', 'catalogue', 'checkout'] },
        { name: 'blog', scene: 'Progressing' },
        { name: 'payments', scene: 'Failed', services: ['api', 'web'], trouble: `Quota exceeded ${hostile}` },
        { name: 'old-site', scene: 'Deleting' },
        { name: 'zone-printer' },
        { name: 'search', services: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] },
      ],
      now,
    )
    await worlds.few.transact(async (tx) => {
      const cluster = await tx.get('clusters', 'us-central')
      if (cluster) tx.set('clusters', 'us-central', { ...cluster, unreachable: { since: now - 60_000, why: hostile } })
    })
    await putOnStage(
      worlds.many,
      Array.from({ length: 500 }, (_, index) => ({
        name: `team-${index % 17}-service-${index}`,
        scene:
          index % 31 === 0 ? ('Failed' as const) : index % 23 === 0 ? ('Progressing' as const) : ('Ready' as const),
      })),
      now,
    )
    served = await serveStatus(stage, healthOf(sick))
    browser = await openBrowser(program ?? '')
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await served.close()
  })
  afterEach(async () => {
    await context.close()
    sick.clear()
    expect(complaints.splice(0), 'errors and refused loads that the browser told of').toEqual([])
  })

  async function open(store: Store, hash = '', options: BrowserContextOptions = {}): Promise<void> {
    world = store
    context = await browser.newContext({ viewport: desktop, colorScheme: 'light', ...options })
    page = await context.newPage()
    page.on('console', (message) => {
      const isLoad = message.text().startsWith('Failed to load resource')
      if (!isLoad && (message.type() === 'error' || message.type() === 'warning')) complaints.push(message.text())
    })
    page.on('response', (response) => {
      const { pathname } = new URL(response.url())
      if (response.status() >= 400 && !pathname.startsWith('/api/ingresses/'))
        complaints.push(`${response.status()} ${pathname}`)
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(`${served.url}/${hash}`)
    await page.locator('h1').waitFor()
  }

  const keep = (name: string): Promise<unknown> =>
    page.screenshot({ path: join(artefacts, `${name}.png`), fullPage: true })
  const heading = (): Promise<string> => page.locator('h1').innerText()

  const states = [
    {
      name: 'empty',
      store: worlds.empty,
      hash: '',
      sees: ['Nothing is published yet', 'ingress-specs', 'europe-west'],
    },
    { name: 'overview', store: worlds.few, hash: '', sees: ['Overview', 'Clusters', 'us-central', 'Unreachable'] },
    {
      name: 'ready',
      store: worlds.few,
      hash: '#/ingress/default/zone-printer',
      sees: ['Ready', 'Forwarding rule', 'any host', 'Instance groups, because the Service asks for'],
    },
    {
      name: 'progressing',
      store: worlds.few,
      hash: '#/ingress/default/blog',
      sees: ['Progressing', 'Still to happen', 'waits for URL map', 'Now: Backend service web:80'],
    },
    {
      name: 'failed',
      store: worlds.few,
      hash: '#/ingress/default/payments',
      sees: ['Failed', 'Backend service api:80 failed: Quota exceeded'],
    },
    {
      name: 'deleting',
      store: worlds.few,
      hash: '#/ingress/default/old-site',
      sees: ['Deleting', 'Remove', 'was withdrawn'],
    },
    { name: 'gone', store: worlds.few, hash: '#/ingress/default/nobody', sees: ['There is no Ingress default/nobody'] },
    { name: 'many', store: worlds.many, hash: '', sees: ['500 Ingresses', 'Show 60 more'] },
  ]
  it.each(states)(
    '$name: on a desk, in the dark and on a phone it is readable',
    async ({ name, store, hash, sees }) => {
      for (const [where, options] of [
        ['', {}],
        ['-dark', { colorScheme: 'dark' }],
        ['-phone', { viewport: phone, hasTouch: true }],
      ] as const) {
        await open(store, hash, { reducedMotion: 'reduce', ...options })
        if (where !== '-phone' || hash !== '' || name !== 'many')
          for (const text of sees) await page.getByText(text).first().waitFor({ state: 'attached', timeout: 5_000 })
        expect(await page.evaluate(sideways), 'sideways').toBeLessThanOrEqual(0)
        expect(await page.evaluate(lowContrast), 'text that is hard to read').toEqual([])
        await keep(name + where)
        if (where !== '-phone') await context.close()
      }
    },
    60_000,
  )

  it('a cluster without healthy backends is marked, and says where its requests go', async () => {
    for (const zone of ['europe-west1-b', 'europe-west1-c', 'europe-west1-d']) sick.add(zone)
    await open(worlds.few, '#/ingress/default/search')
    const card = page.locator('.card', { hasText: 'europe-west' })
    await card.getByText('Unhealthy').waitFor()
    expect(await card.innerText()).toContain('0 of 48 healthy')
    expect(await card.innerText()).toContain('Its requests go to')
    await keep('degraded')
  })

  it('hostile names and messages are text and nothing else', async () => {
    await open(worlds.few, '#/ingress/default/payments')
    await page.getByText(`Quota exceeded ${hostile}`).first().waitFor()
    await page.goto(`${served.url}/#/ingress/default/${encodeURIComponent(hostile)}`)
    await page.getByText(`There is no Ingress default/${hostile}`).waitFor()
    await page.goto(`${served.url}/#/`)
    await page.getByText(hostile).first().waitFor({ state: 'attached' })
    expect(await page.locator('main img, main script, nav img, nav script').count()).toBe(0)
    expect(await page.title()).toBe('Multi-cluster ingress')
  })

  it('is told by keyboard: search, list, page, graph', async () => {
    await open(worlds.few)
    await page.keyboard.press('/')
    await page.keyboard.type('paym')
    await expect.poll(() => page.locator('.item').count()).toBe(1)
    for (let presses = 0; presses < 12; presses += 1) {
      await page.keyboard.press('Tab')
      if ((await page.evaluate(focused)).isItem) break
    }
    await page.keyboard.press('Enter')
    await expect.poll(heading).toContain('payments')
    expect((await page.evaluate(focused)).id, 'the page begins where it is').toBe('main')
    await page.locator('.box').first().focus()
    await page.keyboard.press('Enter')
    await page.locator('.picked h3', { hasText: 'Ingress in cluster asia-east' }).waitFor()
    expect((await page.evaluate(focused)).pressed, 'focus stays').toBe('true')
    await page.keyboard.press('Enter')
    await page.locator('.picked h3', { hasText: 'Backend service api:80' }).waitFor()
  })

  it('has its landmarks and names for those who hear it', async () => {
    await open(worlds.few, '#/ingress/default/search')
    await page.locator('.box').first().waitFor()
    expect(await page.locator('main').count()).toBe(1)
    expect(await page.locator('h1').count()).toBe(1)
    expect(await page.getByRole('banner').count()).toBe(1)
    expect(await page.getByRole('navigation', { name: 'Ingresses' }).count()).toBe(1)
    for (const name of ['Clusters', 'Resources', 'Traffic', 'History', 'Conditions'])
      expect(await page.getByRole('region', { name, exact: true }).count(), name).toBe(1)
    await page.getByRole('button', { name: 'Health check 8, all ready: Ready, press to see each' }).click()
    await page
      .getByRole('button', { name: /^Health check [a-h]:80: Ready$/ })
      .first()
      .waitFor()
    expect(await page.evaluate(unnamedControls)).toBe(0)
  })

  it('refreshes by itself, says so, and asks by ETag', async () => {
    await open(worlds.few, '#/ingress/default/blog')
    const answers: number[] = []
    page.on('response', (response) => {
      if (response.url().endsWith('/api/ingresses/default/blog')) answers.push(response.status())
    })
    await expect.poll(() => answers.includes(304), { timeout: 10_000 }).toBe(true)
    await worlds.few.transact(async (tx) => {
      const resources = await tx.find({
        collection: 'resources',
        where: [{ field: 'owner', op: '==', value: 'default/blog' }],
      })
      for (const resource of resources)
        tx.set('resources', resource.id, { ...resource, phase: 'Ready', applied: true, why: '', waitingOn: [] })
    })
    await expect.poll(() => page.locator('#news').textContent(), { timeout: 10_000 }).toBe('default/blog is now Ready')
    expect(await page.locator('.head .badge').innerText()).toBe('Ready')
    expect(await page.locator('.head .badge svg.shape-check').count(), 'its shape changes with it').toBe(1)
  })

  it('says when nothing can be read, keeps what was known, and recovers', async () => {
    await open(worlds.few, '#/ingress/default/zone-printer')
    await page.route('**/api/**', (route) => route.abort())
    await page.getByText('The status cannot be read').waitFor({ timeout: 15_000 })
    expect(await heading()).toContain('zone-printer')
    await page.unroute('**/api/**')
    await page.getByText('Live', { exact: true }).waitFor({ timeout: 30_000 })
    complaints.splice(0)
  }, 60_000)

  it('500 Ingresses feel instant', async () => {
    await open(worlds.many)
    await page.locator('.item').first().waitFor()
    expect(await page.locator('.item').count()).toBeLessThanOrEqual(120)
    expect((await page.evaluate(size)).elements, 'elements').toBeLessThan(3_000)
    const ms = await page.evaluate(typeQuickly, ['t', 'te', 'tea', 'team-3', 'team-3-', 'team-3-service-20', ''])
    process.stdout.write(`500 Ingresses: a key in the search field is on the screen after ${ms.toFixed(1)} ms\n`)
    expect(ms).toBeLessThan(100)
  })

  it('holds still for those who want it so', async () => {
    await open(worlds.many, '', { reducedMotion: 'reduce' })
    await page.locator('.shape-ring').first().waitFor({ state: 'attached' })
    expect((await page.evaluate(size)).moving).toBe(0)
  })
})
