import { describe, expect, it } from 'vitest'
import { core, patch, service, testWorld, type Body, type TestWorld } from './world.ts'

interface Seen {
  readonly events: string[]
  readonly raw: { type: string; object: Body }[]
  ended: boolean
  stop(): void
}

function watch(world: TestWorld, query: Record<string, string> = {}, path = `${core}/services`): Seen {
  const seen: Seen = { events: [], raw: [], ended: false, stop: () => undefined }
  const stop = world.cluster.subscribe(
    { method: 'GET', path, query: { watch: 'true', ...query }, headers: {}, body: undefined },
    {
      event(event) {
        const { type, object } = event as unknown as { type: string; object: Body }
        seen.raw.push({ type, object })
        seen.events.push(`${type} ${object.metadata.name}`)
      },
      end: () => void (seen.ended = true),
    },
  )
  seen.stop = stop
  return seen
}

const label = (world: TestWorld, name: string, labels: Record<string, string | null>) =>
  world.call('PATCH', `${core}/services/${name}`, { metadata: { labels } }, patch('merge'))

describe('watch', () => {
  it('starts with what is there when no version is given', async () => {
    const world = await testWorld({ zones: [] })
    await world.call('POST', `${core}/services`, service('a'))
    const seen = watch(world)
    await world.call('POST', `${core}/services`, service('b'))
    await label(world, 'a', { x: '1' })
    await world.call('DELETE', `${core}/services/b`)
    expect(seen.events).toEqual(['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED b'])
  })

  it('catches up from a version, and tells nothing twice', async () => {
    const world = await testWorld({ zones: [] })
    await world.call('POST', `${core}/services`, service('a'))
    const list = await world.call('GET', `${core}/services`)
    await world.call('POST', `${core}/services`, service('b'))
    const seen = watch(world, { resourceVersion: list.body.metadata.resourceVersion })
    await world.call('POST', `${core}/services`, service('c'))
    expect(seen.events).toEqual(['ADDED b', 'ADDED c'])
  })

  it('turns objects that leave or enter a selector into DELETED and ADDED', async () => {
    const world = await testWorld({ zones: [] })
    await world.call('POST', `${core}/services`, service('a'))
    const seen = watch(world, { labelSelector: 'tier=web' })
    await label(world, 'a', { tier: 'web' })
    await label(world, 'a', { tier: 'web', more: '1' })
    await label(world, 'a', { tier: null })
    expect(seen.events).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a'])
  })

  it('tells a version that is too old as an ERROR event with a 410', async () => {
    const world = await testWorld({ zones: [] })
    const { version } = { version: world.cluster.store.version() }
    await world.call('POST', `${core}/services`, service('a'))
    world.cluster.compactHistory()
    const seen = watch(world, { resourceVersion: String(version) })
    expect(seen.raw).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }])
    expect(seen.ended).toBe(true)
  })

  it('forgets on its own after more changes than it remembers', async () => {
    const world = await testWorld({ zones: [], watchHistory: 5 })
    await world.call('POST', `${core}/services`, service('a'))
    const start = world.cluster.store.version()
    for (let turn = 0; turn < 11; turn += 1) await label(world, 'a', { turn: String(turn) })
    expect(watch(world, { resourceVersion: String(start) }).raw[0]).toMatchObject({
      type: 'ERROR',
      object: { code: 410 },
    })
  })

  it('sends bookmarks to who allows them, with the version of everything', async () => {
    const world = await testWorld({ zones: [] })
    const plain = watch(world)
    const marked = watch(world, { allowWatchBookmarks: 'true' })
    await world.call('POST', `${core}/configmaps`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } })
    await world.clock.advance(61_000)
    expect(plain.raw).toEqual([])
    expect(marked.raw).toMatchObject([
      {
        type: 'BOOKMARK',
        object: { kind: 'Service', metadata: { resourceVersion: String(world.cluster.store.version()) } },
      },
    ])
  })

  it('ends when the time that the client gave is over', async () => {
    const world = await testWorld({ zones: [] })
    const seen = watch(world, { timeoutSeconds: '5' })
    await world.clock.advance(4900)
    expect(seen.ended).toBe(false)
    await world.clock.advance(200)
    expect(seen.ended).toBe(true)
    await world.call('POST', `${core}/services`, service('a'))
    expect(seen.events).toEqual([])
  })

  it('watches one object, and stops when told', async () => {
    const world = await testWorld({ zones: [] })
    await world.call('POST', `${core}/services`, service('a'))
    await world.call('POST', `${core}/services`, service('b'))
    const seen = watch(world, { fieldSelector: 'metadata.name=b' })
    seen.stop()
    await label(world, 'b', { x: '1' })
    expect(seen.events).toEqual(['ADDED b'])
  })
})
