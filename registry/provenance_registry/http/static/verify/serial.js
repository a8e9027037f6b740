// Serials: twelve symbols of Crockford's base32, and a check symbol, the sum of d_i x^i in GF(2)[x]/(x^5+x^2+1).

import {must} from './errors.js';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The 13 symbols of a serial as a person types it: any case, hyphens or white space, O for 0, I and L for 1. */
export function readSerial(text) {
  must(typeof text === 'string' && text.length <= 64, 'bad-serial');
  const compact = text.toUpperCase().replace(/[-\p{White_Space}\u2013\u2212]/gu, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  must(/^[0-9A-HJKMNP-TV-Z]{13}$/.test(compact), 'bad-serial');
  let sum = 0;
  for(const symbol of [...compact.slice(0, 12)].reverse()) {
    sum = (sum ^ ALPHABET.indexOf(symbol)) << 1;
    if(sum & 32) { sum ^= 0b100101; }
  }
  must(ALPHABET[sum] === compact[12], 'bad-serial-check');
  return compact;
}

/** A serial as it is shown and signed: 7K3M-9QX2-VD5T-6. */
export function shown(compact) { return compact.replace(/^(.{4})(.{4})(.{4})/, '$1-$2-$3-'); }
