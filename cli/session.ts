import { setTimeout as sleep } from 'node:timers/promises'
import type { Credentials } from '../shared/cloud/credentials.ts'
import type { Letter } from '../shared/cloud/bus-port.ts'
import type { Publisher } from '../shared/cloud/pubsub.ts'
import { Failure, type ExitCode } from './exit-codes.ts'
import { identityOf, type IdentityFlags } from './identity.ts'
import { createStdin } from './stdin.ts'
import { createStatusReader, type StatusReader } from './status-reader.ts'
import { findTarget, type Target, type TargetFlags } from './target.ts'
import { createTerminal, type OutputFormat, type Terminal } from './terminal.ts'

/** Flags that every command takes. */
export interface CommonFlags extends TargetFlags, IdentityFlags {
  output: OutputFormat
}

/** What a command works with. Nothing is loaded, asked for or opened before its first use. */
export interface Session {
  terminal: Terminal
  env: Readonly<Record<string, string | undefined>>
  target: Target
  identity: () => Promise<Credentials>
  status: StatusReader
  /** Publishes one message and answers its id. Throws Failure. */
  publish(letter: Letter): Promise<string>
  readStdin: (what: string) => Promise<string>
  /** Milliseconds since the epoch. */
  now(): number
  sleep(ms: number): Promise<void>
}

/** Opens a session, runs a command in it and closes everything, so that the process can end by itself. */
export async function withSession(
  flags: CommonFlags,
  work: (session: Session) => Promise<ExitCode>,
): Promise<ExitCode> {
  const env = process.env
  const target = findTarget(flags, env, process.cwd())
  const readStdin = createStdin()
  let credentials: Promise<Credentials> | undefined
  const identity = (): Promise<Credentials> =>
    (credentials ??= identityOf(flags, env, () => readStdin('the access token')))
  // A token that is refused must be refused before anything else happens.
  if (flags.accessToken !== undefined) await identity()
  const status = createStatusReader(target, identity)
  let publisher: Promise<Publisher> | undefined
  try {
    return await work({
      terminal: createTerminal(flags.output, env),
      env,
      target,
      identity,
      status,
      async publish(letter) {
        try {
          return await (await (publisher ??= openPublisher(target, identity))).publish(letter)
        } catch (error) {
          throw new Failure(
            `nothing was changed: ${error instanceof Error ? error.message : String(error)}`,
            target.is === 'playground'
              ? 'Is the playground running? Start it with npm start.'
              : `Check that you may publish to topic ${target.topicPrefix}${letter.topic} of ${target.describe} (gcloud auth application-default login).`,
          )
        }
      },
      readStdin,
      now: () => Date.now(),
      sleep: (ms) => sleep(ms),
    })
  } finally {
    await Promise.allSettled([status.close(), publisher?.then((one) => one.close())])
  }
}

async function openPublisher(target: Target, identity: () => Promise<Credentials>): Promise<Publisher> {
  const { createPublisher } = await import('../shared/cloud/pubsub.ts')
  return createPublisher({
    projectId: target.project,
    topicPrefix: target.topicPrefix,
    timeoutMs: 15_000,
    auth: async () => (await identity()).authClient(),
    ...(target.pubsubHost === undefined ? {} : { emulatorHost: target.pubsubHost }),
  })
}
