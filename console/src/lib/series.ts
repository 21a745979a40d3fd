// Arithmetic on time series. Pure.

// A counter's increase per second between neighbours. A counter that fell began again at zero.
export function rates(points: [number, number][]): [number, number][] {
  return points.slice(1).map(([at, value], i) => {
    const [before, old] = points[i];
    const grown = value >= old ? value - old : value;
    return [at, at > before ? grown / (at - before) : 0];
  });
}

// "12–40", for those who cannot see the chart.
export function span(points: [number, number][], show: (v: number) => string): string {
  const values = points.map((p) => p[1]);
  return `${show(Math.min(...values))}–${show(Math.max(...values))}`;
}
