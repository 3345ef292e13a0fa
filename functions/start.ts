import { readConfig } from '../shared/config.ts'
import type { Deps } from '../shared/engine/deps.ts'
import { createLog } from './log.ts'

/**
 * What is wrong with a deployment is said when a function starts, in one line, and not by the first event. Without a
 * configuration that can be read the process ends: the platform then calls the new revision failed, and the old one goes on.
 */
export function checkConfiguration(): void {
  try {
    readConfig()
  } catch (error) {
    say(error)
    process.exit(1)
  }
}

/** Reads one document that need not be there: a missing database or permission says so now. */
export async function checkState(runtime: () => Deps): Promise<void> {
  try {
    await runtime().store.get('leases', 'start')
  } catch (error) {
    say(error)
  }
}

function say(error: unknown): void {
  const { GOOGLE_CLOUD_PROJECT: project = '', K_SERVICE: service = 'local' } = process.env
  const message = error instanceof Error ? error.message : String(error)
  createLog('info', { project, service }).fatal({}, message)
}
