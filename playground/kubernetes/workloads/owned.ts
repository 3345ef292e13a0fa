import type { Clock, Random } from '../../world.ts'
import { timestamp, uuid } from '../identifiers.ts'
import { equal, type JsonObject } from '../json.ts'
import { apiVersionOf, type Kind } from '../kinds.ts'
import { withMembers, type KubeObject } from '../object.ts'
import type { Ownership } from '../ownership.ts'
import type { ObjectStore } from '../store.ts'

/** What the controllers of workloads work on. */
export interface WorkloadWorld {
  readonly store: ObjectStore
  readonly ownership: Ownership
  readonly clock: Clock
  readonly random: Random
}

/** A new object that belongs to an owner, ready for the store. */
export function ownedObject(
  world: WorkloadWorld,
  kind: Kind,
  owner: KubeObject,
  name: string,
  parts: {
    labels: Readonly<Record<string, string>>
    annotations: Readonly<Record<string, string>>
    members: JsonObject
  },
): KubeObject {
  return {
    ...parts.members,
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: {
      name,
      ...(owner.metadata.namespace === undefined ? {} : { namespace: owner.metadata.namespace }),
      uid: uuid(world.random),
      resourceVersion: '',
      creationTimestamp: timestamp(world.clock.now()),
      ...(kind.generation ? { generation: 1 } : {}),
      ...(Object.keys(parts.labels).length === 0 ? {} : { labels: parts.labels }),
      ...(Object.keys(parts.annotations).length === 0 ? {} : { annotations: parts.annotations }),
      ownerReferences: [
        {
          apiVersion: owner.apiVersion,
          kind: owner.kind,
          name: owner.metadata.name,
          uid: owner.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
  }
}

/** Writes a status when it says something new. */
export function putStatus(store: ObjectStore, kind: Kind, object: KubeObject, status: JsonObject): void {
  if (!equal(object['status'], status)) store.put(kind, withMembers(object, { status }))
}
