import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { eventFunctions } from '../../functions/registry.ts'

/** As functions/local.ts, for the functions of the bundle at MCI_BUNDLE: of our sources only the list of names is used. */
const folder = process.env['MCI_BUNDLE'] ?? ''
await import(pathToFileURL(join(folder, 'index.mjs')).href)
const { getTestServer } = createRequire(join(folder, 'index.mjs'))('@google-cloud/functions-framework') as {
  getTestServer: (name: string) => Server
}
const ports: Record<string, number> = {}
for (const name of ['status', ...eventFunctions.map((one) => one.name)]) {
  const server = getTestServer(name)
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ports[name] = (server.address() as AddressInfo).port
}
process.stdout.write(`listening ${JSON.stringify(ports)}\n`)
