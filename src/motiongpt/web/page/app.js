/** The page as a whole: its parts, the state of the server, the theme, and links to results. */

import { button, icon } from "/viewer/elements.js";
import * as api from "./api.js";
import { Chat } from "./chat.js";
import { Stage } from "./stage.js";
import { Tools } from "./tools.js";
import { attempt, prompt } from "./ui.js";

const THEME = "motiongpt-theme";
const root = document.documentElement;
const stage = new Stage();
const chat = new Chat(stage);
const tools = new Tools(stage, chat);
const status = document.getElementById("status");

let asking = null;
api.onUnauthorized(() => {
  asking ??= prompt("This server needs a token", "Token", "password").finally(() => (asking = null));
  return asking;
});

// --- theme --------------------------------------------------------------------------------------------------------

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);

function repaint() {
  theme.replaceChildren(icon(isDark() ? "light" : "dark"));
  stage.player.refreshTheme();
  for (const canvas of document.querySelectorAll("canvas.strip")) canvas.redraw();
}

const theme = button("Light or dark theme", "dark", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  localStorage.setItem(THEME, root.dataset.theme);
  repaint();
});
const saved = localStorage.getItem(THEME);
if (saved) root.dataset.theme = saved;
prefersDark.addEventListener("change", repaint);

// --- header -------------------------------------------------------------------------------------------------------

const toggleTools = button("Tools", "tools", () => showTools(!document.body.classList.contains("with-tools")), "tools-toggle labelled");
toggleTools.append("Tools");
const narrow = matchMedia("(max-width: 1180px)");

function showTools(open) {
  document.body.classList.toggle("with-tools", open);
  toggleTools.setAttribute("aria-pressed", open);
}

const fresh = button("New conversation", "fresh", () => {
  chat.clear();
  if (location.search) history.replaceState(null, "", "/");
}, "labelled");
fresh.append("New");
document.getElementById("top-actions").append(fresh, toggleTools, theme);
showTools(!narrow.matches);
narrow.addEventListener("change", () => showTools(!narrow.matches));
document.getElementById("tools").addEventListener("keydown", (event) => {
  if (event.key === "Escape" && narrow.matches) {
    showTools(false);
    toggleTools.focus();
  }
});
// In a narrow window the tools cover the stage, so close them when a motion arrives.
stage.addEventListener("change", () => narrow.matches && stage.results.length && showTools(false));
repaint();

// --- server -------------------------------------------------------------------------------------------------------

/** Show a walking figure until there is a motion. */
async function welcome() {
  const shown = await (await fetch("/page/welcome.json")).json();
  if (!stage.results.length && !location.search) stage.show([shown]);
}

async function start() {
  const health = await attempt(() => api.get("health"));
  if (!health) {
    status.textContent = "not connected";
    return;
  }
  chat.health = tools.health = health;
  attempt(async () => (stage.player.body = await api.get("body")));
  welcome();
  const linked = new URLSearchParams(location.search).get("result");
  if (linked) {
    const result = await attempt(() => api.get(`results/${encodeURIComponent(linked)}?view=clip`));
    if (result) chat.receive(result, result.text || "Shared motion");
  }
  const examples = await attempt(() => api.get("examples"));
  if (examples) chat.examples = tools.examples = examples;
}

start().finally(() => (root.dataset.ready = ""));
if (matchMedia("(min-width: 761px)").matches) document.getElementById("message").focus();
