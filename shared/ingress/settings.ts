import { canonical } from '../json.ts'
import { knownAnnotations, ownPrefix, type AnnotationRow } from './annotations.ts'
import { nearest } from './edit-distance.ts'
import type { IngressSettings } from './model.ts'
import { quote, type Report } from './report.ts'

const byKey: ReadonlyMap<string, AnnotationRow> = new Map(knownAnnotations.map((row) => [row.key, row]))

/** The two kinds of objects that ask for a load balancer; some annotations are read on one of them only. */
export type IngressForm = 'Ingress' | 'MultiClusterIngress'

/** What holds when no annotation says anything. */
export const defaultSettings: Readonly<IngressSettings> = {
  loadBalancer: null,
  clusters: null,
  clusterSelector: null,
  force: false,
  mode: 'reconcile',
  scheme: null,
  ipVersions: ['IPV4'],
  onDelete: 'delete',
  backends: 'auto',
  staticIp: null,
  allowHttp: true,
  preSharedCerts: [],
  managedCertificates: [],
  managedCertificateNames: [],
  frontendConfig: null,
}

/**
 * Reads every annotation of an Ingress into its settings, and reports every wrong, misplaced or misspelt one. Annotations
 * of others are no concern of ours. `kept` is what the Ingress objects in the clusters shall carry: all but the reports
 * of controllers, which would overwrite the living ones.
 */
export function readSettings(
  annotations: Readonly<Record<string, string>>,
  where: string,
  report: Report,
  form: IngressForm = 'Ingress',
): { settings: IngressSettings; kept: Record<string, string> } {
  const settings: IngressSettings = structuredClone(defaultSettings)
  const kept: [string, string][] = []
  const selectors: string[] = []
  // Sorted, so that neither the settings nor the order of the problems depends on the order of the manifest.
  for (const [key, text] of Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const at = `${where}[${quote(key)}]`
    const row = byKey.get(key)
    if (row === undefined) {
      warnOfSpelling(key, at, report)
      kept.push([key, text])
      continue
    }
    const what = form === 'MultiClusterIngress' && row.multiCluster !== undefined ? row.multiCluster : row.what
    switch (what.use) {
      case 'setting': {
        const value = what.read(text)
        if (!value.ok) for (const problem of value.problems) report.problem(at, problem)
        else {
          if (value.warning !== undefined) report.warn(at, value.warning)
          if (value.set.clusterSelector) selectors.push(canonical(value.set.clusterSelector))
          Object.assign(settings, value.set)
        }
        kept.push([key, text])
        break
      }
      case 'output':
        break
      case 'elsewhere':
        report.warn(at, what.hint)
        kept.push([key, text])
        break
      case 'refused':
        report.problem(at, what.hint)
        break
      case 'class':
      case 'passed':
        kept.push([key, text])
        break
      default:
        what satisfies never
    }
  }
  if (new Set(selectors).size > 1)
    report.problem(where, 'Two annotations give different cluster selectors; keep one of them.')
  if (settings.clusters !== null && settings.clusterSelector !== null)
    report.problem(
      where,
      'Both a list of clusters and a cluster selector are given; keep one of them, since each says which clusters serve.',
    )
  return { settings, kept: Object.fromEntries(kept) }
}

/** Longer keys than this are nobody's misspelling of ours. */
const longestKey = Math.max(...knownAnnotations.map((row) => row.key.length)) + 2

function warnOfSpelling(key: string, where: string, report: Report): void {
  const meant = key.length > longestKey ? undefined : nearest(key, byKey.keys(), 2)
  if (meant !== undefined)
    report.warn(where, `This annotation is not known and does nothing here; did you mean ${meant}?`)
  else if (key.startsWith(ownPrefix)) {
    const own = [...byKey.keys()]
      .filter((known) => known.startsWith(ownPrefix))
      .map((known) => known.slice(ownPrefix.length))
    report.warn(where, `This annotation is not known and does nothing; with this prefix there are ${own.join(', ')}.`)
  }
}
