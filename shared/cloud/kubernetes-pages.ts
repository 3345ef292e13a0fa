import { CloudError } from './compute-port.ts'
import type { KubernetesApis } from './kubernetes-caller.ts'

/** Objects that are asked for at once. */
export const pageSize = 500

/** 10,000 objects of a kind. */
const maxPages = 20

/** All items or none: a page that fails, or pages without an end, throw. */
export async function readPages<T>(
  what: string,
  read: (next: string | undefined) => Promise<{ items: T[]; metadata: { continue?: string } }>,
): Promise<T[]> {
  const found: T[] = []
  let next: string | undefined
  for (let pages = 0; pages < maxPages; pages++) {
    const { items, metadata } = await whole(read(next))
    found.push(...items)
    if (!metadata.continue) return found
    next = metadata.continue
  }
  throw new CloudError(502, 'endless', `${what}: the list had not ended after ${maxPages} pages of ${pageSize}`)
}

/** Arguments of the vendor's lists, which differ in their order: here of a kind without namespaces. */
export function pageAt(next: string | undefined): Parameters<KubernetesApis['core']['listNode']> {
  const unset = undefined
  return [unset, unset, next, unset, unset, pageSize]
}

/** The same of a kind of all namespaces. */
export function pageOfAll(next: string | undefined): Parameters<KubernetesApis['core']['listServiceForAllNamespaces']> {
  const unset = undefined
  return [unset, next, unset, unset, pageSize]
}

/** The server forgets where a long list stood after some minutes (410 Expired): that is no fault of ours, and passes. */
async function whole<T>(page: Promise<T>): Promise<T> {
  try {
    return await page
  } catch (error) {
    if (error instanceof CloudError && error.status === 410) throw new CloudError(503, error.reason, error.message)
    throw error
  }
}
