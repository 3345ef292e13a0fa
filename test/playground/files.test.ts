import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { keepFilesFresh, type Told } from '../../playground/files.ts'

const folder = mkdtempSync(join(tmpdir(), 'mci-files-'))
const file = join(folder, 'playground.json')

/** What the dashboard answers, one after the other; each when it may. */
let answers: { names: string[]; after: Promise<void> }[] = []
let server: Server
let dashboard = ''
beforeAll(async () => {
  server = createServer((_, response) => {
    const { names, after } = answers.shift() ?? { names: [], after: Promise.resolve() }
    const ingresses = names.map((name) => ({ namespace: 'default', name, loadBalancer: name, vip: '203.0.113.1' }))
    void after.then(() => response.end(JSON.stringify({ ingresses })))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  dashboard = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
beforeEach(() => {
  answers = []
})
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

const told: Told = {
  project: 'p',
  pubsub: { grpc: '', rest: '' },
  firestore: null,
  compute: { url: '' },
  clusters: [],
  loadBalancers: {
    loadBalancers: () => [
      { ip: '203.0.113.1', port: 1, scheme: 'http', url: 'http://127.0.0.1:1', forwardingRule: '' },
    ],
    onChange: () => () => undefined,
    settled: () => Promise.resolve(),
  },
}
const now = Promise.resolve()
const names = (text: string): string[] =>
  (JSON.parse(text) as { loadBalancers: { name: string }[] }).loadBalancers.map(({ name }) => name)

it('whoever is reading while a load balancer comes has a whole file, the one before', async () => {
  const files = keepFilesFresh(folder, told, dashboard)
  answers = [
    { names: ['one', 'two'], after: now },
    { names: ['three'], after: now },
  ]
  await files.write()
  const open = openSync(file, 'r')
  await files.write()
  expect(names(readFileSync(open, 'utf8'))).toEqual(['one', 'two'])
  closeSync(open)
  expect(names(readFileSync(file, 'utf8'))).toEqual(['three'])
  expect(readdirSync(folder).sort()).toEqual(['kubeconfig', 'playground.json'])
})

it('of two changes at once the later one is what the file tells, however long the dashboard took for the first', async () => {
  const files = keepFilesFresh(folder, told, dashboard)
  answers = [
    { names: ['early'], after: new Promise((resolve) => setTimeout(resolve, 100)) },
    { names: ['late'], after: now },
  ]
  await Promise.all([files.write(), files.write()])
  expect(names(readFileSync(file, 'utf8'))).toEqual(['late'])
})
