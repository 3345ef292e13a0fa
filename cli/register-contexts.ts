import type { ClusterRegistration } from '../shared/cloud/kubernetes-port.ts'
import { exitCodes, Failure } from './exit-codes.ts'
import { contextsOf, registrationOf, type Context } from './kubeconfig.ts'
import { patiently } from './patience.ts'
import { clustersShape, deadLetterShape, type ClusterReport } from './report.ts'
import type { Session } from './session.ts'
import { secondsOf } from './stages.ts'

/** How long the first look at a new cluster may take before that is said; milliseconds. */
const patience = 60_000

/** Every registered cluster. */
export async function readClusters(session: Session): Promise<ClusterReport[]> {
  return (await session.status.get('/api/clusters', clustersShape))?.clusters ?? []
}

/** As kubemci names clusters: by their contexts. Those that are not registered yet are. Answers the clusters' names. */
export async function registerContexts(
  session: Session,
  flags: { kubeconfig?: string; kubecontexts?: string[] },
): Promise<string[]> {
  const contexts = await contextsOf(flags.kubeconfig ?? '', flags.kubecontexts)
  const known = new Map(
    (await patiently(session, () => readClusters(session))).map((cluster) => [cluster.name, cluster]),
  )
  const fresh = contexts.filter((context) => {
    const cluster = known.get(context.name)
    return cluster === undefined || cluster.leaving || cluster.server !== context.server
  })
  await register(
    session,
    fresh.map((context) => checkedRegistration(session, context, context.name)),
  )
  return contexts.map(({ name }) => name)
}

/** The registration of a context, if the functions can use it. */
export function checkedRegistration(session: Session, context: Context, name: string): ClusterRegistration {
  // The form that topic cluster-changes takes.
  if (!/^[a-z0-9]([-a-z0-9_.]{0,98}[a-z0-9])?$/.test(name))
    throw new Failure(
      `"${name}" cannot be the name of a cluster: it takes up to 100 lower-case letters, digits, '-', '_' and '.'`,
      'Rename the context (kubectl config rename-context), or add it alone with --name.',
      exitCodes.usage,
    )
  if (context.gke === undefined && context.server.startsWith('https:')) {
    const login =
      context.login === undefined
        ? ''
        : `; its user logs in by ${context.login}, which stays in the file: the functions log in with their own Google identity, and only to GKE clusters`
    session.terminal.warn(
      `cluster ${name}: its kubeconfig entry does not carry the name of a GKE cluster (gke_PROJECT_LOCATION_NAME), so no credentials will be sent to it, and the deployment must list its server (MCI_CLUSTER_SERVERS)${login}. For a GKE cluster use mci clusters add --gke PROJECT/LOCATION/NAME --name ${name}; any other must let the functions in without credentials, by its network`,
    )
  }
  return registrationOf(context, name, session.target.project)
}

/** Publishes registrations and waits until every cluster has been looked at. Throws Failure with those that do not answer. */
export async function register(session: Session, registrations: readonly ClusterRegistration[]): Promise<void> {
  const messages: string[] = []
  for (const { name, ...rest } of registrations) {
    const text = JSON.stringify({ cluster: name, register: rest })
    messages.push(await session.publish({ topic: 'cluster-changes', text }))
  }
  const names = registrations.map(({ name }) => name)
  const until = session.now() + patience
  for (;;) {
    const known = new Map(
      (await patiently(session, () => readClusters(session))).map((cluster) => [cluster.name, cluster]),
    )
    const seen = registrations.filter(({ name, server }) => {
      const cluster = known.get(name)
      return cluster?.server === server && (cluster.version !== null || cluster.unreachable !== null)
    })
    if (seen.length === registrations.length) {
      const silent = names.flatMap((name) => {
        const why = known.get(name)?.unreachable?.why
        return why === undefined ? [] : [`${name}: ${why}`]
      })
      if (silent.length === 0) return
      throw new Failure(
        `registered, but does not answer: ${silent.join('; ')}`,
        'It is asked again every minute. Can the functions reach it (network, authorized networks, RBAC)?',
      )
    }
    const refused = await patiently(session, () =>
      Promise.all(
        messages.map((id) => session.status.get(`/api/dead-letters/${encodeURIComponent(id)}`, deadLetterShape)),
      ),
    )
    const reasons = refused.flatMap((letter) => (letter === undefined ? [] : [letter.why]))
    if (reasons.length > 0)
      throw new Failure(reasons.join('; '), 'What was registered before stays as it was. See docs/security.md.')
    if (session.now() > until)
      throw new Failure(
        `the registration was published, and nothing has looked at the clusters for ${secondsOf(patience)}`,
        'Are the functions deployed? Look again with mci clusters list.',
        exitCodes.timeout,
      )
    await session.sleep(session.status.pace)
  }
}
