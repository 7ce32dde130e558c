// Energy of one batch by layer or by kind of operation, as the engine's profiler and the phase's energy give it
// (src/trace/layer_energies.h).
import type { Table } from '../csv';
import type { Profile, Study } from '../data';
import { count, joule, kCoverage, percent, plusMinus, second, settingText } from '../format';
import type { View } from '../view';
import { barChart } from './bar_chart';
import { select } from './controls';
import type { Figure } from './frame';
import { readable } from './jobs';

interface Part {
  name: string;
  time: number; // s
  share: number; // of the time, 0..1
  energy: number | null; // J
  u: number | null; // J, k = 1
  layers: number;
}
interface Looking {
  profile: number;
  by: 'layer' | 'operation';
}
const looking = new WeakMap<Study, Looking>();
const kMost = 20; // bars; what is beyond is one more

const usable = (study: Study) => (study.profiles ?? []).filter((profile) => profile.layers.length > 0);
const look = (view: View): Looking => looking.get(view.study) ?? { profile: 0, by: 'layer' };
const profileOf = (view: View): Profile | undefined => usable(view.study)[look(view).profile] ?? usable(view.study)[0];

// Energies of layers come from shares of one phase's energy, so their errors go together: uncertainties add up
// as they are, not as squares.
function joined(name: string, parts: Part[]): Part {
  const sum = (of: (part: Part) => number | null) => parts.reduce<number | null>((all, part) => (all === null || of(part) === null ? null : all + of(part)!), 0);
  return { name, time: sum((part) => part.time)!, share: sum((part) => part.share)!, energy: sum((part) => part.energy), u: sum((part) => part.u), layers: parts.reduce((n, part) => n + part.layers, 0) };
}

function partsOf(profile: Profile, by: Looking['by']): Part[] {
  const layers = profile.layers.map((layer) => ({ name: layer.layer, operation: layer.operation, time: layer.time_s, share: layer.share, energy: layer.energy_j, u: layer.energy_u_j, layers: 1 }));
  const kinds = [...new Set(layers.map((layer) => layer.operation))];
  const parts: Part[] = by === 'layer' ? layers : kinds.map((kind) => joined(kind || 'other', layers.filter((layer) => layer.operation === kind)));
  return parts.sort((a, b) => (b.energy ?? b.time) - (a.energy ?? a.time));
}

// The largest, and the rest as one.
function shown(parts: Part[]): Part[] {
  return parts.length <= kMost + 1 ? parts : [...parts.slice(0, kMost), joined(`${count(parts.length - kMost)} others`, parts.slice(kMost))];
}
const work = (profile: Profile) => (Number(profile.setting['batch'] ?? 1) > 1 ? `one batch of ${profile.setting['batch']}` : 'one inference');
const named = (profile: Profile) => [profile.network, settingText(profile.setting)].filter(Boolean).join(' · ');

function sentence(view: View): string {
  const profile = profileOf(view);
  if (!profile) return '';
  const parts = partsOf(profile, look(view).by);
  const top = parts.slice(0, 3);
  const share = top.reduce((sum, part) => sum + part.share, 0);
  const half = parts.findIndex((_, i) => parts.slice(0, i + 1).reduce((sum, part) => sum + part.share, 0) >= 0.5) + 1;
  const slow = profile.profiler_slowdown && profile.profiler_slowdown > 1.005 ? ` The profiler made it take ${percent(100 * (profile.profiler_slowdown - 1))} longer.` : '';
  const what = look(view).by === 'layer' ? 'layers' : 'kinds of operation';
  const most = parts.length > 3 ? `The three largest of ${count(parts.length)} ${what} (${top.map((part) => part.name).join(', ').slice(0, 120)}) hold ${percent(100 * share)}${half > 3 ? `; half lies in ${half}` : ''}.` : '';
  return `${named(profile)}. ${most}${slow}`;
}

function draw(view: View, width: number, say: (text: string | null) => void) {
  const profile = profileOf(view);
  if (!profile) return (view.study.profiles ?? []).find((one) => one.why_absent)?.why_absent ?? 'No layers were profiled.';
  const all = partsOf(profile, look(view).by);
  const parts = shown(all);
  const energies = all.every((part) => part.energy !== null);
  let sum = 0;
  const rows = parts.map((part) => {
    sum += part.share;
    const value = energies ? part.energy! : part.time;
    const half = energies ? kCoverage * (part.u ?? 0) : 0;
    const unit = readable(value, 'J');
    const amount = energies ? plusMinus(value * unit.factor, half * unit.factor, unit.unit) : second(value);
    return { name: part.name, why: '', values: [[{ value, half, label: `${percent(100 * part.share)} · Σ ${percent(100 * sum, 0)}`, text: `${part.name}: ${amount}, ${second(part.time)}, ${percent(100 * part.share)} of the time, with those above ${percent(100 * sum)}` }]] };
  });
  const drawing = barChart(view, {
    label: `Energy of ${work(profile)} by ${look(view).by}. ${sentence(view)} Arrow keys read out the bars.`,
    panels: [energies ? { name: `Energy of ${work(profile)}`, unit: 'J', linear: true } : { name: `Time of ${work(profile)}`, unit: 's', linear: true }], series: [''], rows,
  }, width, say);
  return { drawing, readout: `${energies ? `Together ${joule(all.reduce((total, part) => total + part.energy!, 0))} for ${work(profile)}.` : 'Energies are absent; the bars are times.'} Beside each bar its share, and Σ, the share of all bars down to it.` };
}

function controls(view: View): Node[] {
  const profiles = usable(view.study);
  const now = look(view);
  const set = (change: Partial<Looking>) => (looking.set(view.study, { ...now, ...change }), view.redraw('layers'));
  const by = select('By', ['layer', 'operation'], String, now.by, (what) => set({ by: what as Looking['by'] }));
  return profiles.length < 2 ? [by] : [select('Of', profiles.map((_, i) => i), (i) => named(profiles[i]!), now.profile, (profile) => set({ profile })), by];
}

function table(view: View): Table {
  const rows = usable(view.study).flatMap((profile) => profile.layers.map((layer) => [profile.network, settingText(profile.setting).replace(/[\u00a0\u202f]/g, ' '), layer.layer, layer.operation, layer.device, layer.time_s, layer.share, layer.energy_j, layer.energy_u_j, String(view.study.simulated)]));
  return { header: ['network', 'setting', 'layer', 'operation', 'device', 'time_per_batch_s', 'share', 'energy_per_batch_j', 'energy_per_batch_standard_uncertainty_j', 'simulated'], rows };
}

export const layers: Figure = {
  id: 'layers', scope: 'study', wide: true, title: (view) => `Energy by ${look(view).by === 'layer' ? 'layer' : 'operation'}`, sentence, controls, draw, table,
  applies: (study) => usable(study).length > 0,
};
