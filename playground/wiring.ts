import { publish } from './publish.ts'
import type { SimulatedPubSub } from './pubsub/index.ts'

/** How pushes are made; as the deployed subscriptions are. Milliseconds. */
const push = {
  ackDeadlineMs: 150_000,
  retry: { minBackoffMs: 1_000, maxBackoffMs: 60_000 },
  maxDeliveryAttempts: 20,
} as const

/** The topic that triggers a function; names are by convention, as anybody who deploys them sees them. */
export function topicOf(functionName: string): string {
  const plural: Readonly<Record<string, string>> = {
    'ingress-spec': 'ingress-specs',
    'cluster-change': 'cluster-changes',
    'scheduler-tick': 'scheduler-ticks',
    plan: 'plans',
    'dead-letter': 'dead-letters',
  }
  return plural[functionName] ?? functionName
}

/** Topics, and a push subscription for every function; what is never acknowledged goes to the dead letters. */
export function wire(pubsub: SimulatedPubSub, project: string, ports: Readonly<Record<string, number>>): void {
  const functions = Object.entries(ports).filter(([name]) => name !== 'status')
  for (const [name] of functions) pubsub.createTopic(`projects/${project}/topics/${topicOf(name)}`)
  for (const [name, port] of functions) {
    const topic = topicOf(name)
    pubsub.subscribe({
      name: `projects/${project}/subscriptions/${name}`,
      topic: `projects/${project}/topics/${topic}`,
      push: { endpoint: `http://127.0.0.1:${port}/` },
      ackDeadlineMs: push.ackDeadlineMs,
      retry: push.retry,
      ...(topic === 'dead-letters'
        ? {}
        : {
            deadLetter: {
              topic: `projects/${project}/topics/dead-letters`,
              maxDeliveryAttempts: push.maxDeliveryAttempts,
            },
          }),
    })
  }
}

/** Cloud Scheduler: a tick now and then. Returns how to stop it. */
export function startScheduler(rest: string, project: string, everyMs: number): () => void {
  const timer = setInterval(() => void publish(rest, project, 'scheduler-ticks', '{}').catch(() => undefined), everyMs)
  return () => clearInterval(timer)
}
