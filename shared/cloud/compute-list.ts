import { z } from 'zod'
import type { ComputeCaller } from './compute-caller.ts'
import { collections } from './compute-clients.ts'
import { CloudError, type ComputeCollection } from './compute-port.ts'

const pageSize = 500

/** 100,000 resources: more is not a project that this program serves, or a server that never ends its list. */
const maxPages = 200

/** What is asked for. */
export interface ListRequest {
  collection: ComputeCollection
  project: string
  zone?: string
  filter?: string
}

const warning = z.object({ code: z.string().nullish(), message: z.string().nullish() }).nullish()
const page = z.object({ nextPageToken: z.string().nullish(), warning, unreachables: z.array(z.string()).nullish() })
const scope = z.looseObject({ warning })

/**
 * Every resource of a collection, complete or not at all: a page that fails, a scope that could not be reached and a list
 * without an end all throw CloudError. The client library's own iterator ends quietly after ten empty pages, so the
 * pages are counted here.
 */
export async function readList(
  call: ComputeCaller,
  { collection, project, zone, filter }: ListRequest,
): Promise<unknown[]> {
  const source = collections[collection]
  const allZones = source.zonal && zone === undefined
  const what = `list ${collection} of project ${project}${zone === undefined ? '' : ` in ${zone}`}`
  const found: unknown[] = []
  let pageToken: string | undefined
  for (let pages = 0; pages < maxPages; pages++) {
    const request = {
      project,
      maxResults: pageSize,
      ...(zone === undefined ? {} : { zone }),
      ...(filter === undefined ? {} : { filter }),
      ...(pageToken === undefined ? {} : { pageToken }),
    }
    const [items, , message] = await call({
      what,
      source,
      method: allZones ? 'aggregatedList' : 'list',
      request,
      reads: true,
    })
    const { nextPageToken, warning: partial, unreachables } = page.parse(message)
    refusePartial(what, partial)
    if (unreachables?.[0] !== undefined) throw unreachable(what, unreachables.join(', '))
    found.push(...(allZones ? zonalItems(what, collection, items) : z.array(z.unknown()).parse(items)))
    if (!nextPageToken) return found
    pageToken = nextPageToken
  }
  throw new CloudError(502, 'endless', `${what}: the list had not ended after ${maxPages} pages of ${pageSize}`)
}

/** Members of the `zones/` scopes; an aggregated list also holds regional and global resources of the same type. */
function zonalItems(what: string, collection: ComputeCollection, items: unknown): unknown[] {
  const scopes = Object.entries(z.record(z.string(), scope).parse(items))
  return scopes
    .filter(([name]) => name.startsWith('zones/'))
    .flatMap(([name, scoped]) => {
      refusePartial(`${what}, ${name}`, scoped.warning)
      return z.array(z.unknown()).parse(scoped[collection] ?? [])
    })
}

/** An empty scope says NO_RESULTS_ON_PAGE; any other warning on a list means that something may be missing from it. */
function refusePartial(what: string, partial: z.infer<typeof warning>): void {
  if (partial?.code && partial.code !== 'NO_RESULTS_ON_PAGE')
    throw unreachable(what, `${partial.code} ${partial.message ?? ''}`.trim())
}

function unreachable(what: string, why: string): CloudError {
  return new CloudError(503, 'incomplete', `${what}: the list is not complete: ${why}`)
}
