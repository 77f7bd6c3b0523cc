/**
 * load-balancer.ts FOLDER NODES: a load balancer as clouds have them, for a test cluster, in the
 * network of its control plane. It gives every Service of type LoadBalancer an address, asks each
 * node's health check port (has kube-proxy a ready endpoint there?), takes a node out after some
 * failures in a row and in after one success. A connection stays with its node, and packets keep
 * their source address. FOLDER/load-balancer.json says how often it asks and how many failures it
 * takes, and may change meanwhile.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { Service } from 'kubernetes-types/core/v1';

const [folder = '', count = '0'] = process.argv.slice(2);
const nodes = Array.from({ length: Number(count) }, (_, i) => ({
  mark: i + 1,
  ip: `10.89.0.1${i + 1}`,
}));
const credentials = {
  ca: readFileSync(`${folder}/ca.crt`),
  cert: readFileSync(`${folder}/admin.crt`),
  key: readFileSync(`${folder}/admin.key`),
};

/** Failures in a row, by Service and node. */
const failures = new Map<string, number>();
/** The nodes that the kernel was told of last, by Service. */
const told = new Map<string, string>();

for (const { mark, ip } of nodes) {
  iproute('rule', 'add', 'fwmark', `${mark}`, 'lookup', `${100 + mark}`);
  iproute('route', 'add', 'default', 'via', ip, 'table', `${100 + mark}`);
}
iproute('route', 'add', '198.51.100.0/24', 'via', '10.89.0.11');
for (;;) {
  const settings = JSON.parse(readFileSync(`${folder}/load-balancer.json`, 'utf8'));
  await round(settings.failures).catch((error) => console.error(error.message));
  await delay(settings.everyMs);
}

async function round(allowed: number): Promise<void> {
  const { items } = JSON.parse(await api('GET', '/api/v1/services')) as { items: Service[] };
  for (const { metadata, spec, status } of items.filter(
    ({ spec }) => spec?.type === 'LoadBalancer',
  )) {
    const ip =
      status?.loadBalancer?.ingress?.[0]?.ip ?? `198.51.100.${spec?.clusterIP?.split('.')[3]}`;
    if (!status?.loadBalancer?.ingress) {
      const path = `/api/v1/namespaces/${metadata?.namespace}/services/${metadata?.name}/status`;
      await api('PATCH', path, { status: { loadBalancer: { ingress: [{ ip }] } } });
    }
    const up = await Promise.all(
      nodes.map(async ({ ip: node, mark }) => {
        const answer = await fetch(`http://${node}:${spec?.healthCheckNodePort}/`, {
          signal: AbortSignal.timeout(900),
        }).catch(() => undefined);
        const id = `${ip} ${mark}`;
        failures.set(id, answer?.ok ? 0 : (failures.get(id) ?? allowed) + 1);
        return (failures.get(id) ?? 0) < allowed ? [mark] : [];
      }),
    );
    tell(ip, up.flat());
  }
}

/** Lets the kernel share new connections to an address among nodes, by the client's address. */
function tell(ip: string, marks: number[]): void {
  const now = marks.join(' ');
  if (told.get(ip) === now) return;
  const table = `lb_${ip.replaceAll('.', '_')}`;
  const map = marks.map((mark, i) => `${i} : ${mark}`).join(', ');
  const share = `jhash ip saddr mod ${marks.length} map { ${map} }`;
  const choose = `ip daddr ${ip} ct mark 0 ct mark set ${share};`;
  const chain = `type filter hook prerouting priority mangle; policy accept;
    ${marks.length > 0 ? choose : ''}
    ip daddr ${ip} meta mark set ct mark;`;
  const input = `add table ip ${table}
delete table ip ${table}
table ip ${table} {
chain pre {
${chain}
}
}
`;
  execFileSync('nft', ['-f', '-'], { input });
  told.set(ip, now);
  console.log(`${new Date().toISOString()} ${ip}: nodes ${now}`);
}

function api(method: string, path: string, body?: object): Promise<string> {
  return new Promise((done, fail) => {
    const server = { host: '10.89.0.10', port: 6443, ...credentials, timeout: 5000 };
    const headers = body ? { 'content-type': 'application/merge-patch+json' } : {};
    const sending = request({ ...server, method, path, headers }, async (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode === 200) done(text);
        else fail(new Error(text));
      });
      response.on('error', fail);
    });
    sending.on('error', fail);
    sending.on('timeout', () => sending.destroy(new Error('the API server does not answer')));
    sending.end(body && JSON.stringify(body));
  });
}

function iproute(...args: string[]): void {
  execFileSync('ip', args);
}
