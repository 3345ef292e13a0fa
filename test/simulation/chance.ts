import { seededRandom, type Random } from '../../playground/world.ts'

/** Choices drawn from one seed. */
export interface Chance {
  /** In [0, 1). */
  random: Random
  /** True with this probability. */
  hits(probability: number): boolean
  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number
  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T
  /** A part of a list, in its order, with at least `least` members. */
  some<T>(list: readonly T[], least?: number): T[]
  /** A stream of its own, the same for the same label whatever else was drawn. */
  fork(label: string): Chance
}

/** The choices of a seed. */
export function chanceOf(seed: number): Chance {
  const random = seededRandom(seed)
  const whole = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1))
  return {
    random,
    hits: (probability) => random() < probability,
    whole,
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new Error('there is nothing to pick from')
      return list[whole(0, list.length - 1)] as T
    },
    some<T>(list: readonly T[], least = 0): T[] {
      const left = [...list]
      const count = whole(Math.min(least, list.length), list.length)
      while (left.length > count) left.splice(whole(0, left.length - 1), 1)
      return left
    },
    fork: (label) => chanceOf(mix(seed, label)),
  }
}

function mix(seed: number, label: string): number {
  let hash = Math.imul(seed, 0x9e3779b1) ^ 0x85ebca6b
  for (let at = 0; at < label.length; at += 1) {
    hash = Math.imul(hash ^ label.charCodeAt(at), 0x01000193)
    hash ^= hash >>> 15
  }
  return hash >>> 0
}
