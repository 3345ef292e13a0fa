import { createServer, type AddressInfo, type Server as TcpServer } from 'node:net'
import { Server, ServerCredentials, status } from '@grpc/grpc-js'
import { afterAll, expect, it } from 'vitest'
import { createFirestoreStore } from '../../shared/state/firestore.ts'
import { queries, StoreBusy, type Store } from '../../shared/state/store.ts'
import { idOf, lease } from './store-documents.ts'

/** What the store makes of a Firestore that refuses, over the wire: servers here answer every call alike. */

const closing: (() => Promise<void> | void)[] = []
afterAll(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A gRPC server whose every Firestore method fails with `code`; counts the calls. */
async function refusing(code: status, details: string): Promise<{ host: string; calls: () => number }> {
  let calls = 0
  const server = new Server()
  const raw = (bytes: Buffer): Buffer => bytes
  const method = (name: string, responseStream: boolean): [string, object] => [
    name,
    {
      path: `/google.firestore.v1.Firestore/${name}`,
      requestStream: false,
      responseStream,
      requestSerialize: raw,
      requestDeserialize: raw,
      responseSerialize: raw,
      responseDeserialize: raw,
    },
  ]
  const refuseStream = (call: { emit(event: 'error', error: object): boolean }): void => {
    calls += 1
    call.emit('error', { code, details })
  }
  const refuseCall = (_call: unknown, answer: (error: object) => void): void => {
    calls += 1
    answer({ code, details })
  }
  server.addService(
    Object.fromEntries([
      method('BatchGetDocuments', true),
      method('RunQuery', true),
      method('Commit', false),
      method('Rollback', false),
    ]) as Parameters<Server['addService']>[0],
    { BatchGetDocuments: refuseStream, RunQuery: refuseStream, Commit: refuseCall, Rollback: refuseCall },
  )
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound)
      else reject(error)
    }),
  )
  closing.push(() => server.forceShutdown())
  return { host: `127.0.0.1:${port}`, calls: () => calls }
}

function storeAt(host: string, timeoutMs?: number): Store {
  const store = createFirestoreStore({
    projectId: 'shop',
    databaseId: 'ingress',
    host,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
  closing.unshift(() => store.close())
  return store
}

const asks: [string, (store: Store) => Promise<unknown>][] = [
  ['get', (store) => store.get('leases', 'x')],
  ['find', (store) => store.find(queries.claimsOn(idOf('x')))],
  ['a transaction that reads', (store) => store.transact((tx) => tx.get('leases', 'x'))],
  ['a transaction that writes', (store) => store.transact(async (tx) => tx.set('leases', 'x', lease('x')))],
  [
    'a transaction on one document',
    (store) => store.transact(async (tx) => tx.set('leases', 'x', lease('x')), 'one-document'),
  ],
]

// The client library repeats a read that finds no database for seconds, a commit not: one of each is enough.
it.concurrent.each(asks.filter(([name]) => name === 'get' || name === 'a transaction that writes'))(
  'says which database is missing and how to create it: %s',
  async (_name, ask) => {
    const { host } = await refusing(status.NOT_FOUND, 'The database ingress does not exist for project shop')
    const failing = ask(storeAt(host))
    await expect(failing).rejects.toThrow(
      /Firestore database ingress of project shop does not exist.*--database='ingress'.*said: 5 NOT_FOUND/,
    )
  },
)

it.concurrent.each([
  { reason: 'no access', code: status.PERMISSION_DENIED, want: 'roles/datastore.user' },
  {
    reason: 'a missing index, or another mode',
    code: status.FAILED_PRECONDITION,
    want: 'indexes that infra/ declares',
  },
])('says what to do about $reason', async ({ code, want }) => {
  const { host } = await refusing(code, 'no')
  await expect(storeAt(host).get('leases', 'x')).rejects.toThrow(want)
})

it.concurrent('is busy after a bounded number of lost races', async () => {
  const { host, calls } = await refusing(status.ABORTED, 'Too much contention on these documents')
  await expect(storeAt(host).transact(async (tx) => tx.set('leases', 'x', lease('x')))).rejects.toThrow(StoreBusy)
  expect(calls()).toBe(5)
})

it.concurrent('is busy when its transaction was ended while it waited', async () => {
  const { host } = await refusing(status.INVALID_ARGUMENT, 'Transaction is invalid or closed.')
  await expect(storeAt(host).transact(async (tx) => tx.set('leases', 'x', lease('x')))).rejects.toThrow(StoreBusy)
})

it.concurrent.each(asks)('gives up on a server that does not answer: %s', async (_name, ask) => {
  const silent: TcpServer = createServer((socket) => socket.on('error', () => undefined))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  closing.push(() => void silent.close())
  const failing = ask(storeAt(`127.0.0.1:${(silent.address() as AddressInfo).port}`, 100))
  await expect(failing).rejects.toThrow(/no answer within 0\.[13] s/)
})
