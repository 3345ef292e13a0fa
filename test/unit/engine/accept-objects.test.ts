import { beforeEach, describe, expect, it } from 'vitest'
import { acceptSpecs, withdrawObjects, type Published } from '../../../shared/engine/accept.ts'
import type { PublishedObject } from '../../../shared/ingress/published-object.ts'
import type { IngressDoc } from '../../../shared/state/documents.ts'
import { modelOf } from '../planning/facts.ts'
import { testDeps, type TestDeps } from './deps.ts'

const cause = { why: 'test', trace: 't' }
let deps: TestDeps
beforeEach(() => {
  deps = testDeps()
})

const config = (timeoutSec: number, parts: Partial<PublishedObject> = {}): PublishedObject => ({
  namespace: 'default',
  name: 'slow',
  content: { kind: 'BackendConfig', settings: { service: { timeoutSec } } },
  source: { uid: null, generation: null },
  ...parts,
})
const service = (port: number): PublishedObject => ({
  namespace: 'default',
  name: 'web',
  content: {
    kind: 'MultiClusterService',
    settings: {
      selector: { app: 'web' },
      ports: [{ name: '', port, targetPort: port, protocol: 'TCP' }],
      clusters: null,
      annotations: {},
    },
  },
  source: { uid: null, generation: null },
})
const ingress = (parts: Parameters<typeof modelOf>[0] = {}): Published => ({
  model: modelOf(parts),
  uid: null,
  generation: null,
})
const publish = async (at: number, specs: Published[], objects: PublishedObject[] = []): Promise<string[]> =>
  (await acceptSpecs(deps, specs, null, at, cause, objects)).map((one) => `${one.ingress} ${one.is}`)
const stored = async (id = 'default/zp'): Promise<IngressDoc | undefined> => deps.store.get('ingresses', id)
const timeout = async (id?: string): Promise<number | undefined> =>
  (await stored(id))?.model.configs?.backend['slow']?.service?.timeoutSec

describe('objects beside Ingresses', () => {
  it('are part of every Ingress of their namespace, in whatever order they come', async () => {
    await publish(1, [ingress()])
    await publish(2, [ingress({ name: 'other' })], [config(10)])
    await publish(3, [ingress({ name: 'later' }), ingress({ namespace: 'elsewhere' })])
    expect([await timeout(), await timeout('default/other'), await timeout('default/later')]).toEqual([10, 10, 10])
    expect(await timeout('elsewhere/zp')).toBeUndefined()
  })

  it('change what names them: a new generation, planned at once, and only where something changed', async () => {
    await publish(1, [ingress()], [config(10)])
    const { generation = 0 } = (await stored()) ?? {}
    deps.published.length = 0
    expect(await publish(2, [], [config(10)])).toEqual(['BackendConfig/default/slow unchanged'])
    expect([(await stored())?.generation, deps.published.length]).toEqual([generation, 0])
    expect(await publish(3, [], [config(20)])).toEqual(['BackendConfig/default/slow accepted'])
    expect([(await stored())?.generation, await timeout()]).toEqual([generation + 1, 20])
    expect(deps.published.map(({ topic }) => topic)).toEqual(['plans'])
  })

  it('older ones are dropped, also after a withdrawal', async () => {
    await publish(5, [ingress()], [config(10)])
    expect(await publish(4, [], [config(20)])).toEqual(['BackendConfig/default/slow overtaken'])
    await withdrawObjects(deps, [config(0)], 6, cause)
    expect(await timeout()).toBeUndefined()
    expect(await publish(5, [], [config(20)])).toEqual(['BackendConfig/default/slow overtaken'])
    await publish(7, [], [config(30)])
    expect(await timeout()).toBe(30)
  })

  it('a message that died half way is ended when it comes again', async () => {
    await publish(1, [ingress()], [config(10)])
    const before = await stored()
    await publish(2, [], [config(20)])
    // As it was when the object was written and the Ingress was not told yet.
    await deps.store.transact(async (tx) => {
      await Promise.resolve()
      if (before) tx.set('ingresses', before.id, before)
    })
    expect(await publish(2, [], [config(20)])).toEqual(['BackendConfig/default/slow unchanged'])
    expect(await timeout()).toBe(20)
  })

  it('a MultiClusterIngress knows its services, from the same message or another, and learns of changes', async () => {
    const spec = ingress({ services: { web: null } })
    await publish(1, [spec])
    expect((await stored())?.model.services).toEqual({ web: null })
    await publish(2, [], [service(80)])
    expect((await stored())?.model.services?.['web']?.ports[0]?.port).toBe(80)
    await publish(3, [spec], [service(81)])
    expect((await stored())?.model.services?.['web']?.ports[0]?.port).toBe(81)
    await withdrawObjects(deps, [service(81)], 4, cause)
    expect((await stored())?.model.services).toEqual({ web: null })
  })

  it('too many in a namespace: nothing of the message is taken', async () => {
    const many = Array.from({ length: 201 }, (_, index) => config(1, { name: `c${index}` }))
    const told = await publish(1, [ingress()], many)
    expect(new Set(told.map((one) => one.split(' ')[1]))).toEqual(new Set(['refused']))
    expect(await stored()).toBeUndefined()
  })
})
