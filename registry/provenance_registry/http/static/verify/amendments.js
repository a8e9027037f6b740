// Amendments: each replaces the one before, and the ledger says which is the newest.

import {canonical} from './json.js';
import {isProved} from './proof.js';
import {multibase} from './encoding.js';

/** The code of what is wrong with the amendments that are shown, beside the ledger's record; null where nothing is. */
export async function faultOf(certificate, shown, record) {
  const fault = compare(shown, record);
  if(fault || !shown.length) { return fault; }
  // The ledger knows the newest by its digest. Whoever adds, swaps or leaves out others accuses nobody by it.
  if(!await isOwn(shown[shown.length - 1], certificate)) { return 'bad-amendment'; }
  const isLinked = shown.every(({replaces}, place) => replaces === multibase((shown[place - 1] || certificate).digest));
  // Where it is the only one there ever was, nothing was left out.
  if(!isLinked) { return record.amendments === 1n ? 'bad-amendment' : 'amendment-missing'; }
  const own = await Promise.all(shown.map(one => isOwn(one, certificate)));
  return own.every(Boolean) ? null : 'bad-amendment';
}

// Whether an amendment is of that piece, by that issuer and signed, whatever stands beside it.
async function isOwn({replaces, serial, base, issuer, document, proof}, certificate) {
  return replaces !== undefined && serial === certificate.serial && base === certificate.base
    && canonical(issuer) === canonical(certificate.issuer) && isProved(document, proof);
}

// Earlier ones may be left out: whoever has a studio's account, and not its certificate key, can record digests of nothing,
// and a true one that comes after mends that.
function compare(shown, {amendments, newest}) {
  const digests = shown.map(({digest}) => digest);
  if(!amendments) { return shown.length ? 'amendment-unknown' : null; }
  if(shown.length > amendments || digests.slice(0, -1).includes(newest)) { return 'amendment-unknown'; }
  return digests[digests.length - 1] === newest ? null : 'amendment-missing';
}
