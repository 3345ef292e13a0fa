import { afterAll, beforeAll, expect, it } from 'vitest'
import { certificateFor, lookAgain, putSecret } from '../support/cluster-objects.ts'
import { deploy } from '../support/manifests.ts'
import { startSystem, type Report, type System } from '../support/system.ts'

let system: System

beforeAll(async () => {
  system = await startSystem({ clusters: 2, tickMs: 2_000, host: 'test/support/dumping-host.ts' })
  for (const { server } of system.environment.clusters) await deploy(server, 'web')
}, 60_000)
afterAll(() => system.close())

const phaseIs = (phase: string) => (report: Report | undefined) => report?.phase === phase

function manifest(name: string, secret: string): string {
  return JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name },
    spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } }, tls: [{ secretName: secret }] },
  })
}

/** Every way in which a part of a key could be found: its lines, whole or JSON, base64 of the PEM, hexadecimal, the body alone. */
function traces(key: string): string[] {
  const lines = key.split('\n').filter((line) => line !== '' && !line.startsWith('-----'))
  const body = lines.join('')
  const raw = Buffer.from(body, 'base64')
  return [...lines, body, Buffer.from(key).toString('base64').slice(0, 60), raw.toString('hex').slice(40, 100)]
}

it('a private key reaches Compute and nothing else: not the Store, a message, a log, an error, or the status', async () => {
  const first = certificateFor(['a.example'])
  const second = certificateFor(['a.example'])
  const broken = { cert: first.cert, key: second.key.replace('-----END', 'x-----END') }
  const { faults } = system.environment.compute
  await putSecret(system, 'good', first)
  await putSecret(system, 'broken', broken)
  // The API refuses once and quotes what it was sent, as it does with values that it does not like.
  faults.refuseNext(
    { code: 400, reason: 'invalid', message: `Invalid value for field 'resource.privateKey': '${first.key}'.` },
    { method: 'sslCertificates.insert' },
  )
  await system.publish(manifest('quoted', 'good'))
  const report = await system.until('default/quoted', 'Failed', phaseIs('Failed'))
  expect(JSON.stringify(report)).toContain('(private key)')
  faults.failNext(
    { code: 'INVALID', message: `Bad key: ${second.key}`, httpStatus: 400 },
    { method: 'sslCertificates.insert' },
  )
  await putSecret(system, 'good', second)
  await lookAgain(system, 'us-central', 'europe-west')
  await expect.poll(() => faults.pending(), { timeout: 10_000 }).toBe(0)
  await system.publish(manifest('broken', 'broken'))
  await system.until('default/broken', 'Failed', phaseIs('Failed'))
  await putSecret(system, 'other', first)
  await system.publish(manifest('served', 'other'))
  await system.until('default/served', 'Ready', phaseIs('Ready'))

  const kept = await system.dump()
  const shown = await Promise.all(
    [
      '/api/ingresses',
      '/api/ingresses/default/quoted',
      '/api/ingresses/default/broken',
      '/api/ingresses/default/served',
      '/',
    ].map(async (path) => (await fetch(system.dashboard + path)).text()),
  )
  const everything = [...kept, ...shown].join('\n')
  expect(kept.length).toBeGreaterThan(100)
  expect(everything, 'the log is at its finest').toContain('"severity":"INFO"')
  // Only where a trace was found: a failing test must not print the key either.
  const entries = [...kept, ...shown]
  const leaks = [first, second, broken].flatMap(({ key }) =>
    traces(key).flatMap((trace, index) =>
      entries.filter((entry) => entry.includes(trace)).map((entry) => `trace ${index} in ${entry.slice(0, 200)}`),
    ),
  )
  expect(leaks).toEqual([])
})
