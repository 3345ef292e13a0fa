import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { z } from 'zod'
import { parseServerRules, thisMachine, type ServerRule } from '../shared/cloud/cluster-servers.ts'
import { readConfig } from '../shared/config.ts'
import { exitCodes, Failure } from './exit-codes.ts'
import { parseJson } from '../shared/json.ts'

/** The system that a command works against. */
export interface Target {
  is: 'playground' | 'deployment'
  project: string
  topicPrefix: string
  /** host:port of a Pub/Sub emulator. */
  pubsubHost: string | undefined
  /** URL of another Compute API than Google's. */
  computeEndpoint: string | undefined
  /** Servers of clusters that are reached as they are registered, without asking GKE. */
  clusterServers: readonly ServerRule[]
  /** Base of the status API; undefined = the state is read from Firestore. */
  statusUrl: string | undefined
  firestoreDatabase: string
  firestoreHost: string | undefined
  /** Local URL of a load balancer's front end, in the playground; its address is reachable nowhere. */
  localUrl(ingress: string): string | undefined
  /** In words, for messages. */
  describe: string
}

/** What the command line says about the target. */
export interface TargetFlags {
  gcpProject?: string
  statusUrl?: string
}

const playground = z.object({
  project: z.string(),
  pubsub: z.string(),
  firestore: z.string().nullable(),
  compute: z.url(),
  dashboard: z.url(),
  loadBalancers: z.array(z.object({ ingress: z.string(), http: z.string().nullable(), https: z.string().nullable() })),
})

/**
 * Decides where a command goes. A playground found from the working directory upwards is taken unless the command line
 * names another project or a status API, or the environment names one for us (MCI_STATUS_URL): a project that happens to be
 * set for other tools must not send a trial into production.
 */
export function findTarget(flags: TargetFlags, env: Readonly<Record<string, string | undefined>>, cwd: string): Target {
  const statusUrl = flags.statusUrl ?? env['MCI_STATUS_URL']
  const file = statusUrl === undefined ? findUpwards(cwd, join('.mci', 'playground.json')) : undefined
  if (file !== undefined) {
    const facts = readPlayground(file)
    if (flags.gcpProject === undefined || flags.gcpProject === facts.project) {
      return {
        is: 'playground',
        project: facts.project,
        topicPrefix: '',
        pubsubHost: facts.pubsub,
        computeEndpoint: facts.compute,
        clusterServers: parseServerRules(thisMachine).rules,
        statusUrl: facts.dashboard,
        firestoreDatabase: '(default)',
        firestoreHost: facts.firestore ?? undefined,
        localUrl(ingress) {
          const found = readPlayground(file).loadBalancers.find((one) => one.ingress === ingress)
          return found?.http ?? found?.https ?? undefined
        },
        describe: `the playground (${relative(cwd, file)})`,
      }
    }
  }
  return deployment(flags, statusUrl, env)
}

function deployment(
  flags: TargetFlags,
  statusUrl: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Target {
  const project = flags.gcpProject ?? env['GOOGLE_CLOUD_PROJECT']
  if (project === undefined || project === '')
    throw new Failure(
      'the project of the load balancers is not known',
      'Give --gcp-project PROJECT or set GOOGLE_CLOUD_PROJECT; for the playground, run npm start and call mci from its folder.',
      exitCodes.usage,
    )
  if (statusUrl !== undefined && URL.parse(statusUrl)?.protocol.startsWith('http') !== true)
    throw new Failure(`the status URL "${statusUrl}" is not an http or https URL`, undefined, exitCodes.usage)
  const config = readConfig({ ...env, GOOGLE_CLOUD_PROJECT: project })
  return {
    is: 'deployment',
    project,
    topicPrefix: config.topicPrefix,
    pubsubHost: config.pubsubHost,
    computeEndpoint: config.computeEndpoint,
    clusterServers: config.clusterServers,
    statusUrl: statusUrl?.replace(/\/+$/, ''),
    firestoreDatabase: config.firestoreDatabase,
    firestoreHost: config.firestoreHost,
    localUrl: () => undefined,
    describe: `project ${project}`,
  }
}

function readPlayground(file: string): z.infer<typeof playground> {
  const parsed = playground.safeParse(parseJson(readFileSync(file, 'utf8')))
  if (parsed.success) return parsed.data
  throw new Failure(
    `${file} is not what the playground writes: ${z.prettifyError(parsed.error)}`,
    'Start the playground again (npm start), or name a deployment with --gcp-project and --status-url.',
  )
}

function findUpwards(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, name))) return join(folder, name)
    if (dirname(folder) === folder) return undefined
  }
}
