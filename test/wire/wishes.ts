import type { Random } from '../../playground/world.ts'
import { ownPrefix } from '../../shared/ingress/annotations.ts'
import { simpleIngress } from '../support/manifests.ts'

/** The services that every cluster has. */
export const services = ['web', 'api', 'img'] as const

/** What somebody publishes: a version of an Ingress, or its withdrawal. */
export interface Act {
  name: string
  /** null = withdrawn. */
  manifest: string | null
}

/** What is wanted of an Ingress in the end; `service` null = it was withdrawn; `cluster` null = every cluster serves it. */
export interface Wish {
  name: string
  cluster: string | null
  service: string | null
  generation: number
}

/** Everything that people do: all Ingresses at first, and then what they change of them. */
export interface Programme {
  first: Act[]
  later: Act[]
  wishes: Wish[]
}

/**
 * One of three Ingresses is left as it is, one is edited once or twice, one withdrawn, now and then after an edit; one of three is served by
 * every cluster, the others by one.
 */
export function programme(ingresses: number, clusters: readonly string[], random: Random): Programme {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const wishes = Array.from({ length: ingresses }, (_, index): Wish => {
    return { name: `lb-${index}`, cluster: pick([null, ...clusters]), service: pick(services), generation: 1 }
  })
  const first = wishes.map(published)
  const edit = (wish: Wish): Act => {
    wish.service = pick(services.filter((service) => service !== wish.service))
    wish.generation += 1
    return published(wish)
  }
  const withdraw = (wish: Wish): Act => {
    wish.service = null
    return { name: wish.name, manifest: null }
  }
  // By turns, so that the acts on one Ingress come one after the other, with others between them.
  const ways: readonly (readonly ((wish: Wish) => Act)[])[] = [
    [],
    [edit],
    [withdraw],
    [],
    [edit, edit],
    [edit, withdraw],
  ]
  const turns = [0, 1].map((turn) =>
    wishes.flatMap((wish, index) => {
      const act = ways[index % ways.length]?.[turn]
      return act === undefined ? [] : [{ act, wish, at: random() }]
    }),
  )
  const later = turns.flatMap((turn) => turn.sort((a, b) => a.at - b.at).map(({ act, wish }) => act(wish)))
  return { first, later, wishes }
}

function published(wish: Wish): Act {
  return { name: wish.name, manifest: manifestOf(wish) }
}

/** The manifest of a version. */
export function manifestOf({ name, cluster, service, generation }: Wish): string {
  const annotations = cluster === null ? {} : { annotations: { [`${ownPrefix}clusters`]: cluster } }
  return simpleIngress(name, service ?? '', { ...annotations, generation })
}
