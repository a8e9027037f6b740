// Amendments: each replaces the one before, and the ledger says which is the newest.

import {canonical} from './json.js';
import {isProved} from './proof.js';
import {multibase} from './encoding.js';

/** Tells whether each amendment follows from what stands before it, and is signed by the same issuer. */
export async function isChain(certificate, amendments) {
  let previous = certificate;
  for(const next of amendments) {
    if(next.replaces !== multibase(previous.digest) || next.serial !== certificate.serial || next.base !== certificate.base
      || canonical(next.issuer) !== canonical(certificate.issuer) || !await isProved(next.document, next.proof)) { return false; }
    previous = next;
  }
  return true;
}

/**
 * The code of what is wrong with the amendments that are shown, beside the ledger's record; null where nothing is.
 *
 * Earlier ones may be left out: whoever has a studio's account, and not its certificate key, can record digests of
 * nothing, and a true one that comes after mends that.
 */
export function compare(shown, {amendments, newest}) {
  const digests = shown.map(({digest}) => digest);
  if(!amendments) { return shown.length ? 'amendment-unknown' : null; }
  if(shown.length > amendments || digests.slice(0, -1).includes(newest)) { return 'amendment-unknown'; }
  return digests[digests.length - 1] === newest ? null : 'amendment-missing';
}
