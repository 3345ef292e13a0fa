import { exitCodes, Failure, type ExitCode } from '../exit-codes.ts'
import { gkeContext } from '../gke.ts'
import { contextsOf, type Context } from '../kubeconfig.ts'
import { patiently } from '../patience.ts'
import { checkedRegistration, readClusters, register } from '../register-contexts.ts'
import type { CommonFlags, Session } from '../session.ts'
import { secondsOf } from '../stages.ts'
import { table } from '../terminal.ts'

/** What `clusters add` takes. */
export interface AddClustersFlags extends CommonFlags {
  kubeconfig?: string
  kubecontexts?: string[]
  /** PROJECT/LOCATION/NAME */
  gke?: string
  name?: string
  network?: string
  labels?: Record<string, string>
}

/** Registers clusters: where they are, never a credential. */
export async function addClusters(session: Session, flags: AddClustersFlags): Promise<ExitCode> {
  const contexts = await contextsToAdd(session, flags)
  if (flags.name !== undefined && contexts.length !== 1)
    throw new Failure(
      `--name is for one cluster, and ${contexts.length} are added`,
      'Name one context.',
      exitCodes.usage,
    )
  const registrations = contexts.map((context) => ({
    ...checkedRegistration(session, context, flags.name ?? context.name),
    ...(flags.network === undefined ? {} : { network: flags.network }),
    ...(flags.labels === undefined ? {} : { labels: flags.labels }),
  }))
  await register(session, registrations)
  const names = new Set(registrations.map(({ name }) => name))
  const added = (await readClusters(session)).filter(({ name }) => names.has(name))
  session.terminal.result({ added }, () =>
    added
      .map(
        ({ name, version, zones }) =>
          `${name} is registered: ${version ?? ''}, nodes in ${zones.map(({ zone }) => zone).join(', ') || 'no zone'}`,
      )
      .join('\n'),
  )
  return exitCodes.ok
}

async function contextsToAdd(
  session: Session,
  { kubeconfig, kubecontexts, gke }: AddClustersFlags,
): Promise<Context[]> {
  if (kubeconfig !== undefined && gke !== undefined)
    throw new Failure('--kubeconfig and --gke are two ways to say the same', 'Give one of them.', exitCodes.usage)
  if (gke !== undefined) return [await gkeContext(session, gke)]
  if (kubeconfig === undefined)
    throw new Failure(
      'which clusters are to be added?',
      'Give --kubeconfig FILE [--kubecontexts a,b] or --gke PROJECT/LOCATION/NAME.',
      exitCodes.usage,
    )
  return contextsOf(kubeconfig, kubecontexts)
}

/** Every registered cluster, one a line. */
export async function listClusters(session: Session): Promise<ExitCode> {
  const clusters = (await readClusters(session)).sort((a, b) => (a.name < b.name ? -1 : 1))
  session.terminal.result({ clusters }, () =>
    clusters.length === 0
      ? 'No clusters are registered: mci clusters add --kubeconfig FILE.'
      : table(
          ['NAME', 'STATE', 'VERSION', 'NODES', 'ZONES', 'PROJECT', 'HOST PROJECT', 'SERVER'],
          clusters.map((one) => [
            one.name,
            one.leaving
              ? 'Leaving'
              : one.unreachable !== null
                ? 'Unreachable'
                : one.version === null
                  ? 'New'
                  : 'Reachable',
            one.version ?? '',
            String(one.zones.reduce((sum, { nodes }) => sum + nodes, 0)),
            one.zones.map(({ zone }) => zone).join(','),
            one.project,
            // Its network is of a Shared VPC.
            one.hostProject ?? '-',
            one.server,
          ]),
        ),
  )
  return exitCodes.ok
}

/** What `clusters remove` takes. */
export interface RemoveClustersFlags extends CommonFlags {
  wait: boolean
  timeout: number
}

/** Unregisters clusters: they are taken out of every Ingress, and forgotten when nothing of ours is left in them. */
export async function removeClusters(
  session: Session,
  names: readonly string[],
  flags: RemoveClustersFlags,
): Promise<ExitCode> {
  const known = new Set((await readClusters(session)).map(({ name }) => name))
  const unknown = names.filter((name) => !known.has(name))
  if (unknown.length > 0)
    throw new Failure(
      `there is no cluster ${unknown.join(', ')}`,
      `There is ${[...known].sort().join(', ') || 'none'}.`,
    )
  for (const name of names)
    await session.publish({ topic: 'cluster-changes', text: JSON.stringify({ cluster: name, unregister: true }) })
  await until(session, names, (leaving) => leaving, 60_000)
  if (flags.wait)
    await until(
      session,
      names,
      () => false,
      flags.timeout,
      () => lookAgain(session, names),
    )
  session.terminal.result({ removed: names }, () =>
    names
      .map((name) => `${name} is ${flags.wait ? 'gone' : 'leaving: it is taken out of every Ingress, then forgotten'}`)
      .join('\n'),
  )
  return exitCodes.ok
}

/** A leaving cluster is looked at once a minute; whoever waits for it may ask sooner. */
async function lookAgain(session: Session, names: readonly string[]): Promise<void> {
  for (const name of names) await session.publish({ topic: 'cluster-changes', text: JSON.stringify({ cluster: name }) })
  await session.sleep(2_000)
}

/** Until every cluster is gone, or is as `enough` says; `meanwhile` passes the time between two looks. */
async function until(
  session: Session,
  names: readonly string[],
  enough: (leaving: boolean) => boolean,
  timeoutMs: number,
  meanwhile: () => Promise<void> = () => session.sleep(session.status.pace),
): Promise<void> {
  const end = session.now() + timeoutMs
  for (;;) {
    const all = await patiently(session, () => readClusters(session), end)
    const left = all.filter(({ name, leaving }) => names.includes(name) && !enough(leaving))
    if (left.length === 0) return
    if (session.now() > end)
      throw new Failure(
        `${left.map(({ name }) => name).join(', ')} is still there after ${secondsOf(timeoutMs)}`,
        'It goes on by itself; look again with mci clusters list.',
        exitCodes.timeout,
      )
    await meanwhile()
  }
}
