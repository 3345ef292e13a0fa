import type { AddressInfo } from 'node:net'
import { getTestServer } from '@google-cloud/functions-framework/testing'
import type { Deps } from '../shared/engine/deps.ts'
import { eventFunctions } from './registry.ts'
import { registerTargets } from './targets.ts'

/**
 * Hosts every function in one process, each by functions-framework on a port of its own. STATUS_PORT fixes the port of
 * `status`; the others take any. When all listen it prints one line: `listening ` and a JSON object from function to port,
 * with `more` beside them.
 */
export async function hostTargets(
  runtime: () => Deps,
  reader: () => Deps = runtime,
  more: Readonly<Record<string, number>> = {},
): Promise<void> {
  registerTargets(runtime, reader)
  const ports: Record<string, number> = { ...more }
  for (const name of ['status', ...eventFunctions.map((target) => target.name)]) {
    ports[name] = await listen(name, name === 'status' ? Number(process.env['STATUS_PORT'] ?? 0) : 0)
  }
  process.stdout.write(`listening ${JSON.stringify(ports)}\n`)
}

function listen(name: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = getTestServer(name)
    server.on('error', reject)
    // Pub/Sub's connections are kept open between messages.
    server.keepAliveTimeout = 60_000
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
