import { ingresses } from '../kinds.ts'
import { isLive, keyOf, type KubeObject } from '../object.ts'
import type { ObjectStore } from '../store.ts'
import { backendRefs, classOf } from './backends.ts'
import { gceClasses, multiClusterClass } from './names.ts'

/** Which Ingresses refer to which Services, followed from the store. */
export interface References {
  /** Ingresses of Google's classes that refer to a Service (`namespace/name`). */
  ingressesOf(serviceKey: string): KubeObject[]
  /** True while an Ingress of the multi-cluster class exists. */
  anyMultiCluster(): boolean
  /** Keys of all Ingresses of the multi-cluster class. */
  multiCluster(): readonly string[]
}

/** The keys of the Services that an Ingress refers to. */
export function serviceKeys(ingress: KubeObject): string[] {
  return [...new Set(backendRefs(ingress).map((ref) => `${ingress.metadata.namespace ?? ''}/${ref.service}`))]
}

/** Follows the Ingresses of a cluster. */
export function createReferences(store: ObjectStore): References {
  const byService = new Map<string, Set<string>>()
  const multi = new Set<string>()

  function file(ingress: KubeObject, present: boolean): void {
    const key = keyOf(ingress)
    if (!gceClasses.includes(classOf(ingress))) return
    if (classOf(ingress) === multiClusterClass) {
      if (present) multi.add(key)
      else multi.delete(key)
    }
    for (const service of serviceKeys(ingress)) {
      const keys = byService.get(service) ?? new Set<string>()
      if (present) keys.add(key)
      else keys.delete(key)
      if (keys.size === 0) byService.delete(service)
      else byService.set(service, keys)
    }
  }

  store.onChange(({ type, kind, object, previous }) => {
    if (kind !== ingresses) return
    if (previous !== undefined && isLive(previous)) file(previous, false)
    if (type !== 'DELETED' && isLive(object)) file(object, true)
  })

  return {
    ingressesOf: (serviceKey) =>
      [...(byService.get(serviceKey) ?? [])].flatMap((key) => {
        const [namespace, name] = key.split('/')
        return store.get(ingresses, namespace, name ?? '') ?? []
      }),
    anyMultiCluster: () => multi.size > 0,
    multiCluster: () => [...multi],
  }
}
