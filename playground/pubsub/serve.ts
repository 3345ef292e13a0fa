import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js'
import { fromJSON } from '@grpc/proto-loader'
import http from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { SimulatedPubSub } from './core.ts'
import { publisherService } from './grpc-publisher.ts'
import { subscriberService } from './grpc-subscriber.ts'
import { restPublish } from './rest-publish.ts'

/** Where a served Pub/Sub listens. */
export interface ServedPubSub {
  /** host:port, fit for PUBSUB_EMULATOR_HOST */
  grpc: string
  /** http://host:port */
  rest: string
  /** Stops listening at once; the Pub/Sub itself lives on. */
  close(): Promise<void>
}

/** Puts a Pub/Sub on two ports of 127.0.0.1; 0 picks a free one. */
export async function servePubSub(
  pubsub: SimulatedPubSub,
  ports: { grpc: number; rest: number } = { grpc: 0, rest: 0 },
): Promise<ServedPubSub> {
  const services = loadServices()
  const server = new Server({ 'grpc.max_receive_message_length': 32 * 1024 * 1024 })
  server.addService(services.publisher, publisherService(pubsub))
  server.addService(services.subscriber, subscriberService(pubsub))
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${ports.grpc}`, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })

  const rest = http.createServer(restPublish(pubsub))
  await new Promise<void>((resolve, reject) => {
    rest.once('error', reject)
    rest.listen(ports.rest, '127.0.0.1', resolve)
  })
  const address = rest.address() as AddressInfo

  return {
    grpc: `127.0.0.1:${port}`,
    rest: `http://127.0.0.1:${address.port}`,
    async close() {
      server.forceShutdown()
      rest.closeAllConnections()
      await new Promise((resolve) => rest.close(resolve))
    },
  }
}

/** The service definitions that the real client library ships: both ends speak from the same protos. */
function loadServices(): { publisher: ServiceDefinition; subscriber: ServiceDefinition } {
  const protos: unknown = createRequire(import.meta.url)('@google-cloud/pubsub/build/protos/protos.json')
  const definitions = fromJSON(protos as Parameters<typeof fromJSON>[0], {
    longs: Number,
    enums: String,
    defaults: true,
    arrays: true,
    objects: true,
  })
  const service = (name: string): ServiceDefinition => {
    const definition = definitions[`google.pubsub.v1.${name}`]
    if (definition === undefined || 'format' in definition)
      throw new Error(`The protos of @google-cloud/pubsub have no service google.pubsub.v1.${name}.`)
    return definition
  }
  return { publisher: service('Publisher'), subscriber: service('Subscriber') }
}
