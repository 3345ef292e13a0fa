import { z } from 'zod'

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
    logLevel: values.MCI_LOG_LEVEL,
    service: values.K_SERVICE,
  }
}
