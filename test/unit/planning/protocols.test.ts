import { describe, expect, it } from 'vitest'
import { portProtocol } from '../../../shared/planning/protocols.ts'

const place = (appProtocols: string | null, name = 'https') => ({ port: { name }, appProtocols })

describe('portProtocol', () => {
  const rows: { reason: string; places: ReturnType<typeof place>[]; want: string }[] = [
    { reason: 'nothing said', places: [place(null)], want: 'HTTP' },
    { reason: 'no cluster', places: [], want: 'HTTP' },
    { reason: 'by the name of the port', places: [place('{"https":"HTTPS"}')], want: 'HTTPS' },
    { reason: 'HTTP2', places: [place('{"https":"HTTP2"}')], want: 'HTTP2' },
    { reason: 'another port of the service', places: [place('{"other":"HTTPS"}')], want: 'HTTP' },
    { reason: 'a port without a name', places: [place('{"https":"HTTPS"}', '')], want: 'HTTP' },
    {
      reason: 'the first cluster that says something decides',
      places: [place(null), place('{"https":"HTTP2"}'), place('{"https":"HTTPS"}')],
      want: 'HTTP2',
    },
    { reason: 'an unknown protocol', places: [place('{"https":"SPDY"}')], want: 'HTTP' },
    { reason: 'no JSON', places: [place('https=HTTPS')], want: 'HTTP' },
    { reason: 'a list', places: [place('["HTTPS"]')], want: 'HTTP' },
    { reason: 'null', places: [place('null')], want: 'HTTP' },
    { reason: 'a value that is no text', places: [place('{"https":1}')], want: 'HTTP' },
    { reason: 'a name that every object has', places: [place('{}', 'constructor')], want: 'HTTP' },
  ]
  for (const { reason, places, want } of rows) it(reason, () => expect(portProtocol(places)).toBe(want))
})
