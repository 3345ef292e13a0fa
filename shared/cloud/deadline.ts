import { CloudError } from './compute-port.ts'

/**
 * Bounds work that cannot be cancelled: after `ms` milliseconds the caller goes on with `CloudError` 0, whatever the work
 * does later.
 */
export async function withDeadline<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new CloudError(0, 'timeout', `${what} did not answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
