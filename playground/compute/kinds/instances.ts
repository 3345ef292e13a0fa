import { invalid, required, staleFingerprint } from '../api-error.ts'
import { objectAt, objectsAt, stringsAt, textAt } from '../json.ts'
import type { Kind } from '../kind.ts'
import { ofUrl } from '../references.ts'
import { sameFingerprint } from '../world.ts'

/** As much of a machine as a node pool's nodes need: tags, interfaces, status. Disks and machine types are taken as sent. */
export const instances: Kind = {
  collection: 'instances',
  message: 'Instance',
  singular: 'instance',
  noun: 'instance',
  fingerprint: 'none',
  quota: 'INSTANCES',
  references: [
    { at: 'networkInterfaces[].network', to: ['networks'], crossProject: true },
    { at: 'networkInterfaces[].subnetwork', to: ['subnetworks'], crossProject: true },
  ],
  check(body) {
    if (objectsAt(body, 'networkInterfaces').length === 0) throw required('resource.networkInterfaces')
    stringsAt(objectAt(body, 'tags'), 'items').forEach((tag, index) => {
      if (!/^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(tag)) {
        throw invalid(
          `resource.tags.items[${index}]`,
          tag,
          "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'",
        )
      }
    })
  },
  defaults: (body) => ({
    ...body,
    networkInterfaces: objectsAt(body, 'networkInterfaces').map((item, index) => ({
      ...item,
      ...(textAt(item, 'network') === undefined && textAt(item, 'subnetwork') === undefined
        ? { network: 'global/networks/default' }
        : {}),
      name: `nic${index}`,
    })),
  }),
  allocate(look, spec) {
    const interfaces = objectsAt(spec, 'networkInterfaces').map((item) => {
      const subnet = look.find(ofUrl(textAt(item, 'subnetwork') ?? ''))
      return {
        ...item,
        ...(subnet === undefined ? {} : { network: textAt(subnet.spec, 'network') }),
        networkIP: textAt(item, 'networkIP') ?? look.nextInternalAddress(),
      }
    })
    return {
      spec: {
        networkInterfaces: interfaces,
        tags: { ...objectAt(spec, 'tags'), fingerprint: look.newFingerprint() },
        status: 'RUNNING',
      },
      meta: { labelFingerprint: look.newFingerprint() },
    }
  },
  methods: {
    setTags: {
      does: 'change',
      operationType: 'setTags',
      change({ look, resource, body }) {
        if (!sameFingerprint(body['fingerprint'], objectAt(resource.spec, 'tags')['fingerprint']))
          throw staleFingerprint()
        return {
          spec: { ...resource.spec, tags: { items: stringsAt(body, 'items'), fingerprint: look.newFingerprint() } },
        }
      },
    },
    setLabels: {
      does: 'change',
      operationType: 'setLabels',
      change({ look, resource, body }) {
        if (!sameFingerprint(body['labelFingerprint'], resource.meta['labelFingerprint'])) throw staleFingerprint()
        return {
          spec: { ...resource.spec, labels: objectAt(body, 'labels') },
          meta: { labelFingerprint: look.newFingerprint() },
        }
      },
    },
  },
}
