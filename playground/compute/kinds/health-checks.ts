import { invalid, required } from '../api-error.ts'
import { isObject, type JsonObject, numberAt, textAt } from '../json.ts'
import type { Kind } from '../kind.ts'

/** Type -> the member that holds its settings, and the port used when none is given (proto comments). */
const settings: Readonly<Record<string, { member: string; port: number }>> = {
  HTTP: { member: 'httpHealthCheck', port: 80 },
  HTTPS: { member: 'httpsHealthCheck', port: 443 },
  HTTP2: { member: 'http2HealthCheck', port: 443 },
  TCP: { member: 'tcpHealthCheck', port: 80 },
  SSL: { member: 'sslHealthCheck', port: 443 },
  GRPC: { member: 'grpcHealthCheck', port: 0 },
  GRPC_WITH_TLS: { member: 'grpcTlsHealthCheck', port: 0 },
}

function checkRange(body: JsonObject, member: string, low: number, high: number): void {
  const value = numberAt(body, member)
  if (value !== undefined && (value < low || value > high)) {
    throw invalid(`resource.${member}`, value, `The value must be between ${low} and ${high}.`)
  }
}

function checkSettings(body: JsonObject, type: string): void {
  const own = settings[type]?.member
  for (const { member } of Object.values(settings)) {
    if (body[member] !== undefined && member !== own) {
      throw invalid(`resource.${member}`, body[member], `The settings must be those of the type ${type}: ${own ?? ''}.`)
    }
  }
  const check = body[own ?? '']
  if (!isObject(check)) return
  const at = `resource.${own ?? ''}`
  const port = numberAt(check, 'port')
  const how = textAt(check, 'portSpecification') ?? ''
  if (port !== undefined && (port < 1 || port > 65_535)) {
    throw invalid(`${at}.port`, port, 'The port must be between 1 and 65535.')
  }
  if (how === 'USE_NAMED_PORT' || textAt(check, 'portName') !== undefined) {
    throw invalid(`${at}.portSpecification`, how, 'USE_NAMED_PORT is not supported.')
  }
  if (how === 'USE_SERVING_PORT' && port !== undefined) {
    throw invalid(`${at}.port`, port, 'No port can be given with USE_SERVING_PORT.')
  }
  if (how === 'USE_FIXED_PORT' && port === undefined) throw required(`${at}.port`)
  const path = textAt(check, 'requestPath')
  if (path !== undefined && path !== '' && !path.startsWith('/')) {
    throw invalid(`${at}.requestPath`, path, 'The path must start with /.')
  }
}

export const healthChecks: Kind = {
  collection: 'healthChecks',
  message: 'HealthCheck',
  singular: 'healthCheck',
  noun: 'health_check',
  fingerprint: 'none',
  quota: 'HEALTH_CHECKS',
  check(body) {
    const type = textAt(body, 'type') ?? ''
    if (type === '') throw required('resource.type')
    if (settings[type] === undefined) throw invalid('resource.type', type, 'The type is not supported.')
    checkRange(body, 'checkIntervalSec', 1, 300)
    checkRange(body, 'timeoutSec', 1, 300)
    checkRange(body, 'healthyThreshold', 1, 10)
    checkRange(body, 'unhealthyThreshold', 1, 10)
    const timeout = numberAt(body, 'timeoutSec') ?? 5
    const interval = numberAt(body, 'checkIntervalSec') ?? 5
    if (timeout > interval) {
      throw invalid('resource.timeoutSec', timeout, `The timeout must not exceed the interval, ${interval} seconds.`)
    }
    checkSettings(body, type)
  },
  defaults(body) {
    const { member, port } = settings[textAt(body, 'type') ?? ''] ?? { member: '', port: 0 }
    const given = body[member]
    const check = isObject(given) ? given : {}
    const how = textAt(check, 'portSpecification') ?? ''
    const isHttp = member.startsWith('http')
    return {
      ...body,
      checkIntervalSec: numberAt(body, 'checkIntervalSec') ?? 5,
      timeoutSec: numberAt(body, 'timeoutSec') ?? 5,
      healthyThreshold: numberAt(body, 'healthyThreshold') ?? 2,
      unhealthyThreshold: numberAt(body, 'unhealthyThreshold') ?? 2,
      [member]: {
        ...(how === '' && port !== 0 ? { port } : {}),
        ...(isHttp ? { requestPath: '/' } : {}),
        ...(port === 0 ? {} : { proxyHeader: 'NONE' }),
        ...check,
      },
    }
  },
}
