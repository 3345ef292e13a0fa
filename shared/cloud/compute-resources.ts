/**
 * The fields of Compute Engine resources that this program reads or writes, named as in the API. References are written
 * as relative paths (`projects/P/global/healthChecks/H`) and returned by the port in that form too, so that wanted and
 * observed values compare. Fields that we do not know stay untouched: we patch, and where the API offers no patch the
 * adapter merges into what it read.
 */

/** Members that every resource carries. */
export interface Common {
  name?: string
  description?: string
  id?: string
  selfLink?: string
  creationTimestamp?: string
  fingerprint?: string
}

export interface Address extends Common {
  address?: string
  addressType?: string
  ipVersion?: string
  status?: string
  networkTier?: string
  purpose?: string
  users?: string[]
}

export interface Backend {
  group?: string
  balancingMode?: string
  maxRatePerInstance?: number
  maxRatePerEndpoint?: number
  maxUtilization?: number
  capacityScaler?: number
}

export interface BackendService extends Common {
  protocol?: string
  port?: number
  portName?: string
  loadBalancingScheme?: string
  healthChecks?: string[]
  backends?: Backend[]
  sessionAffinity?: string
  affinityCookieTtlSec?: number
  timeoutSec?: number
  connectionDraining?: { drainingTimeoutSec?: number }
  enableCDN?: boolean
  securityPolicy?: string
  customRequestHeaders?: string[]
  customResponseHeaders?: string[]
  logConfig?: { enable?: boolean; sampleRate?: number }
  iap?: { enabled?: boolean; oauth2ClientId?: string; oauth2ClientSecret?: string; oauth2ClientSecretSha256?: string }
  cdnPolicy?: Record<string, unknown>
}

export interface Firewall extends Common {
  network?: string
  direction?: string
  priority?: number
  disabled?: boolean
  sourceRanges?: string[]
  targetTags?: string[]
  allowed?: { IPProtocol?: string; ports?: string[] }[]
}

export interface ForwardingRule extends Common {
  IPAddress?: string
  IPProtocol?: string
  portRange?: string
  target?: string
  loadBalancingScheme?: string
  ipVersion?: string
  networkTier?: string
}

/** The part of a health check that depends on its protocol. */
export interface HttpCheck {
  port?: number
  portSpecification?: string
  portName?: string
  requestPath?: string
  host?: string
  proxyHeader?: string
}

export interface HealthCheck extends Common {
  type?: string
  checkIntervalSec?: number
  timeoutSec?: number
  healthyThreshold?: number
  unhealthyThreshold?: number
  httpHealthCheck?: HttpCheck
  httpsHealthCheck?: HttpCheck
  http2HealthCheck?: HttpCheck
}

export interface NamedPort {
  name: string
  port: number
}

export interface InstanceGroup extends Common {
  zone?: string
  network?: string
  namedPorts?: NamedPort[]
  size?: number
}

export interface Instance extends Common {
  zone?: string
  tags?: { items?: string[] }
  networkInterfaces?: { network?: string; networkIP?: string }[]
}

export interface NetworkEndpointGroup extends Common {
  zone?: string
  network?: string
  networkEndpointType?: string
  size?: number
}

/** `privateKey` is only ever sent, never returned, and must never be kept, logged or put into a document. */
export interface SslCertificate extends Common {
  type?: string
  certificate?: string
  privateKey?: string
  expireTime?: string
  subjectAlternativeNames?: string[]
  managed?: { domains?: string[]; status?: string; domainStatus?: Record<string, string> }
}

export interface TargetHttpProxy extends Common {
  urlMap?: string
}

export interface TargetHttpsProxy extends Common {
  urlMap?: string
  sslCertificates?: string[]
  sslPolicy?: string
}

export interface HttpRedirectAction {
  hostRedirect?: string
  httpsRedirect?: boolean
  pathRedirect?: string
  prefixRedirect?: string
  redirectResponseCode?: string
  stripQuery?: boolean
}

export interface HttpRouteAction {
  faultInjectionPolicy?: { abort?: { httpStatus?: number; percentage?: number } }
  weightedBackendServices?: { backendService?: string; weight?: number }[]
}

export interface PathRule {
  paths?: string[]
  service?: string
}

export interface PathMatcher {
  name?: string
  description?: string
  defaultService?: string
  defaultRouteAction?: HttpRouteAction
  defaultUrlRedirect?: HttpRedirectAction
  pathRules?: PathRule[]
}

export interface UrlMap extends Common {
  defaultService?: string
  defaultRouteAction?: HttpRouteAction
  defaultUrlRedirect?: HttpRedirectAction
  hostRules?: { hosts?: string[]; pathMatcher?: string }[]
  pathMatchers?: PathMatcher[]
}
