import { describe, expect, it } from 'vitest'
import { checkTarget, parseAttributes, type SpecCommand } from '../../../shared/ingress/attributes.ts'
import { tell } from './manifests.ts'

const web = { namespace: 'default', name: 'web' }

describe('commands', () => {
  const rows: { attributes: unknown; data: boolean; got: SpecCommand; reason: string }[] = [
    {
      attributes: undefined,
      data: true,
      got: { action: 'apply', ingress: null, clusters: null, force: false },
      reason: 'a manifest alone is applied',
    },
    {
      attributes: { action: 'validate' },
      data: true,
      got: { action: 'validate', ingress: null, clusters: null, force: false },
      reason: 'a report only',
    },
    {
      attributes: { clusters: ' a,b ,a', force: 'true' },
      data: true,
      got: { action: 'apply', ingress: null, clusters: ['a', 'b'], force: true },
      reason: 'exactly these',
    },
    {
      attributes: { action: 'delete', name: 'web' },
      data: false,
      got: { action: 'delete', ingress: web, force: false },
      reason: 'no data is needed; the namespace is default',
    },
    {
      attributes: { action: 'delete' },
      data: true,
      got: { action: 'delete', ingress: null, force: false },
      reason: "kubemci's way: the manifest names it",
    },
    {
      attributes: { action: 'delete', name: 'web', namespace: 'n' },
      data: false,
      got: { action: 'delete', ingress: { namespace: 'n', name: 'web' }, force: false },
      reason: 'by name',
    },
    ...(['remove-clusters', 'drain-clusters', 'undrain-clusters'] as const).map((action) => ({
      attributes: { action, name: 'web', clusters: 'a' },
      data: false,
      got: { action, ingress: web, clusters: ['a'], force: false },
      reason: 'attributes are enough',
    })),
    {
      attributes: {
        traceparent: '00-1',
        googclient_x: 'y',
        source: 'ci',
        CloudPubSubDeadLetterSourceSubscription: 's',
      },
      data: true,
      got: { action: 'apply', ingress: null, clusters: null, force: false },
      reason: 'attributes of others are passed over',
    },
  ]
  for (const { attributes, data, got, reason } of rows)
    it(`${JSON.stringify(attributes)}: ${reason}`, () =>
      expect(parseAttributes(attributes, data)).toEqual({ ok: true, command: got }))
})

describe('refused', () => {
  const rows: { attributes: unknown; data: boolean; want: RegExp[]; named: number; reason: string }[] = [
    {
      attributes: {},
      data: false,
      want: [/^message: The action apply needs a manifest/],
      named: 0,
      reason: 'nothing to apply',
    },
    {
      attributes: { action: 'validate', name: 'web' },
      data: false,
      want: [/^message: The action validate needs a manifest/],
      named: 1,
      reason: 'nothing to validate',
    },
    {
      attributes: { action: 'destroy' },
      data: true,
      want: [/^attribute action: The action "destroy" is not known; write apply, validate, /],
      named: 0,
      reason: 'unknown',
    },
    {
      attributes: { action: 'Delete', name: 'web' },
      data: false,
      want: [/The action "Delete" is not known/],
      named: 1,
      reason: 'to the letter; status of web can show it',
    },
    {
      attributes: { actoin: 'validate' },
      data: true,
      want: [/^attribute "actoin": The attribute is not known; did you mean action\?/],
      named: 0,
      reason: 'it would be applied',
    },
    {
      attributes: { cluster: 'a' },
      data: true,
      want: [/did you mean clusters\?/],
      named: 0,
      reason: 'every cluster would serve',
    },
    {
      attributes: { action: 'delete', name: 'web', clusters: 'a' },
      data: false,
      want: [/write the action remove-clusters/],
      named: 1,
      reason: 'one cluster was meant, not the service',
    },
    {
      attributes: { action: 'delete' },
      data: false,
      want: [/^attribute name: The action delete needs to know which Ingress/],
      named: 0,
      reason: 'which?',
    },
    {
      attributes: { action: 'drain-clusters', name: 'web' },
      data: false,
      want: [/^attribute clusters: The action drain-clusters needs the attribute clusters/],
      named: 1,
      reason: 'which?',
    },
    {
      attributes: { action: 'remove-clusters', name: 'web', clusters: ',' },
      data: false,
      want: [/No cluster is named/],
      named: 1,
      reason: 'none is not all',
    },
    { attributes: { clusters: '' }, data: true, want: [/No cluster is named/], named: 0, reason: 'none is not all' },
    {
      attributes: { namespace: 'n' },
      data: true,
      want: [/A namespace is given without a name/],
      named: 0,
      reason: 'half a name',
    },
    {
      attributes: { name: 'W', namespace: 'a.b', action: 'x', force: 'x', clusters: 'a/b' },
      data: true,
      want: [
        /The name of the Ingress "W"/,
        /The namespace "a.b"/,
        /The action "x"/,
        /The cluster name "a\/b"/,
        /"x" is neither/,
      ],
      named: 0,
      reason: 'all at once',
    },
    {
      attributes: { action: 5 },
      data: true,
      want: [/^attribute "action": The attributes must be names and text/],
      named: 0,
      reason: 'no text',
    },
    { attributes: { clusters: 'a'.repeat(20_000) }, data: true, want: [/16 KiB/], named: 0, reason: 'bounded' },
    {
      attributes: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, ''])),
      data: true,
      want: [/101 attributes; at most 100/],
      named: 0,
      reason: 'bounded',
    },
    {
      attributes: ['action'],
      data: true,
      want: [/^attributes: The attributes must be names and text .* not a list/],
      named: 0,
      reason: 'no mapping',
    },
    { attributes: 'action', data: true, want: [/not text/], named: 0, reason: 'no mapping' },
  ]
  for (const { attributes, data, want, named, reason } of rows)
    it(`${JSON.stringify(attributes).slice(0, 80)}: ${reason}`, () => {
      const parsed = parseAttributes(attributes, data)
      const got = parsed.ok ? [] : tell(parsed.problems)
      expect(got).toHaveLength(want.length)
      for (const [index, one] of want.entries()) expect(got[index]).toMatch(one)
      expect(parsed.ok ? 0 : parsed.named.length).toBe(named)
    })
})

describe('attributes beside a manifest', () => {
  const rows: { target: typeof web | null; count: number; reason: string }[] = [
    { target: null, count: 0, reason: 'the attributes name nothing' },
    { target: web, count: 1, reason: 'one of the two is not the one named' },
    { target: { namespace: 'n', name: 'x' }, count: 2, reason: 'neither is' },
  ]
  for (const { target, count, reason } of rows)
    it(`${count} problems: ${reason}`, () =>
      expect(checkTarget(target, [web, { namespace: 'n', name: 'web' }])).toHaveLength(count))
})
