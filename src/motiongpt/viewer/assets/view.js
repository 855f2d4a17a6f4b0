/** The page of one file: its motions on a player as large as the window. */

import { button, icon } from "./elements.js";
import { MotionPlayer } from "./player.js";

const { body, clips } = JSON.parse(document.getElementById("motions").textContent);
const player = new MotionPlayer(document.getElementById("player"), body);
player.setClips(clips);
if (!matchMedia("(prefers-reduced-motion: reduce)").matches) player.play();

const root = document.documentElement;
const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const theme = button("Light or dark", dark() ? "light" : "dark", () => {
  root.dataset.theme = dark() ? "light" : "dark";
  theme.replaceChildren(icon(dark() ? "light" : "dark"));
  player.refreshTheme();
});
document.getElementById("actions").append(theme);

// For people at the console, and for tests.
window.player = player;
