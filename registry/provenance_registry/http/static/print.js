// The page by which a shop prints tags.  It opens the link by the code in the fragment, which the browser tells nobody,
// and sends the form without leaving the page.  Without it, the same form works by itself.

const CODE = /^[0-9a-hjkmnp-tv-z]{16}\.[0-9a-hjkmnp-tv-z]{26}$/i;
const inApp = document.querySelector("#in-app") !== null;
const words = () => document.querySelector("#words").dataset;

function say(text, wrong = false) {
  document.querySelector("main > .wrong")?.remove();
  const status = document.querySelector("#status");
  if (status !== null && !wrong) {
    status.textContent = text;
    return;
  }
  const line = document.createElement("p");
  line.className = wrong ? "wrong" : "note";
  if (wrong) line.setAttribute("role", "alert");
  line.textContent = text;
  document.querySelector("main > .note.now")?.remove();
  if (!wrong) line.classList.add("now");
  document.querySelector("main").prepend(line);
  if (wrong) line.scrollIntoView({ block: "center" });
}

function ask(action, fields) {
  return fetch(action, { method: "POST", body: fields, cache: "no-store", credentials: "omit", redirect: "error" });
}

function show(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const held = document.activeElement?.id, y = scrollY, open = document.querySelector("main details")?.open;
  for (const name of ["header", "main"]) document.querySelector(name).replaceWith(page.querySelector(name));
  document.title = page.title;
  const more = document.querySelector("main details");
  if (more !== null && open) more.open = true;
  scrollTo(0, y);
  if (held) document.getElementById(held)?.focus({ preventScroll: true });
  document.querySelector("[role=alert]")?.scrollIntoView({ block: "center" });
  count();
}

function count() {
  for (const link of document.querySelectorAll("nav.lang a")) link.hash = location.hash;
  const output = document.querySelector("#chosen");
  if (output === null) return;
  const chosen = document.querySelectorAll(".tags input:checked").length;
  output.textContent = words().chosen.replace("{n}", chosen);
  document.querySelector("#print").disabled = chosen === 0;
}

function choose(kind) {
  for (const row of document.querySelectorAll(".tags li")) {
    const tick = row.querySelector("input");
    tick.checked = !tick.disabled && (kind === "all" || row.dataset.k === kind);
  }
  count();
}

function save(blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = "tags.pdf";
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function print(form, fields) {
  const button = document.querySelector("#print");
  button.disabled = true;
  say(words().drawing);
  const chosen = fields.getAll("tag").length;
  const answer = await ask(form.action, fields);
  if (!answer.ok || answer.headers.get("content-type") !== "application/pdf") {
    show(await answer.text());
    return;
  }
  save(await answer.blob());
  // The list anew, with what was printed; the next label that is free is where this sheet ended.
  const perPage = Number(form.elements.layout.selectedOptions[0].dataset.perPage);
  fields.set("start", ((Number(fields.get("start")) - 1 + chosen) % perPage) + 1);
  for (const name of ["tag", "again"]) fields.delete(name);
  show(await (await ask(form.action.replace("/print/tags", "/print"), fields)).text());
  say(words().done);
}

async function sent(event) {
  const { target: form, submitter } = event;
  const printing = form.id === "tags" && !submitter?.hasAttribute("formaction");
  if (printing && inApp) return; // It cannot save what a page has made; a file that is sent it may show.
  event.preventDefault();
  if (submitter?.name === "choose") {
    choose(submitter.value);
    return;
  }
  const fields = new URLSearchParams(new FormData(form, submitter));
  try {
    if (printing) await print(form, fields);
    else show(await (await ask(submitter?.formAction || form.action, fields)).text());
  } catch {
    say(words().offline, true);
    count();
  }
}

async function open() {
  const code = location.hash.slice(1);
  if (!CODE.test(code)) {
    count();
    return;
  }
  say(words().opening);
  try {
    show(await (await ask("/print" + location.search, new URLSearchParams({ code }))).text());
  } catch {
    say(words().offline, true);
  }
}

document.addEventListener("submit", sent);
document.addEventListener("change", count);
addEventListener("hashchange", open);
open();
