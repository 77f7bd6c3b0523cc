import type { ControlPlane } from './control-plane.ts';

export async function proveAutoscaling(_cluster: ControlPlane, _say: (line: string) => void): Promise<void> {}
