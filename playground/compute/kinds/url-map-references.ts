import type { ReferenceField } from '../references.ts'

const services = ['backendServices', 'backendBuckets']

/** Where a URL map names backends; `tests` keeps what was sent. */
export const urlMapReferences: readonly ReferenceField[] = [
  { at: '**.defaultService', to: services, crossProject: true, except: ['tests'] },
  { at: '**.service', to: services, crossProject: true, except: ['tests'] },
  { at: '**.backendService', to: services, crossProject: true, except: ['tests'] },
  { at: '**.errorService', to: services, except: ['tests'] },
]
