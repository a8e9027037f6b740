// The certificate of a piece: a W3C Verifiable Credential 2.0. Read is all that verification rests on; of the subject, that
// is serial and photos: the rest of it is what the studio said, and text is shown as text.

import {must} from './errors.js';
import {hex, hexText, multibase, seconds, sha256, utf8} from './encoding.js';
import {canonical, isObject, members} from './json.js';
import {readProof} from './proof.js';
import {readSerial, shown} from './serial.js';

export const MAX_CERTIFICATE = 65536;
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const BASE = new RegExp(`^(https?)://(?=[^:]{1,253}(?::|$))(${LABEL}(?:\\.${LABEL})*(?::([1-9]\\d{0,4}))?)$`);
const NOT_PRINTABLE = /(?! )[\p{Cc}\p{Cf}\p{Co}\p{Z}\ufffe\uffff]/u;
const DIGEST = /^uEi[A-D][\w-]{42}[AQgw]$/; // The base64url of a sha2-256 multihash, the last bits zero.

/** Reads a certificate, the signature not checked yet; throws `Malformed`. */
export async function readCertificate(document) {
  must(isObject(document), 'not-a-certificate');
  const bytes = utf8(canonical(document));
  must(bytes.length <= MAX_CERTIFICATE, 'certificate-too-large');
  const proof = readProof(document), subject = document.credentialSubject;
  must(isObject(subject) && typeof subject.id === 'string', 'not-a-certificate', 'credentialSubject');
  const base = subject.id.slice(0, subject.id.lastIndexOf('/P/'));
  const serial = readSerial(subject.serial);
  must(subject.serial === shown(serial) && subject.id === `${base}/P/${serial}`, 'bad-serial');
  const issuer = readIssuer(document.issuer, base);
  must(proof.did === issuer.id, 'not-a-certificate', 'proof.verificationMethod');
  const files = readFiles(document, subject, base);
  must(canonical(envelope(document, base, files)) === canonical(document), 'not-a-certificate');
  seconds(document.validFrom, 'validFrom');
  must(!('replaces' in document) || DIGEST.test(document.replaces), 'bad-digest', 'replaces');
  return {document, digest: hex(await sha256(bytes)), proof, issuer, base, serial, photos: files.photos, replaces: document.replaces};
}

function readIssuer(issuer, base) {
  const {id, name} = members(issuer, 'issuer', ['id', 'name']);
  const [, scheme, host, port] = BASE.exec(base) || [];
  must(host && !(port > 65535) && port !== (scheme === 'https' ? '443' : '80'), 'bad-registry-address');
  const slug = String(id).split(':').pop();
  must(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(slug), 'bad-slug');
  must(id === `did:web:${host.replace(':', '%3A')}:studios:${slug}`, 'not-a-certificate', 'issuer.id');
  must(typeof name === 'string' && name.trim() && [...name].length <= 200 && !NOT_PRINTABLE.test(name), 'bad-studio-name');
  return issuer;
}

// Photos, scans and files stand in the subject, and in the same order, with their digests, beside it.
function readFiles(document, subject, base) {
  const kinds = {image: 'ImageObject', scan: '3DModel', file: 'MediaObject'}, digests = [], resources = document.relatedResource;
  for(const kind of Object.keys(kinds)) {
    const items = kind in subject ? subject[kind] : [];
    must(Array.isArray(items) && (items.length || !(kind in subject)), 'not-a-certificate', kind);
    for(const item of items) {
      members(item, kind, ['id', 'type'], kind === 'image' ? ['role'] : []);
      must(typeof item.id === 'string' && item.type === kinds[kind], 'not-a-certificate', kind);
      const digest = hexText(`0x${item.id.slice(-64)}`, 32, kind);
      must(item.id === `${base}/media/${digest.slice(2)}` && !digests.includes(digest), 'not-a-certificate', kind);
      digests.push(digest);
    }
  }
  must(Array.isArray(resources) ? resources.length === digests.length : resources === undefined && !digests.length,
    'not-a-certificate', 'relatedResource');
  const listed = digests.map((digest, place) => {
    const {mediaType} = members(resources[place], 'relatedResource', ['id', 'mediaType', 'digestMultibase']);
    return {id: `${base}/media/${digest.slice(2)}`, mediaType, digestMultibase: multibase(digest)};
  });
  return {photos: digests.slice(0, (subject.image || []).length), listed};
}

// What stands around the subject has one spelling: rendered again it must be the same, so that nothing unread hides there.
function envelope({proof, issuer, validFrom, replaces, credentialStatus, credentialSubject}, base, files) {
  const status = isObject(credentialStatus) ? credentialStatus : {};
  const index = String(status.statusListIndex), list = String(status.statusListCredential).split('/').pop();
  must(/^(?:0|[1-9]\d{0,5})$/.test(index) && index < 131072 && /^[0-9a-hjkmnp-tv-z]{12}$/.test(list), 'bad-status-entry');
  return {
    '@context': ['https://www.w3.org/ns/credentials/v2', `${base}/contexts/piece/v1`],
    type: ['VerifiableCredential', 'PieceCertificate'],
    credentialSchema: {id: `${base}/schemas/piece/v1`, type: 'JsonSchema'},
    credentialStatus: {
      id: `${base}/status/${list}#${index}`,
      type: 'BitstringStatusListEntry',
      statusPurpose: 'revocation',
      statusListIndex: index,
      statusListCredential: `${base}/status/${list}`,
    },
    proof, issuer, validFrom, credentialSubject,
    ...(files.listed.length ? {relatedResource: files.listed} : {}),
    ...(replaces === undefined ? {} : {replaces}),
  };
}
