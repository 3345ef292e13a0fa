import { acceptAction } from '../shared/engine/accept-action.ts'
import { acceptSpecs, rejectSpecs, withdrawObjects } from '../shared/engine/accept.ts'
import { type Accepted } from '../shared/engine/accepted.ts'
import type { Deps } from '../shared/engine/deps.ts'
import { planIngress } from '../shared/engine/plan-ingress.ts'
import type { Cause } from '../shared/engine/nudge.ts'
import { checkTarget, parseAttributes } from '../shared/ingress/attributes.ts'
import { parseManifest, type IngressName } from '../shared/ingress/manifest.ts'
import { ingressId } from '../shared/ingress/model.ts'
import type { Problem } from '../shared/state/documents.ts'
import { sentences } from '../shared/engine/status.ts'
import { keepDeadLetter } from './dead-letter.ts'
import type { Event } from './event.ts'

/** Topic ingress-specs: an Ingress manifest was published, changed or withdrawn. A message is one unit. */
export async function onIngressSpec(deps: Deps, event: Event): Promise<void> {
  const cause: Cause = { why: 'spec published', trace: event.id }
  const attributes = parseAttributes(event.attributes, event.data !== null)
  if (!attributes.ok) {
    await refuse(deps, event, attributes.named, attributes.problems)
    return
  }
  const { command } = attributes
  const manifest = event.data === null ? null : parseManifest(event.data)
  if (manifest?.ok === false) {
    // To validate is to ask: what is published and serves stays as it is, and so does its status.
    await refuse(deps, event, command.action === 'validate' ? [] : manifest.named, manifest.problems)
    return
  }
  const ingresses = manifest?.ingresses ?? []
  const objects = manifest?.objects ?? []
  const mismatch = checkTarget(
    command.ingress,
    ingresses.map(({ model }) => model),
  )
  if (mismatch.length > 0) {
    await refuse(deps, event, [], mismatch)
    return
  }
  const warnings = [...ingresses, ...objects].flatMap((one) => one.warnings)
  if (warnings.length > 0) deps.log.warn({ warnings: sentences(warnings), trace: cause.trace }, 'manifest has warnings')
  switch (command.action) {
    case 'validate':
      deps.log.info(
        { ingresses: ingresses.map(({ model }) => ingressId(model)), trace: cause.trace },
        'manifest is valid',
      )
      return
    case 'apply': {
      const specs = ingresses.map(({ model, source }) => ({
        model: command.force ? { ...model, settings: { ...model.settings, force: true } } : model,
        ...source,
      }))
      const accepted = await acceptSpecs(deps, specs, command.clusters, event.publishedAt, cause, objects)
      await finish(deps, event, accepted, cause)
      return
    }
    case 'delete':
    case 'remove-clusters':
    case 'drain-clusters':
    case 'undrain-clusters': {
      const targets =
        command.ingress === null ? ingresses.map(({ model }) => ingressId(model)) : [ingressId(command.ingress)]
      const clusters = command.action === 'delete' ? [] : command.clusters
      for (const target of targets) {
        await finish(
          deps,
          event,
          [await acceptAction(deps, target, command.action, clusters, command.force, event.publishedAt, cause)],
          cause,
        )
      }
      if (command.action === 'delete' && objects.length > 0)
        await finish(deps, event, await withdrawObjects(deps, objects, event.publishedAt, cause), cause)
      return
    }
    default:
      command satisfies never
  }
}

/** Logs what became of a message; what was not taken is kept where people can read it. */
async function finish(deps: Deps, event: Event, accepted: readonly Accepted[], cause: Cause): Promise<void> {
  for (const { ingress, is, why } of accepted) {
    deps.log.info({ ingress, is, why, trace: cause.trace }, 'spec message')
    if (is === 'older' || is === 'refused' || is === 'unknown') await keepDeadLetter(deps, event, 'ingress-specs', why)
  }
}

async function refuse(
  deps: Deps,
  event: Event,
  named: readonly IngressName[],
  problems: readonly Problem[],
): Promise<void> {
  deps.log.warn({ problems: sentences(problems), named: named.map(ingressId), trace: event.id }, 'manifest refused')
  if (named.length === 0) {
    await keepDeadLetter(deps, event, 'ingress-specs', sentences(problems))
    return
  }
  await rejectSpecs(deps, named, problems, event.publishedAt)
  for (const one of named) await planIngress(deps, ingressId(one), { why: 'spec refused', trace: event.id })
}
