import { mkdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getJson, makeFolder, startPlayground, type Playground } from './command.ts'
import { httpCollections } from '../support/collections.ts'

/** The state in which a load balancer was made, and one that has never heard of it. */
let before: Playground
let after: Playground
beforeAll(async () => {
  ;[before, after] = await Promise.all([startPlayground('--clusters', '2'), startPlayground('--clusters', '2')])
}, 60_000)
afterAll(async () => {
  await Promise.all([before.stop(), after.stop()])
})

const zonePrinter = 'examples/zone-printer/ingress.yaml'
const apply = ['apply', '-f', zonePrinter, '--wait', '--timeout', '60s']

interface Item {
  id: string
  name: string
}

async function items({ compute }: Playground, collection: string): Promise<Item[]> {
  const list = (await getJson(`${compute}/compute/v1/projects/playground/global/${collection}`)) as { items?: Item[] }
  return list.items ?? []
}

async function everything(playground: Playground): Promise<string[]> {
  const lists = await Promise.all(httpCollections.map((collection) => items(playground, collection)))
  return lists.flatMap((list) => list.map(({ id, name }) => `${name} ${id}`))
}

/** What nobody can send; the groups of the other cloud are not these. */
const madeByTheApi = [
  'id',
  'kind',
  'selfLink',
  'creationTimestamp',
  'status',
  'fingerprint',
  'users',
  'address',
  'backends',
]

/** Copies a resource from one simulated cloud into the other, as it would have been there all the time. */
async function copy(collection: string, item: Item): Promise<void> {
  const url = `${after.compute}/compute/v1/projects/playground/global`
  const body = Object.fromEntries(Object.entries(item).filter(([member]) => !madeByTheApi.includes(member)))
  const text = JSON.stringify(body).replaceAll(before.compute, after.compute)
  const answer = await fetch(`${url}/${collection}`, { method: 'POST', body: text })
  const { name = '', error } = (await answer.json()) as { name?: string; error?: unknown }
  expect(error, `${collection} ${item.name}`).toBeUndefined()
  const done = await fetch(`${url}/operations/${name}/wait`, { method: 'POST' })
  expect(await done.json(), `${collection} ${item.name}`).not.toHaveProperty('error')
}

describe('mci recover', () => {
  it('says so when nothing was lost', async () => {
    expect(await before.mci(apply)).toMatchObject({ code: 0 })
    expect(await before.mci(['recover'])).toEqual({
      code: 0,
      stdout: 'Everything that bears our stamp is looked after.\n',
      stderr: '',
    })
  })

  it('lists what bears our stamp and has no spec, and changes nothing', async () => {
    for (const collection of httpCollections)
      for (const item of await items(before, collection)) await copy(collection, item)
    const there = await everything(after)
    expect(there).toHaveLength(7)
    const ran = await after.mci(['recover'])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout.replace(/ +/g, ' ')).toBe(
      [
        'INGRESS LOAD BALANCER IP CLUSTERS RESOURCES WHAT TO DO',
        'default/zone-printer zone-printer 203.0.113.1 europe-west, us-central 7 has no spec here and is left alone: publish it again, and it is taken over as it is',
        '',
      ].join('\n'),
    )
    const machine = JSON.parse((await after.mci(['recover', '-o', 'json'])).stdout) as { recoverable: unknown[] }
    expect(machine.recoverable).toMatchObject([
      {
        ingress: 'default/zone-printer',
        is: 'unknown',
        resources: expect.arrayContaining(['url-map/playground/mci1-um--zone-printer']) as unknown,
      },
    ])
    expect(await everything(after)).toEqual(there)
  })

  it('publishing it again takes over the very resources, and then nothing is left to recover', async () => {
    const there = await everything(after)
    expect(await after.mci(apply)).toMatchObject({ code: 0 })
    expect(await everything(after)).toEqual(there)
    expect((await after.mci(['recover'])).stdout).toContain('is looked after.')
  })

  it(
    'tells what is left over of an Ingress that is known, and of one that was withdrawn',
    { timeout: 150_000 },
    async () => {
      const [check] = await items(after, 'healthChecks')
      if (check === undefined) throw new Error('there is no health check')
      await copy('healthChecks', { ...check, name: 'mci1-hc-left--zone-printer' })
      expect((await after.mci(['recover'])).stdout).toMatch(/^default\/zone-printer .* 1 .*looked after without these/m)
      expect(await after.mci(['delete', 'zone-printer', '--wait', '--timeout', '120s'])).toMatchObject({ code: 0 })
      // A tick that came while it was being withdrawn took what was left with the rest.
      await copy('healthChecks', { ...check, name: 'mci1-hc-later--zone-printer' })
      expect((await after.mci(['recover'])).stdout).toMatch(
        /^default\/zone-printer .* [12] .*was withdrawn: these go a day/m,
      )
    },
  )

  it('fails, and says why, when Google Cloud or the state does not answer', async () => {
    const facts = readFileSync(`${after.path}/.mci/playground.json`, 'utf8')
    for (const member of ['compute', 'dashboard'] as const) {
      const folder = makeFolder()
      try {
        const dead = JSON.stringify({ ...(JSON.parse(facts) as object), [member]: 'http://127.0.0.1:9' })
        mkdirSync(`${folder.path}/.mci`)
        folder.write('.mci/playground.json', dead)
        const ran = await folder.mci(['recover'])
        expect(ran.code).not.toBe(0)
        expect(ran.stdout).toBe('')
      } finally {
        folder.remove()
      }
    }
  })
})
