/**
 * Short names for people: what a resource is for, rather than how it is called.
 * @typedef {import('./api-types.ts').Detail} Detail
 * @typedef {import('./api-types.ts').Resource} Resource
 */

/** @type {Readonly<Record<string, string>>} */
const kinds = {
  'cluster-ingress': 'Ingress in cluster',
  'named-ports': 'Named ports',
  'network-endpoint-group': 'Endpoint group',
  'health-check': 'Health check',
  'backend-service': 'Backend service',
  'url-map': 'URL map',
  'target-proxy': 'Proxy',
  'forwarding-rule': 'Forwarding rule',
  'firewall-rule': 'Firewall rule',
  'ssl-certificate': 'Certificate',
  address: 'IP address',
}

/**
 * @param {string} kind
 * @returns {string}
 */
export function kindInWords(kind) {
  return kinds[kind] ?? kind
}

/**
 * What it is about: `web:80` for a backend service, the cluster of an Ingress object, a port, a host; else its name.
 * @param {Resource} resource
 * @param {Detail} detail
 * @returns {string}
 */
export function shortName(resource, detail) {
  const { kind, name, id } = resource
  if (kind === 'cluster-ingress') return id.split('/')[1] ?? name
  if (kind === 'named-ports' || kind === 'network-endpoint-group') return id.split('/')[2] ?? name
  if (kind === 'backend-service' || kind === 'health-check') {
    const backend = name.replace(/^mci1-hc-/, 'mci1-be-')
    const service = detail.services.find((one) => one.backendService === backend)
    if (service !== undefined) return `${service.name}:${service.port}`
    return /^mci1-be-none-/.test(name) ? 'no default backend' : name
  }
  const front = kind === 'forwarding-rule' ? detail.frontEnds.find((one) => one.id === id) : undefined
  if (front !== undefined && front.port !== null) return `${front.protocol} :${front.port}`
  if (kind === 'target-proxy') return /^mci1-tps/.test(name) ? 'https' : /^mci1-tp/.test(name) ? 'http' : name
  if (kind === 'url-map') return detail.routes.length === 1 ? '1 route' : `${detail.routes.length} routes`
  if (kind === 'firewall-rule') return 'health checks'
  if (kind === 'ssl-certificate') return detail.certificates.find((one) => one.id === id)?.hosts[0] ?? name
  if (kind === 'address' && detail.vip !== null) return detail.vip
  return name
}

/** Of these an Ingress has one or few, and the kind says it all. */
const soleKinds = ['url-map', 'firewall-rule']

/**
 * Kind and short name of a resource by its id; the id itself for one that is not of this Ingress.
 * @param {string} id
 * @param {Detail} detail
 * @returns {string}
 */
export function resourceInWords(id, detail) {
  const resource = detail.resources.find((one) => one.id === id)
  if (resource === undefined) return id
  const kind = kindInWords(resource.kind)
  return soleKinds.includes(resource.kind) ? kind : `${kind} ${shortName(resource, detail)}`
}

/**
 * Several resources in a sentence; many of a kind are counted.
 * @param {readonly string[]} ids
 * @param {Detail} detail
 * @returns {string}
 */
export function resourcesInWords(ids, detail) {
  const kinds = Map.groupBy(ids, (id) => id.split('/')[0] ?? '')
  return [...kinds]
    .flatMap(([kind, of]) =>
      of.length > 3 ? [`${kindInWords(kind)} (${of.length})`] : of.map((id) => resourceInWords(id, detail)),
    )
    .join(', ')
}
