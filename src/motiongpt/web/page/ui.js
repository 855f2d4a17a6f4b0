/** Small parts of the page: toasts, menus, dialogs, motion cards. */

import { button, element, icon } from "/viewer/elements.js";
import { strip } from "./strip.js";

/** Show a sentence at the edge of the page for a few seconds. */
export function toast(text, kind = "") {
  const note = element("div", { className: `toast ${kind}`, textContent: text });
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), kind === "error" ? 8000 : 4000);
}

/** Run an action of the user and show its errors. */
export async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    if (error.name !== "AbortError") toast(error.message, "error");
    return undefined;
  }
}

/** The same, with its button disabled while it runs. */
export async function busy(control, action) {
  control.disabled = true;
  control.setAttribute("aria-busy", "true");
  try {
    return await attempt(action);
  } finally {
    control.disabled = false;
    control.removeAttribute("aria-busy");
  }
}

/** A button with text. */
export function textButton(text, action, className = "") {
  const made = element("button", { type: "button", className: `button ${className}`, textContent: text });
  made.addEventListener("click", () => action(made));
  return made;
}

/** A small button for a suggestion. */
export const chip = (text, action) => textButton(text, action, "chip");

/** A button that opens a list below it; `items` are [text, hint, action]. */
export function menu(name, drawing, items) {
  const list = element("div", { className: "menu-list", hidden: true });
  list.setAttribute("role", "menu");
  const opener = button(name, drawing, () => show(list.hidden), "labelled");
  opener.append(element("span", { textContent: name }));
  opener.setAttribute("aria-haspopup", "menu");
  const box = element("div", { className: "menu" }, opener, list);
  const show = (open) => {
    list.hidden = !open;
    opener.setAttribute("aria-expanded", open);
    if (open) list.firstChild?.focus();
  };
  show(false);
  box.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") opener.focus();
    if (event.key === "Escape") show(false);
    if (!step || list.hidden) return;
    event.preventDefault();
    const all = [...list.children];
    all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
  });
  document.addEventListener("click", (event) => box.contains(event.target) || show(false));
  box.fill = (entries) => {
    list.replaceChildren(
      ...entries.map(([words, hint, action]) => {
        const item = element("button", { type: "button", className: "menu-item" }, element("b", { textContent: words }));
        if (hint) item.append(element("span", { textContent: hint }));
        item.setAttribute("role", "menuitem");
        item.addEventListener("click", () => {
          show(false);
          opener.focus();
          action();
        });
        return item;
      }),
    );
    opener.disabled = !entries.length;
  };
  box.fill(items);
  return box;
}

/** Ask for one line of text in a dialog; null when it is closed. */
export function prompt(title, label, type = "text") {
  const input = element("input", { type, autocomplete: "off", required: true });
  const form = element(
    "form", { method: "dialog" },
    element("h2", { textContent: title }),
    element("label", {}, element("span", { textContent: label }), input),
    element("div", { className: "dialog-row" }, element("button", { className: "button primary", textContent: "Continue" })),
  );
  const dialog = element("dialog", { className: "dialog" }, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((done) => {
    let answer = null;
    form.addEventListener("submit", () => (answer = input.value));
    dialog.addEventListener("close", () => {
      dialog.remove();
      done(answer);
    });
  });
}

/** A number for people: 4, 4.5, 3.95. */
export const number = (value) => String(Math.round(value * 100) / 100);

/** The facts about a result in one line. */
export function facts(result) {
  const parts = [`${number(result.seconds)} s`];
  if (result.seed !== null && result.seed !== undefined) parts.push(`seed ${result.seed}`);
  if (result.rerank > 1) parts.push(`best of ${result.rerank}`);
  if (result.recordings?.length) parts.push(`from ${result.recordings.join(" and ")}`);
  if (result.kind === "upload") parts.push("uploaded");
  return parts.join(" · ");
}

/** A motion as a row of poses; a click puts it on the stage. */
export function card(result, show) {
  const made = element("button", { type: "button", className: "card" });
  made.dataset.result = result.id ?? "";
  const drawing = strip(result.clip);
  const note = element("span", { className: "card-facts", textContent: facts(result) });
  made.append(drawing, note);
  made.setAttribute("aria-label", `Show on the stage: ${result.text || "motion"}, ${facts(result)}`);
  made.addEventListener("click", () => show(made.result));
  made.result = result;
  made.update = (next) => {
    made.result = next;
    made.dataset.result = next.id ?? "";
    drawing.clip = next.clip;
    drawing.redraw();
    note.textContent = next.id ? facts(next) : `${number(next.seconds)} s so far`;
    made.setAttribute("aria-label", `Show on the stage: ${next.text || "motion"}, ${facts(next)}`);
  };
  return made;
}

/** An icon before a text. */
export const withIcon = (drawing, text) => element("span", { className: "with-icon" }, icon(drawing), text);
