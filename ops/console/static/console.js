// What a page gains with JavaScript; without it every page still reads and every form still works.
"use strict";

const keysOn = document.documentElement.dataset.keys !== "off";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// On narrow pages the menu is wider than the page.
document.querySelector("nav [aria-current=page]")?.scrollIntoView({ block: "nearest", inline: "nearest" });

// The browser's own time zone, for people who sign in for the first time.
for (const field of all("[data-zone]")) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";

// Forms that answer while one types: the server's part of the page replaces the old one.
for (const form of all("form[data-live]")) {
  const target = document.getElementById(form.dataset.live);
  let timer, asking;
  const ask = async () => {
    asking?.abort();
    asking = new AbortController();
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "X-Fragment": "1" }, signal: asking.signal,
      });
      target[answer.ok ? "innerHTML" : "textContent"] = await answer.text();
    } catch (error) {
      if (error.name !== "AbortError") target.textContent = "The console does not answer.";
    }
  };
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 120); });
  form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
}

// What takes the server longer than the page comes after it.
for (const target of all("[data-load]")) {
  fetch(target.dataset.load, { headers: { "X-Fragment": "1" } })
    .then(async (answer) => { target[answer.ok ? "innerHTML" : "textContent"] = await answer.text(); })
    .catch(() => { target.textContent = "The console does not answer. Load the page again."; });
}

// What the bot was asked for: the parts of the page that tell of it come anew once there is an answer.
const renew = async (pause_ms) => {
  await new Promise((done) => setTimeout(done, pause_ms));
  try {
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page.querySelector("[data-renew]")) return;
    if (!page.querySelector("[data-waits]")) {
      for (const part of all("[data-renew]")) part.innerHTML = page.getElementById(part.id)?.innerHTML ?? "";
      return;
    }
  } catch { /* The console is away; it may come back. */ }
  renew(Math.min(pause_ms * 1.5, 10000));
};
if (document.querySelector("[data-waits]")) renew(400);

// The live log: new rows come in on top, and replace themselves once their outcome stands.
for (const list of all("[data-events]")) {
  const pulse = document.querySelector("[data-pulse]");
  const source = new EventSource(list.dataset.events);
  const say = (text, on) => { pulse.textContent = text; pulse.classList.toggle("on", on); };
  source.onopen = () => say("Live", true);
  // A browser tries again after a broken connection, and gives up where it is refused: when the session is over.
  source.onerror = () => say(source.readyState === EventSource.CLOSED ? "Ended; load the page again" : "Connection lost; trying again", false);
  source.addEventListener("record", (event) => {
    const template = document.createElement("template");
    template.innerHTML = event.data;
    const row = template.content.querySelector("li");
    const old = document.getElementById(row.id);
    if (old) old.replaceWith(row);
    else list.prepend(row);
    while (list.children.length > 200) list.lastElementChild.remove();
    document.querySelector(".log + .empty")?.remove();
  });
}

// Keys. One letter never decides: it chooses, and a digit or Enter decides.
const typing = (element) => element.closest?.("input, textarea, select, [contenteditable]");
const pressing = (element) => element.closest?.("button, a, summary");
let armed = null;

const arm = (fieldset) => {
  armed?.classList.remove("armed");
  armed = fieldset;
  armed?.classList.add("armed");
  armed?.scrollIntoView({ block: "nearest" });
  const told = document.querySelector("[data-armed]");
  if (told) told.textContent = armed ? `${armed.querySelector("legend").textContent}: choose a reason by its number` : "";
};

const move = (step) => {
  const items = all("[data-item]");
  const at = items.findIndex((item) => item.classList.contains("chosen"));
  const next = items[Math.min(items.length - 1, Math.max(0, at + step))];
  items[at]?.classList.remove("chosen");
  next?.classList.add("chosen");
  next?.scrollIntoView({ block: "nearest" });
  next?.querySelector("[data-enter]")?.focus({ preventScroll: true });
};

document.addEventListener("keydown", (event) => {
  if (!keysOn || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const dialog = document.getElementById("keys");
  if (dialog?.open) return;
  const done = () => event.preventDefault();
  if (event.key === "?" && dialog) { done(); dialog.showModal(); return; }
  if (event.key === "Escape" && armed) { arm(null); return; }
  if ((event.key === " " || event.key === "Enter") && pressing(event.target)) return;
  if (armed && (/^[1-9]$/.test(event.key) || event.key === "Enter")) {
    const button = all("button", armed)[event.key === "Enter" ? 0 : Number(event.key) - 1];
    if (button) { done(); button.click(); }
    return;
  }
  const group = document.querySelector(`[data-arm="${CSS.escape(event.key)}"]`);
  if (group) { done(); arm(group); return; }
  const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (target) { done(); target.click(); return; }
  if (document.querySelector("[data-list]") && (event.key === "j" || event.key === "k")) {
    done();
    move(event.key === "j" ? 1 : -1);
  }
});
