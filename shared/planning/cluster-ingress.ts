import type { IngressObjectSpec, IngressObjectBackend } from '../cloud/kubernetes-port.ts'
import { hashOf } from '../json.ts'
import { backendRefs, type BackendRef, type IngressModel } from '../ingress/model.ts'
import { derivedServices, servedIn, type DerivedService } from './derived.ts'
import type { ClusterFacts } from './facts.ts'

/** What is wanted of one cluster for one Ingress: which Services to look at, and the matching Ingress object. */
export interface ClusterIngressWant {
  /** Names of the Services, sorted. */
  services: string[]
  /** Names of TLS secrets, sorted; absent = none. */
  secrets?: string[]
  /** Names of ManagedCertificate objects, sorted; absent = none. */
  managedCertificates?: string[]
  /** Name of the FrontendConfig; absent = none, or it was published. */
  frontendConfigs?: string[]
  /** Secrets with OAuth clients that published BackendConfigs name, sorted; absent = none. */
  oauthSecrets?: string[]
  /** Services that the cluster is to have, sorted by name; absent = none, and never one. */
  derived?: DerivedService[]
  /** Those of `services` that other clusters serve and this one could not: whether it has them is all the same. Absent = none. */
  elsewhere?: string[]
  /** Where groups are to be known of; absent = nobody has seen the nodes yet. */
  nodes?: { project: string; zones: string[] }
  /** Ports whose network endpoint groups serve, as `service:port`, sorted; absent = none. */
  negs?: string[]
  /** Nothing is served by instance groups: none are waited for. */
  groupless?: true
  /** null = only look: the plan is not made yet. */
  object: { labels: Record<string, string>; annotations: Record<string, string>; spec: IngressObjectSpec } | null
}

/** What of the want only a plan can tell; a plan that is not ready leaves it as it was. */
export type ClusterModes = Pick<ClusterIngressWant, 'nodes' | 'negs' | 'groupless'>

/** Class of Ingresses for which the in-cluster controller makes instance groups and nothing else. */
export const ingressClass = 'gce-multi-cluster'

/** On every object that we applied: only such an object is ever removed by us. */
export const managedAnnotation = 'multicluster-ingress.io/managed'

/**
 * Fingerprint of all that we applied. Members that we do not want are compared with nobody's, so what a new version leaves
 * out (a default backend, a label) would stay in the clusters; that the fingerprint differs says that there is something to
 * apply, and server-side apply then takes away what we no longer send.
 */
export const appliedAnnotation = 'multicluster-ingress.io/applied'

/** Which Services an Ingress needs to know about. */
export function servicesOf(model: IngressModel): string[] {
  return [...new Set(backendRefs(model).map((ref) => ref.service))].sort()
}

/** Everything in a cluster that an Ingress needs to know about, and the Services that must be there to be looked at. */
export function looksOf(
  model: IngressModel,
  cluster: Pick<ClusterFacts, 'doc' | 'derivedInUse'>,
): Omit<ClusterIngressWant, 'object' | keyof ClusterModes> {
  const secrets = [...new Set(model.tls.map((entry) => entry.secretName))].sort()
  const managedCertificates = [...model.settings.managedCertificateNames].sort()
  const { frontendConfig } = model.settings
  const inClusters = frontendConfig !== null && model.configs?.frontend[frontendConfig] === undefined
  const oauthSecrets = Object.values(model.configs?.backend ?? {}).flatMap(({ oauthSecret }) => oauthSecret ?? [])
  const derived = derivedServices(model, cluster)
  return {
    services: servedIn(model, cluster.doc) ?? servicesOf(model),
    ...(derived === undefined ? {} : { derived }),
    ...(inClusters ? { frontendConfigs: [frontendConfig] } : {}),
    ...(oauthSecrets.length === 0 ? {} : { oauthSecrets: [...new Set(oauthSecrets)].sort() }),
    ...(secrets.length === 0 ? {} : { secrets }),
    ...(managedCertificates.length === 0 ? {} : { managedCertificates }),
  }
}

/**
 * Says in which zones the in-cluster controller should have groups. That controller looks at nodes only when an Ingress or a
 * Service changes, or every ten minutes: this annotation changes exactly when the zones do, or when a group has gone, and so
 * makes it look at once.
 */
export const zonesAnnotation = 'multicluster-ingress.io/zones'

/** The text of the annotation; undefined while nothing is known of the cluster's nodes. */
export function zonesText({ doc, missing = [] }: Pick<ClusterFacts, 'doc' | 'missing'>): string | undefined {
  if (doc.sight === null) return undefined
  const zones = doc.sight.zones.map(({ zone }) => zone).join(' ')
  return missing.length === 0 ? zones : `${zones}; without their group: ${missing.map(zoneOfPath).sort().join(' ')}`
}

function zoneOfPath(path: string): string {
  return path.split('/')[3] ?? ''
}

/** Written by kubectl about another object than this one. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/** Says how we treat the Ingress, and is of no meaning in the clusters: to observe must not begin with a difference. */
const modeAnnotation = 'multicluster-ingress.io/mode'

/** The object that every selected cluster gets; `zones` is the text of the annotation for this one, `reports` say what serves it. */
export function matchingObject(
  model: IngressModel,
  zones?: string,
  reports: Readonly<Record<string, string>> = {},
): NonNullable<ClusterIngressWant['object']> {
  const { [lastApplied]: _applied, [modeAnnotation]: _mode, ...others } = model.annotations
  const annotations = {
    ...others,
    ...reports,
    'kubernetes.io/ingress.class': ingressClass,
    [managedAnnotation]: 'true',
    ...(zones === undefined ? {} : { [zonesAnnotation]: zones }),
  }
  const spec = {
    ...(model.defaultBackend === null ? {} : { defaultBackend: backend(model.defaultBackend) }),
    // Said also when empty: what an adopted object has of them, or somebody adds, goes.
    rules: model.rules.map(rule),
    tls: model.tls.map(({ hosts, secretName }) => (hosts.length === 0 ? { secretName } : { hosts, secretName })),
  }
  const applied = hashOf([model.labels, annotations, spec])
  return { labels: model.labels, annotations: { ...annotations, [appliedAnnotation]: applied }, spec }
}

function rule({ host, paths }: IngressModel['rules'][number]): NonNullable<IngressObjectSpec['rules']>[number] {
  const http = {
    paths: paths.map((path) => ({ path: path.path, pathType: path.type, backend: backend(path.backend) })),
  }
  return host === '' ? { http } : { host, http }
}

function backend(ref: BackendRef): IngressObjectBackend {
  return {
    service: { name: ref.service, port: typeof ref.port === 'number' ? { number: ref.port } : { name: ref.port } },
  }
}
