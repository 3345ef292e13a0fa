import type { UntypedServiceImplementation } from '@grpc/grpc-js'
import type { SimulatedPubSub } from './core.ts'
import { page, projectOf, unary } from './grpc-calls.ts'
import type { ProtoMessage } from './grpc-messages.ts'

interface Topic {
  name: string
  labels: Record<string, string>
}

interface Paged {
  pageSize: number
  pageToken: string
}

/** google.pubsub.v1.Publisher; methods left out answer UNIMPLEMENTED. */
export function publisherService(pubsub: SimulatedPubSub): UntypedServiceImplementation {
  const shown = (name: string): Topic & { state: string } => ({
    name,
    labels: { ...pubsub.topicLabels(name) },
    state: 'ACTIVE',
  })
  return {
    CreateTopic: unary((request: Topic) => {
      pubsub.createTopic(request.name, request.labels)
      return shown(request.name)
    }),
    GetTopic: unary((request: { topic: string }) => shown(request.topic)),
    DeleteTopic: unary((request: { topic: string }) => {
      pubsub.deleteTopic(request.topic)
      return {}
    }),
    ListTopics: unary((request: Paged & { project: string }) => {
      const { items, nextPageToken } = page(pubsub.listTopics(projectOf(request.project)), request)
      return { topics: items.map(shown), nextPageToken }
    }),
    ListTopicSubscriptions: unary((request: Paged & { topic: string }) => {
      shown(request.topic)
      const { items, nextPageToken } = page(pubsub.listSubscriptions({ topic: request.topic }), request)
      return { subscriptions: items.map(({ name }) => name), nextPageToken }
    }),
    Publish: unary((request: { topic: string; messages: ProtoMessage[] }) => ({
      messageIds: pubsub.publish(request.topic, request.messages),
    })),
  }
}
