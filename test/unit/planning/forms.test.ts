import { describe, expect, it } from 'vitest'
import { kinds } from '../../../functions/reconcile/index.ts'
import { withObjects } from '../../../shared/engine/accept-objects.ts'
import { parseManifest } from '../../../shared/ingress/manifest.ts'
import { objectId } from '../../../shared/ingress/published-object.ts'
import type { Desired } from '../../../shared/engine/kind.ts'
import { plan } from '../../../shared/planning/plan.ts'
import { clusterOf, factsOf, ingressOf, portOf, serviceOf } from './facts.ts'

/** The same ingress as kubemci, Kubernetes Federation and GKE wrote it. */
const address = 'https://www.googleapis.com/compute/v1/projects/lb-project/global/addresses/shop-ip'
const forms = {
  kubemci: `
apiVersion: extensions/v1beta1
kind: Ingress
metadata:
  name: shop
  annotations:
    kubernetes.io/ingress.class: gce-multi-cluster
    kubernetes.io/ingress.global-static-ip-name: shop-ip
    ingress.gcp.kubernetes.io/pre-shared-cert: shop-cert
spec:
  backend: { serviceName: web, servicePort: 80 }
  rules:
    - host: shop.example.com
      http:
        paths:
          - { path: /cart/*, backend: { serviceName: cart, servicePort: 80 } }
`,
  'Federated Ingress': `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    kubernetes.io/ingress.global-static-ip-name: shop-ip
    ingress.gcp.kubernetes.io/pre-shared-cert: shop-cert
    federation.alpha.kubernetes.io/cluster-selector: '[{"key":"stage","operator":"DoesNotExist","values":[]}]'
spec:
  defaultBackend: { service: { name: web, port: { number: 80 } } }
  rules:
    - host: shop.example.com
      http:
        paths:
          - { path: /cart/*, pathType: ImplementationSpecific, backend: { service: { name: cart, port: { number: 80 } } } }
`,
  'Multi Cluster Ingress': `
apiVersion: networking.gke.io/v1
kind: MultiClusterIngress
metadata:
  name: shop
  annotations:
    networking.gke.io/static-ip: ${address}
    networking.gke.io/pre-shared-certs: shop-cert
spec:
  template:
    spec:
      backend: { serviceName: web, servicePort: 80 }
      rules:
        - host: shop.example.com
          http:
            paths:
              - { path: /cart/*, backend: { serviceName: cart, servicePort: 80 } }
---
apiVersion: networking.gke.io/v1
kind: MultiClusterService
metadata: { name: web }
spec: { template: { spec: { selector: { app: web }, ports: [{ name: http, port: 80, targetPort: 8080 }] } } }
---
apiVersion: networking.gke.io/v1
kind: MultiClusterService
metadata: { name: cart }
spec: { template: { spec: { selector: { app: cart }, ports: [{ name: http, port: 80, targetPort: 8080 }] } } }
`,
}

/** Everything that the form wants in Compute, when the clusters show the same. */
function loadBalancerOf(manifest: string): Desired[] {
  const parsed = parseManifest(manifest)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const known = new Map(
    parsed.objects.map(({ content, namespace, name, source }) => {
      const id = objectId(content.kind, { namespace, name })
      return [
        id,
        { id, kind: content.kind, namespace, name, content, source: { ...source, publishedAt: 1 }, updatedAt: 1 },
      ]
    }),
  )
  const [ingress] = parsed.ingresses
  if (ingress === undefined) throw new Error('there is no Ingress')
  const services = { web: serviceOf(), cart: serviceOf([portOf({ nodePort: 30_099 })]) }
  const facts = factsOf(...['a', 'b'].map((name) => clusterOf(name, { view: { services } })))
  const made = plan(kinds, ingressOf(withObjects(ingress.model, known)), facts, new Map())
  if (made.is !== 'planned') throw new Error(JSON.stringify(made))
  // What is in the clusters has the form's own names; the load balancer has not.
  return made.desired.filter(({ id }) => !id.startsWith('cluster-'))
}

describe('one ingress in three forms is one load balancer', () => {
  const wanted = loadBalancerOf(forms.kubemci)

  it('has all its parts', () => {
    const parts = new Set(wanted.map(({ id }) => id.split('/')[0]))
    expect([...parts].sort()).toEqual([
      'address',
      'backend-service',
      'firewall-rule',
      'forwarding-rule',
      'health-check',
      'named-ports',
      'ssl-certificate',
      'target-proxy',
      'url-map',
    ])
  })
  it.each(['Federated Ingress', 'Multi Cluster Ingress'] as const)('%s wants what kubemci does', (form) => {
    expect(loadBalancerOf(forms[form])).toEqual(wanted)
  })
})
