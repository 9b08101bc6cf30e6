// Keeps the page current. Without this script the page is whole; it only has to be reloaded by hand.
const state = document.getElementById("connection");

async function refresh() {
  const answer = await fetch(location.pathname, { headers: { accept: "text/html" }, cache: "no-store" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const parts = (page) => page.querySelectorAll("[data-part]").length;
  if (parts(fresh) !== parts(document)) return location.reload();
  // Part by part, and only what differs: the focus stays, and a screen reader hears only what is new.
  for (const part of fresh.querySelectorAll("[data-part]")) {
    const old = document.querySelector(`[data-part="${CSS.escape(part.dataset.part)}"]`);
    if (!old) return location.reload();
    if (old.innerHTML !== part.innerHTML) old.innerHTML = part.innerHTML;
    if (old.className !== part.className) old.className = part.className;
  }
}

let pending = false;
async function soon() {
  if (pending) return;
  pending = true;
  try { await refresh(); } catch { /* the stream tells when the server is back */ }
  pending = false;
}

const events = new EventSource("/events");
events.addEventListener("changed", soon);
events.addEventListener("open", () => { state.textContent = "live"; soon(); });
events.addEventListener("error", () => { state.textContent = "not connected; showing what was last known"; });
