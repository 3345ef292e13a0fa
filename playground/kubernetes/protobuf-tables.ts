/**
 * The protobuf form in which `kubectl create` sends objects (`kubectl apply` sends JSON). The tables hold what those commands
 * fill in, with the numbers of Kubernetes' generated.proto as kubectl itself sends them; anything else in a body is refused.
 */
export type ProtobufType =
  | 'string'
  | 'bytes'
  | 'int'
  | 'bool'
  | 'intOrString'
  /** Sent empty by every client; says nothing. */
  | 'ignored'
  | { readonly list: ProtobufType }
  | { readonly map: 'string' | 'bytes' }
  | ProtobufMessage
/** A message: its fields by number. */
export interface ProtobufMessage {
  readonly message: Readonly<Record<number, readonly [name: string, type: ProtobufType]>>
  /** The members of these fields stand in the message itself. */
  readonly inline?: true
}

const metadata: ProtobufMessage = {
  message: {
    1: ['name', 'string'],
    2: ['generateName', 'string'],
    3: ['namespace', 'string'],
    8: ['creationTimestamp', 'ignored'],
    11: ['labels', { map: 'string' }],
    12: ['annotations', { map: 'string' }],
    14: ['finalizers', { list: 'string' }],
  },
}

function object(members: ProtobufMessage['message']): ProtobufMessage {
  return { message: { 1: ['metadata', metadata], ...members } }
}

const containerPort: ProtobufMessage = {
  message: {
    1: ['name', 'string'],
    2: ['hostPort', 'ignored'],
    3: ['containerPort', 'int'],
    4: ['protocol', 'string'],
    5: ['hostIP', 'ignored'],
  },
}
const container: ProtobufMessage = {
  message: {
    1: ['name', 'string'],
    2: ['image', 'string'],
    3: ['command', { list: 'string' }],
    4: ['args', { list: 'string' }],
    5: ['workingDir', 'string'],
    6: ['ports', { list: containerPort }],
    7: ['env', { list: { message: { 1: ['name', 'string'], 2: ['value', 'string'] } } }],
    8: ['resources', 'ignored'],
    13: ['terminationMessagePath', 'string'],
    14: ['imagePullPolicy', 'string'],
    16: ['stdin', 'ignored'],
    17: ['stdinOnce', 'ignored'],
    18: ['tty', 'ignored'],
    20: ['terminationMessagePolicy', 'string'],
  },
}
const podSpec: ProtobufMessage = {
  message: {
    2: ['containers', { list: container }],
    3: ['restartPolicy', 'string'],
    6: ['dnsPolicy', 'string'],
    7: ['nodeSelector', { map: 'string' }],
    8: ['serviceAccountName', 'string'],
    9: ['serviceAccount', 'string'],
    10: ['nodeName', 'string'],
    11: ['hostNetwork', 'bool'],
    12: ['hostPID', 'ignored'],
    13: ['hostIPC', 'ignored'],
    16: ['hostname', 'string'],
    17: ['subdomain', 'string'],
    19: ['schedulerName', 'string'],
    24: ['priorityClassName', 'string'],
  },
}
const servicePort: ProtobufMessage = {
  message: {
    1: ['name', 'string'],
    2: ['protocol', 'string'],
    3: ['port', 'int'],
    4: ['targetPort', 'intOrString'],
    5: ['nodePort', 'int'],
    6: ['appProtocol', 'string'],
  },
}
const serviceSpec: ProtobufMessage = {
  message: {
    1: ['ports', { list: servicePort }],
    2: ['selector', { map: 'string' }],
    3: ['clusterIP', 'string'],
    4: ['type', 'string'],
    7: ['sessionAffinity', 'string'],
    8: ['loadBalancerIP', 'string'],
    10: ['externalName', 'string'],
    11: ['externalTrafficPolicy', 'string'],
    12: ['healthCheckNodePort', 'ignored'],
    13: ['publishNotReadyAddresses', 'ignored'],
  },
}
const ingressBackend: ProtobufMessage = {
  message: {
    4: [
      'service',
      { message: { 1: ['name', 'string'], 2: ['port', { message: { 1: ['name', 'string'], 2: ['number', 'int'] } }] } },
    ],
  },
}
const ingressPath: ProtobufMessage = {
  message: { 1: ['path', 'string'], 2: ['backend', ingressBackend], 3: ['pathType', 'string'] },
}
const ingressRule: ProtobufMessage = {
  message: {
    1: ['host', 'string'],
    2: ['', { inline: true, message: { 1: ['http', { message: { 1: ['paths', { list: ingressPath }] } }] } }],
  },
}

/** The kinds that are read, by name. */
export const protobufKinds: Readonly<Record<string, ProtobufMessage>> = {
  Namespace: object({ 2: ['spec', 'ignored'], 3: ['status', 'ignored'] }),
  ConfigMap: object({ 2: ['data', { map: 'string' }], 3: ['binaryData', { map: 'bytes' }], 4: ['immutable', 'bool'] }),
  Secret: object({
    2: ['data', { map: 'bytes' }],
    3: ['type', 'string'],
    4: ['stringData', { map: 'string' }],
    5: ['immutable', 'bool'],
  }),
  Service: object({ 2: ['spec', serviceSpec], 3: ['status', 'ignored'] }),
  Pod: object({ 2: ['spec', podSpec], 3: ['status', 'ignored'] }),
  Deployment: object({
    2: [
      'spec',
      {
        message: {
          1: ['replicas', 'int'],
          2: ['selector', { message: { 1: ['matchLabels', { map: 'string' }] } }],
          3: ['template', { message: { 1: ['metadata', metadata], 2: ['spec', podSpec] } }],
          4: ['strategy', 'ignored'],
          5: ['minReadySeconds', 'int'],
          7: ['paused', 'bool'],
        },
      },
    ],
    3: ['status', 'ignored'],
  }),
  Ingress: object({
    2: [
      'spec',
      {
        message: {
          1: ['defaultBackend', ingressBackend],
          2: ['tls', { list: { message: { 1: ['hosts', { list: 'string' }], 2: ['secretName', 'string'] } } }],
          3: ['rules', { list: ingressRule }],
          4: ['ingressClassName', 'string'],
        },
      },
    ],
    3: ['status', 'ignored'],
  }),
}
