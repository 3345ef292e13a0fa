import { z } from 'zod'
import { parseServerRules, thisMachine, type ServerRule } from './cloud/cluster-servers.ts'

/** Everything that the environment decides; the only place that reads it. */
export interface Config {
  /** Project of the load balancers, the topics and the state. */
  project: string
  /** Prefix of the topics' names, so that several deployments can share a project. */
  topicPrefix: string
  /** `memory` only where all functions run in one process. */
  state: 'firestore' | 'memory'
  firestoreDatabase: string
  firestoreHost: string | undefined
  pubsubHost: string | undefined
  computeEndpoint: string | undefined
  /** Another GKE API than Google's; it gets no token. */
  containerEndpoint: string | undefined
  /** Servers of clusters that may be registered though GKE does not name them. */
  clusterServers: readonly ServerRule[]
  /** Projects whose GKE clusters may be registered. */
  clusterProjects: readonly string[]
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** The function that this process is, as Cloud Run names it; for Error Reporting. */
  service: string
}

const shape = z.object({
  GOOGLE_CLOUD_PROJECT: z
    .string({ error: 'set GOOGLE_CLOUD_PROJECT to the project of the load balancers' })
    .min(1, 'is empty: set it to the project of the load balancers'),
  MCI_TOPIC_PREFIX: z.string().default(''),
  MCI_STATE: z.enum(['firestore', 'memory']).default('firestore'),
  MCI_FIRESTORE_DATABASE: z.string().default('(default)'),
  FIRESTORE_EMULATOR_HOST: z.string().optional(),
  PUBSUB_EMULATOR_HOST: z.string().optional(),
  COMPUTE_API_ENDPOINT: z.url().optional(),
  CONTAINER_API_ENDPOINT: z.url().optional(),
  MCI_CLUSTER_SERVERS: z
    .string()
    .optional()
    .superRefine((text, context) => {
      const { bad } = parseServerRules(text ?? '')
      if (bad !== undefined)
        context.addIssue(`"${bad}" is not a URL such as https://host, https://host:8443/path or http://127.0.0.1:*`)
    }),
  MCI_CLUSTER_PROJECTS: z.string().optional(),
  MCI_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  K_SERVICE: z.string().default('local'),
})

/** Reads and checks the environment. Throws one clear sentence per variable that is missing or wrong. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const parsed = shape.safeParse(env)
  if (!parsed.success)
    throw new Error(
      `bad configuration: ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`,
    )
  const values = parsed.data
  return {
    project: values.GOOGLE_CLOUD_PROJECT,
    topicPrefix: values.MCI_TOPIC_PREFIX,
    state: values.MCI_STATE,
    firestoreDatabase: values.MCI_FIRESTORE_DATABASE,
    firestoreHost: values.FIRESTORE_EMULATOR_HOST,
    pubsubHost: values.PUBSUB_EMULATOR_HOST,
    computeEndpoint: values.COMPUTE_API_ENDPOINT,
    containerEndpoint: values.CONTAINER_API_ENDPOINT,
    clusterServers: parseServerRules(values.MCI_CLUSTER_SERVERS ?? (emulated(values) ? thisMachine : '')).rules,
    clusterProjects: listOf(values.MCI_CLUSTER_PROJECTS ?? values.GOOGLE_CLOUD_PROJECT),
    logLevel: values.MCI_LOG_LEVEL,
    service: values.K_SERVICE,
  }
}

/** Nothing that uses an emulator is in production: there clusters speak plain http on the same machine. */
function emulated(values: z.infer<typeof shape>): boolean {
  return values.PUBSUB_EMULATOR_HOST !== undefined || values.FIRESTORE_EMULATOR_HOST !== undefined
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}
