import type { PathModel } from './model.ts'
import { quote } from './report.ts'

/** Our own bound; what a URL map takes at most is not checked against the real service. */
const maxPathLength = 1024

/** A path as the model carries it, or the sentence that says why it cannot be served. */
export type CheckedPath = { path: string; warning: string | null; problem: null } | { problem: string }

/**
 * Reads a path by its type. Exact and Prefix obey Kubernetes' own rules (its API server refuses `//`, `/./`, `/../`,
 * `%2f`, and `/.` or `/..` at the end). ImplementationSpecific is taken as a URL map takes a path rule, letter by
 * letter: '*' only at the end after a '/', no '?' and no '#' (Compute API, PathRule.paths); absent or empty is '/*'
 * (ingress-gce and kubemci).
 */
export function checkPath(type: PathModel['type'], given: string | undefined): CheckedPath {
  const path = given ?? ''
  const no = (why: string): CheckedPath => ({ problem: `The path ${quote(path)} ${why}` })
  if (path === '') {
    return type === 'ImplementationSpecific'
      ? { path: '/*', warning: null, problem: null }
      : no(`is empty; a path of type ${type} begins with '/'.`)
  }
  if (path.length > maxPathLength) return no(`is longer than ${maxPathLength} characters.`)
  if (!path.startsWith('/')) return no("does not begin with '/'; write it from the root of the host.")
  if (/[^!-~]/.test(path))
    return no('holds a space, a control character or a letter outside ASCII; write it percent-encoded.')
  const mark = path.includes('?') ? '?' : path.includes('#') ? '#' : null
  if (mark !== null)
    return no(`holds '${mark}'; the load balancer matches only what stands before it, so leave it and the rest out.`)
  switch (type) {
    case 'Exact':
      if (path.includes('*'))
        return no("holds '*'; an Exact path matches letter by letter, so choose type Prefix to match more.")
      return checkSegments(path)
    case 'Prefix':
      if (path.includes('*'))
        return no("holds '*'; type Prefix matches everything below the path already, so leave '*' out.")
      return checkSegments(path)
    case 'ImplementationSpecific': {
      const star = path.indexOf('*')
      if (star !== -1 && (star !== path.length - 1 || !path.endsWith('/*')))
        return no(
          "has a '*' in a place where a URL map takes none; it may only stand at the end after a '/', and regular expressions are not known.",
        )
      return { path, warning: specificWarning(path), problem: null }
    }
    default:
      return type satisfies never
  }
}

function checkSegments(path: string): CheckedPath {
  const sequence = ['//', '/./', '/../', '%2f', '%2F'].find((part) => path.includes(part))
  const suffix = ['/.', '/..'].find((part) => path.endsWith(part))
  const found = sequence ?? suffix
  if (found !== undefined)
    return {
      problem: `The path ${quote(path)} holds ${quote(found)}, which Kubernetes refuses; write the path without it.`,
    }
  return { path, warning: null, problem: null }
}

function specificWarning(path: string): string | null {
  if (path === '/')
    return 'The path "/" of type ImplementationSpecific matches the root alone; write "/*", or type Prefix, to match everything.'
  if (/\/\/|\/\.\.?(\/|$)|%2f/i.test(path))
    return `The path ${quote(path)} goes to the URL map as it is written; a request whose path is cleaned up before it arrives never matches it.`
  return null
}

/** What two paths of one type have in common when they match the same requests: Prefix /foo and /foo/ are one. */
export function pathKey(path: Pick<PathModel, 'type' | 'path'>): string {
  const trimmed = path.type === 'Prefix' && path.path !== '/' ? path.path.replace(/\/$/, '') : path.path
  return `${path.type} ${trimmed}`
}
