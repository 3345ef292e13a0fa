import { ApiError, type LateError } from './api-error.ts'
import type { Kind, Resource } from './kind.ts'
import { begin, checkFree, existing, type MutationContext, type MutationRequest, operationType } from './mutations.ts'
import type { Operation } from './operations.ts'
import { fullUrl } from './references.ts'
import { memberToken, type World } from './world.ts'

/** The refusal of a delete; the texts of health checks differ from all others. */
function inUse(world: World, resource: Resource, holder: Resource): ApiError {
  const noun = resource.kind.noun
  const shown =
    resource.collection === 'healthChecks'
      ? [internalName(world, resource), internalName(world, holder)]
      : [resource.path, holder.path]
  return new ApiError(
    400,
    'resourceInUseByAnotherResource',
    `The ${noun} resource '${shown[0] ?? ''}' is already being used by '${shown[1] ?? ''}'`,
  )
}

function internalName(world: World, resource: Resource): string {
  const where = resource.scope.type === 'regions' ? `REGION:${resource.scope.name}` : 'GLOBAL:global'
  return `${where}/PROJECT:${world.projectNumber(resource.project)}/${resource.kind.noun.toUpperCase()}:${resource.name}`
}

/** Who keeps a resource from being deleted, in a fixed order. */
function holdersOf(world: World, resource: Resource): Resource[] {
  const keys = [resource.path, ...(resource.kind.aliases?.(resource) ?? [])]
  const holders = new Set(keys.flatMap((key) => world.holders(key)).filter((holder) => holder !== resource))
  return [...holders].sort((a, b) => a.serial - b.serial)
}

/** DELETE of a resource; what it references is held until the operation is done. */
export function remove(context: MutationContext, kind: Kind, request: MutationRequest): Operation {
  const { world } = context
  const resource = existing(world, request.match)
  kind.checkDelete?.(world, resource)
  const late = kind.lateHolders ?? []
  const blocker = holdersOf(world, resource).find((holder) => !late.includes(holder.collection))
  if (blocker !== undefined) throw inUse(world, resource, blocker)
  checkFree(resource)
  resource.state = 'deleting'
  return begin(context, request, resource, operationType(kind, 'delete'), false, (failure) => {
    const error = failure ?? lateInUse(world, resource)
    if (error !== undefined) {
      resource.state = 'ready'
      return error
    }
    const left = leaveGroups(world, resource)
    world.remove(resource)
    kind.removed?.(world, resource)
    for (const group of left) context.onSideEffect(group)
    return undefined
  })
}

/** A deleted machine leaves the groups it is in; returns their paths. */
function leaveGroups(world: World, resource: Resource): string[] {
  const url = fullUrl(resource.path)
  const groups = world.holders(memberToken(url))
  for (const group of groups) {
    world.setMembers(
      group,
      group.members.filter((member) => member['instance'] !== url),
    )
  }
  return groups.map(({ path }) => path)
}

function lateInUse(world: World, resource: Resource): LateError | undefined {
  const holder = holdersOf(world, resource)[0]
  if (holder === undefined) return resource.kind.lateDeleteError?.(world, resource)
  return {
    code: 'RESOURCE_IN_USE_BY_ANOTHER_RESOURCE',
    message: inUse(world, resource, holder).message,
    httpStatus: 400,
  }
}
