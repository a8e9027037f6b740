// Bytes and the text forms in which they travel: hex, base58btc, base64url, times; and SHA-256.

import {must, Unable} from './errors.js';

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

export function utf8(text) { return new TextEncoder().encode(text); }

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  parts.reduce((place, part) => { whole.set(part, place); return place + part.length; }, 0);
  return whole;
}

/** The browser's own cryptography; throws `Unable` where there is none. */
export function subtle() {
  const found = globalThis.crypto && globalThis.crypto.subtle;
  if(!found) { throw new Unable('no WebCrypto here'); }
  return found;
}

export async function sha256(data) { return new Uint8Array(await subtle().digest('SHA-256', data)); }

/** 0x and lower-case hex of bytes. */
export function hex(bytes) { return `0x${Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')}`; }

/** The bytes of 0x and lower-case hex; of `length` bytes where given. */
export function unhex(text, length, field) {
  must(typeof text === 'string' && /^0x(?:[0-9a-f]{2})*$/.test(text), 'bad-hex', field);
  must(length === undefined || text.length === 2 + 2 * length, 'wrong-length', field);
  return Uint8Array.from(text.slice(2).match(/../g) || [], pair => parseInt(pair, 16));
}

/** The text again, if it is the hex of so many bytes. */
export function hexText(text, length, field) {
  unhex(text, length, field);
  return text;
}

/** The number that bytes are, the most significant first. */
export function number(bytes) { return bytes.length ? BigInt(hex(bytes)) : 0n; }

/** A number in so many bytes, the most significant first. */
export function bytesOf(value, length) {
  return unhex(`0x${length ? value.toString(16).padStart(2 * length, '0') : ''}`, length);
}

/** The bytes of a base58btc text; each has one spelling only. */
export function base58(text) {
  must(text.length <= 256, 'bad-base58');
  let value = 0n;
  for(const symbol of text) {
    const digit = BASE58.indexOf(symbol);
    must(digit >= 0, 'bad-base58');
    value = value * 58n + BigInt(digit);
  }
  const digits = value ? value.toString(16) : '';
  const zeros = text.match(/^1*/)[0].length;
  return concat(new Uint8Array(zeros), bytesOf(value, Math.ceil(digits.length / 2)));
}

/** The `digestMultibase` of a SHA-256 in hex: u, and the base64url of its multihash. */
export function multibase(digest) {
  const multihash = concat(Uint8Array.of(0x12, 0x20), unhex(digest, 32));
  return `u${btoa(String.fromCharCode(...multihash)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')}`;
}

/** The seconds since 1970 of a time like 2026-11-24T10:17:34Z. */
export function seconds(text, field) {
  const isTime = typeof text === 'string' && /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text);
  const moment = isTime ? Date.parse(text) : NaN;
  must(!isNaN(moment) && new Date(moment).toISOString() === text.replace('Z', '.000Z'), 'bad-time', field);
  return BigInt(moment / 1000);
}
