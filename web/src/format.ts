// Numbers for people: always with a unit, a true minus sign, a thin space between thousands.
import type { Estimate, Setting } from './data';

const kMinus = '\u2212';
const kThin = '\u202f';
const kGap = '\u00a0'; // between a number and its unit, so that no line breaks there
export const kCoverage = 2; // every interval shown is mean +- k u with k = 2, about 95 %

function grouped(text: string): string {
  const [whole = '', fraction] = text.replace('-', kMinus).split('.');
  const spaced = /\d{5,}/.test(whole) ? whole.replace(/\B(?=(\d{3})+(?!\d))/g, kThin) : whole;
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}

// `digits` significant digits, never in exponent form for what a study holds.
export function significant(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return 'n/a';
  if (value === 0) return '0';
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value))));
  return grouped(value.toFixed(Math.min(decimals, 12)));
}

function scaled(value: number, unit: string, small: string, digits: number): string {
  if (value !== 0 && Math.abs(value) < 1) return `${significant(value * 1000, digits)}${kGap}${small}`;
  return `${significant(value, digits)}${kGap}${unit}`;
}
export const joule = (value: number, digits = 4) => scaled(value, 'J', 'mJ', digits);
export const second = (value: number, digits = 3) => scaled(value, 's', 'ms', digits);
export const watt = (value: number, digits = 3) => scaled(value, 'W', 'mW', digits);
export const mhz = (hz: number) => grouped(String(Math.round(hz / 1e4) / 100)); // without the unit, for axes
export const megahertz = (hz: number) => `${mhz(hz)}${kGap}MHz`;
export const percent = (value: number, decimals = 1) => `${grouped(value.toFixed(decimals)).replace(/^\u2212(0(\.0+)?)$/, '$1')}${kGap}%`;
export const count = (value: number) => grouped(String(value));

// "270.8 J ± 1.1 J": the uncertainty with two digits, the value to the same decimal place.
export function interval(estimate: Estimate, unit: string): string {
  return plusMinus(estimate.value, kCoverage * estimate.uncertainty, unit);
}
export function plusMinus(value: number, half: number, unit: string): string {
  if (!(half > 0)) return `${significant(value)}${kGap}${unit}`;
  const decimals = Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(half))));
  return `${grouped(value.toFixed(decimals))}${kGap}±${kGap}${grouped(half.toFixed(decimals))}${kGap}${unit}`;
}

const kAxisName: Record<string, string> = {
  cpu_frequency_hz: 'CPU', gpu_frequency_hz: 'GPU', cpu_governor: 'CPU governor', gpu_governor: 'GPU governor', batch: 'batch',
};
export const axisName = (key: string) => kAxisName[key] ?? key.replace(/_(hz|s|w|j|c|bytes)$/, '').replace(/_/g, ' ');

// "CPU 710.4 MHz · GPU 460.8 MHz · batch 16"
export function settingText(setting: Setting, without: string[] = []): string {
  return Object.entries(setting)
    .filter(([key]) => !without.includes(key))
    .map(([key, value]) => `${axisName(key)} ${key.endsWith('_hz') ? megahertz(Number(value)) : value}`)
    .join(' · ');
}
export const batchText = (batch: number) => (batch > 0 ? `batch ${batch}` : 'no batch size');
export const governorsText = (baseline: string) => (baseline === 'default' ? 'the default governors' : `the governors '${baseline}'`);
