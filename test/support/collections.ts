/** Where the global resources of a load balancer are in Compute: what is referred to before what refers to it. */
export const balancerCollections = [
  'addresses',
  'healthChecks',
  'backendServices',
  'urlMaps',
  'sslCertificates',
  'targetHttpProxies',
  'targetHttpsProxies',
  'forwardingRules',
  'firewalls',
] as const

/** Those of one that is asked over HTTP only. */
export const httpCollections = balancerCollections.filter(
  (collection) => collection !== 'sslCertificates' && collection !== 'targetHttpsProxies',
)
