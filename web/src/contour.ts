// Lines of equal energy through a grid of points: marching squares with linear interpolation along
// the cell edges (W. Lorensen, H. Cline, 1987, in two dimensions). Written here, not taken from
// d3-contour, because the grid is uneven in frequency and may have holes: a cell with an absent corner
// draws nothing, instead of a false line round the hole.

export interface Vertex {
  x: number;
  y: number;
  z: number; // energy, J
}
export type Segment = [Vertex, Vertex];

function crossing(a: Vertex, b: Vertex, level: number): Vertex | null {
  if (a.z < level === b.z < level) return null;
  const t = (level - a.z) / (b.z - a.z);
  return { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y), z: level };
}

// The lines of one quad (corners in order round it). A saddle is cut by the mean of its corners.
export function cellSegments(corners: Vertex[], level: number): Segment[] {
  const cuts = corners.map((corner, i) => crossing(corner, corners[(i + 1) % 4]!, level)).filter((cut): cut is Vertex => cut !== null);
  if (cuts.length === 2) return [[cuts[0]!, cuts[1]!]];
  if (cuts.length !== 4) return [];
  const mean = corners.reduce((sum, corner) => sum + corner.z, 0) / 4;
  const joined = mean < level === corners[0]!.z < level;
  return joined ? [[cuts[0]!, cuts[1]!], [cuts[2]!, cuts[3]!]] : [[cuts[3]!, cuts[0]!], [cuts[1]!, cuts[2]!]];
}

export function gridSegments(vertices: (Vertex | null)[][], level: number): Segment[] {
  const segments: Segment[] = [];
  for (const corners of quads(vertices)) segments.push(...cellSegments(corners, level));
  return segments;
}

// The quads whose four corners are all there, row by row.
export function quads(vertices: (Vertex | null)[][]): Vertex[][] {
  const found: Vertex[][] = [];
  for (let i = 0; i + 1 < vertices.length; ++i) {
    for (let j = 0; j + 1 < vertices[i]!.length; ++j) {
      const corners = [vertices[i]![j], vertices[i]![j + 1], vertices[i + 1]![j + 1], vertices[i + 1]![j]];
      if (corners.every((corner) => corner)) found.push(corners as Vertex[]);
    }
  }
  return found;
}

const key = (vertex: Vertex) => `${vertex.x.toPrecision(9)},${vertex.y.toPrecision(9)}`;

// Segments joined end to end, so that a line can be drawn and labelled as one.
export function joinSegments(segments: Segment[]): Vertex[][] {
  const ends = new Map<string, Set<number>>();
  const note = (vertex: Vertex, i: number) => ends.set(key(vertex), (ends.get(key(vertex)) ?? new Set()).add(i));
  segments.forEach(([a, b], i) => (note(a, i), note(b, i)));
  const used = new Set<number>();
  const follow = (from: Vertex): Vertex[] => {
    const line: Vertex[] = [];
    for (let at = from; ; ) {
      const next = [...(ends.get(key(at)) ?? [])].find((i) => !used.has(i));
      if (next === undefined) return line;
      used.add(next);
      const [a, b] = segments[next]!;
      at = key(a) === key(at) ? b : a;
      line.push(at);
    }
  };
  return segments.flatMap(([a, b], i) => {
    if (used.has(i)) return [];
    used.add(i);
    return [[...follow(a).reverse(), a, b, ...follow(b)]];
  });
}

// Levels in percent above the least energy: close where it matters, wide where it does not.
export const kLevelPercent = [2, 5, 10, 20, 35, 50, 75, 100, 150, 200, 300];
export function levelsOf(least: number, most: number): { percent: number; energy: number }[] {
  if (!(least > 0)) return []; // percent of nothing
  return kLevelPercent.map((percent) => ({ percent, energy: least * (1 + percent / 100) })).filter((level) => level.energy < most);
}
