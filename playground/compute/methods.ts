import { notReady } from './api-error.ts'
import type { CustomMethod } from './kind.ts'
import {
  begin,
  change,
  checkFree,
  existing,
  type MutationContext,
  type MutationRequest,
  placeOf,
  prepare,
} from './mutations.ts'
import type { Operation } from './operations.ts'
import { readShape } from './shapes.ts'

/** A custom method that starts an operation. */
export function runMethod(
  context: MutationContext,
  method: Exclude<CustomMethod, { does: 'read' }>,
  request: MutationRequest,
): Operation {
  const { world } = context
  const resource = existing(world, request.match)
  const message = request.match.route.body
  const body = message === null ? {} : readShape(request.body, message, { strict: context.strict, keepNull: false })
  const call = { look: world, resource, body, query: request.query }
  switch (method.does) {
    case 'nothing':
      method.check(call)
      return begin(context, request, resource, method.operationType, false, (failure) => failure)
    case 'members': {
      if (resource.state !== 'ready') throw notReady(resource.path)
      const plan = method.plan(call)
      return begin(context, request, resource, method.operationType, false, (failure) => {
        if (failure !== undefined) return failure
        if (world.find(resource.path) === resource) world.setMembers(resource, plan(resource.members))
        return undefined
      })
    }
    case 'change': {
      const next = method.change(call)
      resource.kind.check?.(next.spec, placeOf(resource))
      const { spec, references } = prepare(context, resource.kind, placeOf(resource), next.spec, resource)
      checkFree(resource)
      return change(
        context,
        request,
        resource,
        { spec, meta: next.meta, references },
        method.operationType,
        method.immediate === true,
      )
    }
  }
}
