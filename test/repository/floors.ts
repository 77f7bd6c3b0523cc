/**
 * Holds the imports of the whole tree against the plan of the house, and prints its rules. An
 * import of a type counts as well. Another rule stands in biome.json: an import across folders
 * begins with a name such as `#libs/`, never with `../../`.
 */
import { cruise, type IFlattenedRuleSet, type IForbiddenRuleType } from 'dependency-cruiser';

const ROOTS = ['apps', 'libs', 'deploy', 'test'];

/** The folders of libs, top floor first. A folder imports only folders of lower floors. */
const FLOORS = [
  ['service'],
  ['credentials'],
  ['admin-key', 'health', 'throttling', 'tracing', 'users'],
  ['http', 'quotes'],
  ['redis'],
  ['metrics', 'openapi', 'redis-acl'],
  ['config', 'problem', 'schema'],
];
/**
 * The folder of what starts servers and services for tests. It may import every floor, and only
 * specs and programs that test may import it.
 */
const TESTING = 'testing';

const anyOf = (folders: readonly string[]) => `^libs/(${folders.join('|')})/`;
const known = anyOf([...FLOORS.flat(), TESTING]);

/**
 * A folder of libs imports nothing of its own floor but itself, and nothing of the floors above.
 * The name of a rule is the rule in words.
 */
const floors = FLOORS.flatMap((floor, height) =>
  floor.flatMap((folder): IForbiddenRuleType[] => {
    const barred = [
      ...FLOORS.slice(0, height).flat(),
      ...floor.filter((other) => other !== folder),
    ];
    if (barred.length === 0) return [];
    const name = `libs/${folder} imports nothing of ${barred.join(', ')}`;
    return [{ name, from: { path: anyOf([folder]) }, to: { path: anyOf(barred) } }];
  }),
);

const forbidden: IForbiddenRuleType[] = [
  ...floors,
  {
    name: 'every folder of libs has a floor in test/repository/floors.ts',
    from: {},
    to: { path: '^libs/', pathNot: known },
  },
  {
    name:
      'libs/testing is imported by specs and by programs that test, and by nothing that is ' +
      'deployed',
    from: { path: '^(libs|apps/[^/]+/src)/', pathNot: `[.]spec[.]ts$|${anyOf([TESTING])}` },
    to: { path: anyOf([TESTING]) },
  },
  {
    name: 'no library imports an app, deploy/ or test/',
    from: { path: '^libs/' },
    to: { path: '^(apps|deploy|test)/' },
  },
  {
    name: 'no app imports another app',
    from: { path: '^apps/([^/]+)/' },
    to: { path: '^apps/', pathNot: '^apps/$1/' },
  },
  {
    name: 'no app imports deploy/ or test/',
    from: { path: '^apps/' },
    to: { path: '^(deploy|test)/' },
  },
  {
    name: 'deploy/ imports nothing of test/',
    from: { path: '^deploy/' },
    to: { path: '^test/' },
  },
  {
    name: 'nothing imports the tests of an app, since what tests share is in libs/testing',
    from: { pathNot: '^apps/[^/]+/test/' },
    to: { path: '^apps/[^/]+/test/' },
  },
  {
    name: 'no files import each other in a circle',
    from: {},
    to: { circular: true },
  },
  {
    name: 'every import leads to a file, so that none escapes these rules',
    from: {},
    // The load test runs in k6, which brings these modules itself.
    to: { couldNotResolve: true, pathNot: '^k6(/|$)' },
  },
];

const ruleSet: IFlattenedRuleSet = {
  forbidden: forbidden.map((rule) => ({ severity: 'error', ...rule })),
};
const { output } = await cruise(ROOTS, {
  validate: true,
  ruleSet,
  tsPreCompilationDeps: true,
  doNotFollow: { path: 'node_modules' },
  // Half of that program is made from the OpenAPI documents while its drill runs.
  exclude: { path: '^test/clients/typescript/' },
  enhancedResolveOptions: {
    exportsFields: ['exports'],
    conditionNames: ['types', 'import', 'require', 'node', 'default'],
  },
});
if (typeof output === 'string') throw new Error(output);

const { violations, totalCruised } = output.summary;
for (const { name } of forbidden) console.log(`  ${name}`);
for (const { rule, from, to, cycle } of violations) {
  const path = cycle ? cycle.map(({ name }) => name).join(' -> ') : to;
  console.error(`${from} -> ${path} breaks the rule: ${rule.name}`);
}
if (violations.length > 0) process.exit(1);
console.log(`${totalCruised} modules keep these rules.`);
