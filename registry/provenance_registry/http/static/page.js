// The phone's own check of the piece on this page, beside the registry's word. Where the two differ, the graver one is shown.
// The serial and the address are those that were scanned, whatever the page says.

import {Malformed, verify} from './verify/verify.js';
import {serverOf} from './verify/quorum.js';

const GRAVITY = ['AUTHENTIC', 'PENDING', 'INCONCLUSIVE', 'NOT_AUTHENTIC'];
const STYLES = {AUTHENTIC: 'authentic', PENDING: 'pending', INCONCLUSIVE: 'unsure', NOT_AUTHENTIC: 'altered'};
const UNREACHED = ['ledger-unreachable', 'ledger-behind', 'offline']; // Nobody was heard: that accuses nobody.
const PATIENCE = 30000; // Milliseconds for the certificate and the policy.

const line = document.getElementById('phone');
if(line) {
  line.textContent = line.dataset.checking;
  const [base, rest] = location.href.split(/\/P\/(?=[^/]*(?:\/\d+)?(?:[?#]|$))/);
  check(base, decodeURIComponent(rest.split(/[/?#]/)[0])).catch(error => {
    if(error instanceof Malformed) { return {verdict: {outcome: 'INCONCLUSIVE', reason: 'malformed'}}; }
    throw error;
  }).then(show).catch(() => { line.textContent = line.dataset.unable; });
}

async function check(base, serial) {
  const [policy, bundleText] = await Promise.all([
    get(`${base}/api/v1/policy`).then(answer => answer.json()),
    get(`${base}/api/v1/pieces/${encodeURIComponent(serial)}/bundle`).then(answer => answer.arrayBuffer()),
  ]);
  const ask = (nodes, agreeing) => verify({policy: {...policy, nodes, agreeing}, bundleText: new Uint8Array(bundleText), serial, baseUrl: base});
  const nodes = [...new Map(policy.nodes.map(url => [serverOf(url), url])).values()], agreeing = policy.agreeing || 1;
  let verdict;
  if(nodes.length > 1) {
    verdict = await ask(nodes, Math.max(2, agreeing));
    if(agreeing > 1 || !UNREACHED.includes(verdict.reason)) { return {verdict, isIndependent: true}; }
  }
  for(const node of nodes) {
    verdict = await ask([node], 1);
    if(!UNREACHED.includes(verdict.reason)) { return {verdict, isIndependent: new URL(node).origin !== location.origin}; }
  }
  return {verdict: verdict || await ask([], 1)};
}

async function get(url) {
  const answer = await fetch(url, {cache: 'no-store', credentials: 'omit', redirect: 'error', signal: AbortSignal.timeout(PATIENCE)});
  if(!answer.ok) { throw new Error(String(answer.status)); }
  return answer;
}

async function show({verdict, isIndependent}) {
  const {outcome, reason} = verdict, told = line.dataset;
  if(UNREACHED.includes(reason)) {
    line.textContent = told.unreached;
  } else if(outcome === told.outcome && (outcome === 'AUTHENTIC' || reason === told.reason)) {
    line.textContent = outcome !== 'AUTHENTIC' ? told.same : isIndependent ? told.independent : told.own;
    if(outcome === 'AUTHENTIC') { line.dataset.found = 'authentic'; }
  } else {
    const words = await get(told.words).then(answer => answer.json()).catch(() => ({headlines: {}, sentences: {}}));
    const headline = words.headlines[reason] || words.headlines[outcome] || outcome, sentence = words.sentences[reason] || told[reason] || '';
    const isGraver = GRAVITY.indexOf(outcome) > GRAVITY.indexOf(told.outcome);
    line.dataset.found = 'different';
    if(isGraver) {
      contradict(outcome, reason, headline, sentence);
    } else {
      line.textContent = told.phone.replace('{found}', headline);
    }
  }
}

// What the registry said gives way: its words, its look, and what it shows of the piece.
function contradict(outcome, reason, headline, sentence) {
  const {registry} = line.dataset, title = document.querySelector('h1'), style = reason === 'revoked' ? 'revoked' : STYLES[outcome];
  line.textContent = registry.replace('{said}', title.textContent);
  title.textContent = headline;
  document.querySelector('.say').textContent = sentence;
  document.title = headline;
  document.body.dataset.v = style;
  const seal = document.getElementById('seals').content.querySelector(`[data-seal=${style}]`);
  if(seal) { document.querySelector('.seal').replaceChildren(...seal.cloneNode(true).children); }
  const note = document.createElement('p');
  note.className = 'do';
  note.setAttribute('role', 'alert');
  note.textContent = line.dataset.contradicted;
  const main = document.querySelector('main');
  if(outcome === 'NOT_AUTHENTIC' && reason !== 'revoked') { main.replaceChildren(note); } else { main.prepend(note); }
}
