// The photos on the page beside those of the certificate. What is shown at first are small views, of which no certificate
// knows the digests: their addresses are compared. A whole photo is fetched, hashed, and shown only where it is the signed one.

import {hex, sha256} from '../verify/encoding.js';
import {fetched} from '../verify/fetched.js';

const PICTURES = 'img, source, image, input[type=image]';
const SMALL = /^(?:\/\d+\.(?:avif|webp|jpg))?$/;
const MAX_PHOTO = 64 * 2 ** 20; // Bytes of a photo that somebody asked for.
const MAX_UNASKED = 8 * 2 ** 20; // Bytes of the first one, where it costs the reader nothing.
const PATIENCE = 120000; // Milliseconds.

/** Tells whether the page shows a picture from elsewhere, another piece's, or a title that was not signed. */
export function isForeign(base, {photos, title}) {
  const addresses = [...document.querySelectorAll(PICTURES)].flatMap(one => [
    one.getAttribute('src'), one.getAttribute('href'), ...(one.getAttribute('srcset') || '').split(',').map(part => part.trim().split(/\s/)[0]),
  ]).filter(Boolean);
  const linked = [...document.querySelectorAll('.pics a')].map(link => link.getAttribute('href'));
  const name = document.querySelector('h2.piece');
  return !addresses.every(address => isOf(base, address, photos, SMALL)) || !linked.every(address => isOf(base, address, photos, /^$/))
    || Boolean(name) && !Object.values(Object(title)).includes(name.textContent);
}

function isOf(base, address, photos, rest) {
  let found;
  try {
    found = new URL(address, location).href;
  } catch(error) {
    return false;
  }
  const start = `${base}/media/`, end = start.length + 64;
  return found.startsWith(start) && photos.includes(`0x${found.slice(start.length, end)}`) && rest.test(found.slice(end));
}

/** Compares whole photos: each that is tapped, and the first one unasked, where the browser says that it costs nothing. */
export function watch(line, finding, accuse) {
  const pictures = document.querySelector('.pics');
  if(!pictures) { return; }
  for(const link of pictures.querySelectorAll('a')) {
    link.addEventListener('click', event => {
      event.preventDefault();
      compare(line, link, finding, accuse, MAX_PHOTO).then(isRight => isRight && enlarge(link.querySelector('img')));
    });
  }
  const first = pictures.querySelector('a'), {connection} = navigator;
  const isFree = connection && connection.effectiveType === '4g' && !connection.saveData && connection.type !== 'cellular';
  if(first && isFree) {
    finding.then(({outcome}) => outcome === 'AUTHENTIC' && compare(line, first, finding, accuse, MAX_UNASKED)).catch(() => {});
  }
}

async function compare(line, link, finding, accuse, limit) {
  const {dataset} = link, {right, absent} = line.dataset;
  if(dataset.compared) { return dataset.compared === 'right'; }
  const say = text => {
    link.querySelectorAll('.compared').forEach(old => old.remove());
    const note = document.createElement('p');
    note.className = 'compared';
    note.textContent = text;
    link.append(note);
  };
  let data;
  try {
    await finding;
    data = await fetched(link.href, {limit, patience: PATIENCE, cache: 'default'});
  } catch(error) {
    if(limit === MAX_PHOTO) { say(absent); }
    return false;
  }
  const isRight = link.href.endsWith(hex(await sha256(data)).slice(2));
  dataset.compared = isRight ? 'right' : 'wrong';
  if(isRight) {
    const whole = new Image();
    whole.alt = link.querySelector('img').alt;
    whole.src = URL.createObjectURL(new Blob([data]));
    await whole.decode().catch(() => {});
    link.replaceChildren(whole);
    say(right);
  } else {
    await accuse();
  }
  return isRight;
}

function enlarge(picture) {
  const sheet = document.createElement('dialog'), close = document.createElement('button');
  if(!sheet.showModal) { return; }
  sheet.className = 'large';
  sheet.addEventListener('close', () => sheet.remove());
  close.addEventListener('click', () => sheet.close());
  close.append(picture.cloneNode());
  sheet.append(close);
  document.body.append(sheet);
  sheet.showModal();
}
