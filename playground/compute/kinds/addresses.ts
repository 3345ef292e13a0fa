import { ApiError, invalid, staleLabelFingerprint } from '../api-error.ts'
import { objectAt, textAt, without, type JsonObject } from '../json.ts'
import type { Call, CustomMethod, Kind, Look, Place, Resource } from '../kind.ts'
import { fullUrl } from '../references.ts'
import { sameFingerprint } from '../world.ts'

/** What a forwarding rule holds for its IP, and an address answers to: the IPs of a project are its own. */
export function addressToken(project: string, ip: string): string {
  return `address ${project} ${ip}`
}

/** setLabels replaces all labels; it is DONE in the first answer for addresses and forwarding rules. */
export function setLabels(immediate: boolean): CustomMethod {
  return {
    does: 'change',
    operationType: 'setLabels',
    immediate,
    change({ resource, body, look }: Call) {
      if (!sameFingerprint(body['labelFingerprint'], resource.meta['labelFingerprint'])) throw staleLabelFingerprint()
      const labels = objectAt(body, 'labels')
      const spec = without(resource.spec, 'labels')
      return {
        spec: Object.keys(labels).length === 0 ? spec : { ...spec, labels },
        meta: { labelFingerprint: look.newFingerprint() },
      }
    },
  }
}

function usersOf(look: Look, resource: Resource): readonly Resource[] {
  return look.holders(addressToken(resource.project, textAt(resource.spec, 'address') ?? ''))
}

/** A free choice of address is not possible: an address is allocated, or one that the project uses already is kept. */
function allocate(look: Look, spec: JsonObject, place: Place): { spec?: JsonObject } {
  const asked = textAt(spec, 'address') ?? ''
  if (textAt(spec, 'addressType') === 'INTERNAL') {
    return { spec: { address: asked === '' ? look.nextInternalAddress() : asked } }
  }
  if (asked === '') return { spec: { address: look.nextAddress(spec['ipVersion'] === 'IPV6' ? 'IPV6' : 'IPV4') } }
  const holders = look.holders(addressToken(place.project, asked))
  const reserved = look
    .list(place.path.slice(0, place.path.lastIndexOf('/')))
    .some((address) => address.spec['address'] === asked)
  // The text is not checked against the real service.
  if (holders.length === 0 || reserved) {
    throw invalid('resource.address', asked, 'The address is not an ephemeral address in use by the project.')
  }
  return {}
}

export const addresses: Kind = {
  collection: 'addresses',
  message: 'Address',
  singular: 'address',
  noun: 'address',
  fingerprint: 'none',
  labels: true,
  quota: 'STATIC_ADDRESSES',
  references: [
    { at: 'network', to: ['networks'], crossProject: true },
    { at: 'subnetwork', to: ['subnetworks'], crossProject: true },
  ],
  defaults: (body) => {
    const type = textAt(body, 'addressType') ?? ''
    return {
      ...body,
      addressType: type === '' ? 'EXTERNAL' : type,
      description: textAt(body, 'description') ?? '',
      networkTier: textAt(body, 'networkTier') ?? 'PREMIUM',
    }
  },
  check(body, place) {
    if (place.scope.type === 'global' && textAt(body, 'networkTier') === 'STANDARD') {
      throw new ApiError(400, 'invalid', 'Global addresses are of the PREMIUM network tier.')
    }
  },
  allocate,
  aliases: (resource) => [addressToken(resource.project, textAt(resource.spec, 'address') ?? '')],
  derive(look, resource) {
    const users = usersOf(look, resource)
    return users.length === 0
      ? { status: 'RESERVED' }
      : { status: 'IN_USE', users: users.map(({ path }) => fullUrl(path)) }
  },
  methods: { setLabels: setLabels(true) },
}
