/**
 * Roughly where each region is (degrees north, degrees east). Only the order of distances matters here: the real load
 * balancer measures round trips.
 */
const REGIONS: Readonly<Record<string, readonly [number, number]>> = {
  'africa-south1': [-26, 28],
  'asia-east1': [24, 120],
  'asia-east2': [22, 114],
  'asia-northeast1': [36, 140],
  'asia-northeast2': [35, 135],
  'asia-northeast3': [38, 127],
  'asia-south1': [19, 73],
  'asia-south2': [29, 77],
  'asia-southeast1': [1, 104],
  'asia-southeast2': [-6, 107],
  'australia-southeast1': [-34, 151],
  'australia-southeast2': [-38, 145],
  'europe-central2': [52, 21],
  'europe-north1': [61, 27],
  'europe-southwest1': [40, -4],
  'europe-west1': [50, 4],
  'europe-west2': [52, 0],
  'europe-west3': [50, 9],
  'europe-west4': [53, 7],
  'europe-west6': [47, 8],
  'europe-west8': [45, 9],
  'europe-west9': [49, 2],
  'europe-west10': [53, 13],
  'europe-west12': [45, 8],
  'me-central1': [25, 51],
  'me-west1': [32, 35],
  'northamerica-northeast1': [46, -74],
  'northamerica-northeast2': [44, -79],
  'southamerica-east1': [-24, -47],
  'southamerica-west1': [-33, -71],
  'us-central1': [41, -96],
  'us-east1': [33, -80],
  'us-east4': [39, -77],
  'us-east5': [40, -83],
  'us-south1': [33, -97],
  'us-west1': [46, -121],
  'us-west2': [34, -118],
  'us-west3': [41, -112],
  'us-west4': [36, -115],
}

/** Where a client without `x-client-region` is. */
export const DEFAULT_CLIENT_REGION = 'us-central1'

/** us-central1 of us-central1-a. */
export function regionOfZone(zone: string): string {
  return zone.replace(/-[a-z]$/, '')
}

/** Great-circle distance in degrees; 0 within a region; a region that the table lacks is farther than any other. */
export function distance(from: string, to: string): number {
  if (from === to) return 0
  const a = REGIONS[from]
  const b = REGIONS[to]
  if (a === undefined || b === undefined) return 360
  const rad = Math.PI / 180
  const cosine =
    Math.sin(a[0] * rad) * Math.sin(b[0] * rad) +
    Math.cos(a[0] * rad) * Math.cos(b[0] * rad) * Math.cos((a[1] - b[1]) * rad)
  return Math.acos(Math.min(1, Math.max(-1, cosine))) / rad
}
