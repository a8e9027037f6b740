// The phone's own check of the piece on this page, beside the registry's word. Where the two differ, the graver one is shown.
// The serial and the address are those that were scanned, whatever the page says.

import {Malformed, verify} from '../verify/verify.js';
import {fetched} from '../verify/fetched.js';
import {serverOf} from '../verify/quorum.js';
import {isForeign, watch} from './photos.js';

const GRAVITY = ['AUTHENTIC', 'PENDING', 'INCONCLUSIVE', 'NOT_AUTHENTIC'];
const STYLES = {AUTHENTIC: 'authentic', PENDING: 'pending', INCONCLUSIVE: 'unsure', NOT_AUTHENTIC: 'altered'};
const UNREACHED = ['ledger-unreachable', 'ledger-behind', 'offline']; // Nobody was heard: that accuses nobody.
const PATIENCE = 30000; // Milliseconds for the certificate and the policy.
const PATIENCE_IN_ALL = 45000; // What is found later is still shown.
const MAX_TEXT = 4 * 2 ** 20; // Bytes: the largest bundle takes a quarter.

/** Checks the piece whose page this is, and tells it in `line`. */
export async function check(line) {
  const [base, rest] = location.href.split(/\/P\/(?=[^/]*(?:\/\d+)?(?:[?#]|$))/);
  const late = setTimeout(() => { line.textContent = line.dataset.unable; }, PATIENCE_IN_ALL);
  const finding = find(base, decodeURIComponent(rest.split(/[/?#]/)[0]));
  const accuse = async () => contradict(line, {outcome: 'NOT_AUTHENTIC', reason: 'photo-changed'}, await words(line));
  watch(line, finding, accuse);
  try {
    await show(line, base, await finding);
  } catch(error) {
    line.textContent = line.dataset.unable;
  } finally {
    clearTimeout(late);
  }
}

async function find(base, serial) {
  const [policy, bundleText] = await Promise.all([
    fetched(`${base}/api/v1/policy`, {limit: MAX_TEXT, patience: PATIENCE}).then(json),
    fetched(`${base}/api/v1/pieces/${encodeURIComponent(serial)}/bundle`, {limit: MAX_TEXT, patience: PATIENCE}),
  ]);
  const ask = (nodes, agreeing) => verify({policy: {...policy, nodes, agreeing}, bundleText, serial, baseUrl: base});
  const nodes = [...new Map(policy.nodes.map(url => [serverOf(url), url])).values()], agreeing = policy.agreeing || 1;
  let verdict;
  try {
    if(nodes.length > 1) {
      verdict = await ask(nodes, Math.max(2, agreeing));
      if(agreeing > 1 || !UNREACHED.includes(verdict.reason)) { return {...verdict, isIndependent: true}; }
    }
    for(const node of nodes) {
      verdict = await ask([node], 1);
      if(!UNREACHED.includes(verdict.reason)) { return {...verdict, isIndependent: new URL(node).origin !== location.origin}; }
    }
    return verdict || await ask([], 1);
  } catch(error) {
    if(error instanceof Malformed) { return {outcome: 'INCONCLUSIVE', reason: 'malformed'}; }
    throw error;
  }
}

function json(bytes) { return JSON.parse(new TextDecoder().decode(bytes)); }

/** How verdicts are told in the page's language. */
function words(line) {
  return fetched(line.dataset.words, {limit: MAX_TEXT, patience: PATIENCE}).then(json).catch(() => ({headlines: {}, sentences: {}}));
}

async function show(line, base, found) {
  // Which form of the piece counts is known where the ledger was heard: before, a corrected title would seem another's.
  const isOther = found.photos && found.outcome !== 'INCONCLUSIVE' && isForeign(base, found);
  const verdict = isOther ? {outcome: 'NOT_AUTHENTIC', reason: 'foreign'} : found, {outcome, reason} = verdict, told = line.dataset;
  if(UNREACHED.includes(reason)) {
    line.textContent = told.unreached;
  } else if(outcome === told.outcome && (outcome === 'AUTHENTIC' || reason === told.reason)) {
    line.textContent = outcome !== 'AUTHENTIC' ? told.same : found.isIndependent ? told.independent : told.own;
    if(outcome === 'AUTHENTIC') { told.found = 'authentic'; }
  } else if(GRAVITY.indexOf(outcome) > GRAVITY.indexOf(told.outcome)) {
    contradict(line, verdict, await words(line));
  } else {
    const {headlines} = await words(line);
    told.found = 'different';
    line.textContent = told.phone.replace('{found}', headlines[reason] || headlines[outcome] || outcome);
  }
}

// What the registry said gives way: its words, its look, and what it shows of the piece.
function contradict(line, {outcome, reason}, {headlines, sentences}) {
  const {dataset} = line, title = document.querySelector('h1'), style = reason === 'revoked' ? 'revoked' : STYLES[outcome];
  const headline = headlines[reason] || headlines[outcome] || outcome;
  dataset.found = 'different';
  line.textContent = dataset.registry.replace('{said}', title.textContent);
  title.textContent = headline;
  document.querySelector('.say').textContent = sentences[reason] || dataset[reason] || '';
  document.title = headline;
  document.body.dataset.v = style;
  const seal = document.getElementById('seals').content.querySelector(`[data-seal=${style}]`);
  if(seal) { document.querySelector('.seal').replaceChildren(...seal.cloneNode(true).children); }
  const note = document.createElement('p');
  note.className = 'do';
  note.setAttribute('role', 'alert');
  note.textContent = dataset.contradicted;
  const main = document.querySelector('main');
  if(outcome === 'NOT_AUTHENTIC' && reason !== 'revoked') { main.replaceChildren(note); } else { main.prepend(note); }
}
