import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { createCredentials } from '../shared/cloud/credentials.ts'
import { createPublisher } from '../shared/cloud/pubsub.ts'
import { smokeTest } from './smoke-test/check.ts'

/**
 * `node scripts/smoke-test.ts OUTPUTS`: after a deployment, with the file that `terraform output -json` wrote. Publishes an
 * Ingress that is only validated, and looks whether the function worked on it and the status API reads the state.
 */
const outputs = z
  .object({
    dashboard: z.object({ value: z.url() }),
    topics: z.object({ value: z.object({ 'ingress-specs': z.string().regex(/^projects\/[^/]+\/topics\/[^/]+$/) }) }),
  })
  .parse(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')))
const [, project = '', , topic = ''] = outputs.topics.value['ingress-specs'].split('/')
const dashboard = outputs.dashboard.value
const credentials = createCredentials()
const publisher = createPublisher({ projectId: project, auth: credentials.authClient })

const problem = await smokeTest(
  {
    publish: (text, attributes) => publisher.publish({ topic, text, attributes }),
    async get(path) {
      const token = await credentials.identityToken(dashboard)
      const answer = await fetch(dashboard + path, { headers: { authorization: `Bearer ${token}` } })
      return answer.status
    },
    async logged(message, trace) {
      const answer = await fetch('https://logging.googleapis.com/v2/entries:list', {
        method: 'POST',
        headers: { authorization: `Bearer ${await credentials.accessToken()}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          resourceNames: [`projects/${project}`],
          filter: `jsonPayload.message="${message}" AND jsonPayload.trace="${trace}"`,
          pageSize: 1,
        }),
      })
      if (!answer.ok) throw new Error(`Cloud Logging answered ${answer.status}: ${await answer.text()}`)
      return z.object({ entries: z.array(z.unknown()).default([]) }).parse(await answer.json()).entries.length > 0
    },
    sleep,
  },
  readFileSync(new URL('../examples/zone-printer/ingress.yaml', import.meta.url), 'utf8'),
)
await publisher.close()
console.log(problem ?? `The deployment in ${project} works: an Ingress was validated, and the status API answers.`)
process.exitCode = problem === undefined ? 0 : 1
