import { z } from 'zod'
import { readFields, readTextMap, text } from './fields.ts'
import type { IngressModel } from './model.ts'
import { checkDnsLabel, checkDnsSubdomain, checkLabelValue, checkQualifiedName } from './names.ts'
import type { Report } from './report.ts'

/** Our own bounds on the number of labels and annotations. */
const maxLabels = 200
const maxAnnotations = 500

/** What the metadata of an object says. */
export interface ReadMetadata extends Pick<IngressModel, 'namespace' | 'name' | 'labels' | 'annotations'> {
  uid: string | null
  generation: number | null
}

const uidText = text.refine((uid) => /^[-A-Za-z0-9]{1,128}$/.test(uid), {
  error: () => 'is not valid: write letters, digits and "-", up to 128 characters, or leave it out',
})

const generationNumber = z
  .number({ error: () => 'must be a whole number that is not negative, or be left out' })
  .refine((generation) => Number.isSafeInteger(generation) && generation >= 0, {
    error: () => 'must be a whole number that is not negative, or be left out',
  })

/** Reads the metadata of any object; `what` opens the sentences about its name. */
export function readMetadata(value: unknown, where: string, report: Report, what: string): ReadMetadata {
  const fields = readFields(
    {
      name: text,
      namespace: text.optional(),
      labels: z.unknown(),
      annotations: z.unknown(),
      uid: uidText.optional(),
      generation: generationNumber.optional(),
    },
    value,
    where,
    report,
    { open: true },
  )
  const name = fields?.name ?? ''
  const namespace = fields?.namespace === undefined || fields.namespace === '' ? 'default' : fields.namespace
  const check = (at: string, problem: string | null): void => {
    if (problem !== null) report.problem(`${where}${at}`, problem)
  }
  if (fields?.name !== undefined) check('name', checkDnsSubdomain(what, name))
  check('namespace', checkDnsLabel('The namespace', namespace))
  const labels = readTextMap(
    fields?.labels,
    maxLabels,
    `${where}labels`,
    report,
    (key, label) => checkQualifiedName('The label', key) ?? checkLabelValue('The label value', label),
  )
  const annotations = readTextMap(fields?.annotations, maxAnnotations, `${where}annotations`, report, (key) =>
    checkQualifiedName('The annotation', key),
  )
  const generation = fields?.generation ?? 0
  return {
    name,
    namespace,
    labels,
    annotations,
    uid: fields?.uid ?? null,
    generation: generation > 0 ? generation : null,
  }
}
