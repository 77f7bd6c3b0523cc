import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { basename, dirname, resolve } from 'node:path';

const require = createRequire(import.meta.url);
const { rspack } = require('@rspack/core');

const swaggerUi = dirname(require.resolve('swagger-ui-dist/package.json'));
const { version } = require('../package.json');

/**
 * Nest and its companions load these packages only where an app uses them, so the bundle has none.
 */
const UNUSED =
  /^(@nestjs\/(platform-express|microservices|websockets|mongoose|sequelize|typeorm|axios)|@mikro-orm|sequelize|typeorm|mongoose|class-validator|class-transformer|@fastify\/(static|view|multipart)|@grpc)/;

/** The commit that `COMMIT` names, as in the build of an image, or that of the repository. */
function commit() {
  if (process.env.COMMIT) return process.env.COMMIT;
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

/**
 * Compiles for the Node that runs the bundle. Nest's default would turn private fields into
 * WeakMaps, which cost the search engine most of its speed.
 */
function withModernTarget(module) {
  for (const rule of module.rules)
    for (const { options } of rule.use) if (options?.jsc) options.jsc.target = 'es2024';
  return module;
}

/** Only the local run with watch (deploy/local/build.ts) opens a channel to this process. */
const isWatched = process.send !== undefined;

/** Tells the local run when an app has a new bundle, or what is wrong with its sources. */
const reportOf = (app) => ({
  apply(compiler) {
    // The first bundle counts as new even when the files on the disk are the same.
    let isNew = true;
    compiler.hooks.assetEmitted.tap('report', () => {
      isNew = true;
    });
    compiler.hooks.done.tap('report', (stats) => {
      if (stats.hasErrors())
        process.send({ app, errors: stats.toString({ preset: 'errors-only', colors: true }) });
      else if (isNew) process.send({ app });
      isNew = stats.hasErrors() && isNew;
    });
  },
});

/** Bundles an app with all that it needs into `dist/apps/<app>`, so that it starts fast. */
export default (options) => ({
  ...options,
  mode: isWatched ? 'development' : 'production',
  module: withModernTarget(options.module),
  // A debugger finds a source by its path; an image needs no source maps.
  devtool: isWatched ? 'source-map' : false,
  externals: [],
  externalsPresets: { node: true },
  output: {
    ...options.output,
    path: resolve('dist', dirname(options.output.filename)),
    filename: 'main.js',
    devtoolModuleFilenameTemplate: '[absolute-resource-path]',
    clean: true,
  },
  // White space goes, so that there is less to read at the start; names stay, for stack traces.
  optimization: {
    nodeEnv: false,
    minimize: !isWatched,
    minimizer: [
      new rspack.SwcJsMinimizerRspackPlugin({
        minimizerOptions: { mangle: false, compress: false, format: { asciiOnly: true } },
      }),
    ],
  },
  performance: { hints: false },
  // Many editors, and git, replace a file by another, which is missing for a moment in between.
  watchOptions: { aggregateTimeout: 50 },
  plugins: [
    ...(isWatched ? [reportOf(basename(dirname(options.output.filename)))] : []),
    new rspack.IgnorePlugin({ resourceRegExp: UNUSED }),
    new rspack.DefinePlugin({
      __VERSION__: JSON.stringify(version),
      __COMMIT__: JSON.stringify(commit()),
      // Development builds check the invariants of the search engine (engine/debug.assertions.ts).
      'globalThis.__DEBUG_ASSERTIONS__': JSON.stringify(isWatched),
    }),
    new rspack.CopyRspackPlugin({
      patterns: [
        // These are the files that an app serves.
        { from: resolve(dirname(options.entry), 'assets'), to: 'assets/', noErrorOnMissing: true },
        ...['swagger-ui-bundle.js', 'swagger-ui.css', 'favicon-32x32.png'].map((file) => ({
          from: resolve(swaggerUi, file),
          to: 'swagger-ui/',
        })),
      ],
    }),
  ],
});
