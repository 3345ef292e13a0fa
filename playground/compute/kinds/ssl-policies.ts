import { invalid, required } from '../api-error.ts'
import { stringsAt, textAt } from '../json.ts'
import type { Kind } from '../kind.ts'

const restricted = [
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
]
const modern = [
  ...restricted,
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
]
const compatible = [
  ...modern,
  'TLS_RSA_WITH_AES_128_CBC_SHA',
  'TLS_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_RSA_WITH_AES_256_CBC_SHA',
  'TLS_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_RSA_WITH_3DES_EDE_CBC_SHA',
]
const features: Readonly<Record<string, readonly string[]>> = {
  RESTRICTED: restricted,
  MODERN: modern,
  COMPATIBLE: compatible,
}

/** COMPATIBLE and the rules between members come from a mock of the service (not checked against the real one). */
export const sslPolicies: Kind = {
  collection: 'sslPolicies',
  message: 'SslPolicy',
  singular: 'sslPolicy',
  noun: 'ssl_policy',
  fingerprint: 'required',
  quota: 'SSL_POLICIES',
  operationTypes: { patch: 'compute.sslPolicies.patch' },
  check(body) {
    const profile = textAt(body, 'profile') ?? 'COMPATIBLE'
    const custom = stringsAt(body, 'customFeatures')
    if (profile === 'CUSTOM' && custom.length === 0) throw required('resource.customFeatures')
    if (profile !== 'CUSTOM' && custom.length > 0) {
      throw invalid('resource.customFeatures', custom, 'Custom features are for the profile CUSTOM.')
    }
    const unknown = custom.find((feature) => !compatible.includes(feature))
    if (unknown !== undefined) throw invalid('resource.customFeatures', unknown, 'The feature is not known.')
    if (textAt(body, 'minTlsVersion') === 'TLS_1_3' && profile !== 'RESTRICTED') {
      throw invalid('resource.minTlsVersion', 'TLS_1_3', 'TLS_1_3 needs the profile RESTRICTED.')
    }
  },
  defaults(body) {
    const profile = textAt(body, 'profile') ?? 'COMPATIBLE'
    return {
      ...body,
      profile,
      minTlsVersion: textAt(body, 'minTlsVersion') ?? 'TLS_1_0',
      enabledFeatures: [...(features[profile] ?? stringsAt(body, 'customFeatures'))].sort(),
    }
  },
}
