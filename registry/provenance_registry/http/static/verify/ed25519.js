// Ed25519 (RFC 8032 section 5.1.7) for browsers that have none; nothing here is secret, so nothing hides its timing.

import {concat, number, subtle} from './encoding.js';

const P = (1n << 255n) - 19n;
const ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;
const D = mod(-121665n * power(121666n, P - 2n));
const ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);
const BASE = decode(Uint8Array.of(0x58, ...new Array(31).fill(0x66)));

function mod(value) { return ((value % P) + P) % P; }

function power(base, exponent) {
  let result = 1n;
  for(const bit of exponent.toString(2)) {
    result = result * result % P;
    if(bit === '1') { result = result * base % P; }
  }
  return result;
}

function little(bytes) { return number(bytes.slice().reverse()); }

// Section 5.1.3. A point is x, y, z and t, with x/z, y/z and xy/z as t; null where the bytes are none.
function decode(bytes) {
  const all = little(bytes), y = all & ((1n << 255n) - 1n), sign = all >> 255n;
  if(y >= P) { return null; }
  const u = mod(y * y - 1n), v = mod(D * y * y + 1n);
  let x = mod(u * v * v * v * power(mod(u * v ** 7n), (P - 5n) / 8n));
  if(mod(v * x * x) === mod(-u)) { x = mod(x * ROOT_OF_MINUS_ONE); }
  if(mod(v * x * x) !== u || (x === 0n && sign)) { return null; }
  if((x & 1n) !== sign) { x = P - x; }
  return [x, y, 1n, mod(x * y)];
}

// Section 5.1.4: one formula, for different points and for equal ones.
function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2)), b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * D * t1 * t2), d = mod(2n * z1 * z2);
  const e = b - a, f = d - c, g = d + c, h = b + a;
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function times(scalar, point) {
  let sum = [0n, 1n, 1n, 0n];
  for(const bit of scalar.toString(2)) {
    sum = add(sum, sum);
    if(bit === '1') { sum = add(sum, point); }
  }
  return sum;
}

/** Tells whether `signature` over `data` is that of the key `point`, 32 bytes. */
export async function isSignedBy(point, signature, data) {
  const key = decode(point), s = little(signature.slice(32));
  const commitment = signature.slice(0, 32), r = decode(commitment);
  if(!key || !r || s >= ORDER) { return false; }
  const k = little(new Uint8Array(await subtle().digest('SHA-512', concat(commitment, point, data)))) % ORDER;
  const [x1, y1, z1] = times(s, BASE), [x2, y2, z2] = add(r, times(k, key));
  return mod(x1 * z2 - x2 * z1) === 0n && mod(y1 * z2 - y2 * z1) === 0n;
}
