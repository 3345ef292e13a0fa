/**
 * Which clusters are near each other, by the names of their zones alone: the same region, then the same continent, then the
 * rest by name. Google's load balancer measures round trips; this is for people, and not checked against it.
 */
export function nearest<T extends { name: string; zones: readonly string[] }>(
  from: { zones: readonly string[] },
  others: readonly T[],
): T[] {
  const rank = (other: T): number => {
    if (other.zones.some((zone) => from.zones.some((own) => regionOf(own) === regionOf(zone)))) return 0
    return other.zones.some((zone) => from.zones.some((own) => continentOf(own) === continentOf(zone))) ? 1 : 2
  }
  return [...others].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
}

function regionOf(zone: string): string {
  return zone.replace(/-[a-z]$/, '')
}

function continentOf(zone: string): string {
  const [first = ''] = zone.split('-')
  return first === 'northamerica' ? 'us' : first
}
