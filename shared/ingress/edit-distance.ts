/**
 * How many letters must be inserted, dropped, replaced or swapped with their neighbour to turn one text into the other;
 * `limit + 1` when it is more than `limit`. Costs at most length × (2·limit + 1) steps.
 */
export function editDistance(a: string, b: string, limit: number): number {
  const beyond = limit + 1
  if (Math.abs(a.length - b.length) > limit) return beyond
  let before: number[] = []
  let previous: number[] = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i += 1) {
    const current: number[] = new Array<number>(b.length + 1).fill(beyond)
    current[0] = i
    let best = i
    for (let j = Math.max(1, i - limit); j <= Math.min(b.length, i + limit); j += 1) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(at(previous, j) + 1, at(current, j - 1) + 1, at(previous, j - 1) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, at(before, j - 2) + 1)
      current[j] = cost
      best = Math.min(best, cost)
    }
    if (best > limit) return beyond
    before = previous
    previous = current
  }
  return Math.min(at(previous, b.length), beyond)
}

/** The known word that a writer most likely meant, or undefined; the word itself is no misspelling of itself. */
export function nearest(word: string, known: Iterable<string>, limit: number): string | undefined {
  let best: { word: string; distance: number } | undefined
  for (const candidate of known) {
    const distance = editDistance(word, candidate, limit)
    if (distance > 0 && distance <= limit && distance < (best?.distance ?? limit + 1))
      best = { word: candidate, distance }
  }
  return best?.word
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}
