import { createHash } from 'node:crypto'
import { ApiError, invalid, required } from '../api-error.ts'
import { isObject, type JsonObject, objectAt, objectsAt, stringsAt, textAt, without } from '../json.ts'
import type { Kind, Resource } from '../kind.ts'
import { fullUrl, ofUrl } from '../references.ts'
import { checkSettings } from './backend-settings.ts'
import { checkBackends, completeBackend, relateBackends } from './backends.ts'

const proxySchemes = ['EXTERNAL', 'EXTERNAL_MANAGED', 'INTERNAL_MANAGED', 'INTERNAL_SELF_MANAGED']

/** The secret is never shown, only its digest. */
function hideSecret(iap: JsonObject): JsonObject {
  const secret = textAt(iap, 'oauth2ClientSecret')
  return {
    enabled: iap['enabled'] ?? false,
    oauth2ClientId: textAt(iap, 'oauth2ClientId') ?? '',
    oauth2ClientSecretSha256:
      secret === undefined && typeof iap['oauth2ClientSecretSha256'] === 'string'
        ? iap['oauth2ClientSecretSha256']
        : createHash('sha256')
            .update(secret ?? '')
            .digest('hex'),
  }
}

/** The backends' members of a policy reference: cleared by an empty body. */
function setPolicy(
  member: 'securityPolicy' | 'edgeSecurityPolicy',
  operationType: string,
): NonNullable<Kind['methods']>[string] {
  return {
    does: 'change',
    operationType,
    change({ resource, body }) {
      const policy = textAt(body, 'securityPolicy') ?? ''
      const rest = without(resource.spec, member)
      return { spec: policy === '' ? rest : { ...rest, [member]: policy } }
    },
  }
}

/** Signed URL keys live in cdnPolicy, by name only. */
function withKeys(resource: Resource, keys: readonly string[]): JsonObject {
  const policy = without(objectAt(resource.spec, 'cdnPolicy'), 'signedUrlKeyNames')
  return {
    ...resource.spec,
    cdnPolicy: {
      signedUrlCacheMaxAgeSec: '3600',
      ...policy,
      ...(keys.length === 0 ? {} : { signedUrlKeyNames: keys }),
    },
  }
}

function keysOf(resource: Resource): readonly string[] {
  return stringsAt(objectAt(resource.spec, 'cdnPolicy'), 'signedUrlKeyNames')
}

export const backendServices: Kind = {
  collection: 'backendServices',
  message: 'BackendService',
  singular: 'backendService',
  noun: 'backend_service',
  fingerprint: 'required',
  quota: 'BACKEND_SERVICES',
  immutable: ['loadBalancingScheme'],
  references: [
    { at: 'healthChecks', to: ['healthChecks', 'httpHealthChecks', 'httpsHealthChecks'] },
    { at: 'backends[].group', to: ['instanceGroups', 'networkEndpointGroups'] },
    { at: 'securityPolicy', to: ['securityPolicies'] },
    { at: 'edgeSecurityPolicy', to: ['securityPolicies'] },
    { at: 'network', to: ['networks'], crossProject: true },
  ],
  check(body, place) {
    checkBackends(body, place)
    checkSettings(body)
  },
  defaults(body, place) {
    const sent = textAt(body, 'loadBalancingScheme') ?? ''
    const scheme = sent === '' ? 'EXTERNAL' : sent
    const proxy = proxySchemes.includes(scheme)
    const common = {
      ...body,
      description: textAt(body, 'description') ?? '',
      loadBalancingScheme: scheme,
      sessionAffinity: textAt(body, 'sessionAffinity') ?? 'NONE',
      timeoutSec: body['timeoutSec'] ?? 30,
      connectionDraining: { drainingTimeoutSec: 0, ...objectAt(body, 'connectionDraining') },
      ...(isObject(body['iap']) ? { iap: hideSecret(body['iap']) } : {}),
      ...(body['backends'] === undefined
        ? {}
        : { backends: objectsAt(body, 'backends').map((backend) => completeBackend(backend)) }),
    }
    if (!proxy) return { ...common, protocol: textAt(body, 'protocol') ?? 'TCP' }
    const cdn = place.scope.type === 'global' && scheme.startsWith('EXTERNAL')
    return {
      ...common,
      affinityCookieTtlSec: body['affinityCookieTtlSec'] ?? 0,
      port: body['port'] ?? 80,
      portName: textAt(body, 'portName') ?? 'http',
      protocol: textAt(body, 'protocol') ?? 'HTTP',
      ...(cdn ? { enableCDN: body['enableCDN'] ?? false } : {}),
    }
  },
  relate: relateBackends,
  derive(look, resource) {
    const maps = look.holders(resource.path).filter(({ collection }) => collection === 'urlMaps')
    return maps.length === 0 ? {} : { usedBy: maps.map(({ path }) => ({ reference: fullUrl(path) })) }
  },
  methods: {
    setSecurityPolicy: setPolicy('securityPolicy', 'setSecurityPolicy'),
    setEdgeSecurityPolicy: setPolicy('edgeSecurityPolicy', 'setEdgeSecurityPolicy'),
    addSignedUrlKey: {
      does: 'change',
      operationType: 'compute.backendServices.addSignedUrlKey',
      change({ resource, body }) {
        const name = textAt(body, 'keyName') ?? ''
        if (name === '') throw required('resource.keyName')
        if (!/^[A-Za-z0-9_-]{22}(==)?$/.test(textAt(body, 'keyValue') ?? '')) {
          throw invalid('resource.keyValue', '', 'The key must be 128 bits, in base64url.')
        }
        const keys = keysOf(resource)
        if (keys.includes(name)) throw new ApiError(409, 'alreadyExists', `The signed URL key '${name}' already exists`)
        return { spec: withKeys(resource, [...keys, name]) }
      },
    },
    deleteSignedUrlKey: {
      does: 'change',
      operationType: 'compute.backendServices.deleteSignedUrlKey',
      change({ resource, query }) {
        const name = query['keyName'] ?? ''
        const keys = keysOf(resource)
        if (!keys.includes(name)) throw invalid('keyName', name, 'The backend service has no such key.')
        return {
          spec: withKeys(
            resource,
            keys.filter((key) => key !== name),
          ),
        }
      },
    },
  },
}

/** The groups of a backend service, as relative paths. */
export function groupsOf(spec: JsonObject): string[] {
  return objectsAt(spec, 'backends').flatMap((backend) => {
    const group = textAt(backend, 'group')
    return group === undefined ? [] : [ofUrl(group)]
  })
}
