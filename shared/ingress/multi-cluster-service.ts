import { z } from 'zod'
import { backendConfigAnnotations, readConfigRefs } from './config-refs.ts'
import { nearest } from './edit-distance.ts'
import { isMapping, listOf, readFields, readTextMap, text } from './fields.ts'
import { checkLabelValue, checkPortName, checkPortNumber, checkQualifiedName } from './names.ts'
import { quote, type Report } from './report.ts'

/** A MultiClusterService (networking.gke.io/v1): a Service that clusters are to have, and which of them. */
export interface MultiClusterServiceModel {
  selector: Record<string, string>
  ports: { name: string; port: number; targetPort: number | string; protocol: 'TCP' }[]
  /** `LOCATION/CLUSTER`, sorted; null = every cluster that the MultiClusterIngress has. */
  clusters: string[] | null
  /** What the Services in the clusters carry, under the names by which they are read there. */
  annotations: Record<string, string>
}

/** Our own bounds. */
const maxPorts = 100
const maxLinks = 200
const maxLabels = 50

/** Read off the Services as they are. */
const passed = ['networking.gke.io/max-rate-per-endpoint', 'networking.gke.io/capacity-scaler']

const appProtocols = 'networking.gke.io/app-protocols'
/** The name under which a Service has it. */
const gkeProtocols = 'cloud.google.com/app-protocols'

/** Reads the spec and the annotations that concern it. With a problem in the report the answer is not to be used. */
export function readMultiClusterService(
  value: unknown,
  annotations: Readonly<Record<string, string>>,
  where: string,
  report: Report,
): MultiClusterServiceModel {
  const at = `${where}spec.`
  const spec = readFields({ template: z.unknown(), clusters: listOf(maxLinks).optional() }, value, at, report)
  const template = readFields({ spec: z.unknown() }, spec?.template, `${at}template.`, report, { open: true })
  const service = readFields(
    { selector: z.unknown(), ports: listOf(maxPorts) },
    template?.spec,
    `${at}template.spec.`,
    report,
    { open: true },
  )
  const selector = readTextMap(
    service?.selector,
    maxLabels,
    `${at}template.spec.selector`,
    report,
    (key, label) => checkQualifiedName('The label', key) ?? checkLabelValue('The label value', label),
  )
  if (isMapping(template?.spec) && Object.keys(selector).length === 0)
    report.problem(
      `${at}template.spec.selector`,
      'Without a selector no pod would serve; write the labels of the pods.',
    )
  const ports = (service?.ports ?? []).flatMap((port, index) =>
    readPort(port, `${at}template.spec.ports[${index}].`, report),
  )
  if (service?.ports?.length === 0)
    report.problem(`${at}template.spec.ports`, 'The list of ports is empty; write at least one.')
  if (new Set(ports.map(({ port }) => port)).size < ports.length)
    report.problem(`${at}template.spec.ports`, 'A port is listed twice; keep one.')
  const links = (spec?.clusters ?? []).flatMap((link, index) => readLink(link, `${at}clusters[${index}].`, report))
  return {
    selector,
    ports,
    clusters: spec?.clusters === undefined ? null : [...new Set(links)].sort(),
    annotations: readAnnotations(annotations, `${where}metadata.annotations`, report),
  }
}

function readPort(value: unknown, where: string, report: Report): MultiClusterServiceModel['ports'] {
  const fields = readFields(
    {
      name: text.optional(),
      port: z.unknown(),
      targetPort: z.unknown(),
      protocol: text.optional(),
      appProtocol: z.unknown(),
    },
    value,
    where,
    report,
  )
  if (fields === null) return []
  const { name = '', port, targetPort = port, protocol = 'TCP' } = fields
  const wrong = [
    ['name', name === '' ? null : checkPortName(name)],
    ['port', typeof port === 'number' ? checkPortNumber(port) : 'The port must be a whole number.'],
    [
      'targetPort',
      typeof targetPort === 'number'
        ? checkPortNumber(targetPort)
        : typeof targetPort === 'string'
          ? checkPortName(targetPort)
          : 'The target port must be a whole number or a name in quotes.',
    ],
    ['protocol', protocol === 'TCP' ? null : `The protocol ${quote(protocol)} is not served; write TCP.`],
  ] as const
  const found = wrong.filter(([, problem]) => problem !== null)
  for (const [field, problem] of found) report.problem(`${where}${field}`, problem ?? '')
  return found.length > 0
    ? []
    : [{ name, port: port as number, targetPort: targetPort as number | string, protocol: 'TCP' }]
}

function readLink(value: unknown, where: string, report: Report): string[] {
  const link = readFields({ link: text }, value, where, report)?.link
  if (link === undefined) return []
  if (/^[a-z0-9-]{1,63}\/[a-z0-9-]{1,63}$/.test(link)) return [link]
  report.problem(`${where}link`, `${quote(link)} is not of the form LOCATION/CLUSTER, for example "us-west1-a/gke-1".`)
  return []
}

function readAnnotations(
  annotations: Readonly<Record<string, string>>,
  where: string,
  report: Report,
): MultiClusterServiceModel['annotations'] {
  const kept: Record<string, string> = {}
  const known = [...backendConfigAnnotations, appProtocols, gkeProtocols, ...passed]
  for (const key of Object.keys(annotations).sort()) {
    const meant = known.includes(key) || key.length > 80 ? undefined : nearest(key, known, 2)
    if (meant !== undefined)
      report.warn(
        `${where}[${quote(key)}]`,
        `This annotation is not known and does nothing here; did you mean ${meant}?`,
      )
  }
  const config = backendConfigAnnotations.find((key) => annotations[key] !== undefined)
  if (config !== undefined) {
    const refs = readConfigRefs(annotations[config] ?? '')
    if (typeof refs === 'string') report.problem(`${where}["${config}"]`, `The annotation ${refs}.`)
    kept['cloud.google.com/backend-config'] = annotations[config] ?? ''
  }
  const protocols = annotations[appProtocols] ?? annotations[gkeProtocols]
  if (protocols !== undefined) {
    if (!namesProtocols(protocols))
      report.problem(
        `${where}["${appProtocols}"]`,
        'The annotation must be JSON from the name of a port to HTTP, HTTPS or HTTP2.',
      )
    kept[gkeProtocols] = protocols
  }
  for (const key of passed) if (annotations[key] !== undefined) kept[key] = annotations[key]
  return kept
}

function namesProtocols(annotation: string): boolean {
  try {
    const parsed: unknown = JSON.parse(annotation)
    return isMapping(parsed) && Object.values(parsed).every((one) => ['HTTP', 'HTTPS', 'HTTP2'].includes(String(one)))
  } catch {
    return false
  }
}
