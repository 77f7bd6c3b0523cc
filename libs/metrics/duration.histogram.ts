import { type Metric, type MetricValueWithName, register } from 'prom-client';

/**
 * A histogram of durations that is cheap enough for every request. The one of prom-client resolves
 * and checks labels and bucket again for each observation, which costs more than all else that
 * measuring does.
 */
export class DurationHistogram {
  readonly name: string;
  readonly #help: string;
  readonly #labelNames: readonly string[];
  readonly #buckets: readonly number[];
  readonly #series = new Map<string, Durations>();

  /** @param options `buckets` are ascending upper bounds in seconds; an unbounded one is added */
  constructor(options: {
    name: string;
    help: string;
    labelNames: readonly string[];
    buckets: readonly number[];
  }) {
    this.name = options.name;
    this.#help = options.help;
    this.#labelNames = options.labelNames;
    this.#buckets = options.buckets;
    // The registry uses only the name and get() of a metric.
    register.registerMetric(this as unknown as Metric);
  }

  /** The series with these label values, in the order of the label names. */
  series(...values: string[]): Durations {
    const key = values.join('\n');
    let series = this.#series.get(key);
    if (!series) {
      const labels = Object.fromEntries(this.#labelNames.map((name, i) => [name, values[i] ?? '']));
      series = new Durations(labels, this.#buckets);
      this.#series.set(key, series);
    }
    return series;
  }

  /** All samples, for the registry. */
  async get() {
    const values = [...this.#series.values()].flatMap((series) => series.samples(this.name));
    return { name: this.name, help: this.#help, type: 'histogram', aggregator: 'sum', values };
  }
}

/** One series of a {@link DurationHistogram}. */
class Durations {
  readonly #labels: Record<string, string>;
  readonly #bounds: readonly number[];
  /** Observations by bucket, not cumulated. */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(labels: Record<string, string>, bounds: readonly number[]) {
    this.#labels = labels;
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(seconds: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && seconds > (this.#bounds[bucket] ?? 0)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += seconds;
  }

  samples(name: string): MetricValueWithName<string>[] {
    let count = 0;
    const buckets = [...this.#bounds, '+Inf'].map((le, i) => {
      count += this.#counts[i] ?? 0;
      return { metricName: `${name}_bucket`, labels: { ...this.#labels, le }, value: count };
    });
    const sum = { metricName: `${name}_sum`, labels: this.#labels, value: this.#sum };
    return [...buckets, sum, { metricName: `${name}_count`, labels: this.#labels, value: count }];
  }
}
