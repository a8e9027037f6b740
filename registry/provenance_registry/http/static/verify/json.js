// Canonical JSON: RFC 8785 on the certificate's own domain, and the strict parser in front of it.
//
// Objects with ASCII keys, arrays, strings, booleans and integers up to 2^53-1; no floats, no nulls.

import {must} from './errors.js';
import {utf8} from './encoding.js';

const DEPTH = 32;
const ASCII = /^[\0-\x7f]*$/;
const LONE_SURROGATE = /[\ud800-\udfff]/u;

/** The RFC 8785 text of a value; throws `Malformed` for what is outside the domain. */
export function canonical(value, depth = DEPTH) {
  if(typeof value === 'string') {
    must(!LONE_SURROGATE.test(value), 'bad-text');
    return JSON.stringify(value);
  }
  if(typeof value === 'boolean' || Number.isSafeInteger(value)) { return String(value); }
  must(typeof value !== 'number', 'bad-number');
  must(value !== null && typeof value === 'object', 'bad-type');
  must(depth > 0, 'too-deep');
  if(Array.isArray(value)) { return `[${value.map(item => canonical(item, depth - 1)).join()}]`; }
  return `{${Object.keys(value).sort().map(key => {
    must(ASCII.test(key), 'bad-key', key);
    return `${JSON.stringify(key)}:${canonical(value[key], depth - 1)}`;
  }).join()}}`;
}

/**
 * The object whose canonical form a text, or its bytes in UTF-8, is.
 *
 * Encoding what was read must give the same text: that alone refuses a key that stands twice, since `JSON.parse` keeps
 * one of them, and white space, other escapes, other orders, other spellings of numbers.
 */
export function parseCanonical(data, limit) {
  let text = data, value;
  must((typeof data === 'string' ? utf8(data) : data).length <= limit, 'too-large');
  try {
    if(typeof data !== 'string') { text = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(data); }
    value = JSON.parse(text);
  } catch(error) { // Or nested too deeply for this browser.
    must(false, 'not-json');
  }
  must(isObject(value), 'not-an-object');
  must(canonical(value) === text, 'not-canonical');
  return value;
}

export function isObject(value) { return typeof value === 'object' && value !== null && !Array.isArray(value); }

/** Throws `Malformed` unless `value` is an object with all of the members `names`, perhaps some of `optional`, and no others. */
export function members(value, field, names, optional = []) {
  must(isObject(value), 'bad-type', field);
  const found = Object.keys(value);
  must(names.every(name => found.includes(name)), 'missing-member', field);
  must(found.every(name => names.includes(name) || optional.includes(name)), 'unknown-member', field);
  return value;
}
