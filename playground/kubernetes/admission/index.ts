import { invalid, type Cause } from '../api-error.ts'
import { at, fields, text, texts, type Json } from '../json.ts'
import type { Kind } from '../kinds.ts'
import { withMembers, withMeta, type KubeObject } from '../object.ts'
import { ingressCauses } from './ingress.ts'
import { metadataCauses } from './metadata.ts'
import { admitService, serviceCauses, type ServiceAllocator } from './service.ts'
import { admitPod, admitWorkload, podSpecCauses, workloadCauses } from './workload.ts'

/** Gives an object its defaults and allocations. Throws the 422 of the real server with every cause when it is invalid. */
export type Admit = (kind: Kind, object: KubeObject, previous: KubeObject | undefined) => KubeObject

/** Admission of every kind that is served. */
export function createAdmission(allocator: ServiceAllocator): Admit {
  return (kind, object, previous) => {
    const admitted = withDefaults(kind, object, previous, allocator)
    const causes = [...metadataCauses(kind, admitted), ...causesOf(kind, admitted, previous, allocator)]
    if (causes.length > 0) throw invalid(kind, object.metadata.name, causes)
    return admitted
  }
}

function withDefaults(
  kind: Kind,
  object: KubeObject,
  previous: KubeObject | undefined,
  allocator: ServiceAllocator,
): KubeObject {
  switch (kind.plural) {
    case 'services':
      return admitService(object, previous, allocator)
    case 'deployments':
    case 'replicasets':
      return admitWorkload(object)
    case 'pods':
      return admitPod(object)
    case 'ingresses':
      return withMembers(object, { status: at(object, 'status') ?? { loadBalancer: {} } })
    case 'secrets':
      return admitSecret(object)
    case 'namespaces': {
      const labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name }
      return withMembers(withMeta(object, { labels }), {
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active', ...fields(object, 'status') },
      })
    }
    default:
      return object
  }
}

function admitSecret(secret: KubeObject): KubeObject {
  const plain = texts(secret, 'stringData')
  const data: Record<string, Json | undefined> = { ...fields(secret, 'data') }
  for (const [key, value] of Object.entries(plain)) data[key] = Buffer.from(value).toString('base64')
  return withMembers(secret, { type: text(secret, 'type') ?? 'Opaque', data, stringData: undefined })
}

function causesOf(
  kind: Kind,
  object: KubeObject,
  previous: KubeObject | undefined,
  allocator: ServiceAllocator,
): Cause[] {
  switch (kind.plural) {
    case 'services':
      return serviceCauses(object, previous, allocator)
    case 'deployments':
    case 'replicasets':
      return workloadCauses(object, previous)
    case 'pods':
      return podSpecCauses(fields(object, 'spec'), 'spec')
    case 'ingresses':
      return ingressCauses(object)
    default:
      return []
  }
}
