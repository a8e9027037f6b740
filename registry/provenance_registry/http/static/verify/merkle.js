// The check of an inclusion path in an RFC 6962 tree (RFC 9162 section 2.1.3.2).

import {concat, hex, sha256, unhex} from './encoding.js';

/** Tells whether `path` proves that leaf `index` of the tree of `size` leaves with this `root` holds `leaf`. */
export async function isIncluded(leaf, proof, root) {
  return leadsTo(await sha256(concat(Uint8Array.of(0), leaf)), proof, root);
}

/** The same of a leaf's hash; `size` and `index` are whole numbers from 0, `path` and `root` in 0x hex. */
export async function leadsTo(hash, {index, size, path}, root) {
  if(!(index < size && size <= 2 ** 32)) { return false; }
  let node = index, last = size - 1, computed = hash;
  for(const step of path) {
    if(!last) { return false; } // The path is too long.
    const sibling = unhex(step, 32);
    if(node % 2 || node === last) {
      computed = await sha256(concat(Uint8Array.of(1), sibling, computed));
      while(node % 2 === 0 && node) { node /= 2; last = Math.floor(last / 2); }
    } else {
      computed = await sha256(concat(Uint8Array.of(1), computed, sibling));
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && hex(computed) === root;
}
