/** The shop at one instant of a load test. */
export interface Sample {
  /** Seconds since the start. */
  at: number;
  /** Pages a second. */
  load: number;
  replicas: number;
}

const WIDTH = 800;
const HEIGHT = 320;
const MARGIN = 50;

/** Draws replicas over time, beside the load, as an SVG picture. */
export function plot(samples: readonly Sample[], title: string): string {
  const end = Math.max(...samples.map(({ at }) => at));
  const mostLoad = Math.max(1, ...samples.map(({ load }) => load));
  const mostReplicas = Math.max(1, ...samples.map(({ replicas }) => replicas));
  const x = (at: number) => MARGIN + (at / end) * (WIDTH - 2 * MARGIN);
  const y = (share: number) => HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN);
  const line = (values: { at: number; share: number }[]) =>
    values.map(({ at, share }) => `${x(at).toFixed(1)},${y(share).toFixed(1)}`).join(' ');
  const load = line(samples.map(({ at, load }) => ({ at, share: load / mostLoad })));
  // Replicas change at once, so that they are drawn as steps.
  const replicas = line(
    samples.flatMap(({ at, replicas }, i) => {
      const before = samples[i - 1]?.replicas ?? replicas;
      return [before, replicas].map((value) => ({ at, share: value / mostReplicas }));
    }),
  );
  const ticks = Array.from({ length: Math.floor(end / 30) + 1 }, (_, i) => {
    const position = `x="${x(i * 30).toFixed(1)}" y="${HEIGHT - MARGIN + 18}"`;
    return `<text ${position} text-anchor="middle">${i * 30} s</text>`;
  });
  const top = y(1) + 4;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}"
  font-family="sans-serif" font-size="12">
<title>${title}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<text x="${WIDTH / 2}" y="22" text-anchor="middle" font-size="15">${title}</text>
<path d="M${MARGIN},${y(1)}V${y(0)}H${WIDTH - MARGIN}V${y(1)}" fill="none" stroke="#888"/>
${ticks.join('\n')}
<text x="${MARGIN - 6}" y="${top}" text-anchor="end" fill="#1f5fa8">${Math.round(mostLoad)}/s</text>
<text x="${WIDTH - MARGIN + 6}" y="${top}" fill="#b3470b">${mostReplicas}</text>
<polyline points="${load}" fill="none" stroke="#1f5fa8" stroke-width="2" stroke-dasharray="5 3"/>
<polyline points="${replicas}" fill="none" stroke="#b3470b" stroke-width="2"/>
<text x="${MARGIN}" y="${HEIGHT - 10}" fill="#1f5fa8">- - pages a second</text>
<text x="${WIDTH - MARGIN}" y="${HEIGHT - 10}" text-anchor="end" fill="#b3470b">— replicas</text>
</svg>
`;
}

/** Prints the same as lines of text, one for each change of the replicas. */
export function table(samples: readonly Sample[]): string {
  return samples
    .filter(({ replicas }, i) => i === 0 || replicas !== samples[i - 1]?.replicas)
    .map(({ at, load, replicas }) => {
      const columns = [
        `${at} s`.padStart(6),
        `${Math.round(load)}/s`.padStart(9),
        String(replicas).padStart(4),
      ];
      return `${columns.join('')} ${'#'.repeat(replicas)}`;
    })
    .join('\n');
}
