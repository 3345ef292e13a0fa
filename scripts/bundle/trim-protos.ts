/**
 * protobufjs' JSON of a `.proto` tree: a namespace, service, message or enum, told apart by what it has. Only what
 * trimming needs is named.
 */
export interface ProtoNode {
  nested?: Record<string, ProtoNode>
  methods?: Record<string, { requestType: string; responseType: string }>
  fields?: Record<string, ProtoField>
  values?: Record<string, number>
  /** Enums only; documentation. */
  comments?: unknown
  [more: string]: unknown
}

interface ProtoField {
  type: string
  keyType?: string
  extend?: string
}

/**
 * The tree with the named services (`google.pubsub.v1.Publisher`), every message and enum that they lead to, and nothing
 * else: what is left out is options for other languages' generators, other versions of an API, and what nobody calls.
 * Throws when a service or type is missing, so that a new version of a client library can't be trimmed wrongly in silence.
 */
export function trimProtos(root: ProtoNode, services: readonly string[]): ProtoNode {
  const kept = new Set<string>()
  const open: string[] = []
  const keep = (path: string): void => {
    if (kept.has(path)) return
    kept.add(path)
    open.push(path)
  }
  for (const service of services) {
    if (at(root, service)?.methods === undefined) throw new Error(`the protos have no service ${service}`)
    keep(service)
  }
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    for (const type of typesIn(at(root, path))) keep(resolve(root, path, type))
  }
  return copy(root, '', kept)
}

function copy(node: ProtoNode, path: string, kept: ReadonlySet<string>): ProtoNode {
  if (node.nested === undefined) return node
  const nested: Record<string, ProtoNode> = {}
  for (const [name, child] of Object.entries(node.nested)) {
    const childPath = path === '' ? name : `${path}.${name}`
    if (kept.has(childPath) || hasBelow(kept, childPath)) nested[name] = copy(child, childPath, kept)
  }
  return { ...node, nested }
}

function hasBelow(kept: ReadonlySet<string>, path: string): boolean {
  for (const one of kept) if (one.startsWith(`${path}.`)) return true
  return false
}

const scalars = new Set(
  'double float int32 uint32 sint32 fixed32 sfixed32 int64 uint64 sint64 fixed64 sfixed64 bool string bytes'.split(' '),
)

function typesIn(node: ProtoNode | undefined): string[] {
  const messages = Object.values(node?.methods ?? {}).flatMap(({ requestType, responseType }) => [
    requestType,
    responseType,
  ])
  const fields = Object.values(node?.fields ?? {}).map(({ type }) => type)
  return [...messages, ...fields].filter((type) => !scalars.has(type))
}

/** A type's full path: looked for in the scope that names it, then outwards, as protobuf does. */
function resolve(root: ProtoNode, from: string, type: string): string {
  if (type.startsWith('.')) return type.slice(1)
  const scope = from.split('.')
  for (let depth = scope.length; depth >= 0; depth -= 1) {
    const path = [...scope.slice(0, depth), type].join('.')
    if (at(root, path) !== undefined) return path
  }
  throw new Error(`the protos name ${type} in ${from}, and have no such type`)
}

function at(root: ProtoNode, path: string): ProtoNode | undefined {
  let node: ProtoNode | undefined = root
  for (const name of path.split('.')) node = node?.nested?.[name]
  return node
}
