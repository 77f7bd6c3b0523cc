import { readFileSync } from 'node:fs';

/** A family of keys, as the table of docs/operations.md lists it. */
export interface KeyFamily {
  /** A key, or the beginning of keys with `*` at its end; `{q0}` stands for every shard. */
  key: string;
  /** Whether its keys expire. */
  ttl: 'always' | 'until paid' | 'no';
  /** What bounds it. */
  bound: string;
}

/** The families of the table in docs/operations.md. */
export function keyFamilies(): KeyFamily[] {
  const [, table = ''] =
    /<!-- keys -->(.*)<!-- \/keys -->/s.exec(readFileSync('docs/operations.md', 'utf8')) ?? [];
  return [...table.matchAll(/^\| `([^`]+)` \| [^|]+ \| ([^|]+) \| ([^|]+) \|$/gm)].map(
    ([, key = '', ttl = '', bound = '']) => ({ key, ttl: ttl as KeyFamily['ttl'], bound }),
  );
}

/** The family of a key, or undefined; of several the one with the longest common beginning. */
export function familyOf(key: string, families: readonly KeyFamily[]): KeyFamily | undefined {
  const name = key.replace(/^\{q\d+\}/, '{q0}');
  return families
    .filter((family) =>
      family.key.endsWith('*') ? name.startsWith(family.key.slice(0, -1)) : name === family.key,
    )
    .sort((a, b) => b.key.length - a.key.length)[0];
}
