import { flag, readConfig, translate, word, type ConfigField, type ConfigOrigin } from './config-fields.ts'
import { text } from './fields.ts'
import { checkGceName } from './names.ts'
import type { Report } from './report.ts'

/** HTTP status by which a redirect is answered, as URL maps name them. */
export const redirectCodes = ['MOVED_PERMANENTLY_DEFAULT', 'FOUND', 'TEMPORARY_REDIRECT', 'PERMANENT_REDIRECT'] as const

/** What a FrontendConfig (networking.gke.io/v1beta1) asks of the front ends. */
export interface FrontendSettings {
  /** Name of an SSL policy of this project; '' = none. Absent: left alone. */
  sslPolicy?: string
  redirect?: { enabled: boolean; code?: (typeof redirectCodes)[number] }
}

/** Every field of a FrontendConfig, one line each (ingress-gce). */
export const frontendConfigFields: readonly ConfigField[] = [
  {
    field: 'sslPolicy',
    meaning: 'SSL policy of this project, on the HTTPS front end; "" removes it.',
    read: text.refine((name) => name === '' || checkGceName('', name) === null, {
      error: () => 'is not the name of an SSL policy',
    }),
    to: 'sslPolicy',
    default: 'left alone',
  },
  {
    field: 'redirectToHttps.enabled',
    meaning: 'HTTP answers with a redirect to HTTPS.',
    read: flag,
    to: 'redirect.enabled',
    otherwise: () => false,
    default: 'false',
  },
  {
    field: 'redirectToHttps.responseCodeName',
    meaning: 'The status of the redirect.',
    read: word(...redirectCodes),
    to: 'redirect.code',
    default: 'MOVED_PERMANENTLY_DEFAULT',
    bounds: redirectCodes.join(', '),
  },
]

/** Reads the spec of a FrontendConfig. With a problem in the report the answer is not to be used. */
export function readFrontendConfig(
  value: unknown,
  where: string,
  report: Report,
  origin: ConfigOrigin,
): FrontendSettings {
  return translate(frontendConfigFields, readConfig(frontendConfigFields, value, where, report, origin))
}
