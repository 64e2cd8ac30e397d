import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parse, parseAllDocuments } from 'yaml'
import { DEPLOY, deployFile } from './deployed-server.js'

export type Labels = Readonly<Record<string, string>>

interface Named {
  readonly metadata: { readonly name: string; readonly labels?: Labels }
}

export interface Selector {
  readonly matchLabels?: Labels
}

export interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
  readonly periodSeconds: number
  readonly timeoutSeconds?: number
  readonly failureThreshold: number
}

export interface Container {
  readonly image: string
  readonly env: readonly {
    readonly name: string
    readonly value?: string
    readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } }
  }[]
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly startupProbe: Probe
  readonly livenessProbe: Probe
  readonly readinessProbe: Probe
  readonly lifecycle?: { readonly preStop: { readonly sleep: { readonly seconds: number } } }
  readonly resources: { readonly requests: Labels; readonly limits: Labels }
  readonly securityContext: object
  readonly volumeMounts: readonly {
    readonly name: string
    readonly mountPath: string
    readonly readOnly?: boolean
  }[]
}

export interface Deployment extends Named {
  readonly spec: {
    readonly replicas?: number
    readonly selector: Selector
    readonly template: {
      readonly metadata: { readonly labels: Labels }
      readonly spec: {
        readonly automountServiceAccountToken: boolean
        readonly enableServiceLinks: boolean
        readonly terminationGracePeriodSeconds: number
        readonly securityContext: Readonly<Record<string, unknown>>
        readonly topologySpreadConstraints: readonly { readonly labelSelector: Selector }[]
        readonly containers: readonly [Container]
        readonly volumes: readonly {
          readonly name: string
          readonly configMap?: { readonly name: string }
          readonly secret?: { readonly secretName: string; readonly defaultMode: number }
        }[]
      }
    }
  }
}

export interface NetworkRule {
  readonly to?: readonly object[]
  readonly from?: readonly object[]
  readonly ports: readonly { readonly protocol: string; readonly port: number | string }[]
}

export interface NetworkPolicy extends Named {
  readonly spec: {
    readonly podSelector: Selector
    readonly policyTypes: readonly string[]
    readonly egress?: readonly NetworkRule[]
    readonly ingress?: readonly NetworkRule[]
  }
}

interface Behavior {
  readonly [key: string]: object
}

/** What is looked at, by its kind. */
interface Kinds {
  readonly Deployment: Deployment
  readonly NetworkPolicy: NetworkPolicy
  readonly Namespace: Named
  readonly Secret: Named & { readonly stringData: Labels }
  readonly ConfigMap: Named & { readonly data: Labels }
  readonly Service: Named & {
    readonly spec: { readonly selector: Labels; readonly ports: readonly { readonly targetPort: string }[] }
  }
  readonly PodDisruptionBudget: Named & { readonly spec: { readonly selector: Selector } }
  readonly PodMonitor: Named & {
    readonly spec: {
      readonly selector: Selector
      readonly podMetricsEndpoints: readonly {
        readonly port: string
        readonly path: string
        readonly authorization: { readonly credentials: { readonly name: string } }
      }[]
    }
  }
  readonly HorizontalPodAutoscaler: Named & {
    readonly spec: {
      readonly scaleTargetRef: { readonly kind: string; readonly name: string }
      readonly minReplicas: number
      readonly maxReplicas: number
      readonly behavior: Behavior
      readonly metrics: readonly {
        readonly external?: {
          readonly metric: { readonly name: string }
          readonly target: { readonly type: string; readonly value: string }
        }
      }[]
    }
  }
  readonly ScaledObject: Named & {
    readonly spec: {
      readonly scaleTargetRef: { readonly kind: string; readonly name: string }
      readonly minReplicaCount: number
      readonly maxReplicaCount: number
      readonly advanced: { readonly horizontalPodAutoscalerConfig: { readonly behavior: Behavior } }
      readonly triggers: readonly [
        {
          readonly metricType: string
          readonly metadata: { readonly query: string; readonly threshold: string }
        },
      ]
    }
  }
}

/** Resources as they are applied. Their fields are checked by schemas elsewhere. */
export class Manifests {
  readonly #all: readonly { readonly kind: string }[]

  constructor(text: string) {
    this.#all = parseAllDocuments(text, { merge: true }).map(
      (document) => document.toJS() as { readonly kind: string },
    )
  }

  /** The resources in these files, below `deploy/kubernetes`. */
  static read(...paths: readonly string[]): Manifests {
    return new Manifests(paths.map((path) => deployFile(`kubernetes/${path}`)).join('\n---\n'))
  }

  /** What a folder's own files have, without what it changes in others. */
  static ofFolder(folder: string): Manifests {
    const { resources } = parse(deployFile(`kubernetes/${folder}/kustomization.yaml`)) as {
      resources: string[]
    }
    return Manifests.read(...resources.map((each) => `${folder}/${each}`))
  }

  /** @returns undefined where there is no kubectl */
  static rendered(folder: string): Manifests | undefined {
    const path = fileURLToPath(new URL(`kubernetes/${folder}`, DEPLOY))
    const { error, status, stdout, stderr } = spawnSync('kubectl', ['kustomize', path], { encoding: 'utf8' })
    if (error !== undefined) return undefined
    assert.equal(status, 0, stderr)
    return new Manifests(stdout)
  }

  get kinds(): readonly string[] {
    return this.#all.map(({ kind }) => kind)
  }

  of<Kind extends keyof Kinds>(kind: Kind): readonly Kinds[Kind][] {
    // Their kind says what they are.
    return this.#all.filter((each) => each.kind === kind) as unknown as readonly Kinds[Kind][]
  }

  named<Kind extends keyof Kinds>(kind: Kind, name: string): Kinds[Kind] {
    return this.of(kind).find(({ metadata }) => metadata.name === name) ?? assert.fail(`${kind} ${name}`)
  }
}

export function selects({ matchLabels = {} }: Selector, labels: Labels): boolean {
  return Object.entries(matchLabels).every(([key, value]) => labels[key] === value)
}
