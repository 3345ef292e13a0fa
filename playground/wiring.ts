import { publish } from './publish.ts'

/** How pushes are made; as the deployed subscriptions are. Milliseconds. */
export const push = {
  ackDeadlineMs: 150_000,
  retry: { minBackoffMs: 1_000, maxBackoffMs: 60_000 },
  maxDeliveryAttempts: 20,
} as const

/** The topic that triggers a function; names are by convention, as anybody who deploys them sees them. */
function topicOf(functionName: string): string {
  const plural: Readonly<Record<string, string>> = {
    'ingress-spec': 'ingress-specs',
    'cluster-change': 'cluster-changes',
    'scheduler-tick': 'scheduler-ticks',
    plan: 'plans',
    'dead-letter': 'dead-letters',
  }
  return plural[functionName] ?? functionName
}

/** One push subscription; all names are full resource names. */
export interface Subscription {
  name: string
  topic: string
  endpoint: string
  /** null for the dead letters themselves. */
  deadLetterTopic: string | null
}

/** A topic and a push subscription for every event function; what is never acknowledged goes to the dead letters. */
export function subscriptionsOf(project: string, ports: Readonly<Record<string, number>>): Subscription[] {
  const deadLetters = `projects/${project}/topics/dead-letters`
  return Object.entries(ports)
    .filter(([name]) => name !== 'status')
    .map(([name, port]) => {
      const topic = `projects/${project}/topics/${topicOf(name)}`
      return {
        name: `projects/${project}/subscriptions/${name}`,
        topic,
        endpoint: `http://127.0.0.1:${port}/`,
        deadLetterTopic: topic === deadLetters ? null : deadLetters,
      }
    })
}

/** Topics to which nothing of the system listens: for whoever wants to. */
export function openTopics(project: string): string[] {
  return [`projects/${project}/topics/ingress-status`]
}

/** Cloud Scheduler: a tick now and then. Returns how to stop it. */
export function startScheduler(rest: string, project: string, everyMs: number): () => void {
  const timer = setInterval(() => void publish(rest, project, 'scheduler-ticks', '{}').catch(() => undefined), everyMs)
  return () => clearInterval(timer)
}
