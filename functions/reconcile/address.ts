import type { Address } from '../../shared/cloud/compute-resources.ts'
import type { ComputeRef } from '../../shared/cloud/compute-port.ts'
import type { Kind } from '../../shared/engine/kind.ts'
import { stamped, ownership } from '../../shared/planning/stamp.ts'
import { body, globalRef, stampedWant, type Stamped } from './common.ts'

/** What is wanted of a global address. One that the user named is only looked at: it is never made, changed or released. */
export interface AddressWant extends Address, Stamped {
  ours: boolean
}

const ref = (id: string): ComputeRef<'addresses'> => globalRef(id, 'addresses')

export const address: Kind<AddressWant, Address> = {
  name: 'address',
  collections: ['addresses'],
  owned: [],
  desire: (layout) => [
    {
      id: layout.address.id,
      want: {
        ...stampedWant(layout),
        ours: layout.address.ours,
        name: layout.address.name,
        ...(layout.address.ours
          ? { description: stamped(`Address of kubernetes multicluster loadbalancer ${layout.lb}`, layout.ingress) }
          : {}),
      },
      refs: [],
    },
  ],
  async observe(cloud, id, want) {
    const got = await cloud.compute.get(ref(id))
    const output = got?.address === undefined ? undefined : { output: { ip: got.address } }
    if (want?.ours === false) {
      const name = want.name ?? ''
      if (got === undefined) {
        return {
          got,
          owner: 'foreign',
          refused: `there is no global static address "${name}": reserve it (gcloud compute addresses create ${name} --global) or take the annotation kubernetes.io/ingress.global-static-ip-name away`,
        }
      }
      if (got.addressType !== undefined && got.addressType !== 'EXTERNAL')
        return { got, owner: 'foreign', refused: `address "${name}" is ${got.addressType}, not EXTERNAL` }
      return { got, owner: 'ours', ...output }
    }
    return { got, ...ownership(got?.description, want?.ingress ?? null, want?.lb ?? null), ...output }
  },
  project: () => ({}),
  create: (cloud, id, want, requestId) => {
    const { ours: _ours, ...address } = body(want)
    return cloud.compute.insert(ref(id), { ...address, addressType: 'EXTERNAL', ipVersion: 'IPV4' }, requestId)
  },
  remove: (cloud, id, _got, requestId) => cloud.compute.remove(ref(id), requestId),
}
