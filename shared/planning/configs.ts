import type { BackendSettings } from '../ingress/backend-config.ts'
import { configOfPort, readConfigRefs } from '../ingress/config-refs.ts'
import type { FrontendSettings } from '../ingress/frontend-config.ts'
import type { IngressModel } from '../ingress/model.ts'
import { isSame } from '../json.ts'
import type { Problem } from '../state/documents.ts'
import type { ClusterFacts, ConfigFact } from './facts.ts'

/** What a BackendConfig asks of one port of a service. */
export interface BackendConfigLayout {
  name: string
  settings: BackendSettings
  /** Clusters where its secrets are read at the moment of writing, the deciding one first. */
  clusters: string[]
}

/** Settings as they were found, and what people should know of how. */
export interface FoundConfig<Found> {
  config: Found | null
  /** What is wrong: refuses a spec that does not serve yet, and degrades one that does. */
  wrong: Problem[]
  notices: Problem[]
}

const none = { config: null, wrong: [], notices: [] }

/**
 * The BackendConfig of one port. The first cluster by name whose Service names one decides; others that say something else
 * are told of. One that was published goes before those in the clusters. While it is wrong or away, what was last good holds.
 */
export function backendConfigOf(
  { namespace, configs }: Pick<IngressModel, 'namespace' | 'configs'>,
  service: string,
  places: readonly { cluster: ClusterFacts; port: { name: string; port: number } }[],
): FoundConfig<BackendConfigLayout> {
  const where = `service ${namespace}/${service}`
  const said = places.flatMap(({ cluster, port }) => {
    const fact = cluster.view?.services[service]
    const annotation = fact?.found === true ? fact.backendConfig : undefined
    if (annotation === undefined) return []
    const refs = readConfigRefs(annotation)
    const name = typeof refs === 'string' ? undefined : configOfPort(refs, port)
    return name === null ? [] : [{ cluster, name, trouble: typeof refs === 'string' ? refs : '' }]
  })
  const [first] = said
  if (first === undefined) return none
  const { name } = first
  if (name === undefined) {
    const message = `its annotation cloud.google.com/backend-config in cluster ${first.cluster.doc.name} ${first.trouble}`
    return { ...none, wrong: [{ where, message }] }
  }
  const others = places.filter(({ cluster }) => !said.some((one) => one.cluster === cluster && one.name === name))
  const notices = others.map(({ cluster }) => ({
    where,
    message: `names another BackendConfig, or none, in cluster ${cluster.doc.name}; ${name}, of cluster ${first.cluster.doc.name}, is applied`,
  }))
  const clusters = said.filter((one) => one.name === name).map((one) => one.cluster)
  const published = configs?.backend[name]
  const found =
    published === undefined
      ? settingsOf(`BackendConfig ${namespace}/${name}`, clusters, (view) => view.backendConfigs?.[name])
      : { config: { settings: published, clusters }, wrong: [], notices: [] }
  notices.push(...found.notices)
  if (found.config === null) return { config: null, wrong: found.wrong, notices }
  const { settings, clusters: from } = found.config
  const withClient = oauthClientOf(settings, from)
  const wrong = [
    ...found.wrong,
    ...withClient.wrong.map((message) => ({ where: `BackendConfig ${namespace}/${name}`, message })),
  ]
  return {
    config: { name, settings: withClient.settings, clusters: from.map(({ doc }) => doc.name) },
    wrong,
    notices,
  }
}

/** The FrontendConfig that an Ingress names. */
export function frontendConfigOf(
  model: Pick<IngressModel, 'namespace' | 'settings' | 'configs'>,
  clusters: readonly ClusterFacts[],
): FoundConfig<FrontendSettings> {
  const name = model.settings.frontendConfig
  if (name === null) return none
  const published = model.configs?.frontend[name]
  if (published !== undefined) return { ...none, config: published }
  const found = settingsOf(
    `FrontendConfig ${model.namespace}/${name}`,
    clusters,
    (view) => view.frontendConfigs?.[name],
  )
  return { ...found, config: found.config?.settings ?? null }
}

/** The settings of the first cluster that ever had them good. */
function settingsOf<Settings>(
  where: string,
  clusters: readonly ClusterFacts[],
  factOf: (view: NonNullable<ClusterFacts['view']>) => ConfigFact<Settings> | undefined,
): FoundConfig<{ settings: Settings; clusters: ClusterFacts[] }> {
  const facts = clusters.flatMap((cluster) => {
    const fact = cluster.view === null ? undefined : factOf(cluster.view)
    return fact === undefined ? [] : [{ cluster, fact }]
  })
  const first = facts.find(({ fact }) => fact.settings !== null)
  const holders = facts.filter(({ fact }) => fact.found)
  const wrong = holders.flatMap(({ cluster, fact }) =>
    fact.problems.map((problem) => ({ where, message: `${problem} (in cluster ${cluster.doc.name})` })),
  )
  if (facts.length > 0 && holders.length === 0)
    wrong.push({
      where,
      message: `does not exist in any selected cluster that names it (${facts.map(({ cluster }) => cluster.doc.name).join(', ')}): create it, or take its name away`,
    })
  const settings = first?.fact.settings ?? null
  if (first === undefined || settings === null) return { config: null, wrong, notices: [] }
  const same = facts.filter(({ fact }) => isSame(fact.settings, settings))
  const notices = holders
    .filter(({ fact }) => fact.settings !== null && !isSame(fact.settings, settings))
    .map(({ cluster }) => ({
      where,
      message: `is different in cluster ${cluster.doc.name}; that of cluster ${first.cluster.doc.name} is applied`,
    }))
  return { config: { settings, clusters: same.map(({ cluster }) => cluster) }, wrong, notices }
}

/** Puts the OAuth client of a Secret into the settings: its id, and the digest of its secret. */
function oauthClientOf(
  settings: BackendSettings,
  clusters: readonly ClusterFacts[],
): { settings: BackendSettings; wrong: string[] } {
  const { oauthSecret, service } = settings
  if (oauthSecret === undefined || service?.iap?.enabled !== true) return { settings, wrong: [] }
  const client = clusters.map(({ view }) => view?.oauthClients?.[oauthSecret]).find((fact) => fact?.found === true)
  if (client?.found !== true) {
    // Half of it would lock everybody out: the proxy is left as it is.
    const { iap: _iap, ...others } = service
    return {
      settings: { ...settings, service: others },
      wrong: [`the Secret ${oauthSecret} with client_id and client_secret is in no cluster that names this object`],
    }
  }
  const iap = { enabled: true, oauth2ClientId: client.clientId, oauth2ClientSecretSha256: client.secretSha256 }
  return { settings: { ...settings, service: { ...service, iap } }, wrong: [] }
}
