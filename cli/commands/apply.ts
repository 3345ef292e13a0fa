import type { IngressModel } from '../../shared/ingress/model.ts'
import { objectId } from '../../shared/ingress/published-object.ts'
import { exitCodes, Failure, type ExitCode } from '../exit-codes.ts'
import { awaitTaken, awaitVerdict, follow, readReport, type Awaited, type Ending } from '../follow.ts'
import { loadManifest, type Manifest } from '../manifest-file.ts'
import { registerContexts } from '../register-contexts.ts'
import { idOf } from '../report.ts'
import type { CommonFlags, Session } from '../session.ts'
import { secondsOf } from '../stages.ts'

/** What `apply` and `create` take. */
export interface ApplyFlags extends CommonFlags {
  ingress: string
  namespace?: string
  staticIp?: string
  /** Name of the load balancer; kubemci's argument. */
  loadBalancer?: string
  force: boolean
  clusters?: string[]
  kubeconfig?: string
  kubecontexts?: string[]
  /** Wait for the verdict on the spec. */
  validate: boolean
  wait: boolean
  /** Milliseconds. */
  timeout: number
}

/** Publishes a manifest, and waits for as much as was asked. */
export async function apply(session: Session, flags: ApplyFlags): Promise<ExitCode> {
  const { namespace, staticIp, loadBalancer } = flags
  const manifest = await loadManifest(flags.ingress, { namespace, staticIp, loadBalancer }, session.readStdin)
  const { terminal } = session
  for (const { where, message } of [...manifest.ingresses, ...manifest.objects].flatMap((one) => one.warnings))
    terminal.warn(`${where}: ${message}`)
  const contexts = flags.kubeconfig === undefined ? undefined : await registerContexts(session, flags)
  const clusters = flags.clusters ?? contexts
  const ids = manifest.ingresses.map(({ model }) => idOf(model))
  const awaited = await publishSpec(session, manifest, ids, clusters, flags.force)
  if (flags.validate || flags.wait) await Promise.all(awaited.map((one) => awaitVerdict(session, one)))
  // Nobody waits for objects alone: whom they concern is told by the Ingresses' own status.
  if (!flags.wait || ids.length === 0) {
    const objects = manifest.objects.map((one) => objectId(one.content.kind, one))
    terminal.result(
      { published: [...ids.map((ingress) => ({ ingress })), ...objects.map((object) => ({ object }))] },
      () =>
        [
          ...ids.map((id) => `${id} is published. Follow it: mci get-status ${id} --wait`),
          ...objects.map((id) => `${id} is published`),
        ].join('\n'),
    )
    return exitCodes.ok
  }
  const endings = await follow(session, awaited, 'served', flags.timeout)
  const models = new Map(manifest.ingresses.map(({ model }) => [idOf(model), model]))
  return reportEndings(session, endings, flags.timeout, (id) => models.get(id))
}

async function publishSpec(
  session: Session,
  { text }: Manifest,
  ids: readonly string[],
  clusters: readonly string[] | undefined,
  force: boolean,
): Promise<Awaited[]> {
  const before = await Promise.all(ids.map((id) => readReport(session, id)))
  const attributes = {
    action: 'apply',
    ...(clusters === undefined ? {} : { clusters: clusters.join(',') }),
    ...(force ? { force: 'true' } : {}),
  }
  const messageId = await session.publish({ topic: 'ingress-specs', text, attributes })
  return Promise.all(ids.map((id, index) => awaitTaken(session, id, messageId, before[index])))
}

/** Tells how waiting ended: the way to try it, or the reason. Answers the worst of the exit codes. */
export async function reportEndings(
  session: Session,
  endings: readonly Ending[],
  timeoutMs: number,
  modelOf: (id: string) => IngressModel | undefined,
): Promise<ExitCode> {
  const told = await Promise.all(
    endings.map(async (ending) => ({ ...ending, ...(await tell(session, ending, modelOf)) })),
  )
  session.terminal.result(
    {
      ingresses: told.map(({ id, report, curl, reason }) => ({
        ingress: id,
        phase: report?.phase ?? 'Gone',
        vip: report?.vip ?? null,
        curl: curl ?? null,
        reason: reason ?? null,
      })),
    },
    () =>
      told
        .flatMap(({ id, report, curl, reason }) => [
          `${id} is ${report?.phase ?? 'gone'}${report?.vip ? ` at ${report.vip} from ${report.clusters.join(', ')}` : ''}`,
          ...(reason === undefined ? [] : [`  ${reason}`]),
          ...(curl === undefined ? [] : [`  ${curl}`]),
        ])
        .join('\n'),
  )
  const worst = [exitCodes.failed, exitCodes.timeout, exitCodes.degraded].find((code) =>
    endings.some((ending) => ending.code === code),
  )
  if (worst === exitCodes.timeout)
    throw new Failure(
      `not finished after ${secondsOf(timeoutMs)}`,
      'It goes on by itself; look again with mci get-status, or give more time with --timeout.',
      exitCodes.timeout,
    )
  return worst ?? exitCodes.ok
}

async function tell(
  session: Session,
  { id, report, code }: Ending,
  modelOf: (id: string) => IngressModel | undefined,
): Promise<{ curl?: string; reason?: string }> {
  if (report === undefined) return {}
  const reason =
    code === exitCodes.ok
      ? undefined
      : report.conditions
          .filter(({ status }) => status !== 'True')
          .map(({ message }) => message)
          .join('; ')
  const serves = code === exitCodes.ok || code === exitCodes.degraded
  const base = serves ? await urlOf(session, id, report.vip) : undefined
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(base === undefined ? {} : { curl: curlOf(base, modelOf(id)) }),
  }
}

/** The playground opens its local port a moment after the load balancer is there. */
async function urlOf(session: Session, id: string, vip: string | null): Promise<string | undefined> {
  const { target } = session
  if (target.is === 'deployment') return vip === null ? undefined : `http://${vip}`
  const until = session.now() + 5_000
  for (;;) {
    const url = target.localUrl(id)
    if (url !== undefined || session.now() > until) return url
    await session.sleep(100)
  }
}

function curlOf(base: string, model: IngressModel | undefined): string {
  const rule = model?.defaultBackend === null ? model.rules.find(({ paths }) => paths.length > 0) : undefined
  const host = rule === undefined || rule.host === '' ? '' : `-H 'Host: ${rule.host.replace(/^\*/, 'www')}' `
  const path = rule?.paths[0]?.path.replace(/\/?\*$/, '/') ?? '/'
  return `curl ${host}${base}${path}`
}
