import { beforeEach, describe, expect, it } from 'vitest'
import { CloudError } from '../../../shared/cloud/compute-port.ts'
import { statusTopic } from '../../../shared/engine/announce.ts'
import { planIngress } from '../../../shared/engine/plan-ingress.ts'
import { clusterIngressId } from '../../../shared/planning/layout.ts'
import { queries } from '../../../shared/state/store.ts'
import type { IngressDoc } from '../../../shared/state/documents.ts'
import { kindWorld, type KindWorld } from '../kinds/world.ts'
import { modelOf, rule, to } from '../planning/facts.ts'

const model = modelOf({ name: 'edge' })
const cause = { why: 'test', trace: 't' }

let world: KindWorld
beforeEach(async () => {
  world = await kindWorld()
})

interface Said {
  sequence: number
  phase: string
  previousPhase: string | null
  vip: string | null
  gone: boolean
  generation: number
  conditions: { type: string; status: string; reason: string }[]
}
const said = (): Said[] => world.announced.map(({ body }) => body as unknown as Said)
const last = (): Said => {
  const one = said().at(-1)
  if (one === undefined) throw new Error('nothing was announced')
  return one
}
const doc = async (): Promise<IngressDoc | undefined> => world.deps.store.get('ingresses', 'default/edge')
const vip = (): unknown => world.compute.list('addresses')[0]?.body['address']

/** From now on Pub/Sub takes no announcement; answers how to end that. */
function silence(): () => void {
  const { bus } = world.deps
  world.deps.bus = {
    ...bus,
    publish: (messages) =>
      messages.some(({ topic }) => topic === statusTopic)
        ? Promise.reject(new CloudError(503, '', 'not now'))
        : bus.publish(messages),
  }
  return () => {
    world.deps.bus = bus
  }
}

describe('what is announced', () => {
  it('is every change on the way to Ready, and each names the one before', async () => {
    await world.publish(model)
    expect(said().map(({ phase }) => phase)).toContain('Progressing')
    expect(last()).toMatchObject({ phase: 'Ready', vip: vip(), gone: false, generation: 1 })
    for (const [index, one] of said().entries()) {
      expect(one.sequence).toBe(index + 1)
      expect(one.previousPhase).toBe(index === 0 ? null : said()[index - 1]?.phase)
    }
    expect((await doc())?.telling).toBeUndefined()
    expect((await doc())?.wakeAt).toBeNull()
  })

  it('has attributes to choose by', async () => {
    await world.publish(model)
    expect(world.announced.at(-1)?.attributes).toEqual({
      schema: '1',
      namespace: 'default',
      name: 'edge',
      phase: 'Ready',
      sequence: String(said().length),
      phaseChanged: 'true',
      vipChanged: 'false',
      gone: 'false',
    })
    expect(world.announced.filter(({ attributes }) => attributes?.['vipChanged'] === 'true')).toHaveLength(1)
  })

  it.each([
    { reason: 'the same spec again', again: () => world.publish(model) },
    { reason: 'another look at everything', again: () => planIngress(world.deps, 'default/edge', cause) },
  ])('is not $reason', async ({ again }) => {
    await world.publish(model)
    const before = said().length
    await again()
    await again()
    expect(said()).toHaveLength(before)
  })

  it('is a version that is refused, with what is wrong, and the next one that is too', async () => {
    await world.publish(model)
    await world.publish({ ...model, rules: [rule('a.example', ['Prefix', '/', to('nowhere')])] })
    expect(last()).toMatchObject({ phase: 'Failed', previousPhase: 'Progressing' })
    expect(last().conditions).toContainEqual(
      expect.objectContaining({
        type: 'Accepted',
        status: 'False',
        message: expect.stringContaining('nowhere') as string,
      }),
    )
    await world.publish({ ...model, rules: [rule('a.example', ['Prefix', '/', to('elsewhere')])] })
    expect(JSON.stringify(last())).toContain('elsewhere')
  })

  it('is that it is going, and that it is gone and its IP with it', async () => {
    await world.publish(model)
    await world.withdraw('default/edge')
    const going = said().filter(({ phase }) => phase === 'Deleting')
    expect(going.at(0)).toMatchObject({ gone: false, vip: vip() ?? (expect.any(String) as string) })
    expect(last()).toMatchObject({ phase: 'Deleting', gone: true, vip: null })
  })
})

describe('an announcement that Pub/Sub did not take', () => {
  it('is kept with an alarm clock, holds nothing up, and is made by the next look', async () => {
    const speak = silence()
    await world.publish(model)
    expect(said()).toEqual([])
    const kept = await doc()
    expect(kept).toMatchObject({ phase: 'Ready', telling: { phase: 'Ready' } })
    expect(kept?.told).toBeUndefined()
    const due = await world.deps.store.find(queries.dueIngresses(world.deps.clock.now() + 120_000, 10))
    expect(due.map(({ id }) => id)).toEqual(['default/edge'])
    speak()
    await planIngress(world.deps, 'default/edge', cause)
    await world.nudge(clusterIngressId('a', model))
    expect(last()).toMatchObject({ phase: 'Ready', previousPhase: null, vip: vip() })
    expect(await doc()).toMatchObject({ wakeAt: null, told: { phase: 'Ready' } })
  })

  it('is overtaken by what came after it', async () => {
    await world.publish(model)
    const before = last()
    const speak = silence()
    await world.publish({ ...model, rules: [rule('a.example', ['Prefix', '/', to('nowhere')])] })
    await world.publish(model)
    speak()
    await planIngress(world.deps, 'default/edge', cause)
    await world.nudge(clusterIngressId('a', model))
    expect(last().sequence).toBeGreaterThan(before.sequence)
    expect(last()).toMatchObject({ phase: 'Ready', previousPhase: 'Ready' })
  })
})
