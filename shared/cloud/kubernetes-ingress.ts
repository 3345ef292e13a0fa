import { z } from 'zod'
import { CloudError } from './compute-port.ts'
import type { KubernetesCaller } from './kubernetes-caller.ts'
import type { IngressObject, IngressObjectSpec } from './kubernetes-port.ts'
import { shapes } from './kubernetes-shapes.ts'

/** Owner of the fields that we apply. */
export const fieldManager = 'multi-cluster-ingress'

/** Media types of patches (`PatchStrategy` of the vendor's library). */
export const serverSideApply = 'application/apply-patch+yaml'
const jsonPatch = 'application/json-patch+json'

/** Who owns which fields of an object (metav1.ManagedFieldsEntry); the rest of an entry goes back as it came. */
const entry = z.looseObject({
  manager: z.string().default(''),
  operation: z.string().default(''),
  subresource: z.string().optional(),
  fieldsV1: z.record(z.string(), z.unknown()).optional(),
})
type Entry = z.infer<typeof entry>

const withOwners = shapes.ingress.and(z.object({ metadata: z.object({ managedFields: z.array(entry).default([]) }) }))
type OwnedIngress = z.infer<typeof withOwners>

/**
 * Server-side apply of an Ingress. By force the whole spec is ours: what another manager still owns of it (kubemci, a person
 * with kubectl) would stay beside what we send, and a default backend with a port by number and by name is one that the API
 * refuses (422). Then that ownership is taken over first, so that what we no longer send goes. Labels and annotations of others stay.
 * `path`: kind, namespace and name, checked, for messages.
 */
export async function applyIngress(
  call: KubernetesCaller,
  path: string,
  { metadata: { namespace = '', name, labels, annotations }, spec }: IngressObject,
  force: boolean,
): Promise<IngressObject> {
  const body = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
    spec,
  }
  const apply = (): Promise<OwnedIngress> =>
    patch(call, `apply ${path}`, { namespace, name }, body, serverSideApply, force)
  let live: OwnedIngress | undefined
  try {
    live = await apply()
    if (!force || foreignOwners(live).length === 0) return withoutOwners(live)
  } catch (error) {
    if (!force || !(error instanceof CloudError) || error.status !== 422) throw error
    live = await call(`GET ${path}`, ({ networking }) => networking.readNamespacedIngress(name, namespace), withOwners)
    if (foreignOwners(live).length === 0) throw error
  }
  const owned = [
    { op: 'replace', path: '/metadata/managedFields', value: takenOver(live) },
    // As it was read: what was written since makes it a conflict, and is looked at first.
    { op: 'replace', path: '/metadata/resourceVersion', value: live.metadata.resourceVersion },
  ]
  await patch(call, `take over the spec of ${path}`, { namespace, name }, owned, jsonPatch)
  return withoutOwners(await apply())
}

function withoutOwners({ metadata: { managedFields: _, ...metadata }, ...object }: OwnedIngress): IngressObject {
  return { ...object, metadata }
}

async function patch(
  call: KubernetesCaller,
  what: string,
  { namespace, name }: { namespace: string; name: string },
  body: object,
  mediaType: string,
  force?: boolean,
): Promise<OwnedIngress> {
  return call(
    what,
    async ({ networking }) => {
      const unset = undefined
      const args = [name, namespace, body, unset, unset, fieldManager, unset, force] as const
      const request = await networking.patchNamespacedIngress(...args)
      request.setHeaderParam('Content-Type', mediaType)
      return request
    },
    withOwners,
  )
}

const isOurs = ({ manager, operation }: Entry): boolean => manager === fieldManager && operation === 'Apply'

/** Entries of others that own something of the spec; the status is a subresource. */
function foreignOwners({ metadata }: OwnedIngress): Entry[] {
  return metadata.managedFields.filter(
    (one) => !isOurs(one) && (one.subresource ?? '') === '' && one.fieldsV1?.['f:spec'] !== undefined,
  )
}

/** The owners of an object once its whole spec, as it is, is ours. */
function takenOver(live: OwnedIngress): Entry[] {
  const foreign = foreignOwners(live)
  const rest = live.metadata.managedFields.flatMap((one): Entry[] => {
    if (isOurs(one)) return []
    if (!foreign.includes(one)) return [one]
    const { 'f:spec': _spec, ...fieldsV1 } = one.fieldsV1 ?? {}
    return Object.keys(fieldsV1).length === 0 ? [] : [{ ...one, fieldsV1 }]
  })
  const ours: Entry = live.metadata.managedFields.find(isOurs) ?? {
    manager: fieldManager,
    operation: 'Apply',
    apiVersion: 'networking.k8s.io/v1',
    fieldsType: 'FieldsV1',
  }
  return [...rest, { ...ours, fieldsV1: { ...ours.fieldsV1, 'f:spec': fieldsOf(live.spec) } }]
}

/** The fields of a spec as FieldsV1 names them; its lists are owned as a whole (k8s.io/api: listType=atomic). */
function fieldsOf(spec: IngressObjectSpec): Record<string, unknown> {
  const { defaultBackend, ...others } = spec
  const service = defaultBackend && {
    'f:name': {},
    'f:port': Object.fromEntries(Object.keys(defaultBackend.service.port).map((key) => [`f:${key}`, {}])),
  }
  return {
    ...Object.fromEntries(Object.keys(others).map((key) => [`f:${key}`, {}])),
    // One that names a resource instead of a Service is read as none.
    'f:defaultBackend': service === undefined ? { 'f:resource': {} } : { 'f:service': service },
  }
}
