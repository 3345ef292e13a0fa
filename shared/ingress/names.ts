import { quote } from './report.ts'

/**
 * The forms of names. Every check answers null when the name is good, else a whole sentence that says what is wrong and
 * what to write instead. Kubernetes' forms: apimachinery's validation (RFC 1123); Google's: the Compute API.
 */

const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const gceName = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const labelText = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/

/** A label of RFC 1123, up to 63 characters: namespaces and services. */
export function checkDnsLabel(what: string, name: string): string | null {
  if (name.length <= 63 && dnsLabel.test(name)) return null
  return `${what} ${quote(name)} is not valid: write up to 63 lower-case letters, digits and '-', beginning and ending with a letter or digit.`
}

/** A subdomain of RFC 1123, up to 253 characters: Ingresses and secrets. */
export function checkDnsSubdomain(what: string, name: string): string | null {
  if (name.length <= 253 && name.split('.').every((label) => dnsLabel.test(label))) return null
  return `${what} ${quote(name)} is not valid: write up to 253 lower-case letters, digits, '-' and '.', where every part between dots begins and ends with a letter or digit.`
}

/** What a Compute resource may be called: `[a-z]([-a-z0-9]*[a-z0-9])?`, up to 63 characters. Proposes a name near to it. */
export function checkGceName(what: string, name: string): string | null {
  if (name.length <= 63 && gceName.test(name)) return null
  const proposal = nearGceName(name)
  return (
    `${what} ${quote(name)} is not a name that Google Cloud takes: write up to 63 lower-case letters, digits and '-', ` +
    `beginning with a letter and not ending with '-'${proposal === '' ? '' : `, for example ${quote(proposal)}`}.`
  )
}

function nearGceName(name: string): string {
  return name
    .slice(0, 200)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 63)
    .replace(/-+$/, '')
}

/** The name under which a cluster is registered. Kubeconfig contexts such as `gke_project_zone_name` are good names. */
export function checkClusterName(name: string): string | null {
  if (name.length <= 128 && labelText.test(name)) return null
  return `The cluster name ${quote(name)} is not valid: write up to 128 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit.`
}

/** The key of a label or annotation: `[prefix/]name`, as Kubernetes' qualified names. */
export function checkQualifiedName(what: string, key: string): string | null {
  const [first = '', second, ...rest] = key.split('/')
  const prefix = second === undefined ? null : first
  const name = second ?? first
  const good =
    rest.length === 0 &&
    name.length <= 63 &&
    labelText.test(name) &&
    (prefix === null || checkDnsSubdomain('', prefix.toLowerCase()) === null)
  if (good) return null
  return `${what} ${quote(key)} is not valid: write a name of up to 63 letters, digits, '-', '_' and '.', with an optional DNS name and '/' before it.`
}

/** The value of a label; may be empty. */
export function checkLabelValue(what: string, value: string): string | null {
  if (value === '' || (value.length <= 63 && labelText.test(value))) return null
  return `${what} ${quote(value)} is not valid: write up to 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit, or nothing.`
}

/** The name of a Service's port (an IANA service name). */
export function checkPortName(name: string): string | null {
  if (/^\d+$/.test(name)) return `The port ${quote(name)} is text; write the number without quotes.`
  const good = name.length <= 15 && dnsLabel.test(name) && /[a-z]/.test(name) && !name.includes('--')
  return good
    ? null
    : `The port name ${quote(name)} is not valid: write up to 15 lower-case letters, digits and single '-', with at least one letter.`
}

/** The number of a port. */
export function checkPortNumber(port: number): string | null {
  return Number.isInteger(port) && port >= 1 && port <= 65535
    ? null
    : `The port ${port} is not valid: write a whole number from 1 to 65535.`
}
