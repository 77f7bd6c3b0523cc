import { fold } from './fold.ts';
import { NameTable } from './name.table.ts';

function add(table: NameTable, ...names: string[]): number[] {
  return names.map((name) => {
    const number = table.intern(name);
    table.count(number, 1);
    return number;
  });
}

describe('NameTable', () => {
  it('counts the spellings of a name together, and shows the most frequent', () => {
    const table = new NameTable(fold);
    add(table, 'ÉOLE', 'Éole', 'Éole', 'eole', 'Bo');
    expect(table.page({ prefix: '', limit: 10 })).toEqual({
      items: [
        { name: 'Bo', quotes: 1 },
        { name: 'Éole', quotes: 4 },
      ],
      total: 2,
      next: null,
    });
    expect(table.page({ prefix: 'ÉO', limit: 10 }).items).toEqual([{ name: 'Éole', quotes: 4 }]);
  });

  it('begins no name with what folding leaves nothing of, and some with blanks', () => {
    const table = new NameTable(fold);
    add(table, 'Victor Hugo', 'Victoria', "d'Artagnan", "'");
    const listed = (prefix: string) =>
      table.page({ prefix, limit: 10 }).items.map(({ name }) => name);
    expect(listed('')).toEqual(["'", "d'Artagnan", 'Victor Hugo', 'Victoria']);
    for (const prefix of ["'", '’', "''’", '\u0301']) {
      expect(table.page({ prefix, limit: 1 })).toEqual({ items: [], total: 0, next: null });
    }
    expect(listed('victor ')).toEqual(['Victor Hugo']);
    expect(listed(' victor')).toEqual([]);
    expect(listed("'d'")).toEqual(["d'Artagnan"]);
    // A page may end with a name of which folding leaves nothing.
    const { next } = table.page({ prefix: '', limit: 1 });
    expect(next).toBe("'");
    const rest = table.page({ prefix: '', after: next ?? undefined, limit: 10 });
    expect(rest.items.map(({ name }) => name)).toEqual(["d'Artagnan", 'Victor Hugo', 'Victoria']);
  });

  it('shows of equally frequent spellings the first, in whatever order they came', () => {
    for (const names of [
      ['Éa', 'EA', 'ea'],
      ['ea', 'Éa', 'EA'],
    ]) {
      const table = new NameTable(fold);
      add(table, ...names);
      expect(table.page({ prefix: '', limit: 1 }).items).toEqual([{ name: 'EA', quotes: 3 }]);
    }
  });

  it('goes on behind a name that is gone', () => {
    const table = new NameTable(fold);
    const [, , c] = add(table, 'a', 'b', 'C', 'd', 'e');
    const { next } = table.page({ prefix: '', limit: 3 });
    expect(next).toBe('C');
    table.count(c as number, -1);
    const { items } = table.page({ prefix: '', after: 'C', limit: 3 });
    expect(items.map(({ name }) => name)).toEqual(['d', 'e']);
  });

  it('does not grow with names that come and go', () => {
    const table = new NameTable(fold);
    for (let i = 0; i < 1000; i++) {
      const [number] = add(table, `Someone ${i}`);
      if (i % 10 === 0) table.sort();
      expect(table.find(`someone ${i}`)).toBeDefined();
      table.count(number as number, -1);
      expect(table.find(`someone ${i}`)).toBeUndefined();
    }
    // Number 0, a spelling, and its key.
    expect(table.size).toBe(3);
    expect(table.page({ prefix: '', limit: 1 })).toEqual({ items: [], total: 0, next: null });
  });

  it('keeps a key that is needed by another spelling', () => {
    const table = new NameTable(fold);
    const [key, spelling] = add(table, 'ea', 'Éa');
    table.count(key as number, -1);
    expect(table.find('EA')).toBe(key);
    expect(table.page({ prefix: '', limit: 1 }).items).toEqual([{ name: 'Éa', quotes: 1 }]);
    table.count(spelling as number, -1);
    expect(table.find('EA')).toBeUndefined();
  });
});
