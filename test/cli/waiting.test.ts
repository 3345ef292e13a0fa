import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import pc from 'picocolors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apply, type ApplyFlags } from '../../cli/commands/apply.ts'
import type { Failure } from '../../cli/exit-codes.ts'
import type { Report } from '../../cli/report.ts'
import type { Session } from '../../cli/session.ts'
import { createStatusReader } from '../../cli/status-reader.ts'
import { findTarget } from '../../cli/target.ts'

/** What the status API does with one question: answers, with a body, or with a status and nothing to read; or hangs up. */
type Act = object | number | 'hangs up'

const manifest =
  'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: shop }\nspec: { defaultBackend: { service: { name: s, port: { number: 80 } } } }\n'

/** A report of version `generation`, published in this second; `accepted` is the condition. */
function report(
  generation: number,
  phase: Report['phase'],
  accepted: 'True' | 'False' | 'Unknown',
  second = generation,
): Report {
  return {
    namespace: 'default',
    name: 'shop',
    loadBalancer: 'shop',
    phase,
    vip: '203.0.113.1',
    generation,
    clusters: ['a'],
    publishedAt: `2026-01-01T00:00:0${second}Z`,
    resources: [],
    clusterStates: [],
    conditions: [{ type: 'Accepted', status: accepted, reason: 'R', message: `verdict on version ${generation}` }],
  }
}
const served = report(1, 'Ready', 'True')
const looking = report(2, 'Progressing', 'Unknown')
const going = report(2, 'Progressing', 'True')
const done = report(2, 'Ready', 'True')

let script: Act[] = []
let asked = 0
let server: Server
let statusUrl = ''
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url?.startsWith('/api/dead-letters/') === true) {
      response.writeHead(404).end(JSON.stringify({ error: { code: 404, message: 'no such message' } }))
      return
    }
    asked += 1
    // The last act is for good.
    const act = (script.length > 1 ? script.shift() : script[0]) ?? 500
    if (act === 'hangs up') request.socket.destroy()
    else if (typeof act === 'number') response.writeHead(act).end('<html>')
    else response.end(JSON.stringify(act))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  statusUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

/** Applies the manifest while the status API follows the script; the clock moves with every pause and with nothing else. */
async function applied(
  acts: Act[],
): Promise<{ code: number; said: string; warned: string[]; asked: number; ms: number }> {
  script = [...acts]
  asked = 0
  let now = 0
  const target = findTarget({ gcpProject: 'p', statusUrl }, {}, '/')
  const status = createStatusReader(target, () => Promise.reject(new Error('nobody is asked who this is')))
  const results: string[] = []
  const warned: string[] = []
  const colours = pc.createColors(false)
  const session: Session = {
    terminal: {
      format: 'table',
      result: (_, text) => void results.push(text()),
      say: () => undefined,
      warn: (line) => void warned.push(line),
      show: () => undefined,
      live: false,
      columns: () => 80,
      rows: () => 24,
      colours,
      sayColours: colours,
    },
    env: {},
    target,
    identity: () => Promise.reject(new Error('nobody is asked who this is')),
    status,
    publish: () => Promise.resolve('17'),
    readStdin: () => Promise.resolve(manifest),
    now: () => now,
    sleep: (ms) => {
      now += ms
      return Promise.resolve()
    },
  }
  const flags = { ingress: '-', force: false, validate: true, wait: true, timeout: 600_000 } as ApplyFlags
  try {
    const code = await apply(session, flags)
    return { code, said: results.join('\n'), warned, asked, ms: now }
  } catch (error) {
    const { code, message } = error as Failure
    return { code, said: message, warned, asked, ms: now }
  }
}

describe('apply --wait', () => {
  const good: { reason: string; acts: Act[] }[] = [
    { reason: 'every answer comes', acts: [served, looking, looking, going, done] },
    {
      reason: 'the connection breaks while the message is being taken',
      acts: [served, 'hangs up', looking, going, done],
    },
    {
      reason: 'the connection breaks while the verdict is waited for',
      acts: [served, looking, 'hangs up', going, done],
    },
    { reason: 'the connection breaks while the stages are followed', acts: [served, going, going, 'hangs up', done] },
    {
      reason: 'the function starts: 500, 503 and 429, one after the other',
      acts: [served, 500, looking, 503, 503, going, 429, done],
    },
    {
      reason: 'an answer of the version before, refused, that comes late',
      acts: [served, looking, report(1, 'Failed', 'False'), going, done],
    },
    {
      reason: 'an answer of the version before, Ready, while the stages are followed',
      acts: [served, going, going, served, done],
    },
    {
      reason: 'what it was before was refused',
      acts: [report(1, 'Failed', 'False'), report(1, 'Failed', 'False'), looking, going, done],
    },
  ]
  for (const { reason, acts } of good)
    it(`ends well: ${reason}`, async () => {
      const ran = await applied(acts)
      expect(ran).toMatchObject({ code: 0, warned: [] })
      expect(ran.said).toBe('default/shop is Ready at 203.0.113.1 from a\n  curl http://203.0.113.1/')
      // Every act was played: nothing was taken for an end that was none.
      expect(ran.asked).toBeGreaterThanOrEqual(acts.length)
    })

  const bad: { reason: string; acts: Act[]; says: RegExp; asked?: number }[] = [
    {
      reason: 'this version is refused: at once',
      acts: [served, looking, looking, report(2, 'Failed', 'False')],
      says: /^default\/shop is refused: verdict on version 2$/,
      asked: 4,
    },
    {
      reason: 'a version that somebody published after it is refused: it is not said of this one',
      acts: [served, looking, report(2, 'Failed', 'False', 5)],
      says: /^default\/shop, in a version that was published after this one, is refused: /,
      asked: 3,
    },
    {
      reason: 'there is no answer any more: half a minute, then how long it was silent and why',
      acts: [served, looking, 'hangs up'],
      says: /^nothing was heard for \d\d\.\d s of what is waited for: the status API does not answer at http/,
    },
    {
      reason: 'nothing but 503',
      acts: [served, looking, going, 503],
      says: /^nothing was heard for \d\d\.\d s of what is waited for: the status API at \S+ answered HTTP 503$/,
    },
    {
      reason: 'nobody is let in any more: at once',
      acts: [served, looking, 403],
      says: /does not let you in/,
      asked: 3,
    },
    {
      reason: 'an answer of another program: at once',
      acts: [served, looking, { hello: 1 }],
      says: /is not the answer of a status API/,
      asked: 3,
    },
    {
      reason: 'no answer before anything was published: at once, since nothing is under way',
      acts: [503],
      says: /answered HTTP 503/,
      asked: 1,
    },
  ]
  for (const { reason, acts, says, asked } of bad)
    it(`ends: ${reason}`, async () => {
      const ran = await applied(acts)
      expect(ran.code).toBe(1)
      expect(ran.said).toMatch(says)
      expect(ran.ms).toBeLessThanOrEqual(31_000)
      if (asked !== undefined) expect(ran.asked).toBe(asked)
    })
})
