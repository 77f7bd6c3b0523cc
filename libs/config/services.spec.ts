import { readdirSync, readFileSync } from 'node:fs';
import { APPS, localUrl } from './services.ts';

it('names every folder of apps, and every app that is built', () => {
  const folders = readdirSync('apps', { withFileTypes: true }).filter((file) => file.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual([...APPS].sort());

  const { projects } = JSON.parse(readFileSync('nest-cli.json', 'utf8'));
  expect(Object.keys(projects)).toEqual(APPS);
});

it('knows where a service is on this machine', () => {
  expect(localUrl('quotes')).toBe('http://localhost:5001');
});
