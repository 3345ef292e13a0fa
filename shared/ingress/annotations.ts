import { isIP } from 'node:net'
import {
  checkCertificateHost,
  clusterList,
  commaList,
  oneName,
  oneOf,
  parseTruth,
  splitList,
  truth,
  type ReadText,
} from './annotation-values.ts'
import { checkDnsSubdomain, checkGceName } from './names.ts'
import { quote } from './report.ts'
import { parseSelector } from './selector.ts'

/** What becomes of an annotation. */
export type AnnotationUse =
  /** It asks for something; `read` puts it into the settings. */
  | { use: 'setting'; read: ReadText }
  /** The class: read with spec.ingressClassName. */
  | { use: 'class' }
  /** Written by a controller or a tool to report; a manifest that carries it was copied out of a cluster. Dropped. */
  | { use: 'output' }
  /** It works elsewhere, not on this object; the sentence says where. A warning. */
  | { use: 'elsewhere'; hint: string }
  /** It asks for what is not done here, and to pass it over would serve something else than was asked. A problem. */
  | { use: 'refused'; hint: string }
  /** It concerns the controller inside the cluster; handed on untouched. */
  | { use: 'passed' }

/** One known annotation. */
export interface AnnotationRow {
  key: string
  meaning: string
  /** What holds without it. */
  default: string
  /** Who defined it. */
  source: string
  what: AnnotationUse
  /** What becomes of it on a MultiClusterIngress, where that is something else. */
  multiCluster?: AnnotationUse
}

/** The prefix of our own. */
export const ownPrefix = 'multicluster-ingress.io/'
/** The class that both kubemci and we serve. */
export const ingressClass = 'gce-multi-cluster'

const ours = (key: string, meaning: string, byDefault: string, read: ReadText): AnnotationRow => ({
  key: `${ownPrefix}${key}`,
  meaning,
  default: byDefault,
  source: 'multi-cluster ingress',
  what: { use: 'setting', read },
})

const theirs = (
  key: string,
  meaning: string,
  byDefault: string,
  source: string,
  what: AnnotationUse,
): AnnotationRow => ({
  key,
  meaning,
  default: byDefault,
  source,
  what,
})

const selector: ReadText = (text) => {
  const parsed = parseSelector(text)
  return parsed.ok ? { ok: true, set: { clusterSelector: parsed.requirements } } : parsed
}

/** An API limit: certificates on one target HTTPS proxy (TargetHttpsProxiesSetSslCertificatesRequest). */
export const maxCertificates = 15

const preSharedCerts = commaList(
  'certificate',
  maxCertificates,
  (name) => checkGceName('The certificate name', name),
  (names) => ({ preSharedCerts: names }),
)

const frontendConfig = oneName(
  (name) => checkDnsSubdomain('The FrontendConfig name', name),
  (name) => ({ frontendConfig: name }),
)

const ownRows: AnnotationRow[] = [
  ours(
    'load-balancer',
    'Name of the load balancer; its resources carry it.',
    'the name of the Ingress, with its namespace when that is not default',
    oneName(
      (name) => checkGceName('The load balancer name', name),
      (loadBalancer) => ({ loadBalancer }),
    ),
  ),
  ours('clusters', 'Exactly these registered clusters serve, a comma list.', 'every registered cluster', (text) => {
    const list = clusterList(text)
    return list.ok ? { ok: true, set: { clusters: list.clusters } } : list
  }),
  ours('cluster-selector', 'Clusters whose labels match serve.', 'every registered cluster', selector),
  ours(
    'force',
    'Take over resources of our names that others made.',
    'false',
    truth((force) => ({ force })),
  ),
  ours(
    'mode',
    'reconcile; observe: report differences, change nothing, and when withdrawn leave what was there before; paused: do not look either.',
    'reconcile',
    oneOf(['reconcile', 'observe', 'paused'], (mode) => ({ mode })),
  ),
  ours(
    'scheme',
    'Load balancing scheme of a new load balancer.',
    'EXTERNAL_MANAGED, or what a living load balancer has',
    oneOf(['EXTERNAL_MANAGED', 'EXTERNAL'], (scheme) => ({ scheme })),
  ),
  ours('ip-versions', 'IP versions of the front end: IPV4, or IPV4,IPV6.', 'IPV4', (text) => {
    const versions = splitList(text)
    if (versions.includes('IPV4') && versions.every((version) => version === 'IPV4' || version === 'IPV6'))
      return { ok: true, set: { ipVersions: versions.includes('IPV6') ? ['IPV4', 'IPV6'] : ['IPV4'] } }
    return { ok: false, problems: [`${quote(text)} is not known here; write "IPV4" or "IPV4,IPV6".`] }
  }),
  ours(
    'on-delete',
    'What becomes of the load balancer when the Ingress is withdrawn: delete, or orphan to leave it serving.',
    'delete',
    oneOf(['delete', 'orphan'], (onDelete) => ({ onDelete })),
  ),
  ours(
    'backends',
    'What the backend services hold: network endpoint groups (neg), instance-groups, or what fits (auto).',
    'auto',
    oneOf(['auto', 'neg', 'instance-groups'], (backends) => ({ backends })),
  ),
  ours(
    'managed-certificates',
    'Host names for which Google makes and renews certificates, a comma list.',
    'none',
    commaList('host name', 100, checkCertificateHost, (names) => ({
      managedCertificates: names.map((name) => name.toLowerCase()),
    })),
  ),
]

const googleRows: AnnotationRow[] = [
  theirs('kubernetes.io/ingress.class', 'Which controller serves the Ingress.', ingressClass, 'Kubernetes', {
    use: 'class',
  }),
  theirs(
    'kubernetes.io/ingress.global-static-ip-name',
    'Name of a reserved global address of yours.',
    'an address that we reserve',
    'ingress-gce, kubemci',
    {
      use: 'setting',
      read: oneName(
        (name) => checkGceName('The address name', name),
        (staticIp) => ({ staticIp }),
      ),
    },
  ),
  theirs('kubernetes.io/ingress.allow-http', 'Whether port 80 is served.', 'true', 'ingress-gce, kubemci', {
    use: 'setting',
    // kubemci and ingress-gce take what is no truth value for true.
    read: (text) => {
      const allowHttp = parseTruth(text)
      if (allowHttp !== undefined) return { ok: true, set: { allowHttp } }
      return {
        ok: true,
        set: { allowHttp: true },
        warning: `${quote(text)} is neither "true" nor "false", so HTTP stays on; write one of them, in quotes.`,
      }
    },
  }),
  theirs(
    'ingress.gcp.kubernetes.io/pre-shared-cert',
    'Names of SSL certificates of yours, a comma list.',
    'none',
    'ingress-gce, kubemci',
    {
      use: 'setting',
      read: preSharedCerts,
    },
  ),
  theirs(
    'federation.alpha.kubernetes.io/cluster-selector',
    'Clusters whose labels match serve, as Federated Ingress had it.',
    'every registered cluster',
    'Kubernetes Federation',
    { use: 'setting', read: selector },
  ),
  theirs(
    'networking.gke.io/managed-certificates',
    'Names of ManagedCertificate objects in the clusters.',
    'none',
    'GKE',
    {
      use: 'setting',
      read: commaList(
        'ManagedCertificate',
        maxCertificates,
        (name) => checkDnsSubdomain('The ManagedCertificate name', name),
        (managedCertificateNames) => ({ managedCertificateNames }),
      ),
    },
  ),
  theirs('kubernetes.io/ingress.regional-static-ip-name', 'Name of a regional address.', 'none', 'ingress-gce', {
    use: 'refused',
    hint: 'The load balancer is global and takes no regional address; reserve a global one and write kubernetes.io/ingress.global-static-ip-name.',
  }),
  theirs('networking.gke.io/v1beta1.FrontendConfig', 'Name of a FrontendConfig object.', 'none', 'GKE', {
    use: 'setting',
    read: frontendConfig,
  }),
  theirs(
    'networking.gke.io/suppress-firewall-xpn-error',
    'A firewall rule that only the administrator of the network may change is a notice, and does not degrade the Ingress.',
    'false',
    'ingress-gce',
    { use: 'setting', read: truth((firewallIsTheirs) => ({ firewallIsTheirs })) },
  ),
]

/** GKE's names on a MultiClusterIngress for what has another name on an Ingress. */
const multiClusterRow = (key: string, meaning: string, onIngress: string, read: ReadText): AnnotationRow => ({
  ...theirs(key, meaning, 'none', 'GKE Multi Cluster Ingress', {
    use: 'elsewhere',
    hint: `It is read on a MultiClusterIngress only; on an Ingress write ${onIngress}.`,
  }),
  multiCluster: { use: 'setting', read },
})

const multiClusterRows: AnnotationRow[] = [
  multiClusterRow(
    'networking.gke.io/static-ip',
    'A reserved global address of yours: its IP, or its URL.',
    'kubernetes.io/ingress.global-static-ip-name',
    oneName(checkStaticIp, (text) => ({ staticIp: text.slice(text.lastIndexOf('/') + 1) })),
  ),
  multiClusterRow(
    'networking.gke.io/pre-shared-certs',
    'Names of SSL certificates of yours, a comma list.',
    'ingress.gcp.kubernetes.io/pre-shared-cert',
    preSharedCerts,
  ),
  multiClusterRow(
    'networking.gke.io/frontend-config',
    'Name of a FrontendConfig object.',
    'networking.gke.io/v1beta1.FrontendConfig',
    frontendConfig,
  ),
]

/** An IP, or the URL or path of a global address. */
function checkStaticIp(text: string): string | null {
  if (isIP(text) === 4) return null
  const name = /^(?:https:\/\/[\w.]+\/compute\/\w+\/)?projects\/[^/]+\/global\/addresses\/([^/]+)$/.exec(text)?.[1]
  return name === undefined
    ? `${quote(text)} is neither an IPv4 address nor the URL of a global address (https://www.googleapis.com/compute/v1/projects/P/global/addresses/N).`
    : checkGceName('The address name', name)
}

const elsewhere = (keys: readonly string[], source: string, hint: string): AnnotationRow[] =>
  keys.map((key) => theirs(key, hint, 'none', source, { use: 'elsewhere', hint }))

const elsewhereRows: AnnotationRow[] = [
  ...elsewhere(
    [
      'cloud.google.com/app-protocols',
      'service.alpha.kubernetes.io/app-protocols',
      'networking.gke.io/app-protocols',
      'cloud.google.com/backend-config',
      'beta.cloud.google.com/backend-config',
      'cloud.google.com/neg',
      'networking.gke.io/max-rate-per-endpoint',
      'networking.gke.io/capacity-scaler',
    ],
    'GKE',
    'It belongs on the Service, not on the Ingress; here it does nothing.',
  ),
]

const outputRows: AnnotationRow[] = [
  ['ingress.gcp.kubernetes.io/instance-groups', 'ingress-gce'],
  ...[
    'url-map',
    'redirect-url-map',
    'forwarding-rule',
    'https-forwarding-rule',
    'target-proxy',
    'https-target-proxy',
    'ssl-cert',
    'static-ip',
    'backends',
  ].map((name) => [`ingress.kubernetes.io/${name}`, 'ingress-gce']),
  ['networking.gke.io/last-reconcile-time', 'GKE Multi Cluster Ingress'],
  ['ingress.federation.kubernetes.io/first-cluster', 'Kubernetes Federation'],
  ['kubectl.kubernetes.io/last-applied-configuration', 'kubectl'],
].map(([key = '', source = '']) =>
  theirs(key, 'Written to report; dropped from what is published.', 'none', source, { use: 'output' }),
)

/** Every annotation that is known, once. The reference documentation is made from this table. */
export const knownAnnotations: readonly AnnotationRow[] = [
  ...ownRows,
  ...googleRows,
  ...multiClusterRows,
  ...elsewhereRows,
  ...outputRows,
]
