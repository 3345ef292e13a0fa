import type { Firewall } from '../../shared/cloud/compute-resources.ts'
import { lastPart } from '../../shared/planning/names.ts'

/** The gcloud command that does to a firewall rule what we would do, whole, so that what comes of it is as wanted. */
export function firewallCommand(
  verb: 'create' | 'update' | 'delete',
  project: string,
  name: string,
  want: Partial<Firewall>,
): string {
  const protocols = (want.allowed ?? []).flatMap(({ IPProtocol = '', ports = [] }) =>
    ports.length === 0 ? [IPProtocol] : ports.map((port) => `${IPProtocol}:${port}`),
  )
  const flags: [string, string | undefined][] = [
    ['project', project],
    // Neither can be changed.
    ['network', verb === 'create' ? lastPart(want.network ?? '') : undefined],
    ['direction', verb === 'create' ? want.direction : undefined],
    ['description', want.description],
    ['allow', protocols.join(',') || undefined],
    ['source-ranges', want.sourceRanges?.join(',')],
    ['target-tags', want.targetTags?.join(',')],
  ]
  return [
    `gcloud compute firewall-rules ${verb} ${name}`,
    ...flags.flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}=${quoted(value)}`])),
  ].join(' ')
}

/** For a shell. */
function quoted(value: string): string {
  return /^[\w.,:/-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`
}
