import type { Request, Response } from '@google-cloud/functions-framework'
import type { Deps } from '../shared/engine/deps.ts'
import { dashboardPage, etagOf } from './dashboard.ts'
import { answer, type Answer, type Query } from './status.ts'
import type { StatusDeps } from './status-watch.ts'

/**
 * Nothing but our own files, and no script or style inside of a page: what a name or a message holds stays text. The
 * dashboard writes text nodes only, which `require-trusted-types-for` makes the browser insist on.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const headers: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
}

/** The HTTP function `status`: the JSON API and the dashboard, with ETags, for reading only. */
export async function respond(
  deps: StatusDeps & Pick<Deps, 'log'>,
  request: Request,
  response: Response,
): Promise<void> {
  response.set(headers)
  const path = request.path === '' ? '/' : request.path
  const reads = request.method === 'GET' || request.method === 'HEAD'
  const page = reads ? dashboardPage(path) : undefined
  if (page !== undefined) {
    // Asked again each time, and answered with 304: a new version is seen at once.
    send(request, response.set('cache-control', 'no-cache'), 200, page.type, page.body, page.etag)
    return
  }
  if (!reads) response.set('allow', 'GET, HEAD')
  const { status, body } = await answered(deps, request.method, path, queryOf(request))
  const text = JSON.stringify(body)
  send(
    request,
    response.set('cache-control', 'no-store'),
    status,
    'application/json; charset=utf-8',
    text,
    etagOf(text),
  )
}

/** What fails here is the state that cannot be read; how is for the log. */
async function answered(
  deps: StatusDeps & Pick<Deps, 'log'>,
  method: string,
  path: string,
  query: Query,
): Promise<Answer> {
  try {
    return await answer(deps, method, path, query)
  } catch (error) {
    deps.log.error({ path, err: error }, 'status not read')
    return { status: 503, body: { error: { code: 503, message: 'the state cannot be read now: try again' } } }
  }
}

function send(request: Request, response: Response, status: number, type: string, body: string, etag: string): void {
  response.set('etag', etag)
  const known = (request.get('if-none-match') ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''))
  if (status === 200 && known.includes(etag)) {
    response.status(304).end()
    return
  }
  response.status(status).set('content-type', type)
  if (request.method === 'HEAD') response.set('content-length', String(Buffer.byteLength(body))).end()
  else response.end(body)
}

function queryOf(request: Request): Query {
  const { searchParams } = new URL(request.originalUrl, 'http://localhost')
  return { after: searchParams.get('after') ?? undefined, limit: searchParams.get('limit') ?? undefined }
}
