/**
 * Short names for people: what a resource is for, rather than how it is called.
 * @typedef {import('./api-types.ts').Detail} Detail
 * @typedef {import('./api-types.ts').Resource} Resource
 */

/** @type {Readonly<Record<string, string>>} */
const kinds = {
  'cluster-ingress': 'Ingress in cluster',
  'named-ports': 'Named ports',
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
 * `web:80` for a backend service or health check, the cluster of an Ingress object, the front end's port, else its name.
 * @param {Resource} resource
 * @param {Detail} detail
 * @returns {string}
 */
export function shortName(resource, detail) {
  const { kind, name, id } = resource
  if (kind === 'cluster-ingress') return id.split('/')[1] ?? name
  if (kind === 'named-ports') return id.split('/')[2] ?? name
  if (kind === 'backend-service' || kind === 'health-check') {
    const backend = name.replace(/^mci1-hc-/, 'mci1-be-')
    const service = detail.services.find((one) => one.backendService === backend)
    if (service !== undefined) return `${service.name}:${service.port}`
    return /^mci1-be-none-/.test(name) ? 'no default backend' : name
  }
  const front = kind === 'forwarding-rule' ? detail.frontEnds.find((one) => one.id === id) : undefined
  if (front !== undefined && front.port !== null) return `${front.protocol} :${front.port}`
  if (kind === 'address' && detail.vip !== null) return detail.vip
  return name
}

/**
 * Kind and short name of a resource by its id; the id itself for one that is not of this Ingress.
 * @param {string} id
 * @param {Detail} detail
 * @returns {string}
 */
export function resourceInWords(id, detail) {
  const resource = detail.resources.find((one) => one.id === id)
  return resource === undefined ? id : `${kindInWords(resource.kind)} ${shortName(resource, detail)}`
}
