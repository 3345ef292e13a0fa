import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kinds } from '../../../functions/reconcile/index.ts'
import type { PathModel, RuleModel } from '../../../shared/ingress/model.ts'
import type { ClusterFacts } from '../../../shared/planning/facts.ts'
import { plan, type Plan } from '../../../shared/planning/plan.ts'
import { clusterOf, factsOf, groupsOf, ingressOf, modelOf, portOf, serviceOf, to } from './facts.ts'

const runs = { numRuns: 100, seed: 1 }
const services = ['web', 'cart', 'api', 'search'] as const

const path: fc.Arbitrary<PathModel> = fc.record({
  type: fc.constantFrom('Exact' as const, 'Prefix' as const),
  path: fc.constantFrom('/', '/a', '/a/b', '/c'),
  backend: fc.constantFrom(...services.slice(0, 3)).map((service) => to(service)),
})
const rules: fc.Arbitrary<RuleModel[]> = fc.uniqueArray(
  fc.record({
    host: fc.constantFrom('', 'a.example', 'b.example', '*.c.example'),
    paths: fc.uniqueArray(path, { minLength: 1, maxLength: 4, selector: (one) => `${one.type} ${one.path}` }),
  }),
  { maxLength: 4, selector: (one) => one.host },
)
const cluster = (name: string): fc.Arbitrary<ClusterFacts> =>
  fc
    .record({
      present: fc.uniqueArray(fc.constantFrom(...services)),
      zones: fc.integer({ min: 1, max: 3 }),
      answers: fc.boolean(),
      pending: fc.boolean(),
    })
    .map(({ present, zones, answers, pending }) =>
      clusterOf(name, {
        view: {
          services: Object.fromEntries(
            services.map((service, index) => [
              service,
              // One cluster has them all, so that nothing is refused; NodePorts differ.
              name === 'k0' || present.includes(service)
                ? serviceOf([portOf({ nodePort: 30_000 + index * 100 + Number(name.slice(1)) })])
                : { found: false as const },
            ]),
          ),
          groups:
            pending && name !== 'k0'
              ? { state: 'pending', since: 0 }
              : groupsOf(...Array.from({ length: zones }, (_, zone) => `${name}-z${zone}`)),
        },
        ...(answers ? {} : { trouble: 'timeout' }),
      }),
    )
const clusters = fc
  .integer({ min: 1, max: 4 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => cluster(`k${index}`))))

const planOf = (given: ClusterFacts[], model: Parameters<typeof modelOf>[0]): Plan =>
  plan(kinds, ingressOf(modelOf(model)), factsOf(...given), new Map())
/** A named-ports want among `wants`. */
interface Named {
  want: { ports: unknown[] }
}

/** What a plan wants, without what serves only as a hash of what was published. */
const wants = (made: Plan): Map<string, unknown> =>
  new Map(made.desired.map(({ id, want, refs }) => [id, { want, refs }]))

describe('the planner', () => {
  it('does not depend on the order in which clusters are read', () =>
    fc.assert(
      fc.property(
        clusters.chain((given) =>
          fc.tuple(fc.constant(given), fc.shuffledSubarray(given, { minLength: given.length })),
        ),
        rules,
        ([given, shuffled], asked) => {
          expect(planOf(shuffled, { rules: asked })).toMatchObject({
            ...planOf(given, { rules: asked }),
            layout: expect.anything() as unknown,
          })
        },
      ),
      runs,
    ))

  it('does not depend on the order of rules and paths, but for the copy of them in the clusters', () =>
    fc.assert(
      fc.property(
        clusters,
        rules.chain((given) => fc.tuple(fc.constant(given), fc.shuffledSubarray(given, { minLength: given.length }))),
        (given, [asked, shuffled]) => {
          const routed = (order: RuleModel[]): unknown[] =>
            planOf(given, { rules: order }).desired.filter(({ id }) => !id.startsWith('cluster-ingress/'))
          expect(routed(shuffled.map((one) => ({ ...one, paths: [...one.paths].reverse() })))).toEqual(routed(asked))
        },
      ),
      runs,
    ))

  it("leaves the other services' resources untouched when a service is added", () =>
    fc.assert(
      fc.property(clusters, rules, (given, asked) => {
        const more: RuleModel = { host: 'z.example', paths: [{ type: 'Prefix', path: '/', backend: to('search') }] }
        const before = wants(planOf(given, { rules: asked }))
        const after = wants(planOf(given, { rules: [...asked, more] }))
        for (const [id, want] of before)
          if (/^(health-check|backend-service|address|target-proxy|forwarding-rule)\//.test(id))
            expect(after.get(id)).toEqual(want)
        // Groups only gain a name.
        for (const [id, want] of before)
          if (id.startsWith('named-ports/'))
            expect((after.get(id) as Named).want.ports).toEqual(expect.arrayContaining((want as Named).want.ports))
      }),
      runs,
    ))

  it('wants every resource once, and refers only to what it wants or holds', () =>
    fc.assert(
      fc.property(clusters, rules, fc.boolean(), (given, asked, fallback) => {
        const made = planOf(given, {
          rules:
            asked.length === 0 ? [{ host: '', paths: [{ type: 'Prefix', path: '/', backend: to('web') }] }] : asked,
          defaultBackend: fallback ? to('web') : null,
        })
        const all = made.is === 'planned' ? [...made.desired, ...made.held].map(({ id }) => id) : []
        expect(made.is).toBe('planned')
        expect(new Set(all).size).toBe(all.length)
        for (const { refs } of made.desired) expect(all).toEqual(expect.arrayContaining(refs))
      }),
      runs,
    ))

  it('never takes the groups of a cluster away because that cluster does not answer', () =>
    fc.assert(
      fc.property(clusters, rules, (given, asked) => {
        const groups = (made: Plan): string[] =>
          made.desired.map(({ id }) => id).filter((id) => id.startsWith('named-ports/'))
        const silent = given.map((one) => ({ ...one, trouble: 'timeout' }))
        expect(groups(planOf(silent, { rules: asked }))).toEqual(
          groups(
            planOf(
              given.map((one) => ({ ...one, trouble: null })),
              { rules: asked },
            ),
          ),
        )
      }),
      runs,
    ))
})
