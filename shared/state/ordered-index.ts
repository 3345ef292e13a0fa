/** What an index sorts by; Firestore's order of types. */
export type IndexValue = null | boolean | number | string

/** One place in an index: values first, then the key of the document. */
interface Place {
  value: IndexValue
  key: string
}

/** A sorted list of (value, key), as a Firestore index is: a query is a range of it. */
export interface OrderedIndex {
  add(value: IndexValue, key: string): void
  remove(value: IndexValue, key: string): void
  /** Keys in order, from the first place at or after (value, key) on. */
  from(value: IndexValue, key: string): Iterable<Readonly<Place>>
}

const rank = (value: IndexValue): number =>
  value === null ? 0 : typeof value === 'boolean' ? 1 : typeof value === 'number' ? 2 : 3

function isBefore(place: Place, value: IndexValue, key: string): boolean {
  if (place.value === value) return place.key < key
  const difference = rank(place.value) - rank(value)
  return difference === 0 ? (place.value as string) < (value as string) : difference < 0
}

/** A chunk that outgrows this is cut in two, so that adding moves little memory however many places there are. */
const longestChunk = 512

/** An empty index. Finding is logarithmic. */
export function createOrderedIndex(): OrderedIndex {
  /** Sorted, and each sorted; none is empty but the only one. */
  const chunks: Place[][] = [[]]

  /** Where the first place at or after (value, key) is, or would be: past the end of the last chunk when there is none. */
  function find(value: IndexValue, key: string): { chunk: number; at: number } {
    const chunk = firstNotBefore(chunks.length - 1, (index) => isBefore(lastOf(index), value, key))
    const places = chunks[chunk] ?? []
    return { chunk, at: firstNotBefore(places.length, (index) => isBefore(places[index] as Place, value, key)) }
  }

  function lastOf(chunk: number): Place {
    return chunks[chunk]?.at(-1) as Place
  }

  return {
    add(value, key) {
      const { chunk, at } = find(value, key)
      const places = chunks[chunk] ?? []
      places.splice(at, 0, { value, key })
      if (places.length > longestChunk) chunks.splice(chunk + 1, 0, places.splice(longestChunk >>> 1))
    },
    remove(value, key) {
      const { chunk, at } = find(value, key)
      const places = chunks[chunk] ?? []
      places.splice(at, 1)
      if (places.length === 0 && chunks.length > 1) chunks.splice(chunk, 1)
    },
    *from(value, key) {
      const first = find(value, key)
      for (let chunk = first.chunk; chunk < chunks.length; chunk++) {
        const places = chunks[chunk] ?? []
        for (let at = chunk === first.chunk ? first.at : 0; at < places.length; at++) yield places[at] as Place
      }
    },
  }
}

/** The first of `count` for which `before` is false, `count` when there is none; true must come first. */
function firstNotBefore(count: number, before: (index: number) => boolean): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (before(middle)) low = middle + 1
    else high = middle
  }
  return low
}
