import { describe, expect, it } from 'vitest'
import { keepDeadLetter, obstacleOf, onDeadLetter } from '../../../functions/dead-letter.ts'
import { Poison, type Event } from '../../../functions/event.ts'
import { routes } from '../../../functions/registry.ts'
import { testDeps, type TestDeps } from '../engine/deps.ts'

const event = (id: string, data: string | null, attributes: Record<string, string> = {}): Event => ({
  id,
  data,
  attributes,
  publishedAt: 0,
})

const movedFrom = (subscription: string): Record<string, string> => ({
  CloudPubSubDeadLetterSourceSubscription: subscription,
  CloudPubSubDeadLetterSourceSubscriptionProject: 'p',
  CloudPubSubDeadLetterSourceTopicPublishTime: '2026-01-01T00:00:00.000+00:00',
  CloudPubSubDeadLetterSourceDeliveryCount: '20',
})

const replay = (...ids: string[]): Event =>
  event('ask', JSON.stringify({ replay: ids }), { action: 'replay', googclient_schemaencoding: 'JSON' })

async function letter(deps: TestDeps, id: string): Promise<unknown> {
  return deps.store.get('deadLetters', id)
}

describe('what Pub/Sub moved here is kept with the topic that it came from', () => {
  it.each([
    ['ingress-spec', 'ingress-specs'],
    ['cluster-change', 'cluster-changes'],
    ['reconcile-url-map', 'reconcile-url-map'],
    ['staging-plan', 'plans'],
    ['somebody-elses', 'somebody-elses'],
    ['not-a-prefix-of-ours-plan', 'not-a-prefix-of-ours-plan'],
  ])('subscription %s: topic %s', async (subscription, topic) => {
    const deps = testDeps()
    await onDeadLetter(deps, event('m', '{}', movedFrom(subscription)), routes)
    expect(await letter(deps, 'm')).toMatchObject({ topic, why: 'delivered 20 times and never acknowledged' })
  })

  it('also one that says of itself that it is to be replayed', async () => {
    const deps = testDeps()
    const asks = { ...replay('x'), attributes: { action: 'replay', ...movedFrom('plan') } }
    await onDeadLetter(deps, asks, routes)
    expect(await letter(deps, 'ask')).toMatchObject({ topic: 'plans' })
  })
})

describe('replay', () => {
  it('sends payload and attributes to the topic again, without what Pub/Sub added, and removes the record', async () => {
    const deps = testDeps()
    await onDeadLetter(deps, event('m', 'kind: Ingress', { action: 'apply', ...movedFrom('ingress-spec') }), routes)
    await onDeadLetter(deps, replay('m'), routes)
    expect(deps.resent).toEqual([{ topic: 'ingress-specs', text: 'kind: Ingress', attributes: { action: 'apply' } }])
    expect(await letter(deps, 'm')).toBeUndefined()
    expect(await letter(deps, 'ask'), 'and is no dead letter itself').toBeUndefined()
  })

  it('sends a message that had attributes only without a payload', async () => {
    const deps = testDeps()
    await keepDeadLetter(deps, event('m', null, { action: 'delete', name: 'shop' }), 'ingress-specs', 'no such Ingress')
    await onDeadLetter(deps, replay('m'), routes)
    expect(deps.resent).toEqual([
      { topic: 'ingress-specs', text: null, attributes: { action: 'delete', name: 'shop' } },
    ])
  })

  it('delivered again, and for what is not kept: sends nothing', async () => {
    const deps = testDeps()
    await keepDeadLetter(deps, event('m', '{}'), 'plans', 'why')
    await onDeadLetter(deps, replay('m', 'never'), routes)
    await onDeadLetter(deps, replay('m', 'never'), routes)
    expect(deps.resent).toHaveLength(1)
  })

  it('keeps the record when the message could not be sent, and fails, so that it is asked for again', async () => {
    const deps = testDeps()
    await keepDeadLetter(deps, event('m', '{}'), 'plans', 'why')
    deps.deaf = true
    await expect(onDeadLetter(deps, replay('m'), routes)).rejects.toThrow('the bus is down')
    expect(await letter(deps, 'm')).toBeDefined()
  })

  it.each([
    ['whose topic nobody knows', 'unknown', '{}', /not known from which topic it came \(unknown\)/],
    ['that was a replay: the circle would have no end', 'dead-letters', '{}', /not known from which topic/],
    ['that was cut', 'ingress-specs', 'x'.repeat(200_000), /too long to be kept whole/],
  ])('leaves one alone %s', async (_reason, topic, data, why) => {
    const deps = testDeps()
    await keepDeadLetter(deps, event('m', data), topic, 'why')
    await onDeadLetter(deps, replay('m'), routes)
    expect(deps.resent).toEqual([])
    const kept = await deps.store.get('deadLetters', 'm')
    expect(kept && obstacleOf(kept, routes.topics)).toMatch(why)
  })

  it.each([
    ['no list', '{"replay":"m"}'],
    ['an empty list', '{"replay":[]}'],
    ['more than a hundred', JSON.stringify({ replay: Array.from({ length: 101 }, String) })],
    ['an id that no message has', JSON.stringify({ replay: ['x'.repeat(201)] })],
    ['no JSON', 'm'],
  ])('refuses %s', async (_reason, data) => {
    await expect(onDeadLetter(testDeps(), event('ask', data, { action: 'replay' }), routes)).rejects.toThrow(Poison)
  })
})
