import fc from 'fast-check'
import { expect, it } from 'vitest'
import { planIngress } from '../../../shared/engine/plan-ingress.ts'
import type { IngressModel } from '../../../shared/ingress/model.ts'
import { modelOf, rule, to } from '../planning/facts.ts'
import { kinds } from '../../../functions/reconcile/index.ts'
import { kindWorld, type KindWorld } from './world.ts'

const path = fc.tuple(
  fc.constantFrom('Exact' as const, 'Prefix' as const),
  fc.constantFrom('/', '/a', '/a/b', '/c'),
  fc.constantFrom('web', 'cart', 'api').map((service) => to(service)),
)
type Scheme = IngressModel['settings']['scheme']

/** The scheme of a living load balancer cannot change, and a classic one needs a default backend. */
const model = (scheme: Scheme): fc.Arbitrary<IngressModel> =>
  fc
    .record({
      rules: fc.uniqueArray(
        fc
          .tuple(
            fc.constantFrom('', 'a.example', 'b.example', '*.c.example'),
            fc.uniqueArray(path, { minLength: 1, maxLength: 4, selector: ([type, text]) => `${type} ${text}` }),
          )
          .map(([host, paths]) => rule(host, ...paths)),
        { maxLength: 3, selector: ({ host }) => host },
      ),
      fallback: fc.boolean(),
      ipVersions: fc.constantFrom<IngressModel['settings']['ipVersions'][]>(['IPV4'], ['IPV4', 'IPV6']),
    })
    .map(({ rules, fallback, ipVersions }) =>
      modelOf({
        rules,
        defaultBackend: fallback || rules.length === 0 || scheme === 'EXTERNAL' ? to('web') : null,
        settings: { scheme, ipVersions },
      }),
    )

/** What is published, one after the other. */
const versions = fc
  .constantFrom<Scheme[]>('EXTERNAL', 'EXTERNAL_MANAGED', null)
  .chain((scheme) => fc.array(model(scheme), { minLength: 1, maxLength: 2 }))

async function worldWithServices(): Promise<KindWorld> {
  const world = await kindWorld()
  for (const { services } of world.clusters.values()) {
    const web = services.get('default/web')
    if (web === undefined) throw new Error('there is no service')
    for (const [index, name] of ['cart', 'api'].entries()) {
      const ports = web.spec.ports.map((port) => ({ ...port, nodePort: (port.nodePort ?? 0) + 100 * (index + 1) }))
      services.set(`default/${name}`, {
        metadata: { ...web.metadata, name },
        spec: { ...web.spec, selector: { app: name }, ports },
      })
    }
  }
  return world
}

it('what was planned and applied leaves nothing to plan or to apply', async () => {
  await fc.assert(
    fc.asyncProperty(versions, async (models) => {
      const world = await worldWithServices()
      for (const one of models) await world.publish(one)
      const doc = await world.deps.store.get('ingresses', 'default/zp')
      expect(doc?.conditions.filter(({ status, type }) => status !== 'True' && type === 'Programmed')).toEqual([])
      const writes = world.writes()
      await planIngress(world.deps, 'default/zp', { why: 'test', trace: 't' })
      expect(world.deps.published, 'a plan of what is there nudges nobody').toEqual([])
      for (const last of models.slice(-1)) await world.publish(last)
      const ids = (await Promise.all(kinds.map(({ name }) => world.idsOf(name)))).flat()
      expect(ids.length).toBeGreaterThan(8)
      for (const id of ids) await world.nudge(id)
      expect(world.writes()).toBe(writes)
    }),
    { numRuns: 8, seed: 1 },
  )
}, 30_000)
