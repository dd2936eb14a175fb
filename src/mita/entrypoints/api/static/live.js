// Patches the page from the stream of hints; without the stream the page says how old it is.
"use strict";

const state = document.getElementById("live");
const pending = new Map(); // estate id -> set of unit ids, or null for all of them
const PATCH_MS = 1000;
const FLASH_MS = 400;
let asOf = new Date(state.dataset.asOf);
let clockSkewMs = asOf.getTime() - Date.now();
let timer = 0;

function showState(name, text) {
  state.dataset.state = name;
  state.querySelector(".text").textContent = text;
}

function ageOf(instant) {
  const seconds = Math.max(Math.floor((Date.now() + clockSkewMs - instant.getTime()) / 1000), 0);
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} days ago`;
}

function showAges() {
  for (const age of document.querySelectorAll("time[data-age][datetime]")) {
    const text = ageOf(new Date(age.dateTime));
    if (age.textContent !== text) age.textContent = text;
  }
}

function setText(parent, selector, text) {
  const element = parent.querySelector(selector);
  if (!element || element.textContent === text) return false;
  element.textContent = text;
  return true;
}

function patchCell(cell, it) {
  const changed = [setText(cell, ".text", it.text), setText(cell, ".word", it.word || ""), setText(cell, ".icon", it.icon || "")];
  cell.dataset.tone = it.tone;
  const age = cell.querySelector(".age");
  if (age && it.at) age.dateTime = it.at;
  if (!changed.includes(true)) return;
  cell.classList.add("changed");
  setTimeout(() => cell.classList.remove("changed"), FLASH_MS);
}

function patchEstate(section, answer) {
  for (const unit of answer.units) {
    const row = section.querySelector(`[data-unit="${unit.unit_id}"]`);
    if (!row) continue;
    for (const [key, it] of Object.entries(unit.cells)) {
      const cell = row.querySelector(`[data-cell="${key}"]`);
      if (cell) patchCell(cell, it);
    }
  }
  for (const [key, text] of Object.entries(answer.totals)) setText(section, `[data-total="${key}"]`, text);
}

async function fetchEstate(section, ids) {
  const query = new URLSearchParams({ estate_id: section.dataset.estate });
  if (ids && ids.size <= 300) query.set("ids", [...ids].join(","));
  const response = await fetch(`/page/units?${query}`);
  if (response.status === 401) return location.reload();
  if (!response.ok) throw new Error(`status ${response.status}`);
  const answer = await response.json();
  patchEstate(section, answer);
  noteTime(new Date(answer.as_of));
}

async function fetchDetail() {
  const response = await fetch(location.pathname);
  if (!response.ok) throw new Error(`status ${response.status}`);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const freshState = fresh.getElementById("live");
  if (!freshState) return location.reload();
  for (const part of document.querySelectorAll("[data-refresh]")) {
    const next = fresh.querySelector(`[data-refresh="${part.dataset.refresh}"]`);
    if (next && next.innerHTML !== part.innerHTML) part.replaceWith(document.adoptNode(next));
  }
  noteTime(new Date(freshState.dataset.asOf));
}

function noteTime(instant) {
  asOf = instant;
  clockSkewMs = asOf.getTime() - Date.now();
  showAges();
}

async function patch() {
  timer = 0;
  const work = [...pending];
  pending.clear();
  try {
    const detail = document.querySelector("[data-detail]");
    if (detail) return await fetchDetail();
    for (const [estate, ids] of work) {
      const section = document.querySelector(`[data-estate="${estate}"]`);
      if (section) await fetchEstate(section, ids);
    }
  } catch {
    for (const [estate, ids] of work) want(estate, ids);
  }
}

function want(estate, ids) {
  const known = pending.get(estate);
  if (ids === null || known === null) pending.set(estate, null);
  else pending.set(estate, new Set([...(known || []), ...ids]));
  if (!timer) timer = setTimeout(patch, PATCH_MS);
}

function wantAll() {
  const detail = document.querySelector("[data-detail]");
  if (detail) return want(detail.dataset.estateId, null);
  for (const section of document.querySelectorAll("[data-estate]")) want(section.dataset.estate, null);
}

function concerns(hint) {
  const detail = document.querySelector("[data-detail]");
  if (!detail || hint.estate_id === null) return true;
  if (String(hint.estate_id) !== detail.dataset.estateId) return false;
  return hint.ids.length === 0 || hint.ids.includes(Number(detail.dataset.unitId));
}

let wasAway = false;

function listen() {
  const stream = new EventSource("/live");
  stream.onopen = () => {
    showState("live", "live");
    if (wasAway) wantAll();
    wasAway = false;
  };
  stream.onerror = () => {
    wasAway = true;
    showState("stale", `as of ${asOf.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`);
    // a refused stream is closed for good; a broken one comes back by itself
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
  };
  stream.addEventListener("units", (event) => {
    const hint = JSON.parse(event.data);
    if (!concerns(hint)) return;
    if (hint.estate_id === null) wantAll();
    else want(String(hint.estate_id), hint.ids.length ? new Set(hint.ids) : null);
  });
}

showAges();
setInterval(showAges, 1000);
listen();
