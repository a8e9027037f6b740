// The bundle: one file with all that is needed to check a piece without its registry.

import {must} from './errors.js';
import {hexText, seconds} from './encoding.js';
import {members, parseCanonical} from './json.js';
import {MAX_CERTIFICATE, readCertificate} from './certificate.js';

const MAX_AMENDMENTS = 16, MAX_RECEIPTS = 4, MAX_PATH = 32;
const MAX_BUNDLE = (MAX_AMENDMENTS + 1) * MAX_CERTIFICATE + 65536;
const NAMES = ['type', 'version', 'certificate', 'amendments', 'receipts'];

/** Reads a bundle's text, or its bytes; throws `Malformed` for anything but the one exact form. */
export async function readBundle(data) {
  const bundle = members(parseCanonical(withoutLineEnd(data), MAX_BUNDLE), 'bundle', NAMES, ['inclusion', 'exported', 'asExported']);
  const {type, version, certificate, amendments, receipts, inclusion, exported, asExported} = bundle;
  must(type === 'KilnmarkBundle' && version === 1, 'not-a-bundle', 'type');
  list(amendments, MAX_AMENDMENTS, 'amendments');
  list(receipts, MAX_RECEIPTS, 'receipts').forEach(readReceipt);
  must(receipts.every((one, place) => !receipts.slice(0, place).some(earlier => isOf(one, earlier))), 'not-a-bundle', 'receipts');
  must((inclusion === undefined) === !receipts.length, 'not-a-bundle', 'inclusion');
  if(inclusion !== undefined) { readInclusion(inclusion); }
  if(exported !== undefined) { seconds(exported, 'exported'); }
  if(asExported !== undefined) {
    must(receipts.length, 'not-a-bundle', 'asExported');
    readTestimony(asExported);
  }
  const read = await Promise.all([certificate, ...amendments].map(readCertificate));
  return {certificate: read[0], amendments: read.slice(1), receipts, inclusion, asExported};
}

/** Tells whether a receipt speaks of a ledger. */
export function isOf(receipt, ledger) {
  return ['chainId', 'genesis', 'contract'].every(name => receipt[name] === ledger[name]);
}

function withoutLineEnd(data) { // A file's last one is forgiven.
  return data[data.length - 1] === '\n' || data[data.length - 1] === 10 ? data.slice(0, -1) : data;
}

function list(value, limit, field) {
  must(Array.isArray(value) && value.length <= limit, 'not-a-bundle', field);
  return value;
}

function readInclusion(inclusion) {
  members(inclusion, 'inclusion', ['index', 'size', 'path']);
  count(inclusion.index, 'inclusion.index');
  count(inclusion.size, 'inclusion.size');
  list(inclusion.path, MAX_PATH, 'inclusion.path').forEach(step => hexText(step, 32, 'inclusion.path'));
}

function readReceipt(receipt) {
  members(receipt, 'receipts', ['chainId', 'genesis', 'contract', 'tokenId', 'root', 'transaction', 'block']);
  count(receipt.chainId, 'receipts.chainId');
  must(typeof receipt.tokenId === 'string' && /^(?:0|[1-9][0-9]{0,19})$/.test(receipt.tokenId), 'not-a-bundle', 'receipts.tokenId');
  hexText(receipt.contract, 20, 'receipts.contract');
  ['genesis', 'root', 'transaction'].forEach(name => hexText(receipt[name], 32, `receipts.${name}`));
  readBlock(receipt.block, 'receipts.block');
}

function readBlock(block, field) {
  members(block, field, ['number', 'hash', 'time']);
  count(block.number, field);
  hexText(block.hash, 32, field);
  seconds(block.time, field);
}

function count(value, field) { must(Number.isSafeInteger(value) && value >= 0, 'not-a-bundle', field); }

// What whoever wrote the file saw on the ledger: told by nobody but the file, so that no outcome rests on it.
function readTestimony(told) {
  const field = 'asExported', names = ['block', 'studio', 'didHash', 'nameHash', 'standing', 'holder', 'status', 'amendments'];
  members(told, field, names, ['key', 'statusTime', 'lostSince']);
  readBlock(told.block, field);
  [told.studio, told.holder].forEach(address => hexText(address, 20, field));
  [told.didHash, told.nameHash].forEach(hash => hexText(hash, 32, field));
  const standing = Object.values(members(told.standing, field, ['atAnchor', 'atExport']));
  must(standing.every(value => typeof value === 'boolean'), 'not-a-bundle', field);
  must(['ACTIVE', 'ON_HOLD', 'REVOKED', 'RETIRED'].includes(told.status), 'not-a-bundle', field);
  count(told.amendments, field);
  const times = {...('key' in told ? members(told.key, field, ['from'], ['until']) : {})};
  ['statusTime', 'lostSince'].filter(name => name in told).forEach(name => { times[name] = told[name]; });
  Object.values(times).forEach(time => seconds(time, field));
}
