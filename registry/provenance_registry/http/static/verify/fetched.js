// Asking for bytes: never more than a limit of them, and no longer than patience lasts, whatever is sent.

/** The bytes that `url` answers with; throws where it answers otherwise than 200, too long, too late or not at all. */
export async function fetched(url, {limit, patience, fetch = globalThis.fetch, ...options}) {
  const stop = new AbortController(), timer = setTimeout(() => stop.abort(), patience);
  try {
    const always = {credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer', signal: stop.signal};
    const response = await fetch(url, {cache: 'no-store', ...options, ...always});
    if(response.status !== 200) { throw new Error(String(response.status)); }
    return await bounded(response.body.getReader(), limit);
  } finally {
    clearTimeout(timer);
  }
}

async function bounded(reader, limit) {
  const parts = [];
  let length = 0;
  for(;;) {
    const {done, value} = await reader.read();
    if(done) { break; }
    length += value.length;
    if(length > limit) {
      reader.cancel().catch(() => {});
      throw new Error('the answer is too long');
    }
    parts.push(value);
  }
  const whole = new Uint8Array(length);
  parts.reduce((place, part) => { whole.set(part, place); return place + part.length; }, 0);
  return whole;
}
