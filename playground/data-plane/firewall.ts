import type { Firewall } from './resources.ts'

/** Where the load balancer's probes and requests come from. */
const LOAD_BALANCER_RANGES = ['130.211.0.0/22', '35.191.0.0/16'] as const

/** The machine that a packet is for. */
export interface Destination {
  /** projects/P/global/networks/N */
  network: string
  tags: readonly string[]
}

/**
 * Whether the load balancer reaches a TCP port: for each of its source ranges the rule with the lowest priority number
 * decides (deny before allow at the same one), and ingress that no rule mentions is denied.
 */
export function reachable(firewalls: Iterable<Firewall>, to: Destination, port: number): boolean {
  const rules = [...firewalls].filter((rule) => applies(rule, to))
  return LOAD_BALANCER_RANGES.every((range) => allowed(rules, range, port))
}

function allowed(rules: readonly Firewall[], source: string, port: number): boolean {
  let verdict: { priority: number; allow: boolean } | undefined
  for (const rule of rules) {
    if (!rule.sourceRanges.some((range) => contains(range, source))) continue
    const allow = matches(rule.allowed, port)
    const deny = matches(rule.denied, port)
    if (!allow && !deny) continue
    if (verdict === undefined || rule.priority < verdict.priority || (rule.priority === verdict.priority && deny))
      verdict = { priority: rule.priority, allow: !deny }
  }
  return verdict?.allow ?? false
}

/** Rules for service accounts match nothing here: simulated machines run as none. */
function applies(rule: Firewall, to: Destination): boolean {
  if (rule.disabled || rule.direction !== 'INGRESS' || rule.network !== to.network) return false
  if (rule.targetServiceAccounts.length > 0) return false
  return rule.targetTags.length === 0 || rule.targetTags.some((tag) => to.tags.includes(tag))
}

function matches(entries: Firewall['allowed'], port: number): boolean {
  return entries.some(({ IPProtocol, ports }) => {
    const protocol = IPProtocol.toLowerCase()
    if (protocol === 'all') return true
    if (protocol !== 'tcp' && protocol !== '6') return false
    return ports === undefined || ports.length === 0 || ports.some((range) => inRange(range, port))
  })
}

/** Whether `port` lies in "80" or "30000-32767". */
export function inRange(range: string, port: number): boolean {
  const [first = '', last = first] = range.split('-')
  return port >= Number(first) && port <= Number(last)
}

/** Whether the IPv4 range `outer` holds all of `inner`; an IPv6 range holds nothing that is IPv4. */
function contains(outer: string, inner: string): boolean {
  const a = parseRange(outer)
  const b = parseRange(inner)
  if (a === undefined || b === undefined || a.bits > b.bits) return false
  const shift = 2 ** (32 - a.bits)
  return Math.floor(a.address / shift) === Math.floor(b.address / shift)
}

function parseRange(range: string): { address: number; bits: number } | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(range)
  if (match === null) return undefined
  const [, a, b, c, d, bits = '32'] = match
  return { address: ((Number(a) * 256 + Number(b)) * 256 + Number(c)) * 256 + Number(d), bits: Number(bits) }
}
