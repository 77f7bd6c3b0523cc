/** Prints every image that the rendered overlays name, one per line, for images.sh. */
import { containersOf, renderOverlays, workloads } from '#test/manifests/manifest.loader.ts';

const rendered = renderOverlays(['kubectl', 'kustomize']);
const containers = [...rendered.values()]
  .flatMap(({ manifests }) => workloads(manifests))
  .flatMap(containersOf);
console.log([...new Set(containers.map(({ image }) => image))].sort().join('\n'));
