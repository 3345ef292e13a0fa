import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bench, operationMs } from './harness.ts'
import type { Exchange, Scenario } from './recordings.ts'

/** What became of one exchange. */
export type Replayed =
  | { exchange: Exchange; outcome: 'same' }
  | { exchange: Exchange; outcome: 'skipped'; reason: string }
  | { exchange: Exchange; outcome: 'different'; expected: unknown; actual: unknown }

const pem = (name: string) => readFileSync(join(import.meta.dirname, 'certificates', name), 'utf8')

/** What the simulator does not have. */
const unsupported: readonly [RegExp, string][] = [
  [
    /^\["[^"]*\/httpHealthChecks|"targetLink":"[^"]*httpHealthChecks/,
    'legacy HTTP health checks are not in the v1 client',
  ],
  [/\/removePeering"|"removePeering"/, 'network peerings are made by another service'],
]

type Body = Record<string, unknown>

function asBody(value: unknown): Body {
  return typeof value === 'object' && value !== null ? (value as Body) : {}
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Placeholders of the recorders' normaliser, as names that the API accepts. */
function fill(value: string): string {
  return (
    value
      .replaceAll('${projectId}', 'p')
      .replaceAll('${uniqueId}', 'abc')
      // Something must stand in for what the simulator lacks.
      .replaceAll('/httpHealthChecks/', '/healthChecks/')
      .replace(/\$\{(\w+)ID\}/g, (_, type: string) => `compute${type.toLowerCase()}-abc`)
  )
}

function mapStrings(value: unknown, change: (text: string, member: string) => unknown, member = ''): unknown {
  if (typeof value === 'string') return change(value, member)
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change, member))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapStrings(item, change, name)]))
}

const volatile = new Set([
  'id',
  'targetId',
  'fingerprint',
  'labelFingerprint',
  'address',
  'IPAddress',
  'host',
  'gatewayAddress',
])
const times = new Set(['creationTimestamp', 'insertTime', 'startTime', 'endTime', 'expireTime'])

/** Both sides without what the recorders' normaliser or chance decided. */
function normalise(value: unknown): unknown {
  const filled = mapStrings(value, (raw, member) => {
    const found = fill(raw)
      .replaceAll(/compute\/(beta|alpha)\//g, 'compute/v1/')
      .replaceAll(/operation-[\w-]+|computeoperation-abc/g, 'OPERATION')
      .replaceAll(/PROJECT:(\d+|\$\{projectNumber\})/g, 'PROJECT:NUMBER')
      .replace(/-----BEGIN CERTIFICATE-----[\s\S]*-----END CERTIFICATE-----\n?/, 'CERTIFICATE')
    if (volatile.has(member)) return `<${member}>`
    if (times.has(member)) return '<time>'
    if (member === 'selfLinkWithId') return '<link>'
    // The recorders' name for the second of two objects.
    return found.replaceAll('-abc-again', '-abc')
  })
  return withoutNoise(filled)
}

/** enableCDN, url map status, the list of a network's subnets and a certificate's names were changed by the recorders or by time. */
function withoutNoise(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNoise)
  if (typeof value !== 'object' || value === null) return value
  const body = { ...(value as Body) }
  delete body['enableCDN']
  if (body['kind'] === 'compute#network') delete body['peerings']
  // One per region, and Google adds regions.
  if (Array.isArray(body['subnetworks'])) body['subnetworks'] = '<one per region>'
  // One normaliser dropped the status of running operations.
  if (body['kind'] === 'compute#operation') body['status'] ??= 'RUNNING'
  if (body['kind'] === 'compute#urlMap') delete body['status']
  if (body['kind'] === 'compute#sslCertificate') delete body['subjectAlternativeNames']
  return Object.fromEntries(Object.entries(body).map(([name, item]) => [name, withoutNoise(item)]))
}

/** Where the real name stands when the recorded path hides it. */
function truePath(exchange: Exchange): string {
  const body = asBody(exchange.responseBody)
  const message = text(asBody(body['error'])['message'])
  const missing = /^The resource '([^']+)' was not found$/.exec(message)?.[1]
  const link = text(body['kind'] === 'compute#operation' ? body['targetLink'] : body['selfLink'])
  const told = missing ?? link.replace(/^https:\/\/www\.googleapis\.com\/compute\/\w+\//, '')
  const last = told.slice(told.lastIndexOf('/') + 1)
  if (told === '' || exchange.path.includes('/operations/') || last.startsWith('${')) return exchange.path
  return exchange.path.replace(/\$\{\w+ID\}/, last)
}

/** Plays one scenario against a new simulator and compares every answer. */
export async function replay(scenario: Scenario): Promise<Replayed[]> {
  const world = bench()
  const results: Replayed[] = []
  const operations: { target: string; type: string; path: string }[] = []
  const deleted = new Set<string>()
  const live = (path: string) => world.compute.get(path.replace(/^\/compute\/v1\//, '')) !== undefined

  /** Two objects that share one placeholder: the recorded answer tells which is meant. */
  function choose(path: string, wanted: boolean): string {
    const again = `${path}-again`
    if (wanted) return live(again) ? again : path
    return live(path) && !deleted.has(path) ? again : path
  }

  function requestPath(exchange: Exchange): string {
    const path = fill(truePath(exchange))
    if (path.includes('/operations/')) {
      const body = asBody(exchange.responseBody)
      const target = fill(text(body['targetLink']))
      const type = text(body['operationType'])
      const found = operations.findLast((item) => item.type === type && item.target === target)
      return found?.path ?? path
    }
    const isObject = /\/(global|regions\/[^/]+)\/\w+\/[^/]+$/.test(path)
    return isObject ? choose(path, exchange.status !== 404) : path
  }

  function requestBody(exchange: Exchange, path: string): unknown {
    if (exchange.requestBody === null) return undefined
    const target = world.compute.get(path.replace(/^\/compute\/v1\//, '').replace(/\/set\w+$/, ''))?.body
    const address = world.compute.list('addresses', 'p')[0]?.body['address']
    const body = asBody(
      mapStrings(exchange.requestBody, (raw, member) => {
        if (member === 'fingerprint' || member === 'labelFingerprint') return target?.[member]
        if (member === 'IPAddress') return address
        if (member === 'certificate') return pem('rsa.cert.pem')
        if (member === 'privateKey') return pem('rsa.key.pem')
        const filled = fill(raw)
        return member === 'urlMap' ? shared(filled) : filled
      }),
    )
    if (exchange.method === 'POST' && exchange.status === 200 && live(`${path}/${text(body['name'])}`)) {
      return { ...body, name: `${text(body['name'])}-again` }
    }
    return body
  }

  function shared(reference: string): string {
    const again = `${reference}-again`
    return live(again.replace(/^.*\/compute\/v1\//, '')) ? again : reference
  }

  for (const exchange of scenario.exchanges) {
    const shown = JSON.stringify([exchange.path, exchange.responseBody])
    const reason = unsupported.find(([pattern]) => pattern.test(shown))
    if (reason !== undefined) {
      results.push({ exchange, outcome: 'skipped', reason: reason[1] })
      if (exchange.path.endsWith('/httpHealthChecks')) {
        const { name } = asBody(mapStrings(exchange.requestBody, fill))
        await world.done('POST', 'global/healthChecks', { name, type: 'HTTP' })
      }
      continue
    }
    const done = asBody(exchange.responseBody)['status'] === 'DONE' && exchange.method === 'GET'
    if (done) world.clock.advance(operationMs)
    const expected = { status: exchange.status, body: normalise(exchange.responseBody) }
    let actual: unknown
    // Polls that were not DONE are not in the recordings: where an answer differs, a pending operation may have to end first.
    for (let attempt = 0; attempt < 2; attempt++) {
      const path = requestPath(exchange)
      const answer = await world.compute.handle({
        method: exchange.method,
        path,
        query: Object.fromEntries(Object.entries(exchange.query).map(([key, value]) => [key, fill(value)])),
        headers: {},
        body: requestBody(exchange, path),
      })
      const body = asBody(answer.body)
      if (exchange.method === 'DELETE' && answer.status === 200) deleted.add(path)
      if (body['kind'] === 'compute#operation' && exchange.method !== 'GET') {
        operations.push({
          target: text(body['targetLink']).replace('-abc-again', '-abc'),
          type: text(body['operationType']),
          path: text(body['selfLink']).replace('https://www.googleapis.com', ''),
        })
      }
      actual = { status: answer.status, body: normalise(answer.body) }
      if (
        JSON.stringify(sorted(actual)) === JSON.stringify(sorted(expected)) ||
        (answer.status === 200 && exchange.method !== 'GET')
      )
        break
      world.clock.advance(operationMs)
    }
    const same = JSON.stringify(sorted(actual)) === JSON.stringify(sorted(expected))
    results.push(same ? { exchange, outcome: 'same' } : { exchange, outcome: 'different', expected, actual })
  }
  return results
}

/** Members in order of name, for comparison. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, item]) => [name, sorted(item)]),
  )
}
