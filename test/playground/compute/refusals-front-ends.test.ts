import { loadBalancer, make } from './harness.ts'
import { certificate, pem, rule, testRefusals } from './refusal-table.ts'

testRefusals('front ends', [
  {
    reason: 'a proxy without URL map',
    send: ['POST', 'global/targetHttpProxies', { name: 'tp' }],
    status: 400,
    code: 'required',
    message: "Required field 'resource.urlMap' not specified",
  },
  {
    reason: 'an HTTPS proxy without certificate',
    given: loadBalancer,
    send: ['POST', 'global/targetHttpsProxies', { name: 'tps', urlMap: 'global/urlMaps/um' }],
    status: 400,
    code: 'required',
    message: "Required field 'resource.sslCertificates' not specified",
  },
  {
    reason: '16 certificates',
    given: loadBalancer,
    send: [
      'POST',
      'global/targetHttpsProxies',
      {
        name: 'tps',
        urlMap: 'global/urlMaps/um',
        sslCertificates: Array.from({ length: 16 }, (_, n) => `global/sslCertificates/c${n}`),
      },
    ],
    status: 400,
    code: 'invalid',
    message: /at most 15/,
  },
  {
    reason: 'classic and Certificate Manager certificates mixed',
    given: loadBalancer,
    send: [
      'POST',
      'global/targetHttpsProxies',
      {
        name: 'tps',
        urlMap: 'global/urlMaps/um',
        sslCertificates: [
          'global/sslCertificates/c',
          '//certificatemanager.googleapis.com/projects/p/locations/global/certificates/x',
        ],
      },
    ],
    status: 400,
    code: 'invalid',
    message: /cannot be mixed/,
  },
  {
    reason: 'a certificate map that is no reference',
    given: loadBalancer,
    send: ['POST', 'global/targetHttpsProxies', { name: 'tps', urlMap: 'global/urlMaps/um', certificateMap: 'x' }],
    status: 400,
    code: 'invalid',
    message:
      /^Invalid value for field 'resource\.certificateMap': 'x'\. x is not a valid reference\. It should have the format \/\/certificatemanager/,
  },
  {
    reason: 'a certificate that is none',
    send: certificate({ certificate: 'x', privateKey: pem('rsa.key.pem') }),
    status: 400,
    code: 'sslCertificateCouldNotParseCert',
    message: 'The SSL certificate could not be parsed.',
  },
  {
    reason: 'a key that is none',
    send: certificate({ certificate: pem('rsa.cert.pem'), privateKey: 'x' }),
    status: 400,
    code: 'sslCertificateCouldNotParseKey',
    message: 'The SSL key could not be parsed.',
  },
  {
    reason: "another certificate's key",
    send: certificate({ certificate: pem('rsa.cert.pem'), privateKey: pem('ec.key.pem') }),
    status: 400,
    code: 'sslCertificateKeyMismatch',
    message: /do not match/,
  },
  {
    reason: 'no key',
    send: certificate({ certificate: pem('rsa.cert.pem') }),
    status: 400,
    code: 'required',
    message: "Required field 'resource.privateKey' not specified",
  },
  {
    reason: 'a managed certificate for a wildcard',
    send: certificate({ type: 'MANAGED', managed: { domains: ['*.example.com'] } }),
    status: 400,
    code: 'invalid',
    message: /without wildcards/,
  },
  {
    reason: 'a managed certificate for nothing',
    send: certificate({ type: 'MANAGED' }),
    status: 400,
    code: 'required',
    message: "Required field 'resource.managed.domains' not specified",
  },
  {
    reason: 'a URL map for a proxy that a rule of another scheme sends to',
    given: async (world) => {
      await loadBalancer(world)
      await world.done(
        'POST',
        'global/backendServices',
        make.backendService('classic', { loadBalancingScheme: 'EXTERNAL' }),
      )
      await world.done('POST', 'global/urlMaps', make.urlMap('um2', 'classic'))
    },
    send: ['POST', 'targetHttpProxies/tp/setUrlMap', { urlMap: 'global/urlMaps/um2' }],
    status: 400,
    code: 'invalid',
    message:
      /Load balancing scheme EXTERNAL_MANAGED does not match the backend service load balancing scheme EXTERNAL\.$/,
  },
  {
    reason: 'a rule without target',
    send: ['POST', 'global/forwardingRules', { name: 'fw', portRange: '80' }],
    status: 400,
    code: 'required',
    message: "Required field 'resource.target' not specified",
  },
  {
    reason: 'a rule without port',
    given: loadBalancer,
    send: rule({ portRange: undefined }),
    status: 400,
    code: 'required',
    message: "Required field 'resource.portRange' not specified",
  },
  {
    reason: 'a range of ports for an HTTP proxy',
    given: loadBalancer,
    send: rule({ portRange: '80-90' }),
    status: 400,
    code: 'invalid',
    message: /has one port/,
  },
  {
    reason: 'a scheme that is not that of the services',
    given: loadBalancer,
    send: rule({ loadBalancingScheme: 'EXTERNAL' }),
    status: 400,
    code: 'invalid',
    message:
      "Invalid value for field 'resource.backendService': ''. Load balancing scheme EXTERNAL does not match the backend service load balancing scheme EXTERNAL_MANAGED.",
  },
  {
    reason: 'the same IP and port',
    given: loadBalancer,
    send: rule({ portRange: '80', IPAddress: 'global/addresses/ip' }),
    status: 400,
    code: 'invalid',
    message:
      "Invalid value for field 'resource.IPAddress': '203.0.113.1'. Specified IP address is in-use and would result in a conflict.",
  },
  {
    reason: "an IP that is not the project's",
    given: loadBalancer,
    send: rule({ IPAddress: '198.51.100.9' }),
    status: 400,
    code: 'invalid',
    message: "Invalid value for field 'resource.IPAddress': '198.51.100.9'. Invalid IP address specified.",
  },
  {
    reason: 'an address that does not exist',
    given: loadBalancer,
    send: rule({ IPAddress: 'global/addresses/none' }),
    status: 404,
    code: 'notFound',
    message: "The resource 'projects/p/global/addresses/none' was not found",
  },
  {
    reason: 'a regional address for a global rule',
    given: async (world) => {
      await loadBalancer(world)
      await world.done('POST', 'regions/us-central1/addresses', { name: 'regional' })
    },
    send: rule({ IPAddress: '203.0.113.2' }),
    status: 400,
    code: 'invalid',
    message: /Invalid IP address specified/,
  },
  {
    reason: 'an address of one’s own choice',
    send: ['POST', 'global/addresses', { name: 'a', address: '203.0.113.77' }],
    status: 400,
    code: 'invalid',
    message: /not an ephemeral address in use/,
  },
  {
    reason: 'a URL map that a classic rule cannot have',
    given: async (world) => {
      await loadBalancer(world)
      await world.done('POST', 'global/urlMaps', {
        name: 'um2',
        defaultUrlRedirect: { httpsRedirect: true },
        headerAction: { requestHeadersToRemove: ['x'] },
      })
      await world.done('POST', 'global/targetHttpProxies', { name: 'tp2', urlMap: 'global/urlMaps/um2' })
    },
    send: rule({ loadBalancingScheme: 'EXTERNAL', target: 'global/targetHttpProxies/tp2' }),
    status: 400,
    code: 'invalid',
    message: /incompatible with LB Type Global EXTERNAL/,
  },
])
