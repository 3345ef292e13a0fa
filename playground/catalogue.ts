/** The simulated clusters, in the order in which `--clusters N` takes them: two or three zones each. */
const places: readonly { name: string; region: string; zones: string[] }[] = [
  { name: 'us-central', region: 'us-central1', zones: ['a', 'b'] },
  { name: 'europe-west', region: 'europe-west1', zones: ['b', 'c', 'd'] },
  { name: 'asia-east', region: 'asia-east1', zones: ['a', 'b'] },
  { name: 'us-east', region: 'us-east1', zones: ['b', 'c', 'd'] },
  { name: 'europe-north', region: 'europe-north1', zones: ['a', 'b'] },
  { name: 'australia-southeast', region: 'australia-southeast1', zones: ['a', 'b', 'c'] },
  { name: 'us-west', region: 'us-west1', zones: ['a', 'b'] },
  { name: 'asia-south', region: 'asia-south1', zones: ['a', 'b', 'c'] },
]

/** One cluster to simulate. */
export interface ClusterPlace {
  name: string
  zones: string[]
}

/** The first `count` clusters; beyond the list they come round again under numbered names. */
export function clusterPlaces(count: number): ClusterPlace[] {
  return Array.from({ length: count }, (_, index) => {
    const place = places[index % places.length] as (typeof places)[number]
    const round = Math.floor(index / places.length)
    return {
      name: round === 0 ? place.name : `${place.name}-${round + 1}`,
      zones: place.zones.map((letter) => `${place.region}-${letter}`),
    }
  })
}
