#!/usr/local/bin/node
// Stands in for Grafana and kube-state-metrics, which are not in package registries: it answers
// every request, and has no metrics.
import { createServer } from 'node:http';

const ports = process.argv.flatMap(
  (argument) => /^--(?:telemetry-)?port=(\d+)$/.exec(argument)?.[1] ?? [],
);
for (const port of ports.length > 0 ? ports : [3000]) {
  createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4').end('stub 1\n');
  }).listen(Number(port));
}
process.once('SIGTERM', () => process.exit());
