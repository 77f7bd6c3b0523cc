/**
 * The HTTP services, with the ports that they have side by side on one machine. This is the one
 * list of them; the build reads its own form of it, nest-cli.json, which a spec holds against this
 * one.
 */
export const SERVICES = [
  { name: 'users', port: 5000 },
  { name: 'quotes', port: 5001 },
  { name: 'search', port: 5002 },
  { name: 'shop', port: 4242 },
] as const;

/** The name of a service: its folder in apps/, its image, its user of Redis. */
export type ServiceName = (typeof SERVICES)[number]['name'];

/** Every app, each with a bundle and an image: the services, and the importer. */
export const APPS = [...SERVICES.map(({ name }) => name), 'import'] as const;

/** Where a service is on a machine that runs them all side by side, without a slash at the end. */
export function localUrl(service: ServiceName): string {
  return `http://localhost:${SERVICES.find(({ name }) => name === service)?.port}`;
}
