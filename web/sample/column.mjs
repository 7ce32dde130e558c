// Packs numbers as the program does (a Column of src/data.ts): for samples and tests.

function varint(bytes, value) {
  let zigzag = value >= 0 ? 2 * value : -2 * value - 1; // not by shifts: they hold 32 bits alone
  while (zigzag >= 128) {
    bytes.push((zigzag % 128) + 128);
    zigzag = Math.floor(zigzag / 128);
  }
  bytes.push(zigzag);
}

export function column(values, scale, order = 1) {
  let n = Array.from(values, (value) => Math.round(value / scale));
  const count = n.length;
  const first = [];
  for (let i = 0; i < order && n.length; ++i) {
    first.push(n[0]);
    n = n.slice(1).map((value, k) => value - n[k]);
  }
  const bytes = [];
  for (const value of n) varint(bytes, value);
  return { count, scale, order, first, data: Buffer.from(bytes).toString('base64') };
}
