import { describe, expect, it } from 'vitest'
import { fuzz } from './run.ts'
import { targets } from './targets.ts'

/** A small selection of fuzz.slow.test.ts. */
it('nothing that comes from outside crashes, hangs, or is applied in part', async () => {
  const { cases, failures } = await fuzz(2_000, 1)
  expect(failures.join('\n')).toBe('')
  expect(cases).toBeGreaterThanOrEqual(2_000)
}, 60_000)

describe('what was found once stays found', () => {
  const named = (name: string): (typeof targets)[number] => {
    const found = targets.find((one) => one.name === name)
    if (found === undefined) throw new Error(`there is no target ${name}`)
    return found
  }
  const push = (value: unknown, attributes: object = {}): object => ({
    message: { data: Buffer.from(JSON.stringify(value)).toString('base64'), attributes, messageId: 'm' },
  })
  const spoofed = { length: [{ toString: 'web' }] }
  const ingress = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'a', namespace: 'shop' } }
  it.each<{ reason: string; target: string; value: unknown }>([
    {
      reason: 'a mapping with a member length in place of a list',
      target: 'ingress-spec: a message with several documents',
      value: push({ ...ingress, spec: { rules: spoofed } }),
    },
    { reason: 'the same in place of an attribute', target: 'attributes', value: { action: spoofed } },
    {
      reason: 'the same in a registration',
      target: 'cluster-change: a registration',
      value: push({ cluster: 'a', register: { server: 'https://x', project: 'shop', caData: spoofed } }),
    },
    {
      reason: 'the same in an audit-log entry',
      target: 'audit-log entries',
      value: { protoPayload: { methodName: spoofed } },
    },
    {
      reason: 'attributes that no document can hold, of a message that becomes a dead letter',
      target: 'ingress-spec: a message with several documents',
      value: push(ingress, { action: '\ud800', '': 'x', __proto__x: 'y', __x__: 'z' }),
    },
  ])('$reason', async ({ target, value }) => {
    await named(target).attempt(value)
  })
})
