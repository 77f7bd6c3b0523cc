import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';

const require = createRequire(import.meta.url);
const { rspack } = require('@rspack/core');

const swaggerUi = dirname(require.resolve('swagger-ui-dist/package.json'));
const { version } = require('../package.json');

/** Packages that Nest and its companions load only where an app uses them: leaving them out is how that is told. */
const UNUSED =
  /^(@nestjs\/(platform-express|microservices|websockets|mongoose|sequelize|typeorm|axios)|@mikro-orm|sequelize|typeorm|mongoose|class-validator|class-transformer|@fastify\/(view|multipart)|@grpc)/;

function commit() {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

/** Bundles an app with all it needs into `dist/apps/<app>`: nothing else is in its image, and it starts fast. */
export default (options) => ({
  ...options,
  mode: 'production',
  devtool: false,
  externals: [],
  externalsPresets: { node: true },
  output: {
    ...options.output,
    path: resolve('dist', dirname(options.output.filename)),
    filename: 'main.js',
    clean: true,
  },
  optimization: { minimize: false, nodeEnv: false },
  performance: { hints: false },
  plugins: [
    new rspack.IgnorePlugin({ resourceRegExp: UNUSED }),
    new rspack.DefinePlugin({
      __VERSION__: JSON.stringify(version),
      __COMMIT__: JSON.stringify(commit()),
    }),
    new rspack.CopyRspackPlugin({
      patterns: [
        // What an app serves as files.
        { from: resolve(dirname(options.entry), 'assets'), to: 'assets/', noErrorOnMissing: true },
        ...[
          'swagger-ui-bundle.js',
          'swagger-ui-standalone-preset.js',
          'swagger-ui.css',
          'favicon-16x16.png',
          'favicon-32x32.png',
        ].map((file) => ({
          from: resolve(swaggerUi, file),
          to: 'swagger-ui/',
        })),
      ],
    }),
  ],
});
