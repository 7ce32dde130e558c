// Power and latency along one clock while the other is held: figures 5.1, 5.4 and 5.7 of the study
// that this program reproduces. Dashed: the governors.
import type { Table } from '../csv';
import type { Estimate } from '../data';
import { kCoverage, megahertz, mhz, plusMinus, second, significant, watt } from '../format';
import type { Cell } from '../grid';
import type { View } from '../view';
import { cpuSelect, gpuSelect } from './controls';
import type { Figure } from './frame';
import { lineChart, type Level, type Line } from './line_chart';

type Along = 'gpu' | 'cpu';

function cellsAlong(view: View, along: Along): Cell[] {
  const { grid } = view;
  const row = along === 'gpu' ? grid.cells[grid.cpus.indexOf(view.fixedCpu ?? NaN)] : grid.cells.map((cells) => cells[grid.gpus.indexOf(view.fixedGpu ?? NaN)] ?? null);
  return (row ?? []).filter((cell): cell is Cell => cell !== null);
}

function lineOf(cells: Cell[], along: Along, side: 'left' | 'right', name: string, unit: string, pick: (cell: Cell) => Estimate | null): Line {
  const points = cells.flatMap((cell) => {
    const estimate = pick(cell);
    if (!estimate) return [];
    const half = kCoverage * estimate.uncertainty;
    return [{ x: cell[along], y: estimate.value, half, text: `${name} ${plusMinus(estimate.value, half, unit)}` }];
  });
  return { name, points, side };
}

function levelsOf(view: View): Level[] {
  const point = view.baseline?.point;
  const name = `'${view.choice.baseline}'`;
  return [
    ...(point?.latency_s ? [{ name: `${name} ${second(point.latency_s.value)}`, value: point.latency_s.value, side: 'left' as const }] : []),
    ...(point?.power_w ? [{ name: `${name} ${watt(point.power_w.value)}`, value: point.power_w.value, side: 'right' as const }] : []),
  ];
}

function span(line: Line, unit: string): string {
  if (!line.points.length) return 'absent';
  const values = line.points.map((p) => p.y);
  return `${significant(Math.max(...values) - Math.min(...values), 3)} ${unit}`;
}

function sweep(along: Along): Figure {
  const [moving, held] = along === 'gpu' ? ['GPU', 'CPU'] : ['CPU', 'GPU'];
  const fixed = (view: View) => (along === 'gpu' ? view.fixedCpu : view.fixedGpu);
  const lines = (view: View) => {
    const cells = cellsAlong(view, along);
    return {
      latency: lineOf(cells, along, 'left', 'latency', 's', (cell) => cell.point.latency_s),
      power: lineOf(cells, along, 'right', 'power', 'W', (cell) => cell.point.power_w),
    };
  };
  const table = (view: View): Table => ({
    header: ['network', 'batch', 'baseline', 'cpu_frequency_hz', 'gpu_frequency_hz', 'latency_s', 'latency_standard_uncertainty_s', 'power_w', 'power_standard_uncertainty_w', 'simulated'],
    rows: [
      ...cellsAlong(view, along).map(({ point, cpu, gpu }) => [point.network, view.choice.batch, '', cpu, gpu, point.latency_s?.value, point.latency_s?.uncertainty, point.power_w?.value, point.power_w?.uncertainty, String(view.study.simulated)]),
      ...view.baselines.map(({ name, point }) => [point.network, view.choice.batch, name, null, null, point.latency_s?.value, point.latency_s?.uncertainty, point.power_w?.value, point.power_w?.uncertainty, String(view.study.simulated)]),
    ],
  });
  return {
    id: `sweep-${along}`,
    title: () => `Power and latency along the ${moving} clock`,
    sentence: (view) => `${held} held at ${fixed(view) === undefined ? 'n/a' : megahertz(fixed(view)!)}. Latency is that of the whole inference phase. From the lowest to the highest point: latency ${span(lines(view).latency, 's')}, power ${span(lines(view).power, 'W')}. Dashed: the governors '${view.choice.baseline}'.`,
    controls: (view) => (view.grid.cpus.length ? [along === 'gpu' ? cpuSelect(view) : gpuSelect(view)] : []),
    table,
    draw: (view, width, say) => {
      const { latency, power } = lines(view);
      if (!latency.points.length) return 'Nothing was measured along this clock.';
      const number = (value: number) => significant(value, 3).replace(/\.0+$/, '');
      const drawing = lineChart(view, {
        label: `Latency and power over the ${moving} clock. Arrow keys read out the values.`, x: { name: `${moving} clock (MHz)`, format: (hz) => mhz(hz) },
        left: { name: 'Latency (s)', format: number }, right: { name: 'Power (W)', format: number }, lines: [latency, power], levels: levelsOf(view),
      }, width, say);
      return { drawing, readout: power.points.length ? 'Point at the figure, or use the arrow keys, to read its values.' : `Power is absent: ${cellsAlong(view, along)[0]?.point.why_absent || 'no reason given'}.` };
    },
  };
}

export const sweepGpu = sweep('gpu');
export const sweepCpu = sweep('cpu');
