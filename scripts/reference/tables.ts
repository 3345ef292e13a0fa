/**
 * What no table of the code says by itself: annotations on other objects than the published one, and what we write. The test of the
 * reference finds every key that the code names, so that a new one needs a row here or in the code's own tables.
 */

/** One row, for people. */
export interface Row {
  name: string
  meaning: string
  default: string
  source: string
}

/** Read on Services in the clusters, and on MultiClusterServices. */
export const serviceAnnotations: readonly Row[] = [
  {
    name: 'cloud.google.com/app-protocols',
    meaning: 'Protocol of each port by its name: JSON, {"PORT":"HTTP", "HTTPS" or "HTTP2"}.',
    default: 'HTTP',
    source: 'GKE',
  },
  {
    name: 'service.alpha.kubernetes.io/app-protocols',
    meaning: 'The same under its older name, which wins.',
    default: 'HTTP',
    source: 'ingress-gce',
  },
  {
    name: 'networking.gke.io/app-protocols',
    meaning: 'The same, on a MultiClusterService.',
    default: 'HTTP',
    source: 'GKE Multi Cluster Ingress',
  },
  {
    name: 'cloud.google.com/backend-config',
    meaning: 'BackendConfigs of the ports: JSON, {"default":"NAME","ports":{"PORT":"NAME"}}.',
    default: 'none',
    source: 'GKE',
  },
  {
    name: 'beta.cloud.google.com/backend-config',
    meaning: 'The same under its beta name; the other wins.',
    default: 'none',
    source: 'GKE',
  },
  {
    name: 'cloud.google.com/neg',
    meaning:
      'Which ports have network endpoint groups, which container-native load balancing needs (docs/container-native.md).',
    default: 'as GKE sets it',
    source: 'GKE',
  },
  {
    name: 'networking.gke.io/max-rate-per-endpoint',
    meaning: 'Requests a second that one endpoint takes; container-native load balancing only.',
    default: 'as for every backend',
    source: 'GKE',
  },
  {
    name: 'networking.gke.io/capacity-scaler',
    meaning: 'Part of the capacity that is used, container-native load balancing only.',
    default: '1',
    source: 'GKE',
  },
]

/** Read on nodes and on what controllers write. */
export const readElsewhere: readonly Row[] = [
  {
    name: 'topology.kubernetes.io/zone',
    meaning: 'Label of a node: its zone.',
    default: 'the zone in its providerID',
    source: 'Kubernetes',
  },
  {
    name: 'failure-domain.beta.kubernetes.io/zone',
    meaning: 'The same under its older name.',
    default: 'the zone in its providerID',
    source: 'Kubernetes',
  },
  {
    name: 'cloud.google.com/neg-status',
    meaning: 'On a Service: the names and zones of its network endpoint groups.',
    default: 'waited for',
    source: 'ingress-gce',
  },
  {
    name: 'networking.gke.io/service-name',
    meaning: 'Label of a ServiceNetworkEndpointGroup: its Service.',
    default: 'not ours',
    source: 'ingress-gce',
  },
  {
    name: 'networking.gke.io/service-port',
    meaning: 'Label of a ServiceNetworkEndpointGroup: its port.',
    default: 'not ours',
    source: 'ingress-gce',
  },
]

const us = 'multi-cluster ingress'

/** Written on objects in the clusters. What others write beside it stays. */
export const written: readonly Row[] = [
  {
    name: 'multicluster-ingress.io/managed',
    meaning: 'The object is ours: only such a one is ever removed.',
    default: 'true',
    source: us,
  },
  {
    name: 'multicluster-ingress.io/applied',
    meaning: 'Fingerprint of all that was applied, so that what a new version leaves out goes.',
    default: '',
    source: us,
  },
  {
    name: 'multicluster-ingress.io/zones',
    meaning: 'Zones in which the controller inside the cluster should have groups; its change makes it look.',
    default: '',
    source: us,
  },
  {
    name: 'multicluster-ingress.io/derived-for',
    meaning: 'Label of a Service that was made for a MultiClusterService: for which MultiClusterIngress.',
    default: '',
    source: us,
  },
  {
    name: 'multicluster-ingress.io/ingress',
    meaning: 'On such a Service: the MultiClusterIngress.',
    default: '',
    source: us,
  },
  {
    name: 'multicluster-ingress.io/service',
    meaning: 'On such a Service: the MultiClusterService.',
    default: '',
    source: us,
  },
]

/** Recorded in the clusters about the Ingress object, one for each object and reason. */
export const events: readonly Row[] = [
  ...(['Create', 'Update', 'Delete'] as const).flatMap((does): Row[] => [
    {
      name: `${does}InCluster`,
      meaning: `${does === 'Create' ? 'It was created' : does === 'Update' ? 'It was changed' : 'It was removed'} there.`,
      default: 'Normal',
      source: 'Kubernetes Federation',
    },
    {
      name: `${does}InClusterFailed`,
      meaning: 'The cluster refused it, with its words.',
      default: 'Warning',
      source: 'Kubernetes Federation',
    },
  ]),
  { name: 'IPChanged', meaning: 'The IP in its status is another one now.', default: 'Normal', source: 'ingress-gce' },
  { name: 'Sync', meaning: 'A front end serves it: its forwarding rules.', default: 'Normal', source: 'ingress-gce' },
]

/** Fields of the spec of an Ingress; v1beta1's names in brackets. */
export const specFields: readonly Row[] = [
  {
    name: 'defaultBackend (backend)',
    meaning: 'What answers when no rule does.',
    default: 'the load balancer answers 404',
    source: 'Kubernetes',
  },
  {
    name: 'ingressClassName',
    meaning: 'As the annotation kubernetes.io/ingress.class: empty, or gce-multi-cluster.',
    default: 'gce-multi-cluster',
    source: 'Kubernetes',
  },
  {
    name: 'rules[].host',
    meaning: 'The host; "*.example.com" matches at any depth.',
    default: 'every host that no other rule names',
    source: 'Kubernetes',
  },
  {
    name: 'rules[].http.paths[].path',
    meaning: 'The path; ImplementationSpecific ones may end in "/*".',
    default: '/',
    source: 'Kubernetes',
  },
  {
    name: 'rules[].http.paths[].pathType',
    meaning: 'Exact, Prefix or ImplementationSpecific.',
    default: 'ImplementationSpecific (v1beta1)',
    source: 'Kubernetes',
  },
  {
    name: 'rules[].http.paths[].backend',
    meaning: 'Service and port, by number or name.',
    default: 'needed',
    source: 'Kubernetes',
  },
  {
    name: 'tls[].secretName',
    meaning: 'Secret with the certificate, in the clusters.',
    default: 'no HTTPS by a secret',
    source: 'Kubernetes',
  },
  {
    name: 'tls[].hosts',
    meaning: 'Hosts that the certificate should cover; what differs is told.',
    default: 'all',
    source: 'Kubernetes',
  },
]

/** The environment of the functions (shared/config.ts). */
export const environment: readonly Row[] = [
  ['GOOGLE_CLOUD_PROJECT', 'Project of the load balancers, topics and state.', 'needed', 'Google Cloud'],
  ['MCI_TOPIC_PREFIX', 'Put before every name of a topic.', 'none', us],
  ['MCI_STATE', 'firestore; memory where all functions are one process.', 'firestore', us],
  ['MCI_FIRESTORE_DATABASE', 'The database with the state.', '(default)', us],
  ['MCI_CLUSTER_SERVERS', 'Servers of clusters that GKE does not name, a comma list of URLs.', 'none', us],
  ['MCI_CLUSTER_PROJECTS', 'Projects whose GKE clusters may be registered, a comma list.', 'the project', us],
  ['MCI_LOG_LEVEL', 'debug, info, warn, error or silent.', 'info', us],
  ['K_SERVICE', 'Name of the function in the log.', 'local', 'Cloud Run'],
  ['FIRESTORE_EMULATOR_HOST', 'An emulator instead of Firestore.', 'none', 'gcloud'],
  ['PUBSUB_EMULATOR_HOST', 'An emulator instead of Pub/Sub.', 'none', 'gcloud'],
  ['COMPUTE_API_ENDPOINT', 'Another Compute API than Google’s.', 'none', us],
  ['CONTAINER_API_ENDPOINT', 'Another GKE API than Google’s; it gets no token.', 'none', us],
].map(([name = '', meaning = '', byDefault = '', source = '']): Row => ({ name, meaning, default: byDefault, source }))
