// Unpacks the Columns of data.ts into typed arrays. No browser's atob: the figures for papers run without one.
import type { Column } from './data';

const kDigit = new Int8Array(128).fill(-1);
for (let i = 0; i < 64; ++i) kDigit['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.charCodeAt(i)] = i;

function bytesOf(text: string): Uint8Array {
  let length = text.length;
  while (length && text.charCodeAt(length - 1) === 61) --length; // '=' at the end
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let held = 0, bits = 0, out = 0;
  for (let i = 0; i < length; ++i) {
    const code = text.charCodeAt(i);
    const digit = code < 128 ? kDigit[code]! : -1;
    if (digit < 0) throw new Error(`it is no base64 at character ${i}`);
    held = ((held << 6) | digit) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[out++] = (held >> bits) & 255;
  }
  return bytes;
}

// LEB128 varints of zigzag integers; exact up to 2^53.
function integersOf(bytes: Uint8Array): Float64Array {
  let count = 0;
  for (const byte of bytes) if (byte < 128) ++count;
  if (bytes.length && bytes[bytes.length - 1]! >= 128) throw new Error('it ends inside a number');
  const integers = new Float64Array(count);
  for (let at = 0, i = 0; i < count; ++i) {
    let value = 0;
    for (let place = 1; ; place *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * place;
      if (byte < 128) break;
      if (place > 2 ** 49) throw new Error(`number ${i} is longer than any that a trace can hold`);
    }
    integers[i] = value % 2 ? -(value + 1) / 2 : value / 2;
  }
  return integers;
}

// The column's values. Throws an Error whose message says what is wrong with it.
export function unpack({ count, scale, order, first, data }: Column): Float64Array {
  const given = Math.min(order, count);
  // Before anything is allocated: a damaged count must not ask for all of the memory.
  const steps = count - given > data.length ? null : integersOf(bytesOf(data));
  if (!steps || steps.length + given !== count || first.length !== given) throw new Error(`it names ${count} values and holds ${steps ? steps.length + first.length : 'fewer'}`);
  const values = new Float64Array(count);
  let [value, slope] = [first[0] ?? 0, first[1] ?? 0];
  for (let i = 0; i < count; ++i) {
    if (order === 0) value = steps[i]!;
    else if (order === 1) value += i ? steps[i - 1]! : 0;
    else {
      slope += i > 1 ? steps[i - 2]! : 0;
      value += i ? slope : 0;
    }
    values[i] = value * scale;
  }
  return values;
}
