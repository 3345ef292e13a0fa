import { badRequest, unknownPath } from '../api-error.ts'
import { findKind, namespaces, type Kind } from '../kinds.ts'

/** What a path under /api or /apis names. */
export interface Target {
  readonly kind: Kind
  /** Undefined for cluster-wide kinds, and for lists over all namespaces. */
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly subresource: '' | 'status' | 'scale'
}

const maxPath = 4096

/** Reads a path. Throws 404 when no kind is served there, 400 when it is not a path. */
export function targetOf(path: string): Target {
  const [root, ...rest] = partsOf(path)
  const [group, version, tail] =
    root === 'api' ? ['', rest[0] ?? '', rest.slice(1)] : [rest[0] ?? '', rest[1] ?? '', rest.slice(2)]
  if (root !== 'api' && root !== 'apis') throw unknownPath()
  const scoped =
    tail[0] === 'namespaces' && tail[1] !== undefined && tail[2] !== undefined && !isNamespaceSubresource(group, tail)
  const namespace = scoped ? tail[1] : undefined
  const [plural = '', name, subresource = '', ...beyond] = scoped ? tail.slice(2) : tail
  const kind = findKind(group, version, plural)
  if (kind === undefined || beyond.length > 0) throw unknownPath()
  if (kind.namespaced !== scoped && (kind.namespaced ? name !== undefined : true)) throw unknownPath()
  if (!isSubresource(kind, subresource)) throw unknownPath()
  return { kind, namespace, name, subresource }
}

function isNamespaceSubresource(group: string, tail: readonly string[]): boolean {
  return group === '' && tail.length === 3 && tail[2] === 'status' && namespaces.status
}

function isSubresource(kind: Kind, name: string): name is Target['subresource'] {
  return name === '' || (name === 'status' && kind.status) || (name === 'scale' && kind.scale)
}

/** The decoded parts of a path. Throws 400 when it is too long or badly encoded. */
export function partsOf(path: string): string[] {
  if (path.length > maxPath) throw badRequest(`the path is longer than ${maxPath} characters`)
  try {
    return path
      .split('/')
      .filter((part) => part !== '')
      .map((part) => (part.includes('%') ? decodeURIComponent(part) : part))
  } catch {
    throw badRequest('the path is not percent-encoded as it should be')
  }
}
