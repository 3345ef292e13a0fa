import { beforeEach, describe, expect, it } from 'vitest'
import { healthKey, type GroupHealth } from '../../shared/engine/health.ts'
import { nearest } from '../../shared/engine/nearest.ts'
import { sourcesOf, type Sources } from '../../shared/engine/sources.ts'
import { healthGrace, healthTargets, withHealth, type Serving } from '../../shared/engine/serving.ts'
import { statusOf } from '../../shared/engine/status.ts'
import { createMemoryStore } from '../../shared/state/memory.ts'
import { project } from '../unit/planning/facts.ts'
import { putOnStage } from './support/world.ts'

/** When the Ingress on the stage became Ready. */
const readyAt = 2_000_000_000 - 90_000

/** What a zone's groups show: healthy members of two; null = it could not be read. */
type Zones = Readonly<Record<string, { healthy: number | null; lastHealthyAt?: number }>>

async function stage(services = ['web'], scene: 'Ready' | 'Progressing' = 'Ready'): Promise<Sources> {
  const store = createMemoryStore()
  await putOnStage(store, [{ name: 'shop', services, scene }], 2_000_000_000)
  const sources = await sourcesOf(store, 'default/shop')
  if (sources === undefined) throw new Error('it is on the stage')
  return sources
}

function seen(
  sources: Sources,
  zones: Zones,
  now: number,
  only: (backendService: string) => boolean = () => true,
): Serving {
  const health = new Map(
    healthTargets(sources).map((target): [string, GroupHealth] => {
      const zone = Object.keys(zones).find((name) => target.group.includes(name))
      const said = zone !== undefined && only(target.backendService) ? zones[zone] : undefined
      const healthy = said === undefined ? 2 : said.healthy
      return [
        healthKey(target),
        healthy === null
          ? { known: false, why: 'getHealth does not answer' }
          : {
              known: true,
              healthy,
              total: 2,
              at: now,
              since: now,
              lastHealthyAt: said?.lastHealthyAt ?? (healthy > 0 ? now : null),
            },
      ]
    }),
  )
  return withHealth(sources, statusOf(sources, project, now), health, now)
}

const europe = (healthy: number | null, more: { lastHealthyAt?: number } = {}): Zones => ({
  'europe-west1-b': { healthy, ...more },
  'europe-west1-c': { healthy, ...more },
  'europe-west1-d': { healthy, ...more },
})
const long = readyAt + healthGrace
const stateOf = (serving: Serving, name: string) => serving.clusterStates.find((cluster) => cluster.name === name)
const conditionOf = (serving: Serving) => serving.conditions.find(({ type }) => type === 'BackendsHealthy')

describe('health in the status', () => {
  let sources: Sources
  beforeEach(async () => {
    sources = await stage()
  })

  const rows: {
    reason: string
    zones: Zones
    after: number
    phase: string
    europe: { state: string; healthy: number | null; total: number | null; requestsGoTo: string[] }
    condition: string
  }[] = [
    {
      reason: 'everything is healthy',
      zones: {},
      after: long,
      phase: 'Ready',
      europe: { state: 'Serving', healthy: 6, total: 6, requestsGoTo: [] },
      condition: 'True',
    },
    {
      reason: 'some are not: the cluster serves with the others',
      zones: { 'europe-west1-b': { healthy: 0 } },
      after: long,
      phase: 'Ready',
      europe: { state: 'Serving', healthy: 4, total: 6, requestsGoTo: [] },
      condition: 'True',
    },
    {
      reason: 'a cluster without a healthy backend is Unhealthy, and its requests go elsewhere',
      zones: europe(0),
      after: long,
      phase: 'Degraded',
      europe: { state: 'Unhealthy', healthy: 0, total: 6, requestsGoTo: ['asia-east', 'us-central'] },
      condition: 'False',
    },
    {
      reason: 'nobody is blamed in the first seconds after it became Ready',
      zones: europe(0),
      after: long - 1,
      phase: 'Ready',
      europe: { state: 'Serving', healthy: 0, total: 6, requestsGoTo: [] },
      condition: 'Unknown',
    },
    {
      reason: 'but one that was seen healthy since is, at once',
      zones: europe(0, { lastHealthyAt: readyAt + 1_000 }),
      after: readyAt + 2_000,
      phase: 'Degraded',
      europe: { state: 'Unhealthy', healthy: 0, total: 6, requestsGoTo: ['asia-east', 'us-central'] },
      condition: 'False',
    },
    {
      reason: 'what cannot be read is not known, and nobody is blamed for it',
      zones: { 'europe-west1-b': { healthy: null } },
      after: long,
      phase: 'Ready',
      europe: { state: 'Serving', healthy: null, total: null, requestsGoTo: [] },
      condition: 'Unknown',
    },
  ]
  it.each(rows)('$reason', ({ zones, after, phase, europe: want, condition }) => {
    const serving = seen(sources, zones, after)
    expect(serving.phase).toBe(phase)
    expect(stateOf(serving, 'europe-west')).toMatchObject(want)
    expect(conditionOf(serving)?.status).toBe(condition)
  })

  it('says in words what is wrong and where requests go', () => {
    expect(conditionOf(seen(sources, europe(0), long))?.message).toBe(
      'cluster europe-west: none of its 6 backends is healthy; its requests go to the nearest of asia-east, us-central',
    )
  })

  it('says so when no other cluster can take over', () => {
    const everywhere = { ...europe(0), 'asia-east1': { healthy: 0 }, 'us-central1': { healthy: 0 } }
    const serving = seen(sources, everywhere, long)
    expect(serving.clusterStates.map(({ state }) => state)).toEqual(['Unhealthy', 'Unhealthy', 'Unhealthy'])
    expect(conditionOf(serving)?.message).toContain('they get an error from the load balancer')
  })

  it('counts every zone by itself', () => {
    const serving = seen(sources, { 'europe-west1-b': { healthy: 0 }, 'europe-west1-c': { healthy: 1 } }, long)
    expect(stateOf(serving, 'europe-west')?.zoneStates).toEqual([
      { zone: 'europe-west1-b', healthy: 0, total: 2 },
      { zone: 'europe-west1-c', healthy: 1, total: 2 },
      { zone: 'europe-west1-d', healthy: 2, total: 2 },
    ])
  })

  it('a service that is down in one cluster degrades, and the cluster serves the others', async () => {
    const shop = await stage(['cart', 'catalogue'])
    const cart = healthTargets(shop)[0]?.backendService
    const serving = seen(shop, europe(0), long, (name) => name === cart)
    expect(serving.phase).toBe('Degraded')
    expect(stateOf(serving, 'europe-west')).toMatchObject({ state: 'Serving', healthy: 6, total: 12 })
    expect(conditionOf(serving)?.message).toMatch(
      /^service default\/(cart|catalogue):80 has no healthy backend in cluster europe-west, of 6$/,
    )
    expect(serving.services.map(({ healthy, total }) => `${String(healthy)}/${String(total)}`).sort()).toEqual([
      '14/14',
      '8/14',
    ])
  })

  it('asks about nothing, and calls no cluster Serving, before a front end is there', async () => {
    const progressing = await stage(['web'], 'Progressing')
    expect(healthTargets(progressing)).toEqual([])
    const serving = withHealth(progressing, statusOf(progressing, project, long), new Map(), long)
    expect(serving.clusterStates.map(({ state }) => state)).toEqual(['Waiting', 'Waiting', 'Waiting'])
    expect(conditionOf(serving)).toBeUndefined()
  })

  it('without a reader of health it is null, and the phase is what the documents say', () => {
    const serving = withHealth(sources, statusOf(sources, project, long), new Map(), long)
    expect(serving.phase).toBe('Ready')
    expect(stateOf(serving, 'europe-west')).toMatchObject({ state: 'Serving', healthy: null, total: null })
  })

  it('tells the age of an answer that is not of now, and no age of one that is', () => {
    const health = new Map(
      healthTargets(sources).map((target, index): [string, GroupHealth] => [
        healthKey(target),
        { known: true, healthy: 2, total: 2, at: index === 0 ? long - 60_000 : long, since: 0, lastHealthyAt: long },
      ]),
    )
    const status = statusOf(sources, project, long)
    expect(withHealth(sources, status, health, long).health.asOf).toBe(long - 60_000)
    expect(seen(sources, {}, long).health.asOf).toBeNull()
  })
})

describe('who is near', () => {
  it.each([
    { reason: 'the same region first', from: ['us-central1-a'], want: ['central-2', 'east', 'montreal', 'europe'] },
    { reason: 'then the same continent', from: ['us-west1-a'], want: ['central-2', 'east', 'montreal', 'europe'] },
    { reason: 'nothing in common: by name', from: ['asia-east1-a'], want: ['central-2', 'east', 'europe', 'montreal'] },
  ])('$reason', ({ from, want }) => {
    const others = [
      { name: 'europe', zones: ['europe-west1-b'] },
      { name: 'montreal', zones: ['northamerica-northeast1-a'] },
      { name: 'east', zones: ['us-east1-b'] },
      { name: 'central-2', zones: ['us-central1-f'] },
    ]
    expect(nearest({ zones: from }, others).map(({ name }) => name)).toEqual(want)
  })
})
