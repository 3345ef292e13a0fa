import type { handleUnaryCall, UntypedServiceImplementation } from '@grpc/grpc-js'
import { wallClock } from '../world.ts'
import type { SimulatedPubSub } from './core.ts'
import { PubSubError } from './errors.ts'
import { page, projectOf, toServiceError, unary } from './grpc-calls.ts'
import {
  checkDeadline,
  fromProtoSubscription,
  toProtoReceived,
  toProtoSubscription,
  type ProtoReceived,
  type ProtoSubscription,
} from './grpc-messages.ts'
import { streamingPull } from './streaming-pull.ts'
import type { SubscriptionSpec } from './subscription.ts'

/** How long an empty Pull waits for a message before it answers with none (the API says only "a bounded amount of time"). */
const PULL_WAIT_MS = 20_000

const UPDATABLE: ReadonlySet<string> = new Set([
  'ack_deadline_seconds',
  'push_config',
  'retry_policy',
  'dead_letter_policy',
  'message_retention_duration',
  'labels',
])

/** google.pubsub.v1.Subscriber; methods left out (snapshots, seek) answer UNIMPLEMENTED. */
export function subscriberService(pubsub: SimulatedPubSub): UntypedServiceImplementation {
  const shown = (name: string): ReturnType<typeof toProtoSubscription> =>
    toProtoSubscription(pubsub.getSubscription(name))

  const pull: handleUnaryCall<
    { subscription: string; maxMessages: number; returnImmediately: boolean },
    { receivedMessages: ProtoReceived[] }
  > = (call, callback) => {
    const { subscription, maxMessages, returnImmediately } = call.request
    let stop = (): void => undefined
    // True once answered or refused.
    const attempt = (last: boolean): boolean => {
      try {
        if (maxMessages <= 0)
          throw new PubSubError('INVALID_ARGUMENT', `max_messages must be above 0, it is ${maxMessages}.`)
        const spec = pubsub.getSubscription(subscription)
        const found = call.cancelled ? [] : pubsub.pull(subscription, Math.min(maxMessages, 1000))
        if (found.length === 0 && !last) return false
        callback(null, { receivedMessages: found.map((delivery) => toProtoReceived(delivery, spec)) })
      } catch (error) {
        callback(toServiceError(error))
      }
      stop()
      return true
    }
    if (attempt(returnImmediately)) return
    // A caller on a socket waits in real time, whatever clock the Pub/Sub runs on.
    const timer = wallClock.after(PULL_WAIT_MS, () => void attempt(true))
    const unsubscribe = pubsub.onReady(subscription, () => void attempt(false))
    stop = () => {
      timer.cancel()
      unsubscribe()
    }
    call.on('cancelled', stop)
  }

  /** Replaces the masked fields; what the wire does not know (receivers in this process, flow control) stays. */
  function update(proto: ProtoSubscription, paths: readonly string[]): void {
    const old = pubsub.getSubscription(proto.name)
    const masked = new Set(paths.map((path) => path.split('.')[0]))
    const given = fromProtoSubscription({ ...proto, topic: old.topic })
    for (const path of masked) {
      if (path === undefined || !UPDATABLE.has(path))
        throw new PubSubError('INVALID_ARGUMENT', `The field "${path ?? ''}" of a subscription can't be updated here.`)
    }
    const pick = (path: string, field: keyof SubscriptionSpec): Partial<SubscriptionSpec> => {
      const value = (masked.has(path) ? given : old)[field]
      return value === undefined ? {} : { [field]: value }
    }
    pubsub.updateSubscription({
      name: old.name,
      topic: old.topic,
      ...pick('', 'maxOutstanding'),
      ...pick('ack_deadline_seconds', 'ackDeadlineMs'),
      ...pick('push_config', 'push'),
      ...pick('retry_policy', 'retry'),
      ...pick('dead_letter_policy', 'deadLetter'),
      ...pick('message_retention_duration', 'retentionMs'),
      ...pick('labels', 'labels'),
    })
  }

  return {
    CreateSubscription: unary((request: ProtoSubscription) => {
      pubsub.subscribe(fromProtoSubscription(request))
      return shown(request.name)
    }),
    GetSubscription: unary((request: { subscription: string }) => shown(request.subscription)),
    UpdateSubscription: unary(
      (request: { subscription: ProtoSubscription; updateMask: { paths: string[] } | null }) => {
        update(request.subscription, request.updateMask?.paths ?? [])
        return shown(request.subscription.name)
      },
    ),
    ModifyPushConfig: unary((request: { subscription: string; pushConfig: { pushEndpoint: string } | null }) => {
      const { push: _old, ...rest } = pubsub.getSubscription(request.subscription)
      const endpoint = request.pushConfig?.pushEndpoint ?? ''
      pubsub.updateSubscription(endpoint === '' ? rest : { ...rest, push: { endpoint } })
      return {}
    }),
    DeleteSubscription: unary((request: { subscription: string }) => {
      pubsub.deleteSubscription(request.subscription)
      return {}
    }),
    ListSubscriptions: unary((request: { project: string; pageSize: number; pageToken: string }) => {
      const { items, nextPageToken } = page(pubsub.listSubscriptions({ project: projectOf(request.project) }), request)
      return { subscriptions: items.map(toProtoSubscription), nextPageToken }
    }),
    Acknowledge: unary((request: { subscription: string; ackIds: string[] }) => {
      pubsub.acknowledge(request.subscription, request.ackIds)
      return {}
    }),
    ModifyAckDeadline: unary((request: { subscription: string; ackIds: string[]; ackDeadlineSeconds: number }) => {
      checkDeadline(request.ackDeadlineSeconds)
      for (const ackId of request.ackIds)
        pubsub.modifyAckDeadline(request.subscription, ackId, request.ackDeadlineSeconds * 1000)
      return {}
    }),
    Pull: pull,
    StreamingPull: streamingPull(pubsub),
  }
}
