import type { handleBidiStreamingCall } from '@grpc/grpc-js'
import type { SimulatedPubSub } from './core.ts'
import { PubSubError } from './errors.ts'
import { toServiceError } from './grpc-calls.ts'
import { checkDeadline, toProtoReceived, type ProtoReceived } from './grpc-messages.ts'

interface StreamingPullRequest {
  subscription: string
  ackIds: string[]
  modifyDeadlineSeconds: number[]
  modifyDeadlineAckIds: string[]
  streamAckDeadlineSeconds: number
  maxOutstandingMessages: number
}

interface StreamingPullResponse {
  receivedMessages: ProtoReceived[]
  subscriptionProperties: { exactlyOnceDeliveryEnabled: boolean; messageOrderingEnabled: boolean }
}

interface OpenStream {
  subscription: string
  deadlineMs: number
  limit: number
}

const BATCH = 100

/** StreamingPull: the stream stays open until the client leaves, the subscription vanishes or a request is wrong. */
export function streamingPull(
  pubsub: SimulatedPubSub,
): handleBidiStreamingCall<StreamingPullRequest, StreamingPullResponse> {
  return (call) => {
    let open: OpenStream | undefined
    let outstanding = 0
    let unsubscribe = (): void => undefined

    function send(): void {
      const stream = open
      if (stream === undefined) return
      try {
        for (;;) {
          const room = Math.min(BATCH, stream.limit - outstanding)
          if (room <= 0) return
          const spec = pubsub.getSubscription(stream.subscription)
          const found = pubsub.pull(stream.subscription, room, {
            deadlineMs: stream.deadlineMs,
            onEnd: () => {
              outstanding--
              queueMicrotask(send)
            },
          })
          if (found.length === 0) return
          outstanding += found.length
          call.write({
            receivedMessages: found.map((delivery) => toProtoReceived(delivery, spec)),
            subscriptionProperties: { exactlyOnceDeliveryEnabled: false, messageOrderingEnabled: false },
          })
        }
      } catch (error) {
        fail(error)
      }
    }

    function start(request: StreamingPullRequest): OpenStream {
      if (request.streamAckDeadlineSeconds < 10 || request.streamAckDeadlineSeconds > 600)
        throw new PubSubError(
          'INVALID_ARGUMENT',
          `stream_ack_deadline_seconds must lie between 10 and 600, it is ${request.streamAckDeadlineSeconds}.`,
        )
      unsubscribe = pubsub.onReady(request.subscription, send)
      return {
        subscription: request.subscription,
        deadlineMs: request.streamAckDeadlineSeconds * 1000,
        limit: request.maxOutstandingMessages > 0 ? request.maxOutstandingMessages : Number.POSITIVE_INFINITY,
      }
    }

    function receive(request: StreamingPullRequest): void {
      open ??= start(request)
      if (request.streamAckDeadlineSeconds > 0) open.deadlineMs = request.streamAckDeadlineSeconds * 1000
      pubsub.acknowledge(open.subscription, request.ackIds)
      if (request.modifyDeadlineAckIds.length !== request.modifyDeadlineSeconds.length)
        throw new PubSubError(
          'INVALID_ARGUMENT',
          'modify_deadline_ack_ids and modify_deadline_seconds must have the same length.',
        )
      for (const [index, ackId] of request.modifyDeadlineAckIds.entries()) {
        const seconds = request.modifyDeadlineSeconds[index] ?? 0
        checkDeadline(seconds)
        pubsub.modifyAckDeadline(open.subscription, ackId, seconds * 1000)
      }
      send()
    }

    function leave(): void {
      open = undefined
      unsubscribe()
    }

    function fail(error: unknown): void {
      leave()
      call.emit('error', toServiceError(error))
    }

    call.on('data', (request: StreamingPullRequest) => {
      try {
        receive(request)
      } catch (error) {
        fail(error)
      }
    })
    call.on('end', () => {
      leave()
      call.end()
    })
    call.on('cancelled', leave)
    call.on('error', leave)
  }
}
