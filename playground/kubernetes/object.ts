import type { Json, JsonObject } from './json.ts'

/** What every object carries; see the Kubernetes API reference for ObjectMeta. */
export type ObjectMeta = {
  readonly name: string
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion: string
  readonly creationTimestamp: string
  readonly deletionTimestamp?: string
  readonly generation?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly ownerReferences?: readonly OwnerReference[]
  readonly managedFields?: readonly JsonObject[]
}

/** One owner of an object; the object goes when its owner goes. */
export type OwnerReference = {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/** A stored object: what the store returns always has complete metadata. */
export type KubeObject = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly [key: string]: Json | undefined
}

/** `namespace/name`, or the bare name of a cluster-wide object. */
export function keyOf(object: KubeObject): string {
  return object.metadata.namespace === undefined
    ? object.metadata.name
    : `${object.metadata.namespace}/${object.metadata.name}`
}

/** Labels of an object; empty when it has none. */
export function labelsOf(object: KubeObject): Readonly<Record<string, string>> {
  return object.metadata.labels ?? {}
}

/** Annotations of an object; empty when it has none. */
export function annotationsOf(object: KubeObject): Readonly<Record<string, string>> {
  return object.metadata.annotations ?? {}
}

/** A copy with other members at the top level. */
export function withMembers(object: KubeObject, members: JsonObject): KubeObject {
  return { ...object, ...members, apiVersion: object.apiVersion, kind: object.kind, metadata: object.metadata }
}

/** A copy with members of the metadata replaced; a member given as undefined is removed. */
export function withMeta(
  object: KubeObject,
  members: { readonly [K in keyof ObjectMeta]?: ObjectMeta[K] | undefined },
): KubeObject {
  const metadata: Record<string, Json | undefined> = { ...object.metadata, ...members }
  for (const [key, value] of Object.entries(metadata)) if (value === undefined) Reflect.deleteProperty(metadata, key)
  // Only optional members are ever removed; the required ones come from `object.metadata`.
  return { ...object, metadata: metadata as ObjectMeta }
}

/** True while nothing has asked for the object's deletion. */
export function isLive(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp === undefined
}
