import { readFileSync, statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { matchRoute } from '../../../playground/compute/api-table.ts'
import { freshTable } from '../../../playground/compute/generate-api-table.ts'

const file = new URL('../../../playground/compute/api-table.json', import.meta.url)

describe('the table of routes and shapes', () => {
  it('is what the installed client library says (else: node playground/compute/generate-api-table.ts)', () => {
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(freshTable()))
  })

  it('is small enough to be read at start', () => {
    expect(statSync(file).size).toBeLessThan(150_000)
  })

  it.each([
    {
      reason: 'a global collection',
      verb: 'GET',
      path: 'projects/p/global/urlMaps',
      method: 'urlMaps.list',
      scope: 'global',
      name: undefined,
    },
    {
      reason: 'a global resource',
      verb: 'PUT',
      path: 'projects/p/global/urlMaps/u',
      method: 'urlMaps.update',
      scope: 'global',
      name: 'u',
    },
    {
      reason: 'a zonal resource',
      verb: 'DELETE',
      path: 'projects/p/zones/z/instanceGroups/g',
      method: 'instanceGroups.delete',
      scope: 'zones',
      name: 'g',
    },
    {
      reason: 'a regional resource',
      verb: 'GET',
      path: 'projects/p/regions/r/addresses/a',
      method: 'addresses.get',
      scope: 'regions',
      name: 'a',
    },
    {
      reason: 'a method without global/ in its path',
      verb: 'POST',
      path: 'projects/p/targetHttpsProxies/t/setSslCertificates',
      method: 'targetHttpsProxies.setSslCertificates',
      scope: 'global',
      name: 't',
    },
    {
      reason: 'a project id with a domain',
      verb: 'GET',
      path: 'projects/example.com%3Ap/global/urlMaps/u',
      method: 'urlMaps.get',
      scope: 'global',
      name: 'u',
    },
    {
      reason: 'a zone itself',
      verb: 'GET',
      path: 'projects/p/zones/z',
      method: 'zones.get',
      scope: 'global',
      name: 'z',
    },
    {
      reason: 'a zonal operation',
      verb: 'POST',
      path: 'projects/p/zones/z/operations/o/wait',
      method: 'zoneOperations.wait',
      scope: 'zones',
      name: 'o',
    },
  ])('routes $reason', ({ verb, path, method, scope, name }) => {
    const match = matchRoute(verb, `/compute/v1/${path}`)
    expect(`${match?.route.service ?? ''}.${match?.route.method ?? ''}`).toBe(method)
    expect(match?.scope?.type).toBe(scope)
    expect(match?.name).toBe(name)
  })

  it.each([
    { reason: 'another API', path: '/storage/v1/b' },
    { reason: 'another version', path: '/compute/v2/projects/p/global/urlMaps' },
    { reason: 'a collection that is not served', path: '/compute/v1/projects/p/global/routes' },
    { reason: 'nothing', path: '/' },
  ])('knows no route for $reason', ({ path }) => {
    expect(matchRoute('GET', path)).toBeUndefined()
  })
})
