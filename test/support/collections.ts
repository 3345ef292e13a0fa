/** Where the global resources of an HTTP load balancer are in Compute: what is referred to before what refers to it. */
export const httpCollections = [
  'addresses',
  'healthChecks',
  'backendServices',
  'urlMaps',
  'targetHttpProxies',
  'forwardingRules',
  'firewalls',
] as const
