/**
 * The identity of one reconciled resource: `kind/scope.../name`, the same on every run and in every function, because
 * every name is deterministic. It is also the Firestore document id, once its slashes are escaped.
 */
export type ResourceId = string & { readonly __brand: 'ResourceId' }

/** Builds an id from a kind and the path below it; parts must not be empty or hold a slash. */
export function resourceId(kind: string, ...path: readonly string[]): ResourceId {
  for (const part of path) {
    if (part === '' || part.includes('/'))
      throw new Error(`not a part of a resource id: "${part}" in ${kind}/${path.join('/')}`)
  }
  return [kind, ...path].join('/') as ResourceId
}

/** Takes an id from outside (a message, a query); undefined when it has not the form of one. */
export function parseResourceId(text: string): ResourceId | undefined {
  return text.length <= 400 && /^[a-z][a-z0-9-]*(\/[^/\s]+)+$/.test(text) ? (text as ResourceId) : undefined
}

/** What one sweep looks at together: the resources of a kind in one project, or in one cluster. */
export function scopeOf(id: ResourceId): string {
  return id.split('/', 2).join('/')
}

/** The kind and the path that an id was built from. */
export function splitResourceId(id: ResourceId): { kind: string; path: string[] } {
  const [kind = '', ...path] = id.split('/')
  return { kind, path }
}
