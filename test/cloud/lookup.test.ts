import { afterEach, expect, it, vi } from 'vitest'
import { parseServerRules } from '../../shared/cloud/cluster-servers.ts'
import { createClusters } from '../../shared/cloud/kubernetes.ts'
import { serve, type TestServer } from './server.ts'

/** A name server under the control of somebody else. */
const answers: string[] = []
vi.mock('node:dns', () => ({
  lookup: (_name: string, options: { all?: boolean }, done: (error: null, found: unknown, family?: number) => void) => {
    const address = answers.shift() ?? '192.0.2.1'
    if (options.all === true) done(null, [{ address, family: 4 }])
    else done(null, address, 4)
  },
}))

const servers: TestServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

it('a name that leads to the metadata server leads nowhere, also when it led elsewhere before', async () => {
  const server = await serve(() => ({ body: { gitVersion: 'v1' } }))
  servers.push(server)
  const url = server.url.replace('127.0.0.1', 'rebound.example')
  const cluster = createClusters({ servers: parseServerRules(url).rules, timeoutMs: 1_000 }).connect({
    name: 'c',
    server: url,
    project: 'p',
  })
  answers.push('127.0.0.1')
  expect(await cluster.version()).toBe('v1')
  await server.close()
  answers.push('169.254.169.254', '169.254.169.254')
  await expect(cluster.version()).rejects.toThrow('rebound.example is no place for a cluster')
  expect(server.seen).toHaveLength(1)
})
