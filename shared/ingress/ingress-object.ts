import { z } from 'zod'
import { ingressClass, maxCertificates } from './annotations.ts'
import { isMapping, listOf, readFields, text } from './fields.ts'
import { checkHost } from './hosts.ts'
import { backendRefs, type IngressModel, type IngressSettings } from './model.ts'
import { readMetadata } from './metadata.ts'
import { checkDnsSubdomain } from './names.ts'
import { quote, type Report } from './report.ts'
import { readBackend, readRules, rulesField, type IngressDialect } from './rules.ts'
import { readSettings, type IngressForm } from './settings.ts'

/** An Ingress as read; when the report has problems the model is not to be used. */
export interface ReadIngress {
  model: IngressModel
  source: { uid: string | null; generation: number | null }
}

/** Our own bound. */
const maxTlsHosts = 100
const classAnnotation = 'kubernetes.io/ingress.class'

/** Reads an Ingress object of one dialect. Every problem goes to the report. */
export function readIngress(value: unknown, dialect: IngressDialect, where: string, report: Report): ReadIngress {
  const top = readTop(value, where, report)
  return readParts(top, top?.spec, dialect, { where, specWhere: `${where}spec.`, form: 'Ingress' }, report)
}

/**
 * Reads a MultiClusterIngress: its template is an Ingress in the old shape, whose backends name MultiClusterServices. Which of
 * those are there is known only when it is accepted.
 */
export function readMultiClusterIngress(value: unknown, where: string, report: Report): ReadIngress {
  const top = readTop(value, where, report)
  const spec = readFields({ template: z.unknown() }, top?.spec, `${where}spec.`, report)
  const template = readFields(
    { metadata: z.unknown(), spec: z.unknown() },
    spec?.template,
    `${where}spec.template.`,
    report,
  )
  const place = { where, specWhere: `${where}spec.template.spec.`, form: 'MultiClusterIngress' } as const
  const { model, source } = readParts(top, template?.spec, 'beta', place, report)
  const services = Object.fromEntries(backendRefs(model).map(({ service }) => [service, null]))
  return { model: { ...model, services }, source }
}

function readTop(value: unknown, where: string, report: Report) {
  return readFields(
    { apiVersion: text, kind: text, metadata: z.unknown(), spec: z.unknown(), status: z.unknown() },
    value,
    where,
    report,
  )
}

function readParts(
  top: { metadata?: unknown } | null,
  specValue: unknown,
  dialect: IngressDialect,
  { where, specWhere, form }: { where: string; specWhere: string; form: IngressForm },
  report: Report,
): ReadIngress {
  const metadata = readMetadata(top?.metadata, `${where}metadata.`, report, 'The name of the Ingress')
  const { settings, kept } = readSettings(metadata.annotations, `${where}metadata.annotations`, report, form)
  const spec = readSpec(specValue, dialect, specWhere, report, settings)
  checkClass(metadata.annotations[classAnnotation], `${where}metadata.annotations["${classAnnotation}"]`, report)
  checkFrontEnds(settings, spec, where, report)
  return {
    model: {
      namespace: metadata.namespace,
      name: metadata.name,
      defaultBackend: spec.defaultBackend,
      rules: spec.rules,
      tls: spec.tls,
      settings,
      labels: metadata.labels,
      annotations: kept,
    },
    source: { uid: metadata.uid, generation: metadata.generation },
  }
}

type ReadSpec = Pick<IngressModel, 'defaultBackend' | 'rules' | 'tls'> & {
  /** False when the default backend is there and wrong; then nothing is concluded from its absence in the model. */
  knowsDefault: boolean
  /** TLS entries, also those that name no secret. */
  tlsEntries: number
}

function readSpec(
  value: unknown,
  dialect: IngressDialect,
  where: string,
  report: Report,
  settings: IngressSettings,
): ReadSpec {
  const common = { ingressClassName: text.optional(), rules: rulesField, tls: listOf(1000).optional() }
  const fields =
    dialect === 'v1'
      ? readFields({ defaultBackend: z.unknown(), ...common }, value, where, report, {
          hints: { backend: 'In networking.k8s.io/v1 this is called defaultBackend.' },
        })
      : readFields({ backend: z.unknown(), ...common }, value, where, report, {
          hints: {
            defaultBackend: 'In v1beta1 this is called backend; or publish the Ingress as networking.k8s.io/v1.',
          },
        })
  if (fields === null) return { defaultBackend: null, knowsDefault: false, rules: [], tls: [], tlsEntries: 0 }
  checkClass(fields.ingressClassName, `${where}ingressClassName`, report)
  const backendField = dialect === 'v1' ? 'defaultBackend' : 'backend'
  const backendValue = (fields as Record<string, unknown>)[backendField]
  const defaultBackend =
    backendValue === undefined ? null : readBackend(backendValue, dialect, `${where}${backendField}.`, report)
  const hinted = isMapping(value) && (value['backend'] ?? value['defaultBackend'] ?? null) !== null
  const rules = readRules(fields.rules ?? [], dialect, where, report)
  const serves = rules.some((rule) => rule.paths.length > 0)
  if (!serves && !hinted && (fields.rules ?? []).every((rule) => isMapping(rule) && (rule['http'] ?? null) === null))
    report.problem(
      where,
      `The Ingress has neither a default backend (${backendField}) nor a rule with paths; write one of them.`,
    )
  const tls = readTls(fields.tls ?? [], where, report, settings)
  return {
    defaultBackend,
    knowsDefault: defaultBackend !== null || !hinted,
    rules,
    tls,
    tlsEntries: fields.tls?.length ?? 0,
  }
}

function readTls(
  values: readonly unknown[],
  where: string,
  report: Report,
  settings: IngressSettings,
): IngressModel['tls'] {
  const otherCertificates = hasOtherCertificates(settings)
  const tls: IngressModel['tls'] = []
  for (const [index, value] of values.entries()) {
    const at = `${where}tls[${index}].`
    const entry = readFields({ hosts: listOf(maxTlsHosts).optional(), secretName: text.optional() }, value, at, report)
    if (entry === null) continue
    const hosts = (entry.hosts ?? []).map((host, number) => readTlsHost(host, `${at}hosts[${number}]`, report))
    const secretName = entry.secretName ?? ''
    if (secretName !== '') {
      const problem = checkDnsSubdomain('The secret name', secretName)
      if (problem !== null) report.problem(`${at}secretName`, problem)
      tls.push({ hosts: hosts.filter((host) => host !== null), secretName })
    } else if (!otherCertificates && Object.hasOwn(entry, 'secretName')) {
      report.problem(
        `${at}secretName`,
        'secretName is missing; name the secret of the certificate, or name pre-shared or managed certificates in the annotations.',
      )
    }
  }
  const certificates =
    new Set(tls.map((entry) => entry.secretName)).size +
    settings.preSharedCerts.length +
    settings.managedCertificateNames.length +
    Math.min(1, settings.managedCertificates.length)
  if (certificates > maxCertificates)
    report.problem(
      `${where}tls`,
      `The Ingress names ${certificates} certificates; the load balancer takes at most ${maxCertificates}.`,
    )
  return tls
}

function readTlsHost(value: unknown, where: string, report: Report): string | null {
  const parsed = text.safeParse(value)
  if (!parsed.success) {
    report.problem(where, `The host ${parsed.error.issues[0]?.message ?? 'is not valid'}.`)
    return null
  }
  const checked = checkHost(parsed.data)
  if (checked.problem !== null) report.problem(where, checked.problem)
  return checked.problem === null ? checked.host : null
}

function checkClass(name: string | undefined, where: string, report: Report): void {
  if (name === undefined || name === ingressClass) return
  report.problem(
    where,
    `The class ${quote(name)} is another controller's; write ${quote(ingressClass)} or leave it out.`,
  )
}

/** Certificates that annotations give, beside those of spec.tls. */
function hasOtherCertificates({
  preSharedCerts,
  managedCertificates,
  managedCertificateNames,
}: IngressSettings): boolean {
  return preSharedCerts.length + managedCertificates.length + managedCertificateNames.length > 0
}

/** What annotations and spec must say together. */
function checkFrontEnds(settings: IngressSettings, spec: ReadSpec, where: string, report: Report): void {
  const secure = spec.tlsEntries > 0 || hasOtherCertificates(settings)
  if (!settings.allowHttp && !secure)
    report.problem(
      `${where}metadata.annotations["kubernetes.io/ingress.allow-http"]`,
      'Nothing would be served: HTTP is off and there is no certificate, so neither HTTP nor TLS is left. Add spec.tls or a certificate annotation, or allow HTTP.',
    )
  if (settings.scheme === 'EXTERNAL' && spec.defaultBackend === null && spec.knowsDefault)
    report.problem(
      `${where}spec`,
      'A load balancer of scheme EXTERNAL needs a default backend; name one, or leave the scheme annotation out.',
    )
}
