// Verifying a piece: the numbered checks, against one pinned ledger. provenance/verify.py says the same in Python;
// tests/vectors/verdicts.json holds the two together.
//
//   import {verify} from './verify.js';
//   const {outcome, reason, findings, advisories, photos, title} = await verify({policy, bundleText, serial, baseUrl, photos});
//
// (0) well-formed, (1) signature, (2) inclusion in the batch, (3) anchor on the pinned ledger, confirmed, (4) studio accredited
// and key valid at the anchor's time, (5) token, serial and newest amendment agree, (6) status on the ledger, (7) photos match
// their digests, (8) tag.

import {faultOf} from './amendments.js';
import {isOf, readBundle} from './bundle.js';
import {hex, seconds, sha256, unhex, utf8} from './encoding.js';
import {Unanswered} from './errors.js';
import {isIncluded} from './merkle.js';
import {readPolicy} from './policy.js';
import {isProved} from './proof.js';
import {open} from './quorum.js';
import {readSerial} from './serial.js';
import {conclude} from './verdict.js';

export {Malformed, Unable} from './errors.js';

const OPEN_END = (1n << 64n) - 1n;
const [ACTIVE, ON_HOLD, REVOKED, RETIRED] = [0n, 1n, 2n, 3n];

/**
 * The verdict on a bundle.
 *
 * `policy` is the trust policy, an object; `bundleText` the file's text, or its bytes; `serial` what was scanned or typed and
 * `baseUrl` the registry's address on the tag, where there was one; `photos` the bytes at hand (Uint8Array) by the 0x hex of
 * the digests that they were served as. `fetch` asks the policy's nodes; null means offline.
 *
 * Throws `Malformed` for what is no bundle, `Unable` where the browser has no cryptography; nothing for what a node answers.
 */
export async function verify({policy, bundleText, serial, baseUrl, photos, fetch = globalThis.fetch}) {
  const trusted = readPolicy(policy), wanted = serial === undefined ? null : readSerial(serial);
  // (0) Whatever is read accepts the one exact form only.
  const {certificate, amendments, receipts, inclusion, asExported} = await readBundle(bundleText);
  const codes = ['well-formed'], advisories = [], facts = {serial: certificate.document.credentialSubject.serial, digest: certificate.digest, shown: certificate.digest};
  const say = code => { codes.push(code); };
  const advise = code => { advisories.push(code); };
  let counted = null; // The amendment that counts, where one does: no words and photos of another are shown.
  const answer = () => {
    const {photos, document} = counted || certificate;
    return {...conclude(codes), advisories, ...facts, photos, title: document.credentialSubject.title};
  };
  const isAnotherSerial = () => wanted !== null && wanted !== certificate.serial && !say('other-serial');

  // (1)
  if(!await isProved(certificate.document, certificate.proof)) {
    say('altered');
    return answer();
  }
  say('signed');

  // (2)
  const taken = receipts.filter(one => trusted.predecessors.some(ledger => isOf(one, ledger)));
  const receipt = receipts.find(one => isOf(one, trusted.ledger)) || earliest(taken);
  if(!receipt || !await isIncluded(unhex(certificate.digest), inclusion, receipt.root)) {
    say(receipt ? 'not-included' : receipts.length ? 'foreign-ledger' : 'not-anchored');
    isAnotherSerial();
    return answer();
  }
  say('included');

  // (3)
  const isNative = isOf(receipt, trusted.ledger), token = BigInt(receipt.tokenId), isToken = token >> 32n > 0n && token >> 64n === 0n;
  const keyId = async of => hex(await sha256(of.proof.key.bytes));
  let ledger, head, record = null, isUnasked = true;
  if(!fetch || !trusted.nodes.length) {
    say('offline');
  } else if(!isToken) {
    isUnasked = false;
    say('not-on-ledger');
  } else {
    try {
      ledger = await open(trusted, fetch);
      head = await ledger.head();
      const answered = isNative ? ledger.evidence(receipt.root, receipt.block.hash) : Promise.resolve(null);
      answered.catch(() => {}); // Asked at the same time; why there is no record is told first.
      const found = await ledger.record(token, await keyId(certificate), head), evidence = await answered;
      const isThere = found && found.root === receipt.root, isBehind = isNative && head.number < BigInt(receipt.block.number);
      // A chain that was rearranged can give the batch another lot, and its pieces other tokens.
      const isElsewhere = !isThere && !isBehind && await ledger.isAnchored(receipt.root, head);
      isUnasked = false;
      facts.block = {number: Number(head.number), hash: head.hash};
      if(!isThere) {
        say(isBehind ? 'ledger-behind' : isElsewhere ? 'stale-receipt' : 'not-on-ledger');
      } else {
        record = found;
        anchor(evidence);
      }
    } catch(error) {
      say(unanswered(error));
    }
  }

  if(record) {
    await studio();
    await tokenAgrees();
    await status();
    Object.assign(facts, {tokenId: String(token), studio: record.studio, holder: record.holder});
    if(record.amendments) { facts.newest = record.newest; }
  } else {
    if(isUnasked) { ['studio-not-checked', 'status-not-checked'].forEach(say); }
    if(!isAnotherSerial() && isUnasked) { say('token-not-checked'); }
  }
  const shown = counted || certificate;
  facts.shown = shown.digest;
  await photosAgree(shown.photos);
  // (8) Whether a tag was voided or copied is the registry's to tell; a tag alone proves nothing.
  say(baseUrl === undefined || baseUrl === certificate.base ? 'tag-unproven' : 'other-host');
  if(isUnasked && asExported) { advise('as-exported'); }
  return answer();

  // (3) The receipt is held against the ledger's own event, or a predecessor's against what the ledger took over.
  function anchor(evidence) {
    const {transaction, block} = receipt, number = BigInt(block.number), time = seconds(block.time);
    const isEvent = evidence && evidence.anchorId === record.anchorId && evidence.transaction === transaction
      && evidence.block.number === number && evidence.block.time === time;
    const isSame = record.anchorBlock === number && record.anchoredAt === time;
    if(isNative ? !isEvent : !isSame) { return say('stale-receipt'); }
    if(isNative && isSame) { return depth(number); }
    // Only an importer, before sealing, dates an anchor earlier than its event: depth counts from the event.
    if(isNative && !(trusted.predecessors.length && record.anchoredAt < time)) { return say('stale-receipt'); }
    advise('imported');
    // Any receipt can call itself a predecessor's: an anchor of this ledger must not count by that before it lies deep enough.
    return !isNative && number > head.number ? say('anchored') : depth(number);
  }

  function depth(number) { say(head.number - number + 1n < BigInt(trusted.confirmations) ? 'not-confirmed' : 'anchored'); }

  // (4)
  async function studio() {
    const {id, name} = certificate.issuer, {keyStart, keyEnd, anchoredAt} = record;
    if(record.didHash !== hex(await sha256(utf8(id))) || record.nameHash !== hex(await sha256(utf8(name)))) {
      say('wrong-issuer');
    } else if(!keyStart) {
      say('wrong-key');
    } else if(!record.standingAtAnchor) {
      say('not-accredited');
    } else if(!covers(record, anchoredAt)) {
      say('key-not-valid');
    } else {
      say('accredited');
      if(keyEnd !== OPEN_END) { advise('key-retired'); }
    }
    if(!record.standingNow) { advise('studio-suspended'); }
  }

  // (5)
  async function tokenAgrees() {
    if(record.leafIndex !== BigInt(inclusion.index) || record.leafCount !== BigInt(inclusion.size)) { return say('wrong-token'); }
    if(isAnotherSerial()) { return undefined; }
    const fault = await faultOf(certificate, amendments, record);
    if(fault) { return say(fault); }
    if(record.amendments) {
      try {
        const under = await ledger.record(token, await keyId(amendments[amendments.length - 1]), head);
        if(under && under.keyStart && covers(under, record.amendedAt)) { counted = amendments[amendments.length - 1]; }
      } catch(error) {
        say(unanswered(error));
        return say('token-not-checked');
      }
      if(!counted) {
        // Whoever stole the key may have signed it, after the time that the compromise was dated back to.
        if(record.amendments > 1) { return say('amendment-void'); }
        advise('amendment-not-counted');
        return say('token-agrees');
      }
      advise('amended');
      if(amendments.length < record.amendments) { advise('amendment-not-shown'); }
    }
    return say('token-agrees');
  }

  // (6)
  async function status() {
    let bySteward = null;
    try { // What decides nothing: who set the status, and whether another ledger takes over.
      if(record.status !== ACTIVE) { bySteward = await ledger.bySteward(token, head); }
      if(await ledger.successor(head)) { advise('successor-named'); }
    } catch(error) {
      if(unanswered(error) === 'nodes-disagree') { say('nodes-disagree'); }
    }
    if(bySteward !== null) { facts.statusBy = bySteward ? 'steward' : 'studio'; }
    if(record.status === REVOKED) {
      say('revoked');
    } else if(record.status === ON_HOLD) {
      say(bySteward ? 'held-by-guild' : 'on-hold');
    } else {
      say('active');
      if(record.status === RETIRED) { advise('retired'); }
    }
    if(record.lostSince) { advise('lost'); }
  }

  // (7)
  async function photosAgree(digests) {
    if(!digests.length) { return say('no-photos'); }
    if(!photos) { return say('photos-not-checked'); }
    const shown = digests.filter(digest => Object.keys(photos).includes(digest));
    for(const digest of shown) {
      if(hex(await sha256(photos[digest])) !== digest) { return say('photo-changed'); }
    }
    if(shown.length === digests.length) { return say('photos-agree'); }
    advise('photo-missing');
    return say('photos-not-checked');
  }
}

// Where a piece moved twice, the ledger between has an event of its own, which is an import's.
function earliest(taken) {
  return taken.length ? taken.reduce((first, one) => seconds(one.block.time) < seconds(first.block.time) ? one : first) : undefined;
}

function covers({keyStart, keyEnd}, moment) { return keyStart <= moment && moment < keyEnd; }

function unanswered(error) {
  if(error instanceof Unanswered) { return error.code; }
  throw error;
}
