import assert from 'node:assert/strict'

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Family {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly samples: readonly Sample[]
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(?:,|$)/y
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
}

/**
 * Reads Prometheus's text format, version 0.0.4, as strictly as it is written down: families in one piece with HELP and TYPE
 * before their samples, no series twice, counters that end in `_total`, histograms that add up.
 */
export function readExposition(text: string): Map<string, Family> {
  assert.ok(text.endsWith('\n'), 'the last line ends')
  const families = new Map<string, Family & { samples: Sample[] }>()
  let current: { name: string; type: string; help: string; samples: Sample[] } | undefined
  const help = new Map<string, string>()
  const seen = new Set<string>()
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? []
    if (keyword === 'HELP') {
      assert.ok(!help.has(name), `HELP of ${name} once`)
      help.set(name, rest)
    } else if (keyword === 'TYPE') {
      assert.ok(!families.has(name), `TYPE of ${name} once`)
      assert.ok(rest in SUFFIXES, `a type: ${line}`)
      assert.equal(rest === 'counter', name.endsWith('_total'), `only counters end in _total: ${name}`)
      current = {
        name,
        type: rest,
        help: help.get(name) ?? assert.fail(`HELP before TYPE: ${name}`),
        samples: [],
      }
      families.set(name, current)
    } else {
      assert.ok(!line.startsWith('#'), `no other comment: ${line}`)
      const sample = readSample(line)
      assert.ok(current !== undefined, `a sample after its TYPE: ${line}`)
      const suffix = sample.name.slice(current.name.length)
      assert.ok(
        sample.name.startsWith(current.name) && SUFFIXES[current.type]?.includes(suffix),
        `${sample.name} is of ${current.name}`,
      )
      const series = line.slice(0, line.lastIndexOf(' '))
      assert.ok(!seen.has(series), `once: ${series}`)
      seen.add(series)
      current.samples.push(sample)
    }
  }
  for (const family of families.values()) if (family.type === 'histogram') checkHistogram(family)
  return families
}

function readSample(line: string): Sample {
  const [, name = assert.fail(`no sample: ${line}`), labelText = '', valueText = ''] = SAMPLE.exec(line) ?? []
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < labelText.length) {
    const at = LABEL.lastIndex
    const [, label = assert.fail(`no label at ${at}: ${line}`), value = ''] = LABEL.exec(labelText) ?? []
    assert.ok(!(label in labels), `label ${label} once: ${line}`)
    labels[label] = value
  }
  const value = valueText === '+Inf' ? Number.POSITIVE_INFINITY : Number(valueText)
  assert.ok(!Number.isNaN(value), `a number: ${line}`)
  return { name, labels, value }
}

function checkHistogram({ name, samples }: Family): void {
  const series = new Map<string, { bounds: number[]; counts: number[]; count: number | undefined }>()
  for (const { name: sampleName, labels, value } of samples) {
    const { le, ...rest } = labels
    const key = JSON.stringify(rest)
    const one = series.get(key) ?? { bounds: [], counts: [], count: undefined }
    series.set(key, one)
    if (sampleName === `${name}_count`) one.count = value
    if (sampleName !== `${name}_bucket`) continue
    one.bounds.push(le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le))
    one.counts.push(value)
  }
  for (const { bounds, counts, count } of series.values()) {
    const ascending = (list: number[]): boolean =>
      list.every((each, at) => at === 0 || each >= (list[at - 1] ?? 0))
    assert.ok(ascending(bounds) && ascending(counts), `${name} is cumulative`)
    assert.equal(bounds.at(-1), Number.POSITIVE_INFINITY, name)
    assert.equal(counts.at(-1), count, name)
  }
}

/** The sum of the samples that have these labels. */
export function total(
  families: ReadonlyMap<string, Family>,
  sampleName: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const family = families.get(sampleName) ?? families.get(sampleName.replace(/_(bucket|sum|count)$/, ''))
  const fits = (sample: Sample): boolean =>
    sample.name === sampleName &&
    Object.entries(labels).every(([label, value]) => sample.labels[label] === value)
  return (family?.samples ?? []).filter(fits).reduce((sum, { value }) => sum + value, 0)
}
