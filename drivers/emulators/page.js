"use strict";

const NAMES = {
  datecs_ua: "Datecs FP-700", datecs_p: "Datecs P (BG)", datecs_x: "Datecs X (BG)", daisy: "Daisy (BG)",
  shtrih: "Штрих-М", maria: "МАРІЯ-304Т", atol: "АТОЛ v3", checkbox: "Checkbox ПРРО", escpos: "ESC/POS",
};
// The command that ends a receipt, where a fault hurts most.
const CLOSE = {shtrih: "133", maria: "COMP", atol: "74", checkbox: "SELL", escpos: "CUTS"};
const FAULTS = [
  ["Загубити відповідь", "drop_reply"], ["Загубити на закритті", "drop_reply at {close}"],
  ["Погана сума", "corrupt"], ["NAK", "nak"], ["Відлуння", "echo"], ["Стара відповідь", "stale"],
  ["По байту", "split 9"], ["Шум", "noise"], ["Шквал SYN", "syn_storm"], ["Повільно 2 с", "delay 2s 1"],
  ["Живлення на закритті", "power_off at {close}"], ["Папір на закритті", "paper_out at {close}"],
  ["Кабель на 3 с", "unplug 3"], ["Зміна понад 24 год", "shift_over"],
];
const LACKS = {
  escpos: ["echo", "syn_storm", "shift_over", "nak"], shtrih: ["syn_storm"],
  checkbox: ["echo", "stale", "split 9", "noise", "syn_storm", "unplug 3", "shift_over", "paper_out at {close}"],
};
const CALM = "clear; paper_in; cover_close; power_on";
const LAST = 6;
const PERIOD_MS = 600;
const panels = new Map();
const note = document.getElementById("note");

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function address(name) { return `/devices/${encodeURIComponent(name)}`; }

async function send(name, script, state) {
  try {
    const answer = await fetch(`${address(name)}/send`, {
      method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({script}),
    });
    state.textContent = answer.ok ? "" : (await answer.json()).error;
  } catch { state.textContent = "Стенд не відповідає"; }
  wake();
}

function scriptForm(name, placeholder, state) {
  const input = element("input", {placeholder, ariaLabel: `Сценарій для ${name}`});
  const form = element("form", {}, input, element("button", {}, "Надіслати"));
  form.onsubmit = (event) => { event.preventDefault(); send(name, input.value, state); };
  return form;
}

function scannerPanel(name, device) {
  const state = element("p", {className: "state", role: "status"});
  const badge = element("small", {});
  const section = element("section", {className: "card"});
  section.dataset.device = name;
  section.append(
    element("h2", {}, element("span", {}, name), badge), element("p", {className: "url", title: device.url}, device.url),
    scriptForm(name, "scan ]E00420000000017", state), state,
  );
  document.getElementById("scanners").append(section);
  const heard = element("p", {className: "url"});
  section.append(heard);
  return {show: (now) => {
    badge.textContent = `${now.mode ?? ""} ${now.vendor ?? ""} · сканувань ${now.scans_sent ?? 0}`;
    const sounds = (now.signals ?? []).filter((one) => one.kind !== "ack").slice(-4);
    heard.textContent = sounds.map((one) => `${one.kind}: ${one.name}`).join(" · ");
  }};
}

function switches(name, device, state) {
  const row = element("div", {className: "switches"});
  const shown = [];
  const add = (pick) => {
    const button = element("button", {type: "button"});
    shown.push((now) => {
      const [label, script, look] = pick(now);
      button.textContent = label;
      button.className = look;
      button.onclick = () => send(name, script, state);
    });
    row.append(button);
  };
  add((now) => now.powered ? ["Живлення: є", "power_off", ""] : ["Живлення: нема", "power_on", "bad"]);
  if (device.state) {
    add(({state: {plugged}}) => plugged ? ["Кабель: є", "cable_out", ""] : ["Кабель: нема", "cable_in", "bad"]);
    add(({state: {paper}}) => ({
      ok: ["Папір: є", "paper_low", ""], low: ["Папір: мало", "paper_out", "low"], out: ["Папір: нема", "paper_in", "bad"],
    })[paper]);
    add(({state}) => state.cover_open ? ["Кришка: відкр.", "cover_close", "bad"] : ["Кришка: закр.", "cover_open", ""]);
    if ("journal_full" in device.state && !["maria", "atol"].includes(device.dialect)) {
      add(({state}) => state.journal_full ? ["Журнал: нема", "journal_ok", "bad"] : ["Журнал: є", "journal_full", ""]);
    }
    if ("tax_link_out" in device.state) {
      add(({state}) => state.tax_link_out ? ["Податкова: нема", "tax_link_in", "bad"] : ["Податкова: є", "tax_link_out", ""]);
    }
  }
  return [row, (now) => shown.forEach((show) => show(now))];
}

function lamp(now) {
  if (!now.powered) return "off";
  const {plugged = true, paper = "ok", cover_open = false, journal_full = false, shift_over = false} = now.state ?? {};
  if (!plugged || paper === "out" || cover_open || journal_full || shift_over) return "bad";
  return paper === "low" ? "low" : "";
}

function printerPanel(name, device) {
  const dialect = device.dialect ?? "checkbox";
  const state = element("p", {className: "state", role: "status"});
  const badge = element("small", {});
  const led = element("i", {className: "led"});
  const waits = element("p", {className: "waits"});
  const [row, showSwitches] = switches(name, device, state);
  const tear = element("button", {type: "button", title: "Відірвати папір"}, "Відірвати");
  row.append(tear);
  const machine = element("div", {className: "machine"},
    element("h2", {}, element("span", {}, led, name), element("small", {}, NAMES[dialect] ?? dialect)),
    element("p", {className: "url", title: device.url}, device.url), row);
  const paper = element("div", {className: "paper", tabIndex: 0, ariaLabel: `Папір ${name}`});
  const faults = element("div", {className: "row"});
  for (const [label, script] of FAULTS) {
    if ((LACKS[dialect] ?? []).includes(script)) continue;
    const filled = script.replace("{close}", CLOSE[dialect] ?? "56");
    faults.append(element("button", {type: "button", title: filled, onclick: () => send(name, filled, state)}, label));
  }
  faults.append(element("button", {type: "button", onclick: () => send(name, CALM, state)}, "Без збоїв"));
  const more = element("details", {}, element("summary", {}, "Збої на лінії", badge), faults, waits,
    scriptForm(name, `drop_reply 3 at ${CLOSE[dialect] ?? "56"}`, state));
  machine.append(more, state);
  const section = element("section", {className: "card printer"}, machine, paper);
  section.dataset.device = name;
  document.getElementById("printers").append(section);
  const made = {paper, isSlip: dialect === "escpos", slips: new Map(), torn: 0, newest: 0, base: `${address(name)}/receipts`};
  tear.onclick = async () => {
    if (dialect === "escpos") await send(name, "tear", state);
    made.torn = made.newest;
    made.paper.replaceChildren();
    made.slips.clear();
  };
  made.show = async (now) => {
    led.className = `led ${lamp(now)}`.trim();
    badge.textContent = counted(now);
    waits.textContent = now.faults.length ? `чекають: ${now.faults.join(", ")}` : "";
    showSwitches(now);
    showSlips(made, await (await fetch(`${made.base}?last=${LAST}`)).json());
  };
  return made;
}

function counted({counters, state}) {
  const slips = counters.slips !== undefined ? `сліпів ${counters.slips}` : `чеків ${counters.sales + counters.refunds}`;
  return state?.shift_over ? `${slips} · зміна понад 24 год` : slips;
}

function showSlips(made, slips) {
  const wanted = slips.filter((slip) => slip.place > made.torn || slip.state === "open");
  const places = new Set(wanted.map((slip) => slip.place));
  for (const [place, image] of made.slips) {
    if (!places.has(place)) { image.remove(); made.slips.delete(place); }
  }
  for (const slip of wanted) {
    const look = `${slip.printed_number ?? slip.number}-${slip.state ?? slip.is_cut}-${slip.lines.length}`;
    let image = made.slips.get(slip.place);
    if (!image) {
      image = element("img", {});
      made.slips.set(slip.place, image);
      made.paper.prepend(image); // the newest hangs right under the slot
    }
    if (image.dataset.look === look) continue;
    image.dataset.look = look;
    image.alt = slip.lines.join("\n");
    image.className = slip.state === "open" || slip.is_cut === false ? "open" : "";
    image.classList.toggle("slip", made.isSlip);
    image.onload = () => { image.classList.toggle("narrow", image.naturalWidth < 500); };
    image.src = `${made.base}/${slip.place}.png?look=${look}`;
  }
  made.newest = Math.max(made.newest, ...slips.map((slip) => slip.place));
}

async function refresh() {
  const devices = await (await fetch("/devices")).json();
  const shown = [];
  for (const [name, device] of Object.entries(devices)) {
    if (!panels.has(name)) {
      const make = device.kind === "printer" ? printerPanel : scannerPanel;
      panels.set(name, make(name, device));
    }
    shown.push(panels.get(name).show(device));
  }
  await Promise.all(shown);
  return Object.keys(devices).length;
}

let timer = 0;
let isRunning = false;

async function wake() {
  if (isRunning) return;
  isRunning = true;
  clearTimeout(timer);
  try {
    note.textContent = `пристроїв ${await refresh()} · справжні протоколи, емульовані пристрої`;
    note.className = "";
  } catch {
    note.textContent = "Стенд не відповідає";
    note.className = "bad";
  }
  isRunning = false;
  timer = setTimeout(wake, PERIOD_MS);
}

wake();
