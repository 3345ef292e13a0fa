import { beforeEach, describe, expect, it } from 'vitest'
import type { ResourceId } from '../../shared/resource-id.ts'
import { kindWorld, pathOf, type KindWorld } from '../unit/kinds/world.ts'
import { modelOf, project } from '../unit/planning/facts.ts'

type Body = Record<string, unknown>

/** One kind that lives in Compute, held to what every such kind has to keep. */
export interface KindContract {
  kind: string
  /** Its collection in the API's paths. */
  collection: string
  /** Its insert as the simulated Compute names it; absent: it is not made by us. */
  insert?: string
  /** The smallest body that somebody else could have made under our name. */
  foreign?: Body
  /** A change of what belongs to others. */
  unowned?: Edit
  /** A change of what is ours. */
  owned?: Edit
  /** The API lets it be deleted while the load balancer serves. */
  deletable?: true
  /** Only a service over network endpoint groups has it. */
  overNegs?: true
}

/** What somebody does to it by hand, from what it is. */
export type Edit = (before: Body) => { method: 'PATCH' | 'POST'; verb?: string; body: Body }

const overGroups = modelOf({ name: 'edge' })
const ingress = 'default/edge'

/** What every kind keeps, on the simulated Compute and through the engine. */
export function kindContract(contract: KindContract): void {
  const { kind, collection, insert, foreign, unowned, owned, deletable, overNegs } = contract
  const model = overNegs ? modelOf({ name: 'edge', settings: { backends: 'neg' } }) : overGroups
  describe(`${kind} keeps the contract`, () => {
    let world: KindWorld
    beforeEach(async () => {
      world = await kindWorld()
    })
    const seen = (id: ResourceId): Body | undefined =>
      world.compute.get(`projects/${project}/${pathOf(id, collection)}`)?.body
    const edit = async (id: ResourceId, change: Edit): Promise<void> => {
      const { method, verb, body } = change(seen(id) ?? {})
      await world.byHand(method, `${pathOf(id, collection)}${verb === undefined ? '' : `/${verb}`}`, body)
    }
    const firstOf = async (given: KindWorld): Promise<ResourceId> => {
      await given.publish(model)
      const [id] = await given.idsOf(kind)
      if (id === undefined) throw new Error(`the plan has no ${kind}`)
      expect(await given.doc(id)).toMatchObject({ phase: 'Ready', applied: true, wakeAt: null })
      return id
    }

    it('is applied, and a second look writes nothing', async () => {
      const id = await firstOf(world)
      const [before, writes] = [seen(id), world.writes()]
      expect(before).toBeDefined()
      await world.nudge(id)
      expect(seen(id)).toEqual(before)
      expect(world.writes()).toBe(writes)
    })

    it('goes when the Ingress is withdrawn', async () => {
      const id = await firstOf(world)
      await world.withdraw(ingress)
      expect(await world.doc(id)).toBeUndefined()
      if (insert !== undefined) expect(seen(id)).toBeUndefined()
    })

    it('is gone when there is nothing to remove', async () => {
      const id = await firstOf(world)
      const doc = await world.doc(id)
      await world.withdraw(ingress)
      const writes = world.writes()
      await world.deps.store.transact(async (tx) => {
        if (doc) tx.set('resources', id, doc)
      })
      await world.nudge(id)
      expect(await world.doc(id)).toBeUndefined()
      expect(world.writes()).toBe(writes)
    })

    if (unowned)
      it('leaves what belongs to others as it is', async () => {
        const id = await firstOf(world)
        const before = seen(id)
        await edit(id, unowned)
        const [edited, writes] = [seen(id), world.writes()]
        expect(edited).not.toEqual(before)
        await world.nudge(id)
        expect(seen(id)).toEqual(edited)
        expect(world.writes()).toBe(writes)
      })

    if (owned)
      it('repairs what is ours', async () => {
        const id = await firstOf(world)
        const before = withoutFingerprint(seen(id))
        await edit(id, owned)
        expect(withoutFingerprint(seen(id))).not.toEqual(before)
        await world.nudge(id)
        expect(withoutFingerprint(seen(id))).toEqual(before)
        expect(await world.doc(id)).toMatchObject({ phase: 'Ready' })
      })

    if (deletable)
      it('comes back when somebody deletes it', async () => {
        const id = await firstOf(world)
        await world.byHand('DELETE', pathOf(id, collection))
        expect(seen(id)).toBeUndefined()
        await world.nudge(id)
        expect(seen(id)).toBeDefined()
        expect(await world.doc(id)).toMatchObject({ phase: 'Ready' })
      })

    if (foreign)
      for (const [whose, description] of others)
        it(`refuses what bears its name and ${whose}, and never touches it`, async () => {
          const id = await firstOf(await kindWorld())
          const name = id.split('/').at(-1)
          await world.byHand('POST', pathOf(id, collection).replace(/\/[^/]*$/, ''), { ...foreign, name, description })
          const before = seen(id)
          await world.publish(model)
          expect(await world.doc(id)).toMatchObject({ phase: 'Failed', applied: false })
          expect((await world.doc(id))?.why).toMatch(/exists and is not ours/)
          await world.withdraw(ingress)
          expect(await world.doc(id)).toBeUndefined()
          expect(seen(id)).toEqual(before)
        })

    if (insert !== undefined)
      it('takes for its own what it made when the answer was lost', async () => {
        const id = await firstOf(await kindWorld())
        world.compute.faults.dropNextAnswer({ method: insert })
        await world.publish(model)
        expect(world.compute.faults.pending()).toBe(0)
        expect(await world.doc(id)).toMatchObject({ phase: 'Ready' })
        expect(world.compute.counters().byMethod[insert]).toBe(
          (await counted(await kindWorld(), insert)) + (world.compute.counters().refused['alreadyExists'] ?? 0),
        )
      })
  })
}

const others = [
  ['no stamp', 'made by hand'],
  ['the stamp of another Ingress', 'Made before; managed by multi-cluster-ingress for Ingress other/edge'],
  ['the text of another load balancer of kubemci', 'Made for kubernetes multicluster loadbalancer other'],
] as const

/** How many inserts an undisturbed run takes. */
async function counted(world: KindWorld, insert: string): Promise<number> {
  await world.publish(overGroups)
  return world.compute.counters().byMethod[insert] ?? 0
}

/** Every change makes a new fingerprint, also the change back; an absent list is an empty one. */
function withoutFingerprint(body: Body | undefined): Body {
  const empty = (value: unknown): boolean => Array.isArray(value) && value.length === 0
  return Object.fromEntries(Object.entries(body ?? {}).filter(([key, value]) => key !== 'fingerprint' && !empty(value)))
}
