/** Manifests that tests publish and apply. */

/** An Ingress whose default backend is one service, with HTTPS by TLS secrets if there are any. */
export function simpleIngress(
  name: string,
  service: string,
  more: { annotations?: Record<string, string>; generation?: number; secrets?: readonly string[] } = {},
): string {
  return JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name,
      namespace: 'default',
      ...(more.annotations ? { annotations: more.annotations } : {}),
      ...(more.generation ? { generation: more.generation } : {}),
    },
    spec: {
      defaultBackend: { service: { name: service, port: { number: 80 } } },
      ...(more.secrets?.length ? { tls: more.secrets.map((secretName) => ({ secretName })) } : {}),
    },
  })
}

/** An Ingress with one path per service, on one host. */
export function pathsIngress(name: string, services: readonly string[]): string {
  return JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: 'default' },
    spec: {
      rules: [
        {
          host: `${name}.example.com`,
          http: {
            paths: services.map((service) => ({
              path: `/${service}`,
              pathType: 'Prefix',
              backend: { service: { name: service, port: { number: 80 } } },
            })),
          },
        },
      ],
    },
  })
}

/** Deployment and Service of one application, as objects to POST. */
export function application(name: string, replicas = 2): { deployment: object; service: object } {
  const labels = { app: name }
  return {
    deployment: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: 'default' },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name, image: 'example/app:1', ports: [{ containerPort: 8080 }] }] },
        },
      },
    },
    service: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: { type: 'NodePort', selector: labels, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    },
  }
}

/** Creates an application in a cluster through its API. */
export async function deploy(server: string, name: string, replicas = 2): Promise<void> {
  const { deployment, service } = application(name, replicas)
  await post(`${server}/apis/apps/v1/namespaces/default/deployments`, deployment)
  await post(`${server}/api/v1/namespaces/default/services`, service)
}

/** Creates an object through an API. */
export async function post(url: string, body: object): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
}
