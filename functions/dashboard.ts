import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** A file of the dashboard, ready to be sent. */
export interface Page {
  type: string
  body: string
  etag: string
}

/** The files of functions/dashboard that are served, and the only ones; the bundle carries the same. */
export const dashboardFiles = [
  'index.html',
  'dashboard.css',
  'icon.svg',
  'main.js',
  'api.js',
  'detail.js',
  'dom.js',
  'graph-layout.js',
  'graph.js',
  'list.js',
  'names.js',
  'overview.js',
  'sections.js',
  'traffic.js',
  'words.js',
] as const

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml; charset=utf-8',
}

const read = new Map<string, Page>()

/** The file at a path: the page at `/`, the others below `/assets`; undefined when there is none. Read once: it does not change while the process lives. */
export function dashboardPage(path: string): Page | undefined {
  const name = path === '/' ? 'index.html' : path.startsWith('/assets/') ? path.slice('/assets/'.length) : ''
  const file = dashboardFiles.find((candidate) => candidate === name)
  if (file === undefined) return undefined
  const page = read.get(file) ?? load(file)
  read.set(file, page)
  return page
}

function load(file: string): Page {
  const body = readFileSync(new URL(`./dashboard/${file}`, import.meta.url), 'utf8')
  return { type: types[file.slice(file.lastIndexOf('.') + 1)] ?? 'text/plain', body, etag: etagOf(body) }
}

/** A strong ETag of a body. */
export function etagOf(body: string): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`
}
