import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { onIngressSpec } from '../../functions/ingress-spec.ts'
import { planIngress } from '../../shared/engine/plan-ingress.ts'
import { simpleIngress } from '../support/manifests.ts'
import { project, smallWorld, type SmallWorld } from './small-world.ts'

let world: SmallWorld

beforeEach(async () => {
  world = await smallWorld({ east: ['us-east1-b'] })
  for (const name of ['web', 'other']) await world.deploy('east', name)
  await world.serve('first', 'web')
})
afterEach(() => world.close())

const urlMap = `projects/${project}/global/urlMaps/mci1-um--web`

function refuse(times: number): void {
  for (let time = 0; time < times; time += 1)
    world.compute.faults.refuseNext(
      { code: 403, reason: 'rateLimitExceeded', message: 'Quota exceeded for quota group WriteGroup' },
      { method: 'urlMaps.insert' },
    )
}

/** What visits to the URL map ended with. */
function endings(): { outcome: unknown; why: string }[] {
  const ended: { outcome: unknown; why: string }[] = []
  const { log } = world.deps
  const info = (fields: Readonly<Record<string, unknown>>, message: string): void => {
    if (message === 'visit ended' && String(fields['resource']).startsWith('url-map/'))
      ended.push({ outcome: fields['outcome'], why: String(fields['why']) })
    log.info(fields, message)
  }
  world.deps = { ...world.deps, log: { ...log, info } }
  return ended
}

describe('a project that takes no more changes for now', () => {
  it('is waited for within the visit: no failure, no tick needed', async () => {
    refuse(3)
    const ended = endings()
    await world.publish('ingress-specs', simpleIngress('web', 'web'))
    expect(await world.phase('default/web')).toBe('Ready')
    expect(ended.map(({ outcome }) => outcome)).toEqual(['ready'])
    expect(world.complaints).toEqual([])
  })

  it('for longer than a visit: the next visit goes on at once, and the document says what is waited for', async () => {
    refuse(60)
    const ended = endings()
    await world.publish('ingress-specs', simpleIngress('web', 'web'))
    expect(await world.phase('default/web')).toBe('Ready')
    expect(ended.at(0)).toMatchObject({
      outcome: 'again',
      why: 'it does not exist; its turn has not come yet, because there are too many changes at once: Quota exceeded for quota group WriteGroup',
    })
    expect(ended.at(-1)).toMatchObject({ outcome: 'ready' })
    expect(world.complaints).toEqual([])
  })

  it('and who waited long enough for the want to change does not make what was wanted before', async () => {
    refuse(3)
    const { turns } = world.deps
    let edited = false
    world.deps = {
      ...world.deps,
      turns: {
        run: (place, until, send) =>
          turns.run(place, until, async (waited) => {
            if (waited > 1_000 && !edited) {
              edited = true
              await edit()
            }
            return send(waited)
          }),
      },
    }
    await world.publish('ingress-specs', simpleIngress('web', 'web'))
    expect(edited).toBe(true)
    expect(await world.phase('default/web')).toBe('Ready')
    const service = String(world.got(urlMap)?.['defaultService']).split('/compute/v1/')[1] ?? ''
    expect(world.got(service)?.['description']).toContain('other')
    expect(world.compute.counters().byMethod).not.toHaveProperty('urlMaps.patch')
  })
})

/** Another service, planned while the URL map waits for its turn. */
async function edit(): Promise<void> {
  const cause = { why: 'edited', trace: 't' }
  const publishedAt = world.clock.now()
  const data = simpleIngress('web', 'other')
  await onIngressSpec(world.deps, { id: 'edit', data, attributes: {}, publishedAt })
  await planIngress(world.deps, 'default/web', cause)
}
