import type { Kind } from '../kind.ts'

export const zoneKind: Kind = {
  collection: 'zones',
  message: 'Zone',
  singular: 'zone',
  noun: 'zone',
  fingerprint: 'none',
}

export const regionKind: Kind = {
  collection: 'regions',
  message: 'Region',
  singular: 'region',
  noun: 'region',
  fingerprint: 'none',
}
