/** The simulated Compute Engine API alone, empty: `npm run compute-simulator -- --port N`. */
import { parseArgs } from 'node:util'
import { createCompute, serveCompute } from './compute/index.ts'
import { seededRandom, wallClock } from './world.ts'

const usage = 'Usage: npm run compute-simulator -- --port N [--operation-delay MS] [--request-delay MS] [--strict]'

function number(text: string | undefined, option: string, fallback: number, highest: number): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > highest) {
    throw new Error(`--${option} takes a whole number from 0 to ${highest}, not «${text}».`)
  }
  return value
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      'operation-delay': { type: 'string' },
      'request-delay': { type: 'string' },
      strict: { type: 'boolean', default: false },
    },
  })
  const hour = 3_600_000
  const compute = createCompute({
    clock: wallClock,
    random: seededRandom(Date.now()),
    operationDelayMs: number(values['operation-delay'], 'operation-delay', 1000, hour),
    requestDelayMs: number(values['request-delay'], 'request-delay', 0, hour),
    strict: values.strict,
  })
  const served = await serveCompute(compute, number(values.port, 'port', 0, 65_535))
  // Before the first line is printed: who reads it may end the process at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void served.close().then(() => process.exit(0)))
  }
  console.log(`The simulated Compute Engine API answers on ${served.url}/compute/v1/ (any project id works).`)
  console.log('Try it with gcloud:')
  console.log(
    `  CLOUDSDK_AUTH_ACCESS_TOKEN=x CLOUDSDK_CORE_PROJECT=playground CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE=${served.url}/compute/v1/ gcloud compute backend-services list`,
  )
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error))
  console.error(usage)
  process.exitCode = 1
})
