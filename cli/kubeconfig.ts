import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'
import type { ClusterRegistration } from '../shared/cloud/kubernetes-port.ts'
import { exitCodes, Failure } from './exit-codes.ts'

/** One context of a kubeconfig, as far as a cluster is reached by it. Of its user only the manner is read, never a credential. */
export interface Context {
  name: string
  server: string
  caData?: string
  /** `projects/P/locations/L/clusters/N`, when the cluster carries the name that gcloud gives. */
  gke?: string
  /** Its project, where the name says it. */
  project?: string
  /** How its user logs in, in words; absent = it does not. */
  login?: string
}

const maxBytes = 4 * 1024 * 1024

const shape = z.object({
  clusters: z
    .array(
      z.object({
        name: z.string(),
        cluster: z.object({
          server: z.url({ protocol: /^https?$/ }),
          'certificate-authority-data': z.string().optional(),
          'certificate-authority': z.string().optional(),
        }),
      }),
    )
    .default([]),
  contexts: z
    .array(z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string().optional() }) }))
    .default([]),
  users: z.array(z.object({ name: z.string(), user: z.record(z.string(), z.unknown()).nullish() })).default([]),
})

/** Members of a kubeconfig's user, and what they are in words. What the last two run or ask is theirs, and is not run here. */
const logins: readonly [RegExp, string][] = [
  [/^client-(?:certificate|key)/, 'a client certificate'],
  [/^token/, 'a token'],
  [/^(?:username|password)$/, 'a password'],
  [/^exec$/, 'a program'],
  [/^auth-provider$/, 'an auth provider'],
]

/** The contexts of a kubeconfig, all or those named, in the order of the file. Throws Failure that names what is not there. */
export async function contextsOf(file: string, named: readonly string[] | undefined): Promise<Context[]> {
  const config = await read(file)
  const names = config.contexts.map(({ name }) => name)
  const missing = (named ?? []).filter((name) => !names.includes(name))
  if (missing.length > 0)
    throw new Failure(
      `${file} has no context ${missing.join(', ')}`,
      `It has ${names.join(', ') || 'none'}.`,
      exitCodes.usage,
    )
  if (names.length === 0) throw new Failure(`${file} has no contexts`, undefined, exitCodes.usage)
  const chosen = config.contexts.filter(({ name }) => named === undefined || named.includes(name))
  return Promise.all(chosen.map(({ name, context }) => contextOf(config, file, name, context)))
}

/** What is registered of a context: where it is, never who may go there. */
export function registrationOf(context: Context, name: string, project: string): ClusterRegistration {
  const { server, caData, gke } = context
  return {
    name,
    server,
    project: context.project ?? project,
    ...(caData === undefined ? {} : { caData }),
    ...(gke === undefined ? {} : { gke }),
  }
}

async function contextOf(
  config: z.infer<typeof shape>,
  file: string,
  name: string,
  { cluster: clusterName, user }: { cluster: string; user?: string | undefined },
): Promise<Context> {
  const cluster = config.clusters.find((candidate) => candidate.name === clusterName)?.cluster
  if (cluster === undefined)
    throw new Failure(
      `${file}: context ${name} names cluster ${clusterName}, which is not there`,
      undefined,
      exitCodes.usage,
    )
  const path = cluster['certificate-authority']
  const caData = cluster['certificate-authority-data'] ?? (path === undefined ? undefined : await readCa(path))
  // The name that `gcloud container clusters get-credentials` writes.
  const gke = /^gke_([^_]+)_([^_]+)_([^_]+)$/.exec(clusterName)
  const members = Object.keys(config.users.find((candidate) => candidate.name === user)?.user ?? {})
  const login = logins.find(([pattern]) => members.some((member) => pattern.test(member)))?.[1]
  return {
    name,
    server: cluster.server,
    ...(login === undefined ? {} : { login }),
    ...(caData === undefined ? {} : { caData }),
    ...(gke === null
      ? {}
      : { gke: `projects/${gke[1] ?? ''}/locations/${gke[2] ?? ''}/clusters/${gke[3] ?? ''}`, project: gke[1] ?? '' }),
  }
}

async function readCa(path: string): Promise<string> {
  return (await readBounded(path)).toString('base64')
}

async function read(file: string): Promise<z.infer<typeof shape>> {
  const text = (await readBounded(file)).toString('utf8')
  let value: unknown
  try {
    value = parse(text, { maxAliasCount: 0 })
  } catch (error) {
    throw new Failure(
      `${file} is not YAML: ${error instanceof Error ? error.message : String(error)}`,
      undefined,
      exitCodes.usage,
    )
  }
  const parsed = shape.safeParse(value)
  if (parsed.success) return parsed.data
  throw new Failure(`${file} is not a kubeconfig: ${z.prettifyError(parsed.error)}`, undefined, exitCodes.usage)
}

async function readBounded(file: string): Promise<Buffer> {
  try {
    const bytes = await readFile(file)
    if (bytes.length > maxBytes) throw new Error(`it is larger than ${maxBytes / 1024 / 1024} MiB`)
    return bytes
  } catch (error) {
    throw new Failure(
      `cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`,
      undefined,
      exitCodes.usage,
    )
  }
}
