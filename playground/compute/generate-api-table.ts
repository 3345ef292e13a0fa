/**
 * Makes api-table.json: the routes and request shapes of the collections that the simulator serves, taken from the protos
 * that @google-cloud/compute ships. The protos are 16 MB; the table is small enough to be read at start.
 *
 * Run: node playground/compute/generate-api-table.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Services, and which of their methods; a method that is absent here answers 404 like any unknown route. */
const crud = ['get', 'list', 'aggregatedList', 'insert', 'patch', 'update', 'delete'] as const
const served: Readonly<Record<string, readonly string[]>> = {
  Addresses: [...crud, 'setLabels'],
  GlobalAddresses: [...crud, 'setLabels'],
  BackendBuckets: crud,
  BackendServices: [
    ...crud,
    'getHealth',
    'setSecurityPolicy',
    'setEdgeSecurityPolicy',
    'addSignedUrlKey',
    'deleteSignedUrlKey',
  ],
  RegionBackendServices: crud,
  Firewalls: crud,
  ForwardingRules: [...crud, 'setLabels', 'setTarget'],
  GlobalForwardingRules: [...crud, 'setLabels', 'setTarget'],
  HealthChecks: crud,
  RegionHealthChecks: crud,
  InstanceGroups: [...crud, 'setNamedPorts', 'addInstances', 'removeInstances', 'listInstances'],
  // Listed by gcloud beside the groups: there are none.
  InstanceGroupManagers: ['get', 'list', 'aggregatedList'],
  Instances: [...crud, 'setTags', 'setLabels'],
  Networks: crud,
  Subnetworks: crud,
  NetworkEndpointGroups: [...crud, 'attachNetworkEndpoints', 'detachNetworkEndpoints', 'listNetworkEndpoints'],
  SecurityPolicies: [...crud, 'addRule', 'patchRule', 'removeRule', 'getRule', 'setLabels'],
  RegionSecurityPolicies: [...crud, 'addRule', 'patchRule', 'removeRule', 'getRule', 'setLabels'],
  SslCertificates: crud,
  RegionSslCertificates: crud,
  SslPolicies: crud,
  TargetHttpProxies: [...crud, 'setUrlMap'],
  TargetHttpsProxies: [
    ...crud,
    'setUrlMap',
    'setSslCertificates',
    'setSslPolicy',
    'setQuicOverride',
    'setCertificateMap',
  ],
  RegionTargetHttpsProxies: [...crud, 'setUrlMap', 'setSslCertificates'],
  TargetTcpProxies: [...crud, 'setBackendService', 'setProxyHeader'],
  RegionTargetTcpProxies: crud,
  UrlMaps: [...crud, 'validate', 'invalidateCache'],
  RegionUrlMaps: [...crud, 'validate'],
  Zones: crud,
  Regions: crud,
  Projects: ['get'],
  GlobalOperations: ['get', 'list', 'aggregatedList', 'wait', 'delete'],
  ZoneOperations: ['get', 'list', 'wait', 'delete'],
  RegionOperations: ['get', 'list', 'wait', 'delete'],
}

interface ProtoField {
  type: string
  rule?: string
  keyType?: string
}
interface ProtoEntry {
  fields?: Record<string, ProtoField>
  values?: Record<string, number>
  nested?: Record<string, ProtoEntry>
  methods?: Record<string, { requestType: string; responseType: string; options?: Record<string, string> }>
}

/** One route: verb, path below `/compute/v1/`, service, method, body message or null, operation scope or null. */
export type RouteRow = readonly [string, string, string, string, string | null, 'global' | 'regions' | 'zones' | null]

/**
 * Field codes: s text, i 32-bit integer, l 64-bit integer (text on the wire), n number, b boolean, `@N` message N's name,
 * `eN` enum N; prefix `[` list, `{` map from text; prefix `!` output only (ignored in requests).
 */
export interface ApiTable {
  routes: readonly RouteRow[]
  messages: Readonly<Record<string, Readonly<Record<string, string>>>>
  enums: readonly (readonly string[])[]
}

const scalars: Readonly<Record<string, string>> = {
  string: 's',
  bytes: 's',
  int32: 'i',
  uint32: 'i',
  int64: 'l',
  uint64: 'l',
  fixed64: 'l',
  double: 'n',
  float: 'n',
  bool: 'b',
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** `[Output Only]` and the enum's name stand only in comments: message -> field -> comment. */
function readComments(proto: string): Map<string, Map<string, string>> {
  const comments = new Map<string, Map<string, string>>()
  const stack: string[] = []
  let comment = ''
  for (const line of proto.split('\n')) {
    const text = line.trim()
    if (text.startsWith('//')) {
      comment += text.slice(2)
      continue
    }
    const open = /^(message|enum|service|rpc|oneof) (\w+).*\{$/.exec(text)
    if (open?.[2] !== undefined) stack.push(open[2])
    else if (text.endsWith('{')) stack.push('')
    else if (text === '}') stack.pop()
    else {
      const field = /^(?:optional |repeated )?(?:map<.*>|[\w.]+) (\w+) = \d+/.exec(text)
      const message = stack.at(-1)
      if (field?.[1] !== undefined && message !== undefined) {
        const fields = comments.get(message) ?? new Map<string, string>()
        fields.set(field[1].replaceAll('_', '').toLowerCase(), comment)
        comments.set(message, fields)
      }
    }
    comment = ''
  }
  return comments
}

/** Builds the table from the two files of the package. */
export function buildTable(protosJson: string, protoText: string): ApiTable {
  const root = JSON.parse(protosJson) as ProtoEntry
  const entries = ['google', 'cloud', 'compute', 'v1'].reduce<ProtoEntry>((at, name) => at.nested?.[name] ?? {}, root)
  const all = entries.nested ?? {}
  const comments = readComments(protoText)
  const routes: RouteRow[] = []
  const messages: Record<string, Record<string, string>> = {}
  const enums: string[][] = []
  const enumIndex = new Map<string, number>()

  function enumCode(values: readonly string[]): string {
    const key = values.join(',')
    const known = enumIndex.get(key)
    if (known !== undefined) return `e${known}`
    enumIndex.set(key, enums.length)
    enums.push([...values])
    return `e${enums.length - 1}`
  }

  function addMessage(name: string): void {
    const entry = all[name]
    if (messages[name] !== undefined || entry?.fields === undefined) return
    const fields: Record<string, string> = {}
    messages[name] = fields
    for (const [field, spec] of Object.entries(entry.fields)) {
      const comment = comments.get(name)?.get(field.replaceAll('_', '').toLowerCase()) ?? ''
      const outputOnly = /^\s*(Output only\. )?\[?Output.Only[\].]/i.test(comment)
      const enumName = /Check the (\w+) enum for the list of possible values/.exec(comment)?.[1]
      const values = enumName === undefined ? undefined : (entry.nested?.[enumName] ?? all[enumName])?.values
      let code = scalars[spec.type]
      if (code === undefined) {
        if (all[spec.type]?.fields === undefined) code = 's'
        else {
          code = `@${spec.type}`
          if (!outputOnly) addMessage(spec.type)
        }
      } else if (values !== undefined)
        code = enumCode(Object.keys(values).filter((value) => !value.startsWith('UNDEFINED_')))
      fields[field] =
        (outputOnly ? '!' : '') + (spec.keyType !== undefined ? '{' : spec.rule === 'repeated' ? '[' : '') + code
    }
  }

  for (const [service, allowed] of Object.entries(served)) {
    for (const [name, method] of Object.entries(all[service]?.methods ?? {})) {
      const methodName = name.charAt(0).toLowerCase() + name.slice(1)
      if (!allowed.includes(methodName)) continue
      const options = method.options ?? {}
      const verb = ['get', 'post', 'put', 'patch', 'delete'].find(
        (v) => options[`(google.api.http).${v}`] !== undefined,
      )
      if (verb === undefined) continue
      const path = options[`(google.api.http).${verb}`] ?? ''
      const bodyField = options['(google.api.http).body']
      const body = bodyField === undefined ? null : (all[method.requestType]?.fields?.[camel(bodyField)]?.type ?? null)
      if (body !== null) addMessage(body)
      const operations = options['(google.cloud.operation_service)']
      routes.push([
        verb.toUpperCase(),
        path.replace('/compute/v1/', ''),
        service.charAt(0).toLowerCase() + service.slice(1),
        methodName,
        body,
        operations === undefined
          ? null
          : operations === 'ZoneOperations'
            ? 'zones'
            : operations === 'RegionOperations'
              ? 'regions'
              : 'global',
      ])
    }
  }
  return { routes, messages, enums }
}

/** The table's file content: one route or message a line, so that differences are readable. */
export function renderTable(table: ApiTable): string {
  const lines = (items: readonly string[]) => items.map((item) => `    ${item}`).join(',\n')
  return [
    '{',
    `  "routes": [\n${lines(table.routes.map((row) => JSON.stringify(row)))}\n  ],`,
    `  "messages": {\n${lines(Object.entries(table.messages).map(([name, fields]) => `${JSON.stringify(name)}: ${JSON.stringify(fields)}`))}\n  },`,
    `  "enums": [\n${lines(table.enums.map((values) => JSON.stringify(values)))}\n  ]`,
    '}\n',
  ].join('\n')
}

/** What api-table.json must hold for the installed version of the client. */
export function freshTable(): string {
  const protos = new URL('../../node_modules/@google-cloud/compute/build/protos/', import.meta.url)
  return renderTable(
    buildTable(
      readFileSync(new URL('protos.json', protos), 'utf8'),
      readFileSync(new URL('google/cloud/compute/v1/compute.proto', protos), 'utf8'),
    ),
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('api-table.json', import.meta.url), freshTable())
}
