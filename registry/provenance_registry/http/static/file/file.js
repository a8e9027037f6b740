// The page that checks a bundle where it lies: no server, no other file. The ledger's nodes are asked when the reader says so.

import {Malformed, verify} from '../verify/verify.js';
import {hex, sha256} from '../verify/encoding.js';
import {readPolicy} from '../verify/policy.js';
import {serverOf} from '../verify/quorum.js';

const MAX_FILE = 64 * 2 ** 20; // Bytes.
const STYLES = {AUTHENTIC: 'authentic', PENDING: 'pending', INCONCLUSIVE: 'unsure', NOT_AUTHENTIC: 'altered'};
const told = JSON.parse(document.getElementById('told').textContent), {texts} = told;
const at = id => document.getElementById(id);
const photos = {};
let {policy} = told, bundle = null, judged = 0;

at('files').addEventListener('change', event => take(event.target.files));
addEventListener('dragover', event => event.preventDefault());
addEventListener('drop', event => {
  event.preventDefault();
  take(event.dataTransfer.files);
});
at('asking').addEventListener('submit', event => {
  event.preventDefault();
  judge(chosen());
});
showPolicy();

/** Takes files in: a bundle, a trust policy, photos by the digest in their names, or by their own. */
async function take(files) {
  const refused = [];
  for(const file of files) {
    try {
      await takeOne(file);
    } catch(error) {
      refused.push(file.name);
    }
  }
  at('refused').hidden = !refused.length;
  at('refused').textContent = texts.refused.replace('{file}', refused.join(', '));
  if(bundle) { await judge([]); }
}

async function takeOne(file) {
  if(file.size > MAX_FILE) { throw new Error('too large'); }
  const bytes = new Uint8Array(await new Response(file).arrayBuffer());
  if(bytes[0] !== 0x7b) {
    const [named] = /[0-9a-f]{64}/.exec(file.name) || [];
    photos[named ? `0x${named}` : hex(await sha256(bytes))] = bytes;
  } else if(bytes.length < 65536 && new TextDecoder().decode(bytes).includes('"KilnmarkTrustPolicy"')) {
    const found = JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(bytes));
    readPolicy(found);
    policy = found;
    at('whose').textContent = texts.own_policy.replace('{file}', file.name);
    showPolicy();
  } else {
    bundle = bytes;
  }
}

function showPolicy() {
  const nodes = [...new Map(policy.nodes.map(url => [serverOf(url), url])).values()];
  at('nodes').replaceChildren(...nodes.map(url => {
    const line = made('label', ''), box = made('input', '');
    Object.assign(box, {type: 'checkbox', name: 'node', value: url, checked: true});
    line.append(box, ` ${url}`);
    return line;
  }));
}

function chosen() {
  const ticked = [...document.querySelectorAll('[name=node]:checked')].map(box => box.value), other = at('other').value.trim();
  return other ? [...ticked, other] : ticked;
}

async function judge(nodes) {
  const turn = judged += 1, agreeing = nodes.length > 1 ? Math.max(2, policy.agreeing || 1) : 1, serial = at('serial').value.trim();
  const asked = {...policy, nodes, agreeing: Math.min(agreeing, Math.max(1, nodes.length))};
  // Fewer than must agree are none at all: whoever left nodes away must not believe the one that is left.
  const fetch = nodes.length >= (policy.agreeing || 1) ? globalThis.fetch : null;
  say(nodes.length ? texts.asking : '', '', 'entry');
  let found;
  try {
    found = await verify({policy: asked, bundleText: bundle, serial: serial || undefined, photos: Object.keys(photos).length ? photos : undefined, fetch});
  } catch(error) {
    if(turn === judged) { say(error instanceof Malformed ? texts.malformed : texts.unable, `${error.code || ''} ${error.field || ''}`, 'unsure'); }
    return;
  }
  if(turn !== judged) { return; } // Another file, or another question, came since.
  const {outcome, reason, findings, advisories} = found;
  say(told.headlines[reason] || told.headlines[outcome], outcome === 'AUTHENTIC' ? texts.authentic : told.sentences[reason],
    reason === 'revoked' ? 'revoked' : STYLES[outcome]);
  at('found').hidden = false;
  at('piece').replaceChildren(...titles(Object(found.title)).flatMap(([language, text], place) => {
    const part = made('span', text);
    part.lang = language;
    return place ? [' · ', part] : [part];
  }));
  at('number').textContent = found.serial;
  at('advisories').replaceChildren(...advisories.map(code => made('li', told.sentences[code])));
  at('checks').replaceChildren(...findings.map(({check, code}) => {
    const line = made('li', '');
    line.dataset.r = told.results[code];
    line.append(made('b', told.checks[check]), made('span', told.sentences[code]));
    return line;
  }));
}

/** Returns the languages and words of a title, the page's own first. */
function titles(title) {
  const {lang} = document.documentElement, near = tag => (tag === lang ? 2 : tag.split('-')[0] === lang.split('-')[0] ? 1 : 0);
  return Object.entries(title).sort(([a], [b]) => near(b) - near(a));
}

function say(headline, sentence, style) {
  at('headline').textContent = headline || texts.title;
  at('sentence').textContent = sentence;
  document.body.dataset.v = style;
}

function made(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}
