import { quote } from './report.ts'

/** A host as a rule may name it, in lower case, or the sentence that says why it may not. */
export type CheckedHost = { host: string; wildcard: boolean; problem: null } | { problem: string }

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/**
 * Reads a host: a DNS name of RFC 1123, or `*.` and one. No IP address, no port, no letter outside ASCII: a look-alike
 * of another script would be another name than the one that a person reads.
 */
export function checkHost(text: string): CheckedHost {
  const no = (why: string): CheckedHost => ({ problem: `The host ${quote(text)} ${why}` })
  if (text.length > 253) return no('is longer than the 253 characters that a DNS name may have.')
  if (/[^!-~]/.test(text))
    return no(
      'holds a space or a character outside ASCII; write only ASCII letters, a name of another script in its Punycode form (xn--…).',
    )
  const host = text.toLowerCase()
  if (host === '*') return no('is no DNS name; leave host out to serve every host.')
  if (/^[a-z]+:\/\//.test(host)) return no('is a URL; write only its DNS name.')
  if (/^\[|^[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*$/.test(host)) return no('is an IP address; write a DNS name.')
  if (/:\d*$/.test(host)) return no('names a port; an Ingress serves ports 80 and 443, so write the name alone.')
  if (/^\d+(\.\d+)*$/.test(host)) return no('is a number or an IP address; write a DNS name.')
  if (host.endsWith('.')) return no("ends with a dot; leave the last '.' out.")
  const wildcard = host.startsWith('*.')
  const name = wildcard ? host.slice(2) : host
  if (name.includes('*')) return no("has a '*' that is not the whole first label; write *.example.com or a full name.")
  if (!name.split('.').every((part) => label.test(part)))
    return no(
      "is no DNS name: every part between dots is 1 to 63 letters, digits and '-', beginning and ending with a letter or digit.",
    )
  return { host, wildcard, problem: null }
}
