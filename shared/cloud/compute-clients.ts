import type { AuthClient } from 'google-auth-library'
import { z } from 'zod'
import type { ComputeCollection, ComputeVerb } from './compute-port.ts'

/** The part of every generated client that is used: its calls by name. */
export interface VendorClient {
  initialize(): Promise<unknown>
  innerApiCalls: Readonly<Record<string, VendorCall | undefined>>
}

/** One call of a generated client; answers `[message]`, for lists `[items, next page's request, message]`. */
export type VendorCall = (request: object, options: object) => Promise<readonly unknown[]>

/** What every generated client is constructed with; without an endpoint it talks to Google over TLS. */
export interface ClientOptions {
  authClient: AuthClient
  apiEndpoint?: string
  port?: number
  protocol?: string
}

/** Where a client comes from. */
export interface ClientSource {
  name: string
  load: () => Promise<unknown>
}

/** How one collection is asked for. */
export interface CollectionEntry extends ClientSource {
  /** Request field with the resource's name; the field with its body is this + `Resource` (the request messages in the client's protos). */
  key: string
  zonal: boolean
}

// `as string` hides the paths from the compiler, which would read half a million lines of declarations that nothing here uses
// (3.6 s of every type check); for Node and for a bundler they are literals all the same. Never the package's root: it
// loads every client there is.
/* eslint-disable @typescript-eslint/no-unnecessary-type-assertion -- that the assertion says nothing to the compiler is its purpose */

/** Every collection of the port. */
export const collections: Readonly<Record<ComputeCollection, CollectionEntry>> = {
  addresses: {
    name: 'addresses',
    key: 'address',
    zonal: false,
    load: () => import('@google-cloud/compute/build/src/v1/global_addresses_client.js' as string),
  },
  backendServices: {
    name: 'backendServices',
    key: 'backendService',
    zonal: false,
    load: () => import('@google-cloud/compute/build/src/v1/backend_services_client.js' as string),
  },
  firewalls: {
    name: 'firewalls',
    key: 'firewall',
    zonal: false,
    load: () => import('@google-cloud/compute/build/src/v1/firewalls_client.js' as string),
  },
  forwardingRules: {
    name: 'forwardingRules',
    key: 'forwardingRule',
    zonal: false,
    load: () => import('@google-cloud/compute/build/src/v1/global_forwarding_rules_client.js' as string),
  },
  healthChecks: {
    name: 'healthChecks',
    key: 'healthCheck',
    zonal: false,
    load: () => import('@google-cloud/compute/build/src/v1/health_checks_client.js' as string),
  },
  instanceGroups: {
    name: 'instanceGroups',
    key: 'instanceGroup',
    zonal: true,
    load: () => import('@google-cloud/compute/build/src/v1/instance_groups_client.js' as string),
  },
  instances: {
    name: 'instances',
    key: 'instance',
    zonal: true,
    load: () => import('@google-cloud/compute/build/src/v1/instances_client.js' as string),
  },
  networkEndpointGroups: {
    name: 'networkEndpointGroups',
    key: 'networkEndpointGroup',
    zonal: true,
    load: () => import('@google-cloud/compute/build/src/v1/network_endpoint_groups_client.js' as string),
  },
  sslCertificates: {
    name: 'sslCertificates',
    key: 'sslCertificate',
    zonal: false,
    load: () => import('@google-cloud/compute/build/src/v1/ssl_certificates_client.js' as string),
  },
  targetHttpProxies: {
    name: 'targetHttpProxies',
    key: 'targetHttpProxy',
    zonal: false,
    load: () => import('@google-cloud/compute/build/src/v1/target_http_proxies_client.js' as string),
  },
  targetHttpsProxies: {
    name: 'targetHttpsProxies',
    key: 'targetHttpsProxy',
    zonal: false,
    load: () => import('@google-cloud/compute/build/src/v1/target_https_proxies_client.js' as string),
  },
  urlMaps: {
    name: 'urlMaps',
    key: 'urlMap',
    zonal: false,
    load: () => import('@google-cloud/compute/build/src/v1/url_maps_client.js' as string),
  },
}

/** Operations of the two scopes; waiting is their only use. */
export const operations: Readonly<Record<'global' | 'zonal', ClientSource>> = {
  global: {
    name: 'globalOperations',
    load: () => import('@google-cloud/compute/build/src/v1/global_operations_client.js' as string),
  },
  zonal: {
    name: 'zoneOperations',
    load: () => import('@google-cloud/compute/build/src/v1/zone_operations_client.js' as string),
  },
}

/** Request field with the body of each verb beyond the common ones; null = what is given are parameters of the request. */
export const verbBodies: Readonly<Record<ComputeVerb, string | null>> = {
  setTarget: 'targetReferenceResource',
  setUrlMap: 'urlMapReferenceResource',
  setSslCertificates: 'targetHttpsProxiesSetSslCertificatesRequestResource',
  setSslPolicy: 'sslPolicyReferenceResource',
  setNamedPorts: 'instanceGroupsSetNamedPortsRequestResource',
  setSecurityPolicy: 'securityPolicyReferenceResource',
  addSignedUrlKey: 'signedUrlKeyResource',
  deleteSignedUrlKey: null,
}

type ClientClass = new (options: ClientOptions) => VendorClient

const isClientClass = (value: unknown): value is ClientClass => typeof value === 'function'

/** The one exported class of a client's module. */
export function clientClassOf(module: unknown): ClientClass {
  const exported = Object.entries(z.record(z.string(), z.unknown()).parse(module))
  const found = exported.find(([name]) => name.endsWith('Client'))?.[1]
  if (!isClientClass(found)) throw new Error('a module of the Compute client library exports no client')
  return found
}
