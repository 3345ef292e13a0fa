import { Command, InvalidArgumentError } from 'commander'

/** What `npm start -- …` takes (DESIGN section 8). */
export interface Options {
  /** Converge, print a summary, exit 0, or 1 with what failed. */
  once: boolean
  /** Publish nothing. */
  empty: boolean
  /** The manifest to publish. */
  ingress: string
  clusters: number
  operationDelayMs: number
  requestDelayMs: number
  /** Divides the times of health checks. */
  healthScale: number
  /** On the official emulators of Pub/Sub and Firestore. */
  emulators: boolean
  /** First port of a block; 0 = any free ones. */
  port: number
}

/** Reads the command line; prints help or what is wrong and exits by itself. */
export function readOptions(argv: readonly string[]): Options {
  const program = new Command('npm start --')
    .description(
      'Google Cloud on this machine: simulated Compute, clusters and Pub/Sub, with the real functions between them',
    )
    .option('--once', 'converge, print a summary and exit: 0, or 1 with what failed', false)
    .option('--empty', 'publish nothing', false)
    .option('--ingress <file>', 'the manifest to publish', 'examples/zone-printer/ingress.yaml')
    .option('--clusters <n>', 'how many simulated clusters', whole(1, 20), 3)
    .option('--operation-delay <ms>', "how long Compute's operations take", whole(0, 600_000), 1_000)
    .option('--request-delay <ms>', 'how long every API request takes', whole(0, 60_000), 20)
    .option('--health-scale <f>', 'how many times faster health checks run', positive, 5)
    .option('--emulators', "on the gcloud SDK's Pub/Sub and Firestore emulators", false)
    .option('--port <n>', 'first port of a block of ports; 0 = any', whole(0, 65_000), 0)
    .parse([...argv], { from: 'user' })
  const { operationDelay, requestDelay, ...rest } = program.opts<
    Omit<Options, 'operationDelayMs' | 'requestDelayMs'> & { operationDelay: number; requestDelay: number }
  >()
  return { ...rest, operationDelayMs: operationDelay, requestDelayMs: requestDelay }
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`a whole number from ${least} to ${most}, please.`)
    return value
  }
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 1_000)) throw new InvalidArgumentError('a number above 0, at most 1000, please.')
  return value
}
