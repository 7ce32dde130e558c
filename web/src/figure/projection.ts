// An orthographic view of a box: x and y in [-1, 1], z in [0, 1]. Orthographic, so that lengths along an
// axis compare, and so that a height field drawn row by row from the back hides what it must.
// Written here and drawn as SVG: a surface of some hundred facets needs no WebGL, prints as lines, and
// opens on machines where WebGL is off.
import type { Vertex } from '../contour';

export interface Camera {
  yaw: number; // degrees round the vertical
  pitch: number; // degrees above the floor, 5..90
}
export interface Flat {
  x: number; // px
  y: number;
}

const kHeight = 1.3; // of the box against its half-width
const radian = (degree: number) => (degree * Math.PI) / 180;

export class Projection {
  private sinYaw: number;
  private cosYaw: number;
  private sinPitch: number;
  private cosPitch: number;
  readonly scale: number; // px of half the box's width
  private centre: Flat;

  constructor(camera: Camera, width: number, height: number) {
    [this.sinYaw, this.cosYaw] = [Math.sin(radian(camera.yaw)), Math.cos(radian(camera.yaw))];
    [this.sinPitch, this.cosPitch] = [Math.sin(radian(camera.pitch)), Math.cos(radian(camera.pitch))];
    this.scale = Math.min((width - 92) / 2.83, (height - 74) / (2.83 * this.sinPitch + kHeight * this.cosPitch));
    this.centre = { x: width / 2 + 8, y: height / 2 - 6 + (kHeight * this.cosPitch * this.scale) / 2 };
  }

  flat(x: number, y: number, z: number): Flat {
    const across = x * this.cosYaw - y * this.sinYaw;
    const away = x * this.sinYaw + y * this.cosYaw;
    return {
      x: this.centre.x + this.scale * across,
      y: this.centre.y - this.scale * (away * this.sinPitch + z * kHeight * this.cosPitch),
    };
  }
  // The edge of the floor nearest to the reader that runs along x (a value of y), and along y (of x).
  get nearY(): number {
    return this.cosYaw > 0 ? -1 : 1;
  }
  get nearX(): number {
    return this.sinYaw > 0 ? -1 : 1;
  }
  // The corner that stands farthest left on the screen: there the energy axis hides nothing.
  get leftCorner(): [number, number] {
    return [this.cosYaw > 0 ? -1 : 1, this.sinYaw > 0 ? 1 : -1];
  }
}

// The part of a polygon at or below (above) the height z = level.
export function clip(polygon: Vertex[], level: number, below: boolean): Vertex[] {
  const inside = (vertex: Vertex) => (below ? vertex.z <= level : vertex.z >= level);
  return polygon.flatMap((vertex, i) => {
    const next = polygon[(i + 1) % polygon.length]!;
    const kept = inside(vertex) ? [vertex] : [];
    if (inside(vertex) === inside(next)) return kept;
    const t = (level - vertex.z) / (next.z - vertex.z);
    return [...kept, { x: vertex.x + t * (next.x - vertex.x), y: vertex.y + t * (next.y - vertex.y), z: level }];
  });
}

// Each quad of the grid cut into n x n by bilinear interpolation; null where a corner is absent.
export function refine(vertices: (Vertex | null)[][], n: number): (Vertex | null)[][] {
  const rows = vertices.length;
  const columns = vertices[0]?.length ?? 0;
  const at = (i: number, j: number) => vertices[Math.min(i, rows - 1)]![Math.min(j, columns - 1)] ?? null;
  const mix = (a: number, b: number, t: number) => a + t * (b - a);
  const blend = (a: Vertex, b: Vertex, t: number): Vertex => ({ x: mix(a.x, b.x, t), y: mix(a.y, b.y, t), z: mix(a.z, b.z, t) });
  return Array.from({ length: (rows - 1) * n + 1 }, (_, r) =>
    Array.from({ length: (columns - 1) * n + 1 }, (_unused, c) => {
      const [i, j, t, u] = [Math.floor(r / n), Math.floor(c / n), (r % n) / n, (c % n) / n];
      const [a, b, d, e] = [at(i, j), at(i, j + (u ? 1 : 0)), at(i + (t ? 1 : 0), j), at(i + (t ? 1 : 0), j + (u ? 1 : 0))];
      return a && b && d && e ? blend(blend(a, b, u), blend(d, e, u), t) : null;
    }));
}
